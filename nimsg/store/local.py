"""The store on a local disk: journal and index in SQLite, everything else in files."""

import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from nimsg.core import mail
from nimsg.core.accounts import Account
from nimsg.core.commands import Command
from nimsg.core.ladder import receipt
from nimsg.errors import ConfigError, Refusal, StorageFailure
from nimsg.protocol.results import ChangePage, Opened, Page, Status
from nimsg.store import accountbook, reader
from nimsg.store.atomic import put_file
from nimsg.store.base import Batch, Counts, JournalRow, ListQuery, TokenHolder
from nimsg.store.disk import FOLDER_MODE, Disk, RealDisk
from nimsg.store.filer import Filer, RowKind
from nimsg.store.layout import FORMAT, Layout
from nimsg.store.ledger import Ledger
from nimsg.store.lock import StoreLock
from nimsg.store.mailbook import Mailbook
from nimsg.store.messagefile import MessageFile, decode_message
from nimsg.store.rebuild import epoch_of, rebuild_index
from nimsg.store.reserve import Reserve
from nimsg.store.schema import connect, connect_reader, create, meta
from nimsg.store.writer import Writer


MIN_FREE_BYTES = 64 * 1024 * 1024
# So many pages of 4 KiB may wait in the write-ahead log before a commit stops to
# copy the rest of them into the index.
WAL_PAGES = 16_384


class LocalStore:
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
    ) -> None:
        self.layout = Layout(root)
        self.notices: list[str] = []
        self._disk = disk or RealDisk()
        self._min_free_bytes = min_free_bytes
        self._failed = ""
        self._forget = self._forgotten = 0
        self._wal_full = False
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._lock = self._prepare(holder or f"process {os.getpid()}")
        try:
            self._open(entropy)
        except BaseException:
            self._lock.release()
            raise

    # -- opening ---------------------------------------------------------------

    def _prepare(self, holder: str) -> StoreLock:
        root = self.layout.root
        try:
            root.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
            root.chmod(FOLDER_MODE)
            lock = StoreLock(self.layout.lock, holder)
        except OSError as error:
            raise ConfigError(
                f"{root} cannot be used as a store: {error.strerror}; give a folder "
                "that you may write to with --var"
            ) from None
        return lock

    def _open(self, entropy: Callable[[int], bytes]) -> None:
        try:
            for folder in self.layout.folders:
                self._disk.mkdir(folder)
            self._check_format()
            self._reserve = Reserve(self._disk, self.layout)
            self._reserve.hold()
            self._ledger = Ledger(self._disk, self.layout)
            self._ledger.recover()
            self._connection = self._open_index(entropy)
            self._recover(entropy)
        except sqlite3.DatabaseError as error:
            raise StorageFailure(
                f"{self.layout.index} is damaged ({error}); move it aside, and it is "
                "made anew from the files"
            ) from None
        except OSError as error:
            raise StorageFailure(f"the store cannot be opened: {error}") from error

    def _check_format(self) -> None:
        if not self.layout.format.exists():
            put_file(self._disk, self.layout.format, f"{FORMAT}\n".encode())
        found = self.layout.format.read_text().strip()
        if found != str(FORMAT):
            raise ConfigError(
                f"{self.layout.root} has store format {found}, and this nimsg reads "
                f"format {FORMAT}; use the version that made it, or a newer one"
            )

    def _open_index(self, entropy: Callable[[int], bytes]) -> sqlite3.Connection:
        if not self.layout.index.exists() and self._has_files():
            rebuilt = rebuild_index(self._disk, self.layout, entropy)
            self.notices.append(
                f"index.db was missing: made anew from {rebuilt.accounts} accounts, "
                f"{rebuilt.messages} messages and {rebuilt.lines} ledger lines"
            )
        connection = connect(self.layout.index)
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables[0] == 0:
            create(connection, epoch_of(entropy))
        return connection

    def _has_files(self) -> bool:
        folders = (self.layout.users, self.layout.messages, self.layout.ledger)
        return any(True for folder in folders for _ in folder.iterdir())

    def _recover(self, entropy: Callable[[int], bytes]) -> None:
        """File again all that the journal still holds."""
        rows = [
            JournalRow(*row)
            for row in self._connection.execute("SELECT * FROM journal ORDER BY n")
        ]
        self._filer = Filer(self._disk, self.layout, self._ledger)
        self._filer.file(rows)
        last = rows[-1].n if rows else 0
        n = max(int(meta(self._connection, "n")), last, self._ledger.last_n)
        self._writer = Writer(self._connection, n, entropy)
        self._checkpointer = connect(self.layout.index)
        if rows:
            self.notices.append(f"filed {len(rows)} journal rows of an earlier run")
            self.settle()
            self._write((), 0, full=False)

    # -- the three threads -----------------------------------------------------

    def commit(self, commands: Sequence[Command], now: int) -> Batch:
        """See `Store`."""
        self._refuse_failed()
        try:
            if self._wal_full:
                self._connection.execute("PRAGMA wal_checkpoint(RESTART)")
                self._wal_full = False
            full = self._disk.free_bytes(self.layout.root) < self._min_free_bytes
            return self._commit(commands, now, full=full)
        except (sqlite3.Error, OSError) as error:
            raise self._fail(f"a commit failed: {error}") from error

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
        forget = self._forget if self._forget > self._forgotten else 0
        batch = self._writer.write(commands, now, forget, full=full)
        self._forgotten = max(forget, self._forgotten)
        return batch

    def file(self, batch: Batch) -> None:
        """See `Store`."""
        self._refuse_failed()
        try:
            self._filer.file(batch.rows)
        except StorageFailure as failure:
            raise self._fail(str(failure)) from failure

    def settle(self) -> bool:
        """See `Store`."""
        self._refuse_failed()
        if self._filer.filed_n <= self._forget:
            return False
        try:
            self._forget = self._filer.sync()
            self._reserve.hold()
            _, waiting, _ = self._checkpointer.execute(
                "PRAGMA wal_checkpoint(PASSIVE)"
            ).fetchone()
            self._wal_full = waiting > WAL_PAGES
        except (StorageFailure, sqlite3.Error, OSError) as failure:
            raise self._fail(str(failure)) from failure
        return True

    def close(self) -> None:
        """See `Store`."""
        try:
            if not self._failed:
                self.settle()
                self.commit((), 0)
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            for connection in (*self._readers, self._checkpointer, self._connection):
                connection.close()
            self._filer.close()
            self._lock.release()

    def _fail(self, why: str) -> StorageFailure:
        """From now on nothing is written: what the disk holds is unknown."""
        self._failed = why
        return StorageFailure(why)

    def _refuse_failed(self) -> None:
        if self._failed:
            raise StorageFailure(self._failed)

    # -- questions -------------------------------------------------------------

    @property
    def _reader(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._local.reader = connect_reader(self.layout.index)
            self._readers.append(connection)
        return connection

    def account(self, name: str) -> Account | None:
        """See `Store`."""
        return accountbook.by_name(self._reader, name)

    def account_by_uid(self, uid: int) -> Account:
        """See `Store`."""
        return accountbook.by_uid(self._reader, uid)

    def token_holder(self, secret_hash: str) -> TokenHolder | None:
        """See `Store`."""
        return accountbook.by_token(self._reader, secret_hash)

    def accounts(self) -> list[Account]:
        """See `Store`."""
        return accountbook.all_accounts(self._reader)

    def counts(self, owner: int) -> Counts:
        """See `Store`."""
        return reader.counts(self._reader, owner)

    def page(self, query: ListQuery) -> Page:
        """See `Store`."""
        return reader.page(self._reader, query)

    def changes(self, owner: int, since: str | None, limit: int) -> ChangePage:
        """See `Store`."""
        return reader.changes(self._reader, owner, since, limit)

    def find_hash(self, asker: int, body_md5: str) -> str:
        """See `Store`."""
        return reader.find_hash(self._reader, asker, body_md5)

    def status(self, asker: int, id: str) -> Status:  # noqa: A002
        """See `Store`."""
        return reader.status(self._reader, asker, id)

    def letter(self, asker: int, id: str) -> Opened:  # noqa: A002
        """See `Store`."""
        known = Mailbook(self._reader).find(id)
        if known is None:
            raise Refusal("not_found")
        copy = mail.visible_copy(known.facts, asker)
        file = self._read(id)
        return Opened(
            id=file.id,
            sender=file.sender,
            to=file.to,
            subject=file.subject,
            body=file.message,
            sent_at=file.sent_at,
            reply_to=file.reply_to,
            digest=file.digest,
            hash=file.hash,
            receipt=receipt(known.names[asker], copy) if copy else None,
        )

    def _read(self, id_: str) -> MessageFile:
        """The file, or the journal row of one that is being filed just now."""
        try:
            data = self.layout.message(id_).read_bytes()
        except FileNotFoundError:
            row = self._reader.execute(
                "SELECT data FROM journal WHERE kind = ? AND name = ?",
                (RowKind.MESSAGE, id_),
            ).fetchone()
            if row is None:
                raise Refusal("damaged", "the message file is gone") from None
            data = row["data"]
        file = decode_message(data)
        if file.id != id_:
            raise Refusal("damaged", "the file holds another message")
        return file
