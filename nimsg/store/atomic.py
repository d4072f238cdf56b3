"""Whole files or none: the only place that renames."""

import os
from pathlib import Path

from nimsg.store.disk import Disk, write_all


TEMPORARY = ".tmp"


def put_file(disk: Disk, path: Path, data: bytes, *, durable: bool = False) -> None:
    """Let `path` hold `data`, whole or not at all.

    It is on the disk with the next sync of the file system, or on return where
    `durable` is asked for. A temporary name left by a crash is used again, so
    that doing this twice is doing it once.
    """
    temporary = Path(f"{path}{TEMPORARY}")
    fd = disk.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        write_all(disk, fd, data)
    finally:
        disk.close(fd)
    if durable:
        disk.fsync(temporary)
    disk.rename(temporary, path)
    if durable:
        disk.fsync(path.parent)


def move_durably(disk: Disk, source: Path, target: Path) -> None:
    """Let `target` be what `source` was, on the disk when it returns."""
    disk.fsync(source)
    disk.rename(source, target)
    disk.fsync(target.parent)
