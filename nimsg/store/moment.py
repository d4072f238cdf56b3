"""What an index said at one instant: what a backup has to hold."""

import sqlite3
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from nimsg.core.rooms import LOBBY_ID
from nimsg.errors import StorageFailure
from nimsg.store import accountbook, draftbook, invitationbook, reader, roombook
from nimsg.store.accountfile import encode_account
from nimsg.store.base import JournalRow
from nimsg.store.draftfile import encode_draft
from nimsg.store.failure import index_failure
from nimsg.store.invitationfile import encode_invitation
from nimsg.store.layout import Layout, made_anew
from nimsg.store.plan import RowKind
from nimsg.store.roomfile import encode_room
from nimsg.store.schema import INDEX_FORMAT, connect_still, meta
from nimsg.store.storeformat import other_index_format


class Moment(Struct, frozen=True):
    """What the index said at one instant.

    `messages` has every id in order, and whether its text was removed. `names` are
    those of accounts by their files, `rooms` the ids of rooms that have a file. `head`
    is the digest of the last ledger line that was settled; those of the journal follow.
    """

    messages: dict[str, bool]
    names: dict[Path, str]
    rooms: frozenset[str]
    rows: list[JournalRow]
    journal: list[JournalRow]
    head: str


def made_by(source: Layout) -> str:
    """How an index that fits is come by."""
    return f"start the server once, or run {made_anew(source.root)}"


def take_moment(source: Layout) -> Moment:
    """Read the index in one transaction, which is over at once: no server waits.

    Without a log beside it the index is read as it lies, and once more where a
    server has started meanwhile. Raises `StorageFailure` where it is damaged.
    """
    while True:
        before = _state(source.index)
        found = _attempt(source)
        if isinstance(found, Moment) and before is None:
            return found
        if before == _state(source.index):
            break
    if isinstance(found, StorageFailure):
        raise found
    return found


def _state(index: Path) -> tuple[int, int] | None:
    """What tells whether the index was changed; None where a log lies beside it."""
    if index.with_name(f"{index.name}-wal").exists():
        return None
    status = index.stat()
    return status.st_mtime_ns, status.st_size


def _attempt(source: Layout) -> Moment | StorageFailure:
    try:
        with closing(connect_still(source.index)) as index, reader.snapshot(index):
            return _read(source, index)
    except (sqlite3.DatabaseError, ValueError) as error:
        return index_failure(error, source)


def _read(source: Layout, connection: sqlite3.Connection) -> Moment:
    found = meta(connection, "format")
    if found != str(INDEX_FORMAT):
        raise other_index_format(source, found)
    accounts = accountbook.all_accounts(connection)
    rows = [
        JournalRow(0, RowKind.ACCOUNT, str(one.uid), encode_account(one))
        for one in accounts
    ]
    rows += [
        JournalRow(0, RowKind.INVITATION, one.id, encode_invitation(one))
        for one in invitationbook.all_invitations(connection)
    ]
    # Without a topic #lobby has no file, unless it had one.
    rooms = [
        one
        for one in roombook.all_rooms(connection)
        if one.id != LOBBY_ID or one.topic or source.room(LOBBY_ID).exists()
    ]
    rows += [JournalRow(0, RowKind.ROOM, one.id, encode_room(one)) for one in rooms]
    rows += [
        JournalRow(0, RowKind.DRAFT, one.id, encode_draft(one))
        for one in draftbook.all_drafts(connection)
    ]
    messages = connection.execute("SELECT id, removed FROM message ORDER BY id")
    journal = connection.execute("SELECT * FROM journal ORDER BY n")
    return Moment(
        {id_: bool(removed) for id_, removed in messages},
        {source.user(one.uid): one.name for one in accounts},
        frozenset(one.id for one in rooms),
        rows,
        [JournalRow(*row) for row in journal],
        meta(connection, "head"),
    )
