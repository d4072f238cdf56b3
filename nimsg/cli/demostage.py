"""Where the demo plays: a server process, and people who type verbs."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import FrameType

from nimsg.cli import show
from nimsg.cli.demoseats import LONGEST_S
from nimsg.errors import Exit, NimsgError


NIMSG = (sys.executable, "-m", "nimsg")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class OnlyOnce:
    """Signals that end the demo end it in order, and only once. Use in `with`.

    The first raises `KeyboardInterrupt`, and the cleaning up behind that is left
    alone. Signals that were ignored are ignored still.
    """

    def __init__(self) -> None:
        handlers = {number: signal.getsignal(number) for number in ENDING}
        self._before = {
            number: handler
            for number, handler in handlers.items()
            if handler != signal.SIG_IGN
        }

    def __enter__(self) -> "OnlyOnce":
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def take(self) -> None:
        """Take the signals, again where somebody else has had them."""
        for number in self._before:
            signal.signal(number, self._end)

    def _end(self, _: int, __: FrameType | None) -> None:
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt


class Stage:
    """A server process on a free port, and people who type verbs. Use in `with`.

    Behind the block all its processes have ended. What the server has logged is
    shown then.
    """

    def __init__(self, var: Path) -> None:
        self.var = var
        self.address = ""
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._server: subprocess.Popen[str] | None = None
        self._typed: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Stage":
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        server = self._server
        for process in (*self._typed, *([server] if server else [])):
            if process.poll() is None:
                process.terminate()
            process.communicate()
        with self._log as log:
            log.seek(0)
            if lines := log.readlines():
                show.say("The server has logged:")
            for line in lines:
                show.tell(f"    {line.rstrip()}")

    def _begin(self) -> None:
        """Start the server and show what it says.

        Raises `NimsgError` with the server's exit code where it does not start.
        """
        self._server = subprocess.Popen(  # noqa: S603 - this very program
            [*NIMSG, "server", "--port", "0", "--auth", "open", "--var", str(self.var)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            process_group=0,  # Ctrl-C is for the person's programs
        )
        for line in self._server.stdout or ():
            show.say(f"    {line.rstrip()}")
            if line.startswith("nimsg server on "):
                self.address = line.split()[3]
            if line.startswith("  connect"):
                show.say()
                return
        failure = NimsgError("the demo's server did not start")
        with suppress(ValueError):
            failure.exit = Exit(self._server.wait(LONGEST_S))
        raise failure

    def ends(self) -> None:
        """Wait until the server has ended by itself."""
        if self._server is not None:
            self._server.wait(LONGEST_S)

    def type(self, user: str, *words: str) -> str:
        """Type a verb as somebody and show what it prints; its output."""
        return self.watch(self.begin(user, *words))

    def begin(self, user: str, *words: str) -> "subprocess.Popen[str]":
        """Type a verb that may take a while."""
        shown = " ".join(f"'{word}'" if " " in word else word for word in words)
        show.say(f"  {user}$ nimsg {shown}")
        typed = subprocess.Popen(  # noqa: S603 - this very program
            [*NIMSG, *words],
            env={**os.environ, "NIMSG_SERVER": self.address, "NIMSG_USER": user},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._typed.append(typed)
        return typed

    def watch(self, typed: "subprocess.Popen[str]") -> str:
        """Show what a verb prints until it ends; its output."""
        output, _ = typed.communicate()
        self._typed.remove(typed)
        for line in output.splitlines():
            show.say(f"    {line}".rstrip())
        if typed.returncode != Exit.DONE:
            raise NimsgError(f"the demo's verb ended with {typed.returncode}")
        if not output:
            show.say("    (exit 0)")
        show.say()
        return output.strip()
