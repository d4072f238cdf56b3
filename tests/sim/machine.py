"""The computer a server runs on: it fails in every way, and is started again.

SQLite's commit is one durable event. What else a power cut leaves is drawn by lot
from the states that POSIX allows (tests/support/powercut.py).
"""

import asyncio
import errno
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from enum import StrEnum
from pathlib import Path
from shutil import rmtree

from nimsg.config import ServerConfig
from nimsg.errors import NimsgError, StorageFailure
from nimsg.server.app import Server
from nimsg.store.check import check_store
from nimsg.store.local import LocalStore
from tests.sim.checker import require
from tests.sim.loop import VirtualThreads
from tests.sim.network import Link, Network
from tests.support.faultydisk import Call, FaultyDisk
from tests.support.powercut import Volume


class End(StrEnum):
    """How a run of the server ends."""

    POWER = "power"
    KILL = "kill"
    ERROR = "error"
    STOP = "stop"


ENDS = (End.POWER, End.POWER, End.KILL, End.ERROR, End.STOP)
# After how many calls of the disk that is: in the middle of a start, or of a storm.
SOONEST, LATEST = 1, 500
RESTARTS_S = (0.01, 1.0, 15.0)
START_MS = 1_800_000_000_000
# Clocks are set, also back and to another day.
JUMPS_MS = (-86_400_000, -3_600_000, -5, 0, 0, 0, 3_600_000)

# What its links come to then.
GOODBYES = {
    End.POWER: Link.hang,
    End.KILL: Link.reset,
    End.ERROR: Link.part,
    End.STOP: Link.part,
}
# What the server does by itself, within so long.
BY_ITSELF = {End.ERROR, End.STOP}
ENDED_S = 20.0
# What is asked of a descriptor.
NAMELESS = {"syncfs", "read_only"}
# An error in these ends no server.
TOLERATED = {"free_bytes"}

Image = Callable[[Path], bytes]


def committed(root: Path) -> bytes:
    """The index as its last commit has left it; no bytes where there is none."""
    index = root / "index.db"
    if not index.exists():
        return b""
    with closing(sqlite3.connect(index)) as connection:
        return connection.serialize()


class WatchedDisk(FaultyDisk):
    """Says what it is about to do."""

    def __init__(self, before: Callable[[Call], None]) -> None:
        super().__init__()
        self._before = before

    def _meet(self, call: Call) -> bool:
        try:
            self._before(call)
        except OSError:
            if call.kind == "write":  # half of it is done
                self.calls.append(call)
            raise
        return super()._meet(call)


class Following(Volume):
    """Only follows calls: nobody asks of each whether it matters, which takes long."""

    def _unsynced(self) -> int:
        return 0


class Machine:
    """A server on a disk, up or down. While it is `calm` it does not fail by chance.

    `store` and `image` are other ones where a server is to be wrong.
    """

    def __init__(
        self,
        folder: Path,
        network: Network,
        store: type[LocalStore] = LocalStore,
        image: Image = committed,
    ) -> None:
        self.calm = False
        self.ends: Counter[End] = Counter()
        # A folder that has the same name every time.
        self._folder = folder / "disk"
        self._folder.mkdir()
        self._network = network
        self._loop = network.loop
        self._chance = network.chance
        self._note = network.note
        self._store = store
        self._image = image
        self._lives = 0
        self._shift_ms = 0
        self._left = 0
        self._doom = self._end = End.STOP
        self._off = self._over = False
        self._serving = asyncio.Event()
        self._move_in()

    def clock(self) -> int:
        """Ms UTC, as far as this machine knows."""
        return START_MS + self._shift_ms + round(self._loop.time() * 1000)

    async def run(self) -> None:
        """Serve, fail and start again until `stop`."""
        while not self._over:
            self._prepare()
            try:
                store = self._store(
                    self._root,
                    disk=self._disk,
                    entropy=self._chance.randbytes,
                    min_free_bytes=1,
                )
            except NimsgError:
                if not self._fallen.is_set():
                    raise
            else:
                await self._serve(store)
            if self._end is End.POWER:
                self._restore()
            self._gone.set()
            await asyncio.sleep(self._chance.choice(RESTARTS_S))

    async def fail(self, end: End) -> None:
        """End so as soon as it serves, and wait for that."""
        await self._serving.wait()
        with suppress(OSError):
            self._fall(end)
        await self._gone.wait()

    async def stop(self) -> None:
        """End in order, for good."""
        self._over = True
        await self.fail(End.STOP)

    def check(self) -> None:
        """All that is on the disk fits together."""
        problems = check_store(self._root).problems
        require(not problems, "check finds {}", problems)

    # -- one run of the server

    def _prepare(self) -> None:
        self._off = False
        self._doom = self._chance.choice(ENDS)
        self._left = self._chance.randint(SOONEST, LATEST)
        self._shift_ms += self._chance.choice(JUMPS_MS)
        self._stop, self._fallen, self._gone = (asyncio.Event() for _ in range(3))
        self._note(f"starts on {self._root.name}")

    async def _serve(self, store: LocalStore) -> None:
        """Run a server until it ends, however that happens; nothing is left of it."""
        config = ServerConfig(
            self._root, port=0, auth="open", hash_memory_kib=8, hash_rounds=1
        )
        entropy = self._chance.randbytes
        server = Server(config, store, self.clock, self._loop, entropy, VirtualThreads)
        serving = asyncio.create_task(server.serve(self._stop, self._listen))
        fallen = asyncio.create_task(self._fallen.wait())
        await asyncio.wait({serving, fallen}, return_when=asyncio.FIRST_COMPLETED)
        if self._end in BY_ITSELF:
            await asyncio.wait({serving}, timeout=ENDED_S)
            require(serving.done(), "the server does not end by {}", self._end)
        self._off = True
        self._serving.clear()
        self._network.vanish(GOODBYES[self._end])
        serving.cancel()
        await asyncio.wait({serving})
        self._judge(None if serving.cancelled() else serving.exception())

    def _listen(self) -> None:
        self._network.listen()
        self._serving.set()

    def _judge(self, error: BaseException | None) -> None:
        """A server ends when it is asked to, or when its disk has failed."""
        failed = isinstance(error, StorageFailure) and self._end is not End.STOP
        if error is not None and not failed:
            raise error
        require(self._fallen.is_set(), "the server ended by itself")

    # -- the disk

    def _before(self, call: Call) -> None:
        name = call.path.name if call.kind not in NAMELESS else ""
        self._note(f"{call.kind} {name} {len(call.data)}")
        if self._off:
            raise OSError(errno.EIO, "the power is off")
        self._left -= 1
        may_fail = self._doom is not End.ERROR or call.kind not in TOLERATED
        if self._left <= 0 and may_fail and not (self.calm or self._fallen.is_set()):
            self._fall(self._doom)

    def _fall(self, end: End) -> None:
        """End, now. Raises `OSError` where the disk is what ends."""
        self._note(f"ends by {end}")
        self._end = end
        self.ends[end] += 1
        self._fallen.set()
        if end is End.STOP:
            self._stop.set()
            return
        self._off = end is not End.ERROR
        if end is End.POWER:
            for call in self._disk.changes:
                self._volume.meet(call)
            self._left_over = self._volume.cut(self._chance), self._image(self._root)
        raise OSError(errno.EIO, f"the disk ends by {end}")

    def _move_in(self) -> None:
        """A new folder, and a disk below it."""
        self._lives += 1
        self._root = self._folder / f"var{self._lives}"
        self._disk = WatchedDisk(self._before)
        self._volume = Following(self._root)

    def _restore(self) -> None:
        """What the power has left is all there is."""
        state, index = self._left_over
        before = self._root
        self._move_in()
        state.build(self._root, index)
        self._volume = Following(self._root)
        rmtree(before)
