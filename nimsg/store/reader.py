"""Questions to the index. Each runs in one snapshot; none reads a message's text."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from msgspec import Raw, Struct
from msgspec.structs import replace

from nimsg.core.ladder import NEW, for_sender, receipt
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box, CopyState, limit
from nimsg.protocol.packed import PackedPage
from nimsg.protocol.results import (
    ChangePage,
    Hit,
    InboxRow,
    Origin,
    OutboxRow,
    Receipt,
    Status,
)
from nimsg.store import inboxrows
from nimsg.store.base import Counts, Listing, ListQuery, ReadQuery
from nimsg.store.cursor import Cursor, decode_cursor
from nimsg.store.inboxrows import INBOX, decode_row
from nimsg.store.mailboxes import Mailbox
from nimsg.store.messagerow import copy_of, decode_origin, decode_refused
from nimsg.store.schema import COPY, meta


COPY_COLUMNS = ", ".join(f"c.{column}" for column in COPY.split(", "))
OUTBOX = "SELECT m.* FROM message m WHERE m.sender = :owner"
RECEIPTS = (
    f"SELECT o.name, {COPY_COLUMNS} FROM copy c JOIN account o ON o.uid = c.owner"
    " WHERE c.m = ?"
)
# The table whose position a box goes by, and the cursor's name for it.
BOXES = {Box.INBOX: ("c", "last_in"), Box.OUTBOX: ("m", "last_out")}
EVERYTHING = {Box.INBOX: INBOX, Box.OUTBOX: OUTBOX}
# `ListQuery.all` -> the rows of an outbox's listing
LISTINGS = {
    all_: f"{OUTBOX} AND {listed} AND m.position < :before"
    " ORDER BY m.position DESC LIMIT :most"
    for all_, listed in {
        False: "m.pending = 1",
        True: "m.deleted_at IS NULL",
    }.items()
}
READABLE = {
    Box.INBOX: "SELECT c.position, m.id FROM copy c JOIN message m ON m.m = c.m"
    " WHERE c.owner = ? AND c.position > ? AND c.deleted_at IS NULL"
    " AND c.recalled_at IS NULL ORDER BY c.position LIMIT ?",
    Box.OUTBOX: "SELECT position, id FROM message WHERE sender = ? AND position > ?"
    " AND deleted_at IS NULL ORDER BY position LIMIT ?",
}
NO_ROWS = Raw(b"[]")
# Bytes of a row, and of each receipt in it, beside its texts; and of a character.
ROW_BYTES = 400
ESCAPED = 6


class Seen(Struct, frozen=True):
    """A row, and which number of a cursor it moves on to what."""

    field: str
    number: int
    row: InboxRow | OutboxRow


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All questions inside see the same state."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def counts(connection: sqlite3.Connection, owner: int) -> Counts:
    """What waits for, and because of, an account."""
    row = connection.execute(
        "SELECT new, pending FROM mailbox WHERE uid = ?", (owner,)
    ).fetchone()
    return Counts(*row) if row else Counts(0, 0)


def page(connection: sqlite3.Connection, query: ListQuery) -> Listing:
    """One page of a box, newest first."""
    rows, stored, counted = NO_ROWS, list[str](), False
    outbox: list[OutboxRow] = []
    with snapshot(connection):
        if query.box is Box.INBOX:
            rows, stored, next_, counted = inboxrows.page(connection, query)
        else:
            outbox, next_ = _outbox_page(connection, query)
        box = _mailbox(connection, query.owner)
        end = _end(connection, box)
    packed = PackedPage(
        box=query.box,
        new=box.new,
        pending=box.pending,
        total=box.kept_in if query.box is Box.INBOX else box.kept_out,
        inbox=rows,
        outbox=outbox,
        next=next_,
        cursor=end.encode(),
    )
    return Listing(packed, stored, counted)


def _outbox_page(
    connection: sqlite3.Connection, query: ListQuery
) -> tuple[list[OutboxRow], int | None]:
    """Rows of an outbox, and the position that the page after it goes on below."""
    asked = {
        "owner": query.owner,
        "before": query.before or limit("integer_max"),
        "most": query.limit + 1,
    }
    found = connection.execute(LISTINGS[query.all], asked).fetchall()
    seen = _read(connection, Box.OUTBOX, found, "last_out")
    kept = _fit(seen, query.limit)
    _, outbox = _split(kept)
    return outbox, kept[-1].number if len(kept) < len(seen) else None


def changes(
    connection: sqlite3.Connection, owner: int, since: str | None, most: int
) -> ChangePage:
    """Rows new or changed since a cursor: new ones first, then changes in order."""
    with snapshot(connection):
        end = _end(connection, _mailbox(connection, owner))
        start = decode_cursor(since, end.epoch)
        if start == end:
            return ChangePage(end.encode(), more=False, inbox=[], outbox=[])
        seen = [
            *_new(connection, Box.INBOX, owner, start.last_in, most + 1),
            *_new(connection, Box.OUTBOX, owner, start.last_out, most + 1),
            *_changed(connection, owner, start, most + 1),
        ]
    kept = _fit(seen, most)
    inbox, outbox = _split(kept)
    more = len(kept) < len(seen)
    if more:
        end = start
        for row in kept:
            end = replace(end, **{row.field: row.number})
    return ChangePage(end.encode(), more=more, inbox=inbox, outbox=outbox)


def status(connection: sqlite3.Connection, asker: int, id_: str) -> Status:
    """A message's receipts: the sender sees all, a recipient the own one."""
    with snapshot(connection):
        row = connection.execute(
            "SELECT m.*, s.name FROM message m JOIN account s ON s.uid = m.sender"
            " WHERE m.id = ? AND m.room IS NULL",
            (id_,),
        ).fetchone()
        if row is None:
            raise Refusal("not_found")
        to = json.loads(row["recipients"])
        own = row["sender"] == asker and row["deleted_at"] is None
        receipts = (
            _receipts(connection, row["m"], to)
            if own
            else [_own_receipt(connection, row["m"], asker)]
        )
    withdrawn = not own and receipts[0].state is CopyState.RECALLED
    return Status(
        id=id_,
        sender=row["name"],
        to=to,
        subject="" if withdrawn else row["subject"],
        size=0 if withdrawn else row["size"],
        sent_at=row["sent_at"],
        reply_to=row["reply_to"],
        receipts=receipts,
        refused=decode_refused(row["refused"]) if own else [],
        pending=bool(row["pending"]) if own else receipts[0].state in NEW,
        origin=decode_origin(row["origin"]),
    )


def box_row(
    connection: sqlite3.Connection, owner: int, m: int, *, inbox: bool
) -> InboxRow | OutboxRow:
    """A message as a row of one of an account's boxes."""
    asked = {"owner": owner, "m": m}
    if inbox:
        row = connection.execute(f"{INBOX} AND c.m = :m", asked).fetchone()
        return decode_row(row["row"])
    row = connection.execute(f"{OUTBOX} AND m.m = :m", asked).fetchone()
    return _outbox_row(connection, row)


def fitting(hits: Sequence[Hit]) -> int:
    """How many of these one answer takes: at least one of them."""
    space = limit("page_bytes")
    for number, one in enumerate(hits):
        row = one.inbox or one.outbox
        space -= wire_bytes(row) if row else ROW_BYTES
        space -= ESCAPED * len(one.snippet or "")
        if space < 0 and number:
            return number
    return len(hits)


def letter_ids(
    connection: sqlite3.Connection, query: ReadQuery
) -> list[tuple[int, str]]:
    """The next messages of a box by position, as far as their texts may be read."""
    rows = connection.execute(
        READABLE[query.box], (query.owner, query.after, query.limit)
    ).fetchall()
    return [(row["position"], row["id"]) for row in rows]


def find_hash(connection: sqlite3.Connection, asker: int, body_md5: str) -> str:
    """The newest message in the asker's view whose body has this md5."""
    row = connection.execute(
        "SELECT m.m, m.id FROM copy c JOIN message m ON m.m = c.m WHERE c.owner = ?1"
        " AND c.deleted_at IS NULL AND c.recalled_at IS NULL AND m.hash = ?2"
        " UNION ALL SELECT m, id FROM message WHERE sender = ?1 AND deleted_at IS NULL"
        " AND room IS NULL AND hash = ?2 ORDER BY 1 DESC LIMIT 1",
        (asker, body_md5),
    ).fetchone()
    if row is None:
        raise Refusal("not_found", "no message of yours has a body with this md5")
    id_: str = row["id"]
    return id_


def _mailbox(connection: sqlite3.Connection, owner: int) -> Mailbox:
    row = connection.execute("SELECT * FROM mailbox WHERE uid = ?", (owner,)).fetchone()
    return Mailbox(*row) if row else Mailbox(owner)


def _end(connection: sqlite3.Connection, box: Mailbox) -> Cursor:
    epoch = meta(connection, "epoch")
    return Cursor(epoch, box.last_in, box.last_out, box.last_change)


def _new(
    connection: sqlite3.Connection, box: Box, owner: int, after: int, most: int
) -> list[Seen]:
    table, field = BOXES[box]
    rows = connection.execute(
        f"{EVERYTHING[box]} AND {table}.position > :after"
        f" ORDER BY {table}.position LIMIT :most",
        {"owner": owner, "after": after, "most": most},
    ).fetchall()
    return _read(connection, box, rows, field)


def _changed(
    connection: sqlite3.Connection, owner: int, start: Cursor, most: int
) -> list[Seen]:
    seen: list[Seen] = []
    for box, seen_to in ((Box.INBOX, start.last_in), (Box.OUTBOX, start.last_out)):
        table, _ = BOXES[box]
        rows = connection.execute(
            f"{EVERYTHING[box]} AND {table}.change > :since"
            f" AND {table}.position <= :seen_to ORDER BY {table}.change LIMIT :most",
            {
                "owner": owner,
                "since": start.last_change,
                "seen_to": seen_to,
                "most": most,
            },
        ).fetchall()
        seen += _read(connection, box, rows, "last_change")
    return sorted(seen, key=lambda row: row.number)


def _read(
    connection: sqlite3.Connection, box: Box, rows: Iterable[sqlite3.Row], field: str
) -> list[Seen]:
    """Rows with the number that `field` of a cursor has after each."""
    number = "change" if field == "last_change" else "position"
    if box is Box.INBOX:
        return [Seen(field, row[number], decode_row(row["row"])) for row in rows]
    return [Seen(field, row[number], _outbox_row(connection, row)) for row in rows]


def _outbox_row(connection: sqlite3.Connection, row: sqlite3.Row) -> OutboxRow:
    to = json.loads(row["recipients"])
    gone = row["deleted_at"] is not None
    return OutboxRow(
        position=row["position"],
        id=row["id"],
        to=to,
        subject="" if gone else row["subject"],
        size=0 if gone else row["size"],
        sent_at=row["sent_at"],
        receipts=_receipts(connection, row["m"], to),
        pending=bool(row["pending"]),
        refused=[] if gone else decode_refused(row["refused"]),
        reply_to=None if gone else row["reply_to"],
        deleted_at=row["deleted_at"],
        origin=None if gone else decode_origin(row["origin"]),
    )


def _receipts(
    connection: sqlite3.Connection, m: int, to: Sequence[str]
) -> list[Receipt]:
    """All receipts of a message, as its sender may see them, in the order of `to`."""
    copies = {row["name"]: copy_of(row) for row in connection.execute(RECEIPTS, (m,))}
    return [for_sender(receipt(name, copies[name])) for name in to]


def _own_receipt(connection: sqlite3.Connection, m: int, asker: int) -> Receipt:
    row = connection.execute(f"{RECEIPTS} AND c.owner = ?", (m, asker)).fetchone()
    mine = receipt(row["name"], copy_of(row)) if row else None
    if mine is None or mine.deleted_at is not None:
        raise Refusal("not_found")
    return mine


def _split(seen: Sequence[Seen]) -> tuple[list[InboxRow], list[OutboxRow]]:
    return (
        [one.row for one in seen if isinstance(one.row, InboxRow)],
        [one.row for one in seen if isinstance(one.row, OutboxRow)],
    )


def _fit(seen: Sequence[Seen], most: int) -> Sequence[Seen]:
    """As many rows as one page takes, and at least one."""
    room = limit("page_bytes")
    for kept, one in enumerate(seen):
        room -= wire_bytes(one.row)
        if kept == most or (room < 0 and kept):
            return seen[:kept]
    return seen


def wire_bytes(row: InboxRow | OutboxRow) -> int:
    """At most how long a row is on the wire."""
    receipts = len(row.receipts) if isinstance(row, OutboxRow) else 1
    texts = len(row.subject) + sum(map(len, row.to)) + _origin_chars(row.origin)
    return ROW_BYTES * (1 + receipts) + ESCAPED * texts


def _origin_chars(origin: Origin | None) -> int:
    if origin is None:
        return 0
    named = (origin.sender, origin.message_id or "", *origin.to)
    return ROW_BYTES + sum(map(len, named))
