"""Journal rows become files and ledger lines.

Filing is idempotent: what stands already is written again or skipped, so that
every row still in the journal after a crash is simply filed once more.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from nimsg.errors import Refusal, StorageFailure
from nimsg.store.atomic import append_line, put_file
from nimsg.store.base import JournalRow
from nimsg.store.disk import Disk
from nimsg.store.layout import Layout
from nimsg.store.ledger import Ledger
from nimsg.store.messagefile import MessageFile, decode_message
from nimsg.store.removal import cut_stubs


class RowKind(IntEnum):
    """What a journal row becomes."""

    MESSAGE = 0
    EVENT = 1
    ACCOUNT = 2
    REMOVAL = 3
    INVITATION = 4
    ROOM = 5
    DRAFT = 6
    DRAFT_END = 7


class Filed(NamedTuple):
    """How far filing has come: the last row, and the ledger's end after it."""

    n: int
    head: str


class Filer:
    """Writes files; `filed` says which of them stand under their names.

    `removing` is told of each message whose file is about to go.
    """

    def __init__(
        self,
        disk: Disk,
        layout: Layout,
        ledger: Ledger,
        removing: Callable[[MessageFile], None] | None = None,
    ) -> None:
        self._removing = removing
        self._disk = disk
        self._layout = layout
        self._places: dict[int, Callable[[str], Path]] = {
            RowKind.MESSAGE: layout.message,
            RowKind.ACCOUNT: lambda name: layout.user(int(name)),
            RowKind.INVITATION: layout.invitation,
            RowKind.ROOM: layout.room,
            RowKind.DRAFT: layout.draft,
        }
        self._ledger = ledger
        self._folders: set[Path] = set()
        self._unsynced: list[Path] = []
        # Opened before any write: the kernel reports a lost write once, to
        # descriptors that were open then (syncfs(2)).
        self._fd = os.open(layout.root, os.O_RDONLY)
        self.filed = Filed(0, ledger.head)

    def file(self, rows: Sequence[JournalRow]) -> None:
        """Put rows under their names, in order. Raises `StorageFailure`."""
        if not rows:
            return
        try:
            for row in rows:
                if row.kind in self._places:
                    self._put(self._places[row.kind](row.name), row.data)
                elif row.kind == RowKind.REMOVAL:
                    self._remove(row.name, row.data)
                elif row.kind == RowKind.DRAFT_END:
                    self._drop(self._layout.draft(row.name))
            events = [(row.n, row.data) for row in rows if row.kind == RowKind.EVENT]
            self._unsynced += self._ledger.append(events)
        except OSError as error:
            raise StorageFailure(f"a file could not be written: {error}") from error
        self.filed = Filed(rows[-1].n, self._ledger.head)

    def recover(self, rows: Sequence[JournalRow]) -> None:
        """File again what a journal still holds, in place of what is left of it.

        Raises `StorageFailure`, `OSError`.
        """
        removals: dict[Path, set[str]] = {}
        for row in rows:
            if row.kind == RowKind.REMOVAL:
                path = self._layout.removals(row.name)
                removals.setdefault(path, set()).add(row.name)
        for path, ids in removals.items():
            cut_stubs(self._disk, path, ids)
        self.file(rows)

    def sync(self) -> Filed:
        """Make all that is filed by now durable; how far that is.

        Called from another thread than `file`: rows filed meanwhile are simply
        not covered. Raises `StorageFailure`; then nothing more can be promised.
        """
        covered, count = self.filed, len(self._unsynced)
        try:
            if not self._disk.syncfs(self._fd):
                self._sync_each(self._unsynced[:count])
            read_only = self._disk.read_only(self._fd)
        except OSError as error:
            raise StorageFailure(f"files could not be synced: {error}") from error
        if read_only:
            raise StorageFailure("the file system has become read-only")
        del self._unsynced[:count]
        return covered

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._fd)

    def _put(self, path: Path, data: bytes) -> None:
        self._make_folder(path.parent)
        put_file(self._disk, path, data)
        self._unsynced.append(path)

    def _make_folder(self, folder: Path) -> None:
        if folder not in self._folders:
            self._disk.mkdir(folder)
            self._folders.add(folder)

    def _remove(self, id_: str, stub: bytes) -> None:
        path = self._layout.removals(id_)
        self._make_folder(path.parent)
        append_line(self._disk, path, stub)
        text = self._layout.message(id_)
        if self._removing is not None and text.exists():
            with suppress(Refusal):
                self._removing(decode_message(text.read_bytes()))
        self._disk.unlink(text)
        self._unsynced.append(path)

    def _drop(self, path: Path) -> None:
        self._disk.unlink(path)
        # The name is gone when its folder is synced.
        self._unsynced.append(path)

    def _sync_each(self, paths: Sequence[Path]) -> None:
        folders = {
            parent
            for path in paths
            for parent in path.parents
            if parent.is_relative_to(self._layout.root)
        }
        for path in [*dict.fromkeys(paths), *sorted(folders, reverse=True)]:
            with suppress(FileNotFoundError):  # it was removed meanwhile
                self._disk.fsync(path)
