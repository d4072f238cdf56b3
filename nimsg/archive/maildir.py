"""A Maildir as a stream: one file at a time, the subfolders behind the top."""

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from nimsg.archive.mail import Mail, Unusable
from nimsg.archive.message import read_message
from nimsg.archive.scan import MESSAGE_BYTES, Item, item, readable


BOXES = ("cur", "new")


def is_maildir(path: Path) -> bool:
    """Whether a folder has what a Maildir has."""
    return any((path / box).is_dir() for box in BOXES)


def count_maildir(path: Path) -> int:
    """How many files there are to read."""
    with readable(path):
        return sum(
            1
            for folder in _folders(path)
            for box in BOXES
            for _ in _names(folder / box)
        )


def read_maildir(path: Path) -> Iterator[Item]:
    """Each file of `cur` and `new`, by its name; then those of the subfolders."""
    done = 0
    for folder in _folders(path):
        for name, box in _listed(folder):
            done += 1
            file = folder / box / name
            where = str(file.relative_to(path))
            yield item(where, done, partial(_mail, file))


def _folders(path: Path) -> Iterator[Path]:
    with readable(path):
        subfolders = sorted(
            child
            for child in path.iterdir()
            if child.name.startswith(".") and is_maildir(child)
        )
    yield path
    yield from subfolders


def _listed(folder: Path) -> list[tuple[str, str]]:
    with readable(folder):
        return sorted((name, box) for box in BOXES for name in _names(folder / box))


def _names(box: Path) -> Iterator[str]:
    if not box.is_dir():
        return
    with os.scandir(box) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                yield entry.name


def _mail(file: Path) -> Mail:
    """The mail in a file. Raises `Unusable`."""
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Unusable("is not a file")
        if found.st_size > MESSAGE_BYTES:
            raise Unusable(
                f"has {found.st_size} bytes; at most {MESSAGE_BYTES} are taken"
            )
        data = file.read_bytes()
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror}") from None
    return read_message(data)
