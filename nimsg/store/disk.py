"""The one narrow way to the disk under the files; a fault is injected here."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from nimsg.store.layout import StrPath


FILE_MODE = 0o600
FOLDER_MODE = 0o700


class Disk(Protocol):
    """Operations whose failure or loss a store must survive. All raise `OSError`."""

    def open(self, path: StrPath, flags: int) -> int:
        """A descriptor; a file made by it is readable by its owner only."""
        ...

    def write(self, fd: int, data: bytes) -> int:
        """How many bytes were taken, which may be fewer."""
        ...

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file."""
        ...

    def close(self, fd: int) -> None:
        """Let a descriptor go."""
        ...

    def rename(self, source: StrPath, target: StrPath) -> None:
        """Give a file another name, replacing what had it."""
        ...

    def unlink(self, path: Path) -> None:
        """Take a file away; one that is not there is away."""
        ...

    def mkdir(self, path: Path) -> None:
        """Make a folder and those above it where they are missing."""
        ...

    def fsync(self, path: Path) -> None:
        """Make a file's content, or a folder's names, durable."""
        ...

    def syncfs(self, fd: int) -> bool:
        """Make the whole file system of `fd` durable; False where that cannot be."""
        ...

    def read_only(self, fd: int) -> bool:
        """Whether the file system of `fd` takes no more writes."""
        ...

    def free_bytes(self, path: Path) -> int:
        """Space that an unprivileged process may still use."""
        ...


class RealDisk:
    """The operating system's calls."""

    def __init__(self) -> None:
        self._syncfs: Callable[[int], int] | None = getattr(
            ctypes.CDLL(None, use_errno=True), "syncfs", None
        )

    def open(self, path: StrPath, flags: int) -> int:
        """See `Disk`."""
        return os.open(path, flags, FILE_MODE)

    def write(self, fd: int, data: bytes) -> int:
        """See `Disk`."""
        return os.write(fd, data)

    def truncate(self, path: Path, size: int) -> None:
        """See `Disk`."""
        os.truncate(path, size)

    def close(self, fd: int) -> None:
        """See `Disk`."""
        os.close(fd)

    def rename(self, source: StrPath, target: StrPath) -> None:
        """See `Disk`."""
        os.replace(source, target)  # noqa: PTH105 - the path objects are hot

    def unlink(self, path: Path) -> None:
        """See `Disk`."""
        path.unlink(missing_ok=True)

    def mkdir(self, path: Path) -> None:
        """See `Disk`; every folder made on the way is its owner's alone."""
        if not path.parent.exists():
            self.mkdir(path.parent)
        path.mkdir(FOLDER_MODE, exist_ok=True)

    def fsync(self, path: Path) -> None:
        """See `Disk`."""
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def syncfs(self, fd: int) -> bool:
        """See `Disk`; Linux has it (syncfs(2))."""
        if self._syncfs is None:
            return False
        if self._syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return True

    def read_only(self, fd: int) -> bool:
        """See `Disk`."""
        return bool(os.fstatvfs(fd).f_flag & os.ST_RDONLY)

    def free_bytes(self, path: Path) -> int:
        """See `Disk`."""
        status = os.statvfs(path)
        return status.f_bavail * status.f_frsize


def write_all(disk: Disk, fd: int, data: bytes) -> None:
    """Write every byte, however few each call takes."""
    done = disk.write(fd, data)
    while done < len(data):
        taken = disk.write(fd, data[done:])
        if taken == 0:
            raise OSError(f"only {done} of {len(data)} bytes were taken")
        done += taken
