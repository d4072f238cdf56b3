"""`nimsg check --rebuild`: a store that starts again, from whatever can be used.

For copies that were taken from a running server, and for stores that something else
has damaged. What cannot be used goes to quarantine; nothing is thrown away.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from nimsg.core.accounts import Account
from nimsg.core.rooms import Room
from nimsg.errors import NimsgError, StorageFailure
from nimsg.progress import Progress
from nimsg.protocol.rules import ID
from nimsg.store import accountbook, roombook
from nimsg.store.accountfile import decode_account
from nimsg.store.atomic import TEMPORARY, move_aside, put_file
from nimsg.store.base import JournalRow
from nimsg.store.disk import Disk
from nimsg.store.draftfile import decode_draft, require_id
from nimsg.store.failure import disk_failure, index_failure
from nimsg.store.filer import Filer, look
from nimsg.store.invitationfile import decode_invitation
from nimsg.store.layout import FORMAT, Layout, not_found
from nimsg.store.ledger import (
    EVENT,
    day_files,
    decode_line,
    line_digest,
)
from nimsg.store.lock import StoreLock
from nimsg.store.mailboxes import Mailbox, mailbox_ends
from nimsg.store.messagefile import decode_message
from nimsg.store.plan import Plan, RowKind, recovery
from nimsg.store.quarantine import Loss
from nimsg.store.rebuild import Rebuilt, fill_index, place_index
from nimsg.store.receipts import lost_receipts
from nimsg.store.removal import decode_stub
from nimsg.store.rights import require_rights
from nimsg.store.roomfile import decode_room
from nimsg.store.schema import (
    BRIDGE,
    GENESIS,
    ROOMLESS,
    connect_still,
    has_tables,
    meta,
)
from nimsg.store.storeformat import KNOWN, is_spoilt, other_format, read_format
from nimsg.store.trouble import Lenient
from nimsg.text import many


# SQLite had no room for what it keeps beside an index while that is read.
NO_ROOM = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)
TEMPORARIES = (
    "messages/*/*/*/*.tmp",
    "users/*.tmp",
    "invitations/*.tmp",
    "rooms/*.tmp",
    "drafts/*.tmp",
)


class Salvaged(Struct, frozen=True):
    """What came of it: the new index, journal rows that were filed, what was lost.

    `aside` is where the old databases are; `remarks` are about what is no loss.
    """

    rebuilt: Rebuilt
    filed: int
    aside: str
    losses: list[Loss]
    remarks: list[str]


class Journal(Struct, frozen=True):
    """What can be read of an index that is given up."""

    rows: list[JournalRow] = []
    head: str | None = None
    accounts: list[Account] = []
    ends: list[Mailbox] = []
    rooms: list[Room] = []
    remarks: list[str] = []


def salvage_store(
    disk: Disk,
    layout: Layout,
    *,
    entropy: Callable[[int], bytes],
    now: int,
    progress: Progress,
) -> Salvaged:
    """Make the index anew; `now` is in ms UTC.

    Raises `Unavailable` where a server has the store, `ConfigError` where there is
    none, `StorageFailure` where the disk fails.
    """
    try:
        _require_store(layout)
        lock = StoreLock(layout.lock, "nimsg check --rebuild")
        try:
            require_rights(layout, files=True)
            return _salvage(disk, layout, entropy, now, progress)
        except BaseException:
            _tidy(layout)
            raise
        finally:
            lock.release()
    except OSError as error:
        raise _undone(disk_failure(error, layout.root)) from error
    except StorageFailure as failure:
        raise _undone(failure) from failure


def _undone(failure: StorageFailure) -> StorageFailure:
    return StorageFailure(
        f"the store cannot be made anew: {failure}; then run this again"
    )


def _tidy(layout: Layout) -> None:
    """Leave nothing half done of a try that failed: the next one begins anew."""
    folders = [*layout.quarantine.glob("index-*"), layout.quarantine]
    with suppress(OSError):
        Path(f"{layout.format}{TEMPORARY}").unlink(missing_ok=True)
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _require_store(layout: Layout) -> None:
    found = read_format(layout)
    if found is None and not layout.users.is_dir():
        raise not_found(layout.root)
    if found not in (None, KNOWN) and not is_spoilt(found):
        raise other_format(layout, found)


def _salvage(
    disk: Disk,
    layout: Layout,
    entropy: Callable[[int], bytes],
    now: int,
    progress: Progress,
) -> Salvaged:
    for folder in layout.folders:
        disk.mkdir(folder)
    put_file(disk, layout.format, f"{FORMAT}\n".encode(), durable=True)
    empty = _drop_empty(disk, layout)
    journal = read_journal(layout)
    trouble = Lenient(disk, layout, now, journal.accounts, journal.ends, journal.rooms)
    trouble.remarks += [*empty, *journal.remarks]
    filed = _file_again(disk, layout, journal, trouble)
    for pattern in TEMPORARIES:
        for path in layout.root.glob(pattern):
            disk.unlink(path)
    _put_in_place(disk, layout)
    trouble.restore_accounts()
    trouble.restore_rooms()
    # Made from the messages again, and worth nothing without its index.
    for path in layout.root.glob(f"{layout.search.name}*"):
        disk.unlink(path)
    rebuilt = fill_index(disk, layout, entropy, trouble, progress)
    if _restore_receipts(disk, layout, trouble):
        rebuilt = fill_index(disk, layout, entropy, trouble, progress)
    aside = _put_aside(disk, layout)
    place_index(disk, layout)
    # What is filled twice is told of twice.
    remarks = list(dict.fromkeys(trouble.remarks))
    return Salvaged(rebuilt, filed, aside, trouble.quarantine.losses, remarks)


def _drop_empty(disk: Disk, layout: Layout) -> list[str]:
    """Take away an index without tables, as a start that failed leaves it; a remark."""
    index = layout.index
    log = index.with_name(f"{index.name}-wal")
    if not index.exists() or (log.exists() and log.stat().st_size):
        return []
    try:
        with closing(connect_still(index)) as connection:
            if has_tables(connection):
                return []
    except sqlite3.Error:  # it is damaged, and is kept
        return []
    for path in layout.databases:
        disk.unlink(path)
    return [f"{index.name} was empty"]


def read_journal(layout: Layout) -> Journal:
    """The rows that have no file yet, as far as they can be read and used."""
    index = layout.index
    if not index.exists():
        return Journal()
    try:
        with closing(connect_still(index)) as connection:
            head = meta(connection, "head")
            if meta(connection, "format") == ROOMLESS:
                connection.executescript(BRIDGE)
            rows = connection.execute("SELECT * FROM journal ORDER BY n").fetchall()
            accounts = accountbook.all_accounts(connection)
            ends = mailbox_ends(connection)
            rooms = roombook.all_rooms(connection)
            remarks = _lockouts(connection)
    # Text that is no UTF-8 may be quoted by SQLite itself.
    except (sqlite3.Error, ValueError) as error:
        why = _damage(error, layout)
        return Journal(remarks=[f"the journal in {index.name} cannot be read: {why}"])
    kept: list[JournalRow] = []
    for row in (JournalRow(*row) for row in rows):
        try:
            READERS[RowKind(row.kind)](row)
            kept.append(row)
        except (NimsgError, msgspec.MsgspecError, TypeError, ValueError) as error:
            remarks.append(f"journal row {row.n} was passed over: {error}")
    return Journal(kept, head, accounts, ends, rooms, remarks)


def _damage(error: Exception, layout: Layout) -> str:
    """What is wrong with an index. Raises `StorageFailure` where the disk is full."""
    if getattr(error, "sqlite_errorcode", None) in NO_ROOM:
        raise index_failure(error, layout) from error
    return str(error)


def _lockouts(connection: sqlite3.Connection) -> list[str]:
    count: int = connection.execute("SELECT count(*) FROM lockout").fetchone()[0]
    return ["failed logins were forgotten: no name is locked"] if count else []


def _read_message(row: JournalRow) -> None:
    if decode_message(row.data).id != row.name:
        raise ValueError("it holds another message")


def _read_account(row: JournalRow) -> None:
    if str(decode_account(row.data).uid) != row.name:
        raise ValueError("it holds another account")


def _read_removal(row: JournalRow) -> None:
    if decode_stub(row.data, Path(row.name)).id != row.name:
        raise ValueError("it holds another message")


READERS: dict[RowKind, Callable[[JournalRow], object]] = {
    RowKind.MESSAGE: _read_message,
    RowKind.EVENT: lambda row: EVENT.decode(row.data),
    RowKind.ACCOUNT: _read_account,
    RowKind.REMOVAL: _read_removal,
    RowKind.INVITATION: lambda row: decode_invitation(row.data, row.name),
    RowKind.ROOM: lambda row: decode_room(row.data, row.name),
    RowKind.DRAFT: lambda row: decode_draft(row.data, row.name),
    RowKind.DRAFT_END: lambda row: require_id(row.name),
}


def _file_again(disk: Disk, layout: Layout, journal: Journal, trouble: Lenient) -> int:
    """Give the journal's rows their files, behind what the ledger has."""
    with closing(Filer(disk, layout)) as filer:
        try:
            plan = _plan(layout, journal.rows, journal.head or "")
        except StorageFailure:
            _cut_ledger(disk, layout, trouble)
            plan = _plan(layout, journal.rows, _last_digest(layout))
        filer.carry_out(plan)
        filer.sync()
    return len(journal.rows)


def _plan(layout: Layout, rows: Sequence[JournalRow], head: str) -> Plan:
    return recovery(layout, rows, head, look(layout, rows, head))


def _cut_ledger(disk: Disk, layout: Layout, trouble: Lenient) -> None:
    """Keep aside what stands behind the last line that can be read."""
    for path in reversed(day_files(layout)):
        data = path.read_bytes()
        end = _readable_end(data)
        if end < len(data):
            aside = layout.quarantine / "ledger" / f"{path.name}.end"
            disk.mkdir(aside.parent)
            put_file(disk, aside, data[end:], durable=True)
            disk.truncate(path, end)
            trouble.remarks.append(
                f"cut from the end of ledger/{path.name}, which broke off: "
                f"{many(len(data) - end, 'byte')}"
            )
        if end:
            return


def _readable_end(data: bytes) -> int:
    """Where the last whole and readable line of a day ends."""
    end = data.rfind(b"\n") + 1
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        with suppress(ValueError):
            decode_line(data[start : end - 1])
            return end
        end = start
    return 0


def _last_digest(layout: Layout) -> str:
    for path in reversed(day_files(layout)):
        data = path.read_bytes()
        if data:
            return line_digest(data[:-1].rpartition(b"\n")[2])
    return GENESIS


def _put_in_place(disk: Disk, layout: Layout) -> None:
    """Move messages that are in the folder of another day."""
    for path in list(layout.message_files()):
        place = layout.message(path.stem) if ID.match(path.stem) else path
        if place != path and not place.exists():
            disk.mkdir(place.parent)
            move_aside(disk, path, place)


def _restore_receipts(disk: Disk, layout: Layout, trouble: Lenient) -> bool:
    """Write into the ledger what only the old index tells; whether that is anything."""
    if not layout.index.exists():
        return False
    try:
        events = lost_receipts(layout.index, layout.new_index)
    except (sqlite3.Error, ValueError, KeyError) as error:
        why = _damage(error, layout)
        trouble.remarks.append(f"the old index was not asked for receipts: {why}")
        return False
    if events:
        with closing(Filer(disk, layout)) as filer:
            filer.carry_out(_plan(layout, (), _last_digest(layout)))
            filer.file(
                [
                    JournalRow(n, RowKind.EVENT, "", event)
                    for n, event in enumerate(events, filer.end.n + 1)
                ]
            )
            filer.sync()
        trouble.remarks.append(
            f"taken from the old index: {many(len(events), 'receipt')} that the ledger "
            "has lost"
        )
    return bool(events)


def _put_aside(disk: Disk, layout: Layout) -> str:
    """Move the databases into a folder of quarantine; which, below var/."""
    present = [path for path in layout.databases if path.exists()]
    if not present:
        return ""
    folder = next(
        folder
        for number in range(1, 1_000_000)
        if not (folder := layout.quarantine / f"index-{number}").exists()
    )
    disk.mkdir(folder)
    for path in present:
        move_aside(disk, path, folder / path.name)
    return str(folder.relative_to(layout.root))
