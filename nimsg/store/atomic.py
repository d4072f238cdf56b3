"""Whole files, and whole lines, or none: the only place that renames."""

import os
from pathlib import Path

from nimsg.store.disk import Disk, write_all
from nimsg.store.layout import StrPath


TEMPORARY = ".tmp"


def put_file(disk: Disk, path: StrPath, data: bytes, *, durable: bool = False) -> None:
    """Let `path` hold `data`, whole or not at all.

    It is on the disk with the next sync of the file system, or on return where
    `durable` is asked for. A temporary name left by a crash is used again, so
    that doing this twice is doing it once.
    """
    temporary = f"{path}{TEMPORARY}"
    fd = disk.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        write_all(disk, fd, data)
    finally:
        disk.close(fd)
    if durable:
        disk.fsync(Path(temporary))
    disk.rename(temporary, path)
    if durable:
        disk.fsync(Path(path).parent)


def move_durably(disk: Disk, source: Path, target: Path) -> None:
    """Let `target` be what `source` was, on the disk when it returns."""
    disk.fsync(source)
    disk.rename(source, target)
    disk.fsync(target.parent)


def move_aside(disk: Disk, source: Path, target: Path) -> None:
    """Move a file that may not be readable; both folders are on the disk after."""
    disk.rename(source, target)
    disk.fsync(target.parent)
    disk.fsync(source.parent)


def append_line(disk: Disk, path: Path, line: bytes) -> None:
    """Add a line behind the last whole one. Raises `OSError`."""
    end = _whole_bytes(path)
    if end is not None:
        disk.truncate(path, end)
    append(disk, path, line + b"\n")


def append(disk: Disk, path: Path, data: bytes) -> None:
    """Add to a file, which is made where it is missing. Raises `OSError`."""
    fd = disk.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        write_all(disk, fd, data)
    finally:
        disk.close(fd)


def _whole_bytes(path: Path) -> int | None:
    """Where the last whole line ends, None where nothing stands behind it."""
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return None
            file.seek(-1, os.SEEK_END)
            if file.read(1) == b"\n":
                return None
            file.seek(0)
            return file.read().rfind(b"\n") + 1
    except FileNotFoundError:
        return None
