"""An archive is opened: which kind it is, how much of it there is, and its mails."""

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from nimsg.archive.jsonl import read_jsonl
from nimsg.archive.maildir import count_maildir, is_maildir, read_maildir
from nimsg.archive.mbox import START, read_mbox
from nimsg.archive.scan import Item as Item, readable
from nimsg.errors import ConfigError


HEAD_BYTES = 65_536
BLANK = b" \t\r\n"


class Reader(NamedTuple):
    """How one format is counted and read."""

    unit: str
    count: Callable[[Path], int]
    read: Callable[[Path], Iterator[Item]]


class Archive:
    """An archive: iterating gives its items, each time from the start.

    `total` is its size in `unit`: bytes of a file, files of a Maildir.
    """

    def __init__(self, path: Path, form: str) -> None:
        reader = READERS[form]
        self.format = form
        self.unit = reader.unit
        self.total = reader.count(path)
        self._path = path
        self._read = reader.read

    def __iter__(self) -> Iterator[Item]:
        return self._read(self._path)


def open_archive(path: Path, form: str | None) -> Archive:
    """The archive at a path; its format is guessed where none is given.

    Raises `ConfigError` for what is missing, unreadable or of another kind.
    """
    folder = _is_folder(path)
    known = form or (_guess_folder(path) if folder else _guess_file(path))
    if known not in READERS:
        raise ConfigError(f"no such format: {known}; there are {', '.join(READERS)}")
    if folder and known != "maildir":
        raise ConfigError(f"{path} is a folder and no {known}")
    if known == "maildir" and not is_maildir(path):
        raise ConfigError(f"{path} is no Maildir: it has neither cur nor new")
    return Archive(path, known)


def _is_folder(path: Path) -> bool:
    with readable(path):
        path.stat()
    return path.is_dir()


def _guess_folder(path: Path) -> str:
    if is_maildir(path):
        return "maildir"
    raise ConfigError(f"{path} is a folder without cur and new, so no Maildir")


def _guess_file(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(f"{path} is no file to look into first: give --format")
    with readable(path), path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head or head.startswith(START):
        return "mbox"
    if head.removeprefix(codecs.BOM_UTF8).lstrip(BLANK).startswith(b"{"):
        return "jsonl"
    raise ConfigError(f"{path} looks like no archive that is known: give --format")


def _file_size(path: Path) -> int:
    with readable(path), path.open("rb"):
        return path.stat().st_size


READERS: dict[str, Reader] = {
    "mbox": Reader("B", _file_size, read_mbox),
    "maildir": Reader("files", count_maildir, read_maildir),
    "jsonl": Reader("B", _file_size, read_jsonl),
}
FORMATS = tuple(READERS)
