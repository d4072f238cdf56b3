"""Stores that put each of SQLite's commits among the calls of their disk."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from nimsg.core.commands import Command
from nimsg.store.base import Batch, JournalRow
from nimsg.store.local import LocalStore
from nimsg.store.schema import meta
from tests.support.driven import entropy
from tests.support.faultydisk import Call, FaultyDisk


class Journal(NamedTuple):
    """What the index says of files: rows that wait, and the last settled line."""

    rows: list[JournalRow]
    head: str


def journal_of(connection: sqlite3.Connection) -> Journal:
    """Read it as a start does."""
    rows = connection.execute("SELECT * FROM journal ORDER BY n").fetchall()
    return Journal([JournalRow(*row) for row in rows], meta(connection, "head"))


encode_journal = msgspec.msgpack.Encoder().encode
decode_journal = msgspec.msgpack.Decoder(Journal).decode


class Witness(LocalStore):
    """Puts each of SQLite's commits among the calls of its disk."""

    def _open_index(self, entropy: Callable[[int], bytes]) -> sqlite3.Connection:
        connection = super()._open_index(entropy)
        self._note(connection)
        return connection

    def _write(self, commands: Sequence[Command], now: int, *, full: bool) -> Batch:
        batch = super()._write(commands, now, full=full)
        self._note(self._connection)
        return batch

    def _note(self, connection: sqlite3.Connection) -> None:
        assert isinstance(self._disk, FaultyDisk)
        left = self._left_of(connection)
        self._disk.calls.append(Call("commit", self.layout.index, left))

    def _left_of(self, connection: sqlite3.Connection) -> bytes:
        """What a start would find of the index."""
        return connection.serialize()


class Clerk(Witness):
    """Notes of the index only what a start is planned from."""

    def _left_of(self, connection: sqlite3.Connection) -> bytes:
        return encode_journal(journal_of(connection))


class Hasty(Witness):
    """Wrong: its journal forgets rows as soon as they are filed."""

    def file(self, batch: Batch) -> None:
        super().file(batch)
        self._settled = self._filer.filed


class HastyClerk(Hasty, Clerk):
    """The same, and notes less."""


def open_witness(root: Path, disk: FaultyDisk) -> LocalStore:
    return Witness(root, disk=disk, min_free_bytes=1, entropy=entropy())


def open_clerk(root: Path, disk: FaultyDisk) -> LocalStore:
    return Clerk(root, disk=disk, min_free_bytes=1, entropy=entropy())


def open_hasty(root: Path, disk: FaultyDisk) -> LocalStore:
    return Hasty(root, disk=disk, min_free_bytes=1, entropy=entropy())


def open_hasty_clerk(root: Path, disk: FaultyDisk) -> LocalStore:
    return HastyClerk(root, disk=disk, min_free_bytes=1, entropy=entropy())
