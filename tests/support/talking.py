"""People in line mode: real `nimsg talk` processes, each on a terminal of its own.

    with Table(folder) as table:
        ann, bob = table.sits("ann"), table.sits("bob")
        ann.types("message bob hello")
        bob.sees("new message i1 from ann")

`sees` waits for what the terminal has not shown before, with a deadline; what it
passes over is gone. Where the order is not known, use `sees_all`.
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.people import PASSWORD
from tests.support.process import AT_ONCE, ServerProcess, environment
from tests.support.terminal import Terminal


CTRL_C, CTRL_D = b"\x03", b"\x04"


class Talker(Terminal):
    """Somebody at `nimsg talk`. Ended by the table, or by `leaves`."""

    def __init__(self, name: str, *words: str, env: dict[str, str]) -> None:
        super().__init__("talk", *words, env=env)
        self.name = name

    def enters(self, password: str = PASSWORD, *, new: bool = True) -> None:
        """Answer the login's questions, and wait for the welcome."""
        if new:
            self.sees(f"New password for {self.name}: ")
            self.types(password)
            self.sees("The same again: ")
        else:
            self.sees(f"Password of {self.name}: ")
        self.types(password)
        self.is_in()

    def is_in(self) -> None:
        """Wait until the greeting is over and a command can be typed."""
        self.sees(f"-- welcome, {self.name}")
        self.sees("> ")

    def sees_all(self, texts: Iterable[str]) -> None:
        """Wait until the terminal shows all of these, in whatever order."""
        start = end = self._read_to
        for text in texts:
            self._read_to = start
            self.sees(text)
            end = max(end, self._read_to)
        self._read_to = end

    def never_saw(self, text: str) -> bool:
        """Whether the terminal has not shown this at any time so far."""
        return text.encode() not in self.seen

    def answers(self, key: str) -> None:
        """Press the one key that answers a question."""
        self.presses(key.encode())

    def leaves(self) -> int:
        """Log out; the exit code."""
        self.types("logout")
        return self.ends()


class Table:
    """A server process, and people who sit down at terminals. Use in `with`.

    Behind the block everybody has been ended. `options` are the server's; with
    `auth="open"` nobody is asked for a password.
    """

    def __init__(self, folder: Path, *options: str, auth: str = "open") -> None:
        self.folder = folder
        self.auth = auth
        self.env = environment(folder)
        self.server = ServerProcess(
            folder / "var", "--auth", auth, *AT_ONCE, *options, env=self.env
        )
        self.talkers: list[Talker] = []

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for talker in self.talkers:
            talker.__exit__()
        self.server.__exit__()

    def opens(self, name: str, *words: str, **more: str) -> Talker:
        """Somebody starts `nimsg talk`; nothing is waited for."""
        home = self.folder / "homes" / name
        home.mkdir(parents=True, exist_ok=True)
        known = {"NIMSG_SERVER": self.server.address, "TERM": "xterm"}
        env = {**environment(home), **known, **more}
        talker = Talker(name, "--user", name, *words, env=env)
        self.talkers.append(talker)
        return talker

    def sits(self, name: str, *words: str, new: bool = True, **more: str) -> Talker:
        """Somebody starts `nimsg talk`, logs in, and can type.

        With passwords a `new` person registers on the way.
        """
        talker = self.opens(name, *words, **more)
        if self.auth == "password":
            talker.enters(new=new)
        else:
            talker.is_in()
        return talker
