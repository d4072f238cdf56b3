"""The same in tmux: a second terminal that judges what a program sends.

It has a second screen, a title and a shell of its own, from which a stopped program
is put into the foreground again. A server on a private socket, without any settings
of the person who runs the tests, and ended behind the block.
"""

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tests.support.process import HANG_S, TOP
from tests.support.screen import PATIENCE_S


TMUX = shutil.which("tmux")
NO_TMUX = TMUX is None
# A program that was stopped has not ended, though the shell gives it a code.
ENDED = re.compile(r"^ended with (?!148$)(\d+)$", re.MULTILINE)
_NAMED = {
    "enter": "Enter",
    "tab": "Tab",
    "shift tab": "BTab",
    "esc": "Escape",
    "backspace": "BSpace",
    "delete": "DC",
    "insert": "IC",
    "home": "Home",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "end": "End",
    "page up": "PPage",
    "page down": "NPage",
    " ": "Space",
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
}


def tmux_key(name: str) -> str:
    """What tmux calls a key, by the name that urwid gives it."""
    for prefix, short in (("meta ", "M-"), ("ctrl ", "C-")):
        if name.startswith(prefix):
            return short + tmux_key(name.removeprefix(prefix))
    return _NAMED.get(name, name)


class TmuxScreen:
    """A command in a shell in tmux. Use in `with`; all of it is ended."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cols: int = 80,
        rows: int = 24,
    ) -> None:
        # Short, as the name of a socket may not be long.
        self._folder = TemporaryDirectory(prefix="tmux-")
        self._env = {**env, "TMUX_TMPDIR": self._folder.name, "TMUX": ""}
        self._env |= {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "PS1": "$ "}
        size = ("-x", str(cols), "-y", str(rows))
        shell = ("bash", "--norc", "--noprofile", "-i")
        self._tmux("new-session", "-d", *size, *shell)
        self._tmux("set", "-g", "status", "off")
        self.resize(cols, rows)
        self._type(f"clear; {shlex.join(command)}; echo ended with $?")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")
        self._folder.cleanup()

    def send(self, text: str) -> None:
        """Type characters as they are."""
        self._tmux("send-keys", "-l", "--", text)

    def key(self, *names: str) -> None:
        """Press keys, by the names that urwid gives them."""
        for name in names:
            self._tmux("send-keys", "--", tmux_key(name))

    def paste(self, text: str) -> None:
        """Paste: in brackets where the program has asked for them."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p")

    def resize(self, cols: int, rows: int) -> None:
        """Change the size."""
        self._tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def foreground(self) -> None:
        """Put a stopped program into the foreground again."""
        self._type("fg; echo ended with $?")

    def text(self) -> str:
        """All rows, without the blanks at their ends."""
        return self._tmux("capture-pane", "-p")

    def coloured(self) -> str:
        """All rows with their colours as sequences."""
        return self._tmux("capture-pane", "-p", "-e")

    def line(self, number: int) -> str:
        """One row."""
        return self.text().split("\n")[number]

    @property
    def title(self) -> str:
        """The title of the pane; at first the machine's name."""
        return self._ask("pane_title")

    @property
    def alternate(self) -> bool:
        """Whether the second screen is shown."""
        return self._ask("alternate_on") == "1"

    def wait_for(
        self,
        wanted: "str | Callable[[TmuxScreen], object]",
        timeout: float = PATIENCE_S,
    ) -> None:
        """Wait until a text stands there, or a question is answered with yes.

        Each look starts a process of tmux, which is pause enough between two.
        """
        is_there = (
            wanted if callable(wanted) else lambda screen: wanted in screen.text()
        )
        deadline = time.monotonic() + timeout
        while not is_there(self):
            if time.monotonic() > deadline:
                raise AssertionError(f"never seen: {wanted!r}\n{self.text()}")

    def exit_code(self) -> int:
        """Wait for the end, and read the exit code that the shell tells."""
        self.wait_for(lambda screen: ENDED.search(screen.text()))
        (*_, code) = ENDED.findall(self.text())
        return int(code)

    def _ask(self, name: str) -> str:
        return self._tmux("display-message", "-p", f"#{{{name}}}").rstrip("\n")

    def _type(self, line: str) -> None:
        self.send(line)
        self.key("enter")

    def _tmux(self, *words: str) -> str:
        socket = Path(self._folder.name) / "socket"
        done = subprocess.run(
            [TMUX or "tmux", "-f", "/dev/null", "-S", str(socket), *words],
            env=self._env,
            cwd=TOP,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=True,
        )
        return done.stdout
