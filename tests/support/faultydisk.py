"""A disk on which one chosen call fails, and which writes down what it was asked.

It does everything for real except to sync: a test reads through the same cache.
"""

import os
from pathlib import Path
from typing import NamedTuple

from nimsg.store.disk import RealDisk
from nimsg.store.layout import StrPath


# Room enough for mail, and too little for the store to hold a reserve.
ROOM = 6 * 1024 * 1024
# What changes neither a file nor a name.
HARMLESS = frozenset({"close", "free_bytes", "read_only"})


class Call(NamedTuple):
    """One call: `number` holds an open's flags or a truncate's size."""

    kind: str
    path: Path
    data: bytes = b""
    number: int = 0
    target: Path = Path()


class Fault(NamedTuple):
    """The call `at` fails with `errno`, and all later ones too where it is `sticky`.

    With no errno a write takes one byte and says so.
    """

    at: int
    errno: int | None
    sticky: bool = False


class FaultyDisk:
    """See `nimsg.store.disk.Disk`. `free` and `frozen` are what it says of itself."""

    def __init__(self, fault: Fault | None = None, *, has_syncfs: bool = True) -> None:
        self.calls: list[Call] = []
        self.free = ROOM
        self.frozen = False
        self.fault = fault
        self._has_syncfs = has_syncfs
        self._real = RealDisk()
        self._paths: dict[int, Path] = {}

    @property
    def changes(self) -> list[Call]:
        """The calls that change or sync something."""
        return [call for call in self.calls if call.kind not in HARMLESS]

    def open(self, path: StrPath, flags: int) -> int:
        self._meet(Call("open", Path(path), number=flags))
        fd = self._real.open(path, flags)
        self._paths[fd] = Path(path)
        return fd

    def write(self, fd: int, data: bytes) -> int:
        """A write that fails has left half of its bytes."""
        call = Call("write", self._paths[fd], data)
        try:
            short = self._meet(call)
        except OSError:
            taken = self._real.write(fd, data[: len(data) // 2])
            self.calls[-1] = call._replace(data=data[:taken])
            raise
        if short:
            self.calls[-1] = call._replace(data=data[:1])
            return self._real.write(fd, data[:1])
        return self._real.write(fd, data)

    def truncate(self, path: Path, size: int) -> None:
        self._meet(Call("truncate", path, number=size))
        self._real.truncate(path, size)

    def close(self, fd: int) -> None:
        """A close that fails has closed."""
        self._real.close(fd)
        self._meet(Call("close", self._paths.pop(fd)))

    def rename(self, source: StrPath, target: StrPath) -> None:
        self._meet(Call("rename", Path(source), target=Path(target)))
        self._real.rename(source, target)

    def unlink(self, path: Path) -> None:
        self._meet(Call("unlink", path))
        self._real.unlink(path)

    def mkdir(self, path: Path) -> None:
        self._meet(Call("mkdir", path))
        self._real.mkdir(path)

    def fsync(self, path: Path) -> None:
        """What is not there cannot be synced."""
        path.stat()
        self._meet(Call("fsync", path))

    def syncfs(self, fd: int) -> bool:
        """A disk without it says so, and has synced nothing."""
        kind = "syncfs" if self._has_syncfs else "no syncfs"
        self._meet(Call(kind, Path(f"/proc/self/fd/{fd}")))
        return self._has_syncfs

    def read_only(self, fd: int) -> bool:
        self._meet(Call("read_only", Path(f"/proc/self/fd/{fd}")))
        return self.frozen or self._real.read_only(fd)

    def free_bytes(self, path: Path) -> int:
        self._meet(Call("free_bytes", path))
        return self.free

    def _meet(self, call: Call) -> bool:
        """Write the call down; whether it shall be a short one."""
        number = len(self.calls)
        self.calls.append(call)
        fault = self.fault
        if (
            fault is None
            or number < fault.at
            or (number > fault.at and not fault.sticky)
        ):
            return False
        if fault.errno is None:
            return True
        raise OSError(fault.errno, os.strerror(fault.errno), str(call.path))
