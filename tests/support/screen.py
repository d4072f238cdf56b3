"""A program on a terminal of its own, seen as a person sees it: a screen of cells.

    with Screen([*NIMSG, "client"], env=env, cols=80, rows=24) as screen:
        screen.wait_for("INBOX")
        screen.key("enter")
        assert screen.exit_code() == 0
        assert screen.restored()

Everything waits for what the program does, with a deadline, and nothing sleeps.
"""

import fcntl
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy, deepcopy
from typing import NamedTuple, Self

import pyte

from tests.support.process import HANG_S


PATIENCE_S = 20.0
LAST_WORDS_S = 0.05
QUERY = re.compile(rb"\x1b\[\?(\d+)\$p")
ALTERNATE, CURSOR, PASTE = 1049, 25, 2004
MOUSE = (1000, 1002, 1003, 1006)
# What the terminal of who runs the tests has said of itself.
THEIRS = frozenset(
    {"NO_COLOR", "COLORTERM", "TERM_PROGRAM", "TMUX", "LINES", "COLUMNS"}
)
OURS = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
PASTED = b"\x1b[200~%b\x1b[201~"

_NAMED = {
    "enter": "\r",
    "tab": "\t",
    "esc": "\x1b",
    "backspace": "\x7f",
    " ": " ",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "shift tab": "\x1b[Z",
    "insert": "\x1b[2~",
    "delete": "\x1b[3~",
    "page up": "\x1b[5~",
    "page down": "\x1b[6~",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f5": "\x1b[15~",
    "f10": "\x1b[21~",
    "meta left": "\x1b[1;3D",
    "meta right": "\x1b[1;3C",
    "meta up": "\x1b[1;3A",
    "meta down": "\x1b[1;3B",
}


def key_bytes(name: str) -> bytes:
    """What a terminal sends for a key, by the name that urwid gives it.

    Raises KeyError for a name that is not known.
    """
    if name in _NAMED:
        return _NAMED[name].encode()
    if name.startswith("meta "):
        return b"\x1b" + key_bytes(name.removeprefix("meta "))
    if name.startswith("ctrl ") and len(name) == len("ctrl x"):
        return bytes([ord(name[-1].upper()) & 0x1F])
    if len(name) == 1:
        return name.encode()
    raise KeyError(name)


class Attrs(NamedTuple):
    """How a cell is drawn; colours by name or as six hexadecimal digits."""

    fg: str
    bg: str
    bold: bool
    underscore: bool
    reverse: bool


class _Display(pyte.Screen):
    """pyte's cells, with the second screen that full-screen programs draw on."""

    _main: "tuple[object, object] | None" = None

    def has(self, mode: int) -> bool:
        """Whether a private mode is set."""
        return mode << 5 in self.mode

    def set_mode(self, *modes: int, **how: bool) -> None:
        """Keep the main screen where the second one is switched to."""
        if ALTERNATE in modes and how.get("private") and not self.has(ALTERNATE):
            self._main = deepcopy(self.buffer), copy(self.cursor)
            self.erase_in_display(2)
        super().set_mode(*modes, **how)

    def reset_mode(self, *modes: int, **how: bool) -> None:
        """Show the main screen again, as it was."""
        super().reset_mode(*modes, **how)
        if ALTERNATE in modes and how.get("private") and self._main:
            kept, cursor = self._main
            self._main = None
            self.__dict__.update(buffer=kept, cursor=cursor)
            self.cursor.hidden = not self.has(CURSOR)
            self.ensure_hbounds()
            self.ensure_vbounds()


class Screen:
    """A command on a terminal. Use in `with`; what is left of it is killed.

    With `answers` the terminal tells what modes it has when it is asked, as most do.
    Its colours and character set are always the same, whatever `env` says; `settings`
    may change them.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cols: int = 80,
        rows: int = 24,
        answers: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._raw = bytearray()
        self.stops = 0
        self._answers = answers
        self._answered_to = 0
        self._code: int | None = None
        self._display = _Display(cols, rows)
        self._stream = pyte.ByteStream(self._display)
        self._fd, inside = os.openpty()
        termios.tcsetwinsize(self._fd, (rows, cols))
        self._before = termios.tcgetattr(self._fd)
        self._control, theirs = socket.socketpair()
        leader = [sys.executable, "-m", "tests.support.leader", str(theirs.fileno())]
        kept = {name: value for name, value in env.items() if name not in THEIRS}
        self._leader = subprocess.Popen(
            [*leader, *command],
            env={**kept, **OURS, **(settings or {})},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            pass_fds=[theirs.fileno()],
            preexec_fn=_take_terminal,  # noqa: PLW1509 - one call of the kernel
        )
        os.close(inside)
        theirs.close()
        self._news = self._control.makefile("rb", buffering=0)
        self.pid = int(self._news.readline().split()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            if self._code is None:
                os.killpg(self.pid, signal.SIGKILL)
        self._news.close()
        self._control.close()
        self._leader.wait(HANG_S)
        self.hang_up()

    # -- what a person does

    def send(self, keys: str | bytes) -> None:
        """Type characters as they are."""
        data = keys if isinstance(keys, bytes) else keys.encode()
        while data:
            _, ready, _ = select.select([], [self._fd], [], PATIENCE_S)
            assert ready, "the program reads nothing"
            data = data[os.write(self._fd, data[:1024]) :]

    def key(self, *names: str) -> None:
        """Press keys, by the names that urwid gives them."""
        for name in names:
            self.send(key_bytes(name))

    def paste(self, text: str) -> None:
        """Paste: in brackets where the program has asked for them."""
        data = text.replace("\n", "\r").encode()
        self.send(PASTED % data if self._display.has(PASTE) else data)

    def resize(self, cols: int, rows: int) -> None:
        """Change the size; the kernel tells the program by SIGWINCH."""
        self._display.resize(rows, cols)
        termios.tcsetwinsize(self._fd, (rows, cols))

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        os.kill(self.pid, number)

    def foreground(self) -> None:
        """Put a stopped program into the foreground again, as `fg` does."""
        self._control.send(b"f")

    def hang_up(self) -> None:
        """Close the window."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    # -- what a person sees

    @property
    def raw(self) -> bytes:
        """Everything that the terminal was sent."""
        return bytes(self._raw)

    def text(self) -> str:
        """All rows, without the blanks at their ends."""
        return "\n".join(row.rstrip() for row in self._display.display)

    def line(self, number: int) -> str:
        """One row without the blanks at its end; negative numbers count from below."""
        return self._display.display[number].rstrip()

    def row_of(self, text: str) -> int | None:
        """The first row that holds this text."""
        rows = self._display.display
        return next((at for at, row in enumerate(rows) if text in row), None)

    def attrs(self, col: int, row: int) -> Attrs:
        """How one cell is drawn."""
        cell = self._display.buffer[row][col]
        return Attrs(cell.fg, cell.bg, cell.bold, cell.underscore, cell.reverse)

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor."""
        return self._display.cursor.x, self._display.cursor.y

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._display.columns, self._display.lines

    @property
    def title(self) -> str:
        """The title that was set for the window; empty where none was."""
        return self._display.title

    @property
    def alternate(self) -> bool:
        """Whether the second screen is shown."""
        return self._display.has(ALTERNATE)

    # -- what happens

    def wait_for(
        self,
        wanted: "str | Callable[[Screen], object]",
        timeout: float = PATIENCE_S,
    ) -> None:
        """Wait until a text stands on the screen, or a question is answered with yes.

        Fails after `timeout` seconds, or when the program has ended.
        """
        is_there = (
            wanted if callable(wanted) else lambda screen: wanted in screen.text()
        )
        deadline = time.monotonic() + timeout
        while not is_there(self):
            left = deadline - time.monotonic()
            more = left > 0 and self._code is None and self._take(left)
            if not more and not is_there(self):
                raise AssertionError(f"never seen: {wanted!r}\n{self.framed()}")

    def wait_gone(self, text: str, timeout: float = PATIENCE_S) -> None:
        """Wait until a text does not stand on the screen."""
        self.wait_for(lambda screen: text not in screen.text(), timeout)

    def wait_stopped(self) -> None:
        """Wait until the program has stopped itself, as at Ctrl-Z."""
        stops = self.stops + 1
        self.wait_for(lambda screen: screen.stops >= stops)

    def exit_code(self, timeout: float = PATIENCE_S) -> int:
        """Wait for the end; the exit code, or minus the number of a signal."""
        deadline = time.monotonic() + timeout
        while self._code is None:
            left = deadline - time.monotonic()
            more = left > 0 and self._take(left)
            assert more, f"did not end\n{self.framed()}"
        return self._code

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed by itself."""
        return bool(termios.tcgetattr(self._fd)[3] & termios.ECHO)

    def restored(self) -> list[str]:
        """What of the terminal is not as it was before: nothing, if all is well."""
        has = self._display.has
        wrong = {
            "the settings are changed": self._before != termios.tcgetattr(self._fd),
            "the second screen is shown": has(ALTERNATE),
            "the cursor is hidden": not has(CURSOR),
            "pastes are bracketed": has(PASTE),
            "the mouse is taken": any(map(has, MOUSE)),
            "typing inserts": pyte.modes.IRM in self._display.mode,
        }
        return [what for what, is_so in wrong.items() if is_so]

    def fileno(self) -> int:
        """What there is to read when the program has sent something."""
        return self._fd

    def drain(self, patience_s: float = 0.0) -> None:
        """Take what has come, and what comes before nothing does for so long."""
        while select.select([self._fd], [], [], patience_s)[0]:
            self._feed()

    def framed(self) -> str:
        """The screen in a frame, for a person who reads why a test failed."""
        cols, _ = self.size
        edge = f"+{'-' * cols}+"
        rows = [f"|{row}|" for row in self._display.display]
        ended = "" if self._code is None else f"ended with {self._code}"
        return "\n".join([edge, *rows, edge, ended])

    def _take(self, timeout: float) -> bool:
        """Take what comes next; False where nothing does in time."""
        news = self._news.fileno()
        ready, _, _ = select.select([self._fd, news], [], [], timeout)
        if self._fd in ready:
            self._feed()
        elif ready:
            self._hear()
        return bool(ready)

    def _feed(self) -> None:
        data = os.read(self._fd, 65_536)
        self._raw += data
        self._stream.feed(data)
        if not self._answers:
            return
        for asked in QUERY.finditer(self._raw, self._answered_to):
            self._answered_to = asked.end()
            self.send(b"\x1b[?%b;2$y" % asked[1])

    def _hear(self) -> None:
        news = self._news.readline().split()
        # The kernel hands on what was written a moment later.
        self.drain(LAST_WORDS_S)
        if news[:1] == [b"ended"]:
            self._code = int(news[1])
        self.stops += news == [b"stopped"]


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, struct.pack("i", 0))
