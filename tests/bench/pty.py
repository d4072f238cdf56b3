"""A program on a terminal of its own, and when it has written what.

Nothing is interpreted while the clock runs: what was written is kept with its times.
"""

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

import pyte


PATIENCE_S = 60.0
GAP_S = 0.004  # without a byte: what belongs together was written
CHUNK = 65_536
TERMINAL = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


class Wrote(NamedTuple):
    """What came in one piece, and when (seconds of the monotonic clock)."""

    at_s: float
    data: bytes


class Terminal:
    """A command on a terminal. Use in `with`; it is killed at the end."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], cols: int, rows: int
    ) -> None:
        self.fd, inside = os.openpty()
        termios.tcsetwinsize(self.fd, (rows, cols))
        self._size = cols, rows
        self.began_s = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env={**env, **TERMINAL},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - one call of the kernel
        )
        os.close(inside)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self.fd)

    # -- driving it

    def press(self, key: bytes) -> tuple[float, bytes]:
        """Seconds from a key to the end of what it has drawn, and that."""
        self.drain()
        began_s = time.perf_counter()
        os.write(self.fd, key)
        drawn = self.burst(PATIENCE_S)
        if not drawn:
            raise RuntimeError(f"a key drew nothing: {key!r}")
        return drawn[-1].at_s - began_s, b"".join(one.data for one in drawn)

    def burst(self, patience_s: float, gap_s: float = GAP_S) -> list[Wrote]:
        """What is written until it is quiet for a moment."""
        found: list[Wrote] = []
        while select.select([self.fd], [], [], gap_s if found else patience_s)[0]:
            found.append(self.read())
        return found

    def read(self) -> Wrote:
        """The next piece."""
        data = os.read(self.fd, CHUNK)
        return Wrote(time.perf_counter(), data)

    def drain(self, quiet_s: float = GAP_S) -> None:
        """Throw away what comes until it is quiet."""
        while select.select([self.fd], [], [], quiet_s)[0]:
            self.read()

    # -- what it takes

    def rss_mib(self) -> float:
        """The memory that it has now."""
        fields = self._proc("statm").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1024**2

    def cpu_s(self) -> float:
        """The seconds that its main thread has computed."""
        return int(self._proc("schedstat").split()[0]) / 1e9

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()

    # -- what it shows

    def screens(self, wrote: Sequence[Wrote]) -> list[tuple[float, str]]:
        """The time of each piece, and the screen after it."""
        display = pyte.Screen(*self._size)
        stream = pyte.ByteStream(display)
        found: list[tuple[float, str]] = []
        for one in wrote:
            stream.feed(one.data)
            found.append((one.at_s, "\n".join(display.display)))
        return found


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, struct.pack("i", 0))
