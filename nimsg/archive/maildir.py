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
    """How many places there are to read."""
    return sum(1 for _ in _places(path))


def read_maildir(path: Path) -> Iterator[Item]:
    """Each file of `cur` and `new`, by its name; then those of the subfolders."""
    for done, (place, why) in enumerate(_places(path), 1):
        where = str(place.relative_to(path))
        yield item(where, done, partial(_mail, place, why))


def _folders(path: Path) -> Iterator[Path]:
    with readable(path):
        subfolders = sorted(
            child
            for child in path.iterdir()
            if child.name.startswith(".") and is_maildir(child)
        )
    yield path
    yield from subfolders


def _places(path: Path) -> Iterator[tuple[Path, str]]:
    """Each file; and each `cur` or `new` that cannot be listed, with the reason."""
    for folder in _folders(path):
        found: list[tuple[str, str]] = []
        for box in BOXES:
            try:
                found += [(name, box) for name in _names(folder / box)]
            except OSError as error:
                yield folder / box, f"cannot be read: {error.strerror}"
        for name, box in sorted(found):
            yield folder / box / name, ""


def _names(box: Path) -> Iterator[str]:
    if not os.path.lexists(box):
        return
    with os.scandir(box) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                yield entry.name


def _mail(file: Path, why: str) -> Mail:
    """The mail in a file. Raises `Unusable`, also where `why` it cannot be is known."""
    if why:
        raise Unusable(why)
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
