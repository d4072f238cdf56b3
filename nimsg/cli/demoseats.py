"""People of the demo who sit at `nimsg talk`, each a process that is typed to."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO

from nimsg.cli import show
from nimsg.errors import NimsgError


LONGEST_S = 30.0
READ_BYTES = 65_536
TALK = (sys.executable, "-m", "nimsg", "talk")


class Seat:
    """Somebody at line mode. What they type and what they get is shown."""

    def __init__(self, user: str, process: "subprocess.Popen[bytes]") -> None:
        self.user = user
        self._process = process
        self._rest = b""
        self._lines: list[str] = []

    def type(self, line: str) -> None:
        """Type a line."""
        show.say(f"  {self.user}> {line}")
        os.write(_fd(self._process.stdin), f"{line}\n".encode())

    def hear(self, text: str) -> None:
        """Show what comes, up to a line that holds a text.

        Raises `NimsgError` where it does not come.
        """
        deadline = time.monotonic() + LONGEST_S
        while True:
            while self._lines:
                line = self._lines.pop(0)
                show.say(f"    {self.user:<4}| {line}".rstrip())
                if text in line:
                    return
            if not self._read(deadline - time.monotonic()):
                raise NimsgError(f"the demo's {self.user} never heard {text!r}")

    def leave(self) -> None:
        """Log out and go."""
        self.type("logout")
        self.hear("goodbye")
        self._process.wait(LONGEST_S)

    def end(self) -> None:
        """End the process, however it stands."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()

    def _read(self, left_s: float) -> bool:
        fd = _fd(self._process.stdout)
        if not select.select([fd], [], [], max(0.0, left_s))[0]:
            return False
        data = os.read(fd, READ_BYTES)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines += [line.decode("utf-8", "replace") for line in lines]
        return bool(data)


class Seats:
    """Who sits there, in the order in which they came. Use in `with`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._taken: list[Seat] = []

    def __enter__(self) -> "Seats":
        return self

    def __exit__(self, *_: object) -> None:
        for seat in self._taken:
            seat.end()

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._taken)

    def sit(self, user: str, last: str) -> Seat:
        """Somebody logs in; the greeting ends with a line that holds `last`."""
        show.say(f"  {user}$ nimsg talk")
        process = subprocess.Popen(  # noqa: S603 - this very program
            TALK,
            env={**os.environ, "NIMSG_SERVER": self._address, "NIMSG_USER": user},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        seat = Seat(user, process)
        self._taken.append(seat)
        seat.hear(last)
        return seat


def _fd(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise ValueError
    return pipe.fileno()
