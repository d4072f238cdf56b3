"""What was planned is done to the files, and all of it is synced at once.

Filing is idempotent: what stands already is written again or skipped, so that
every row still in the journal after a crash is simply filed once more.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nimsg.errors import Refusal
from nimsg.store.atomic import append, append_line, put_file
from nimsg.store.base import JournalRow
from nimsg.store.disk import Disk
from nimsg.store.failure import disk_failure, read_only_failure
from nimsg.store.layout import Layout, StrPath
from nimsg.store.ledger import End, read_tail
from nimsg.store.messagefile import MessageFile, decode_message
from nimsg.store.plan import (
    Append,
    Cut,
    Drop,
    Note,
    Plan,
    Put,
    Seen,
    Step,
    filing,
    removed_in,
)
from nimsg.store.schema import GENESIS


class Filed(NamedTuple):
    """How far filing has come: the last row, and the ledger's end after it."""

    n: int
    head: str


def look(layout: Layout, rows: Sequence[JournalRow], head: str) -> Seen:
    """Read what `plan.recovery` has to know. Raises `OSError`."""
    lists = removed_in(layout, rows)
    return Seen(
        read_tail(layout, head),
        {path: path.read_bytes() for path in lists if path.exists()},
    )


class Filer:
    """Writes files; `filed` says which of them stand under their names.

    `removing` is told of each message whose file is about to go.
    """

    def __init__(
        self,
        disk: Disk,
        layout: Layout,
        removing: Callable[[MessageFile], None] | None = None,
    ) -> None:
        self._removing = removing
        self._disk = disk
        self._layout = layout
        self._folders: set[str] = set()
        self._unsynced: list[StrPath] = []
        # Opened before any write: the kernel reports a lost write once, to
        # descriptors that were open then (syncfs(2)).
        self._fd = os.open(layout.root, os.O_RDONLY)
        self.end = End()
        self.filed = Filed(0, GENESIS)

    def file(self, rows: Sequence[JournalRow]) -> None:
        """Put rows under their names, in order. Raises `StorageFailure`."""
        if rows:
            self.carry_out(filing(self._layout, rows, self.end))

    def carry_out(self, plan: Plan) -> None:
        """Do the steps, in order. Raises `StorageFailure`."""
        place: StrPath = self._layout.root
        try:
            for step in plan.steps:
                place = step.path
                self._make_folder(place)
                self._take(step)
                # A name that goes is gone when its folder is synced.
                self._unsynced.append(step.path)
        except OSError as error:
            raise disk_failure(error, place) from error
        self.end = plan.end
        self.filed = Filed(plan.n, plan.end.head)

    def _take(self, step: Step) -> None:
        match step:
            case Put(path, data):
                put_file(self._disk, path, data)
            case Append(path, data):
                append(self._disk, path, data)
            case Note(path, line):
                append_line(self._disk, path, line)
            case Cut(path, size):
                self._disk.truncate(path, size)
            case Drop(path):
                self._disk.unlink(path)
            case _:
                self._forget(step.path)

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
            raise disk_failure(error, self._layout.root) from error
        if read_only:
            raise read_only_failure(self._layout.root)
        del self._unsynced[:count]
        return covered

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._fd)

    def _make_folder(self, path: StrPath) -> None:
        """Make the folder of a file."""
        folder = os.path.dirname(path)  # noqa: PTH120 - a path object is dear
        if folder not in self._folders:
            self._disk.mkdir(Path(folder))
            self._folders.add(folder)

    def _forget(self, path: Path) -> None:
        if self._removing is not None and path.exists():
            with suppress(Refusal):
                self._removing(decode_message(path.read_bytes()))
        self._disk.unlink(path)

    def _sync_each(self, paths: Sequence[StrPath]) -> None:
        files = [Path(path) for path in paths]
        folders = {
            parent
            for path in files
            for parent in path.parents
            if parent.is_relative_to(self._layout.root)
        }
        for path in [*dict.fromkeys(files), *sorted(folders, reverse=True)]:
            with suppress(FileNotFoundError):  # it was removed meanwhile
                self._disk.fsync(path)
