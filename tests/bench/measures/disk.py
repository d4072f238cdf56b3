"""What the disk does at best, with one thread."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import proc
from tests.bench.measures.deliver import BODY
from tests.bench.peers.base import Peer
from tests.bench.sizes import Size
from tests.bench.stats import Row, latencies


class Files:
    """A folder in which files are made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fd = os.open(folder, os.O_RDONLY)
        self._count = 0

    def put(self) -> int:
        """Create, write and rename one; it is open still."""
        self._count += 1
        temporary = self._folder / f"t{self._count}"
        fd = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        os.write(fd, BODY)
        temporary.rename(self._folder / f"m{self._count}")
        return fd

    def put_many(self, count: int) -> None:
        """So many, never synced."""
        for _ in range(count):
            os.close(self.put())

    def put_synced(self) -> None:
        """One; it and its folder are synced."""
        fd = self.put()
        os.fsync(fd)
        os.close(fd)
        os.fsync(self._fd)

    def put_and_sync(self, count: int) -> None:
        """So many, and one sync of the file system."""
        self.put_many(count)
        proc.sync_disk(self._folder)


class Log:
    """One file that grows."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
        self._fd = os.open(folder / "log", flags, 0o600)

    def add(self, count: int) -> None:
        """So many messages, and one sync."""
        os.write(self._fd, BODY * count)
        os.fdatasync(self._fd)


Step = Callable[[], object]


def _steps(folder: Path) -> Iterator[tuple[str, int, Step]]:
    """What is done over and over, and for how many messages each time."""
    files, log = Files(folder), Log(folder)
    yield "log: append, fdatasync for each 1", 1, lambda: log.add(1)
    yield "log: append, fdatasync for each 64", 64, lambda: log.add(64)
    yield "log: append, fdatasync for each 256", 256, lambda: log.add(256)
    yield "file: made and renamed, never synced", 64, lambda: files.put_many(64)
    yield "file: the same, one syncfs for each 64", 64, lambda: files.put_and_sync(64)
    yield "file: the same, it and its folder synced", 1, files.put_synced


def disk(peer: Peer, size: Size) -> Iterator[Row]:
    """Logs and files of 1 KiB messages, in one thread."""
    # what is made stays until the run is over: deleting makes creating slow
    folder = Path(tempfile.mkdtemp(prefix="disk-", dir=peer.folder))
    for name, count, step in _steps(folder):
        proc.sync_disk(folder)
        taken: list[float] = []
        noise = proc.Noise()
        began_s = last_s = time.perf_counter()
        while last_s < began_s + size.disk_s:
            step()
            now_s = time.perf_counter()
            taken.append(now_s - last_s)
            last_s = now_s
        yield {
            "measure": "disk",
            "point": name,
            "peer": peer.name,
            "per_s": round(count * len(taken) / (last_s - began_s), 1),
            **latencies(taken),
            **noise.row(),
        }
