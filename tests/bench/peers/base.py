"""What a peer must offer so that every measure can drive it.

A peer says in `can` which measures it can take part in. What clients do are coroutines
on `Wire` connections, so that the client costs the same whoever is measured.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench import proc
from tests.bench.wire import Wire


RECIPIENTS = [f"u{number}" for number in range(100)]
PASSWORD = "pw"
# Whose boxes are filled.
BOXES = ["box0", "box1", "box2", "head"]


class Peer:
    """A server that is started, driven and stopped like all others."""

    can: frozenset[str] = frozenset()
    note = ""
    program = ""
    as_root = False
    # How many idle connections it is measured with at most.
    idle_most = 1000
    # Whether it is measured over tens of thousands of messages too.
    sustained = False
    # Where a message that is not under its last name yet is found again at a start.
    earlier_name_is_enough = False

    def __init__(self, name: str, work: Path) -> None:
        self.name = name
        self.port = 0
        self.prefix: Sequence[str] = ()  # strace, before the server's command
        self.folder = work
        self._work = work
        self._process: proc.Process | None = None

    # -- the server

    def available(self) -> bool:
        """Whether it is installed here."""
        if self.as_root and os.geteuid() != 0:
            return False
        return not self.program or proc.program(self.program) is not None

    def version(self) -> str:
        """Which version it is."""
        return ""

    def configure(self, purpose: str) -> Sequence[str]:
        """Write what it needs into its folder, and set its port; the command."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str] | None:
        """What its process is started with; None: as this one."""
        return None

    def start(self, purpose: str) -> None:
        """Start it in a new folder, on a free port, and wait until it listens."""
        proc.sync_disk(self._work)
        self.folder = self.new_folder()
        self.begin(self.configure(purpose))

    def new_folder(self) -> Path:
        """A folder of its own, which stays until the run is over."""
        folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=self._work))
        folder.chmod(0o755)
        return folder

    def begin(self, command: Sequence[str]) -> None:
        """Run a command in its folder until it listens."""
        command = [*self.prefix, *command]
        self._process = proc.spawn(command, self.folder, self.environment())
        try:
            proc.wait_port(self.port, self._process.poll)
        except (RuntimeError, TimeoutError):
            self.stop()
            said = (self.folder / "server.out").read_text(errors="replace")[-1500:]
            raise RuntimeError(f"{self.name} did not start: {said}") from None

    def stop(self) -> None:
        """End it. What it has written stays: deleting makes creating slow."""
        process, self._process = self._process, None
        if process is not None:
            proc.stop(process, traced=bool(self.prefix))

    @property
    def pid(self) -> int:
        """The first of its processes."""
        assert self._process is not None
        return self._process.pid

    def found(self) -> str:
        """Where its program is."""
        path = proc.program(self.program)
        if path is None:
            raise FileNotFoundError(self.program)
        return path

    # -- deliver

    async def connect(self, number: int) -> Wire:
        """A connection that may send."""
        raise NotImplementedError

    async def deliver(self, wire: Wire, to: str, body: bytes) -> None:
        """Send; back when the server has taken it, an error where it refuses."""
        raise NotImplementedError

    def stored(self) -> int | None:
        """How many messages are in boxes now; None where that cannot be told."""
        return None

    async def at_rest(self) -> Mapping[str, bool]:
        """What goes on behind the last answer, and whether that is over now."""
        return {}

    async def hang_up(self, wire: Wire) -> None:
        """Leave politely."""
        wire.close()

    # -- inbox

    async def fill(self, user: str, count: int) -> None:
        """Put so many unread messages into a box, by whatever is quickest."""
        raise NotImplementedError

    async def open(self, user: str) -> Wire:
        """A fresh connection that is logged in."""
        raise NotImplementedError

    async def list_newest(self, wire: Wire, count: int) -> int:
        """Ask for headers of the newest messages; how many came."""
        raise NotImplementedError

    async def list_all(self, wire: Wire) -> int:
        """Ask for headers of all messages; how many came."""
        raise NotImplementedError

    # -- headless

    def checks(self, user: str) -> dict[str, Sequence[str]]:
        """Commands that say whether there is new mail, by what they are called."""
        raise NotImplementedError

    # -- idle, room

    async def idle(self, number: int) -> Wire:
        """A logged-in connection that waits for news, as a user's would."""
        raise NotImplementedError

    async def join(self, nick: str) -> Wire:
        """A member of the room, who has come in."""
        raise NotImplementedError

    async def say(self, wire: Wire, text: bytes) -> None:
        """Send a line to the room, and wait for nothing."""
        raise NotImplementedError
