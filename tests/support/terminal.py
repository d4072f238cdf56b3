"""A terminal of its own for one verb, and a person who types at it."""

import fcntl
import os
import select
import signal
import subprocess
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress

from tests.support.process import HANG_S, NIMSG


class Terminal:
    """A verb on a pty. Use in `with`; it is killed where it has not ended.

    `seen` is everything that the terminal was sent so far.
    """

    def __init__(
        self,
        *words: str,
        env: Mapping[str, str],
        rows: int = 24,
        cells: int = 80,
        run: Sequence[str] = (),
    ) -> None:
        self.seen = b""
        self._read_to = 0
        self._fd, inside = os.openpty()
        termios.tcsetwinsize(self._fd, (rows, cells))
        self._process = subprocess.Popen(
            [*(run or NIMSG), *words],
            env=dict(env),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - one call of the kernel
        )
        os.close(inside)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(HANG_S)
        os.close(self._fd)

    @property
    def text(self) -> str:
        """What was seen, with lines that end as in files."""
        return self.seen.decode("utf-8", "replace").replace("\r\n", "\n")

    def echoes(self) -> bool:
        """Whether what is typed can be seen."""
        return bool(termios.tcgetattr(self._fd)[3] & termios.ECHO)

    def sees(self, text: str) -> None:
        """Wait until the terminal shows a text that it has not shown before."""
        wanted = text.encode()
        while (at := self.seen.find(wanted, self._read_to)) < 0:
            assert self._read(), f"never seen: {text!r}; seen: {self.text}"
        self._read_to = at + len(wanted)

    def types(self, line: str) -> None:
        """Type a line and Enter."""
        self.presses(line.encode() + b"\r")

    def presses(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._fd, keys)

    def interrupts(self, number: int = signal.SIGINT) -> None:
        """Send a signal, as the terminal does at Ctrl-C."""
        self._process.send_signal(number)

    def ends(self) -> int:
        """Read on to the verb's end; its exit code."""
        while self._read():
            pass
        return self._process.wait(HANG_S)

    def _read(self) -> bool:
        """Take what comes next; False at the end."""
        ready, _, _ = select.select([self._fd], [], [], HANG_S)
        assert ready, f"nothing more came; seen: {self.text}"
        data = b""
        with suppress(OSError):  # EIO: nobody has the terminal any more
            data = os.read(self._fd, 65_536)
        self.seen += data
        return data != b""


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
