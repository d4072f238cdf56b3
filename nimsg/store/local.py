"""The store on a local disk: journal and index in SQLite, everything else in files."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from nimsg.core.commands import Command
from nimsg.core.quota import NO_QUOTA, Quota
from nimsg.errors import Refusal, StorageFailure
from nimsg.logs import LOGGER
from nimsg.store.atomic import move_durably, put_file
from nimsg.store.base import (
    Batch,
    JournalRow,
)
from nimsg.store.disk import FOLDER_MODE, Disk, RealDisk
from nimsg.store.failure import disk_failure, index_failure, words
from nimsg.store.filer import Filed, Filer, look
from nimsg.store.layout import FORMAT, Layout
from nimsg.store.lock import StoreLock, unusable
from nimsg.store.places import require_free
from nimsg.store.plan import recovery
from nimsg.store.questions import Questions
from nimsg.store.rebuild import epoch_of, rebuild_index
from nimsg.store.reserve import Reserve
from nimsg.store.rights import require_kinds, require_rights
from nimsg.store.schema import (
    GENESIS,
    INDEX_FORMAT,
    connect,
    create,
    has_tables,
    meta,
    require_roots,
)
from nimsg.store.storeformat import (
    KNOWN,
    format_text,
    other_format,
    other_index_format,
)
from nimsg.store.writer import Writer
from nimsg.text import many


MIB = 1024 * 1024
MIN_FREE_BYTES = 64 * MIB
# So many pages of 4 KiB may wait in the write-ahead log before a commit stops to
# copy the rest of them into the index.
WAL_PAGES = 16_384


class LocalStore(Questions):
    """See `nimsg.store.base.Store`.

    `notices` are lines for the operator about what opening it came to. Raises
    `ConfigError` for a folder that cannot be used, `Unavailable` where another
    process has it, `StorageFailure` for files that cannot be read.
    """

    def __init__(
        self,
        root: Path,
        *,
        disk: Disk | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        min_free_bytes: int = MIN_FREE_BYTES,
        holder: str = "",
        quota: Quota = NO_QUOTA,
    ) -> None:
        super().__init__(Layout(root))
        self.notices: list[str] = []
        self._disk = disk or RealDisk()
        self._min_free_bytes = min_free_bytes
        self._quota = quota
        self._failed = ""
        self._full = False
        self._settled = Filed(0, GENESIS)
        self._forgotten = 0
        self._wal_full = False
        self._held = ExitStack()
        with self._held:
            lock = self._prepare(holder or f"process {os.getpid()}")
            self._held.callback(lock.release)
            self._open(entropy)
            self._held = self._held.pop_all()

    # -- opening ---------------------------------------------------------------

    def _prepare(self, holder: str) -> StoreLock:
        root = self.layout.root
        try:
            require_free(self.layout)
            missing = [path for path in (root, *root.parents) if not path.exists()]
            self._disk.mkdir(root)
            for path in missing:
                self._disk.fsync(path.parent)
            root.chmod(FOLDER_MODE)
        except OSError as error:
            raise unusable(root, error) from None
        return StoreLock(
            self.layout.lock, holder, ", or give another folder with --var"
        )

    def _open(self, entropy: Callable[[int], bytes]) -> None:
        try:
            require_kinds(self.layout)
            require_rights(self.layout, files=not self.layout.index.exists())
            for folder in self.layout.folders:
                self._disk.mkdir(folder)
            self._check_format()
            self._reserve = Reserve(self._disk, self.layout)
            self._reserve.hold()
            self._reserve.give_below(self._disk.free_bytes(self.layout.root))
            self._connection = self._open_index(entropy)
            self._recover(entropy)
        except (sqlite3.DatabaseError, ValueError) as error:
            raise index_failure(error, self.layout) from error
        except OSError as error:
            raise disk_failure(error, self.layout.root) from error

    def _check_format(self) -> None:
        if not self.layout.format.exists():
            text = f"{FORMAT}\n".encode()
            put_file(self._disk, self.layout.format, text, durable=True)
        found = format_text(self.layout)
        if found != KNOWN:
            raise other_format(self.layout, found)

    def _open_index(self, entropy: Callable[[int], bytes]) -> sqlite3.Connection:
        self._set_log_aside()
        connection = connect(self.layout.index)
        if has_tables(connection):
            self._check_index_format(connection)
            require_roots(connection)
            return connection
        if not self._has_files():
            create(connection, epoch_of(entropy))
            return connection
        connection.close()
        # Nothing is left of it where the rebuild stops at what it cannot use.
        self._disk.unlink(self.layout.index)
        rebuilt = rebuild_index(self._disk, self.layout, entropy)
        accounts = many(rebuilt.accounts, "account")
        messages = many(rebuilt.messages, "message")
        lines = many(rebuilt.lines, "ledger line")
        self.notices.append(
            f"index.db was missing: made anew from {accounts}, {messages} and {lines}"
        )
        if rebuilt.lost:
            lost = many(rebuilt.lost, "position")
            self.notices.append(f"{lost} without a message")
        return connect(self.layout.index)

    def _check_index_format(self, connection: sqlite3.Connection) -> None:
        found = meta(connection, "format")
        if found != str(INDEX_FORMAT):
            connection.close()
            raise other_index_format(self.layout, found)

    def _set_log_aside(self) -> None:
        """SQLite would pour a log that has lost its index into the next one."""
        index = self.layout.index
        log = index.with_name(f"{index.name}-wal")
        if not log.exists() or log.stat().st_size == 0:
            return
        if not index.exists() or index.stat().st_size == 0:
            aside = log.with_name(f"{log.name}.aside")
            move_durably(self._disk, log, aside)
            self.notices.append(f"{log.name} has lost its index: it is {aside} now")

    def _has_files(self) -> bool:
        return any(True for folder in self.layout.folders for _ in folder.iterdir())

    def _recover(self, entropy: Callable[[int], bytes]) -> None:
        """File again all that the journal still holds.

        After a failed sync the write-ahead log too may be in the cache only: it is
        copied into the index before anything is written behind it.
        """
        self._held.callback(self._connection.close)
        self._checkpointer = connect(self.layout.index)
        self._held.callback(self._checkpointer.close)
        self._checkpoint(self._connection, "TRUNCATE")
        rows = self._journal(0)
        self._filer = Filer(self._disk, self.layout, removing=self._full_text.forget)
        self._held.callback(self._filer.close)
        head = meta(self._connection, "head")
        seen = look(self.layout, rows, head)
        plan = recovery(self.layout, rows, head, seen)
        self._filer.carry_out(plan)
        n = max(int(meta(self._connection, "n")), plan.n, plan.end.n)
        self._writer = Writer(
            self._connection, n, entropy, self._quota, self._pages.note
        )
        if rows:
            self.notices.append(
                f"filed {many(len(rows), 'journal row')} of an earlier run"
            )
            self.settle()
            self._commit((), 0, full=False)

    def _journal(self, after: int) -> list[JournalRow]:
        """The journal's rows above a number."""
        rows = self._connection.execute(
            "SELECT * FROM journal WHERE n > ? ORDER BY n", (after,)
        )
        return [JournalRow(*row) for row in rows]

    # -- the three threads -----------------------------------------------------

    def commit(self, commands: Sequence[Command], now: int) -> Batch:
        """See `Store`."""
        self._refuse_failed()
        try:
            if self._wal_full:
                self._checkpoint(self._connection, "RESTART")
                self._wal_full = False
            free = self._disk.free_bytes(self.layout.root)
            self._reserve.give_below(free)
            batch = self._commit(commands, now, full=free < self._min_free_bytes)
        except sqlite3.Error as error:
            raise self.fail(index_failure(error, self.layout)) from error
        except OSError as error:
            raise self.fail(disk_failure(error, self.layout.root)) from error
        self._tell_full(batch, free)
        return batch

    def _tell_full(self, batch: Batch, free: int) -> None:
        """Tell the operator once that mail is refused, and once that it is not."""
        full = free < self._min_free_bytes or any(
            isinstance(outcome, Refusal) and outcome.kind == "disk_full"
            for outcome in batch.outcomes
        )
        if full == self._full or not batch.outcomes:
            return
        self._full = full
        LOGGER.warning(
            "mail is %s: %d MiB are free in %s, and %d MiB are needed",
            "refused as disk_full" if full else "taken again",
            free // MIB,
            self.layout.root,
            self._min_free_bytes // MIB,
        )

    def _commit(self, commands: Sequence[Command], now: int, *, full: bool) -> Batch:
        try:
            return self._write(commands, now, full=full)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
        if self._reserve.give():
            try:
                return self._write(commands, now, full=True)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    raise
        return Batch([Refusal("disk_full") for _ in commands], [])

    def _write(self, commands: Sequence[Command], now: int, *, full: bool) -> Batch:
        settled = self._settled
        forget = settled if settled.n > self._forgotten else None
        batch = self._writer.write(commands, now, forget, full=full)
        self._forgotten = settled.n
        return batch

    def file(self, batch: Batch) -> None:
        """See `Store`."""
        self._refuse_failed()
        try:
            self._filer.file(batch.rows)
        except StorageFailure as failure:
            raise self.fail(failure) from None

    def settle(self) -> bool:
        """See `Store`."""
        self._refuse_failed()
        if self._filer.filed.n <= self._settled.n:
            return False
        try:
            self._settled = self._filer.sync()
            self._reserve.hold()
            waiting = self._checkpoint(self._checkpointer, "PASSIVE")
            self._wal_full = waiting > WAL_PAGES
        except StorageFailure as failure:
            raise self.fail(failure) from None
        except sqlite3.Error as error:
            raise self.fail(index_failure(error, self.layout)) from error
        except OSError as error:
            raise self.fail(disk_failure(error, self.layout.reserve)) from error
        return True

    def close(self) -> None:
        """See `Store`."""
        try:
            if not self._failed:
                self.file(Batch([], self._journal(self._filer.filed.n)))
                self.settle()
                self.commit((), 0)
                self._checkpoint(self._connection, "TRUNCATE")
        except sqlite3.Error as error:
            raise self.fail(index_failure(error, self.layout)) from error
        finally:
            self.hang_up()
            self._held.close()

    def _checkpoint(self, connection: sqlite3.Connection, mode: str) -> int:
        """Copy the log into the index; the log's pages. On a full disk they wait."""
        try:
            row = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            return 0
        pages: int = row["log"]
        return pages

    def fail(self, failure: StorageFailure) -> StorageFailure:
        """See `Store`."""
        self._failed = str(failure)
        return failure

    def _refuse_failed(self) -> None:
        if self._failed:
            raise StorageFailure(self._failed)

    def index_text(self, most: int) -> bool:
        """See `Store`. The last space is for what has no other place."""
        try:
            free = self._disk.free_bytes(self.layout.root)
        except OSError as error:
            LOGGER.warning("the full text stays behind: %s", words(error))
            return False
        return free >= self._min_free_bytes and self._full_text.index(most)
