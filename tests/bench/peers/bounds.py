"""The bounds as peers: see `tests.bench.servers`. The shortest examples of a `Peer`."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence

from tests.bench import proc
from tests.bench.peers.base import Peer
from tests.bench.servers.relay import JOINED
from tests.bench.wire import Wire, dial
from tests.support.process import TOP


def frame(data: bytes) -> bytes:
    """With its length before it."""
    return len(data).to_bytes(4, "big") + data


class Bound(Peer):
    """A module of `servers`, run in one of its modes."""

    module = "bound"
    mode = "none"

    def version(self) -> str:
        """See `Peer`."""
        return f"Python {platform.python_version()}"

    def environment(self) -> Mapping[str, str]:
        """See `Peer`."""
        return {**os.environ, "PYTHONPATH": str(TOP)}

    def configure(self, _: str) -> Sequence[str]:
        """See `Peer`."""
        self.port = proc.free_port()
        module = f"tests.bench.servers.{self.module}"
        return [sys.executable, "-m", module, self.mode, str(self.port), *self._more()]

    def _more(self) -> Sequence[str]:
        return ()


class BoundNone(Bound):
    """Answers at once: what loopback and interpreter take."""

    can = frozenset({"deliver"})
    note = "bound: bare asyncio that keeps nothing"

    def _more(self) -> Sequence[str]:
        return (str(self.folder),)

    async def connect(self, _: int) -> Wire:
        """See `Peer`."""
        return await dial(self.port)

    async def deliver(self, wire: Wire, to: str, body: bytes) -> None:
        """See `Peer`."""
        wire.write(frame(to.encode() + b"\0" + body))
        if await wire.exactly(1) != b"K":
            raise RuntimeError("refused")


class BoundLog(BoundNone):
    """One log."""

    note = "bound: bare asyncio, one log; no accounts, index or checks"
    mode = "log"

    def stored(self) -> int:
        """See `Peer`."""
        return (self.folder / "log").read_bytes().count(b"\0")


class BoundFiles(BoundNone):
    """A file for each message."""

    def stored(self) -> int:
        """See `Peer`."""
        with os.scandir(self.folder) as entries:
            if "box" not in {entry.name for entry in entries}:
                return 0
        boxes = (self.folder / "box").iterdir()
        return sum(name[0] == "m" for box in boxes for name in os.listdir(box))  # noqa: PTH208


class BoundLogFile(BoundFiles):
    """The bound that nimsg's goal is set by."""

    note = "bound: bare asyncio, one log, and an unsynced file for each message"
    mode = "log-file"
    sustained = True
    earlier_name_is_enough = True  # the log has all of it


class BoundSyncfs(BoundFiles):
    """Files and one sync of the file system."""

    note = "bound: bare asyncio, a file for each message, one syncfs a batch"
    mode = "syncfs"


class BoundFsync(BoundFiles):
    """Files that are synced one by one."""

    note = "bound: bare asyncio, file and folder synced for each message, 16 threads"
    mode = "fsync"


class Relay(Bound):
    """A bare room."""

    can = frozenset({"idle", "room"})
    note = "bound: bare asyncio, one write for each copy; no accounts, nothing kept"
    module = "relay"
    mode = "each"

    async def idle(self, number: int) -> Wire:
        """See `Peer`."""
        return await self.join(f"n{number}")

    async def join(self, _: str) -> Wire:
        """See `Peer`."""
        wire = await dial(self.port)
        await self.say(wire, b"join")
        if await wire.exactly(len(JOINED)) != JOINED:
            raise RuntimeError("refused")
        return wire

    async def say(self, wire: Wire, text: bytes) -> None:
        """See `Peer`."""
        wire.write(frame(text))


class RelayJoined(Relay):
    """A bare room that joins writes."""

    can = frozenset({"room"})
    note = "bound: bare asyncio, the frames of one read in one write for each member"
    mode = "joined"
