"""Questions that the full text answers, joined to what the asker may see."""

import sqlite3
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from nimsg.core.words import Term, parse_terms, snippet
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box, Show, limit
from nimsg.protocol.results import Hit, Hits, InboxRow, OutboxRow, RoomHit
from nimsg.protocol.rules import LONE_SURROGATE
from nimsg.store import accountbook, reader
from nimsg.store.base import SearchQuery
from nimsg.store.fulltext import FullText, expression, mail_words, room_words
from nimsg.store.messagefile import MessageFile
from nimsg.store.messagerow import SERVER
from nimsg.store.roomreader import UNHIDDEN, require_member


# What a search is narrowed to, in an inbox and in an outbox; None is never so.
SHOWS: dict[Show | None, tuple[str | None, str | None]] = {
    None: ("1", "1"),
    Show.NEW: ("c.new = 1", None),
    Show.OPENED: (
        "c.opened_at IS NOT NULL",
        "EXISTS (SELECT 1 FROM copy x WHERE x.m = m.m AND x.opened_at IS NOT NULL)",
    ),
    Show.ACKED: (
        "c.acked_at IS NOT NULL",
        "EXISTS (SELECT 1 FROM copy x WHERE x.m = m.m AND x.acked_at IS NOT NULL)",
    ),
    Show.PENDING: (None, "m.pending = 1"),
    Show.RECALLED: (
        None,
        "EXISTS (SELECT 1 FROM copy x WHERE x.m = m.m AND x.recalled_at IS NOT NULL)",
    ),
    Show.IMPORTED: ("c.imported = 1", "m.origin IS NOT NULL"),
}
# FTS5 gives the numbers of messages, newest first; the order of the tables is ours.
FIND = (
    "SELECT m.m, m.id, m.sender, m.room, {received} AS received"
    " FROM words CROSS JOIN message m ON m.m = words.rowid"
    " LEFT JOIN copy c ON c.m = m.m AND c.owner = :asker"
    " AND c.deleted_at IS NULL AND c.recalled_at IS NULL"
    " WHERE words MATCH :words AND words.rowid < :before"
    " AND m.dated_at >= :since AND m.dated_at < :until"
    " AND ({received} OR {sent} OR {heard}) ORDER BY words.rowid DESC LIMIT :most"
)
# What it asks of the full text alone, and more of that.
WORDS = (
    "SELECT rowid FROM words WHERE words MATCH :words AND rowid < :before"
    " ORDER BY rowid DESC"
)
# The words have it that it is in one of the rooms that are asked for.
HEARD = f"(m.room IS NOT NULL {UNHIDDEN})"
ROOM_HIT = (
    "SELECT r.name, m.room_position, m.id, a.name, m.size, m.sent_at FROM message m"
    " JOIN room r ON r.r = m.room JOIN account a ON a.uid = m.sender WHERE m.m = ?"
)
EVER = limit("integer_max")
# Of what waits no more is counted in each box: a search is not held up by that.
COUNTED_MOST = 10_000
WAITING = (
    "SELECT count(*) FROM (SELECT m FROM (SELECT m FROM copy WHERE owner = :owner"
    " ORDER BY position DESC LIMIT :most) WHERE m > :last UNION"
    " SELECT m FROM (SELECT m FROM message WHERE sender = :owner"
    " AND position IS NOT NULL ORDER BY position DESC LIMIT :most) WHERE m > :last)"
)
WAITING_IN_ROOMS = (
    "SELECT count(*) FROM member JOIN room USING (r) JOIN message t ON t.room = room.r"
    " AND t.room_position > room.last - :most"
    f" WHERE uid = :owner AND t.m > :last AND t.sender != {SERVER}"
)


class Reached(Struct, frozen=True):
    """How far the full text has come: messages that wait, and when the last came."""

    unindexed: int
    indexed_to: int | None


def search(
    full_text: FullText, query: SearchQuery, read: Callable[[str], MessageFile]
) -> Hits:
    """See `Store.search`. Raises `sqlite3.Error` where the index cannot be read."""
    terms = parse_terms(query.words)
    if query.words.strip() and not terms:
        raise Refusal("invalid_params", "the words hold no letter and no digit")
    connection = full_text.reader()
    with reader.snapshot(connection):
        rows = _find(full_text, connection, query, terms)
        hits = [
            _hit(connection, query.owner, row, terms, read)
            for row in rows[: query.limit]
        ]
        far = _reached(connection, query.owner, full_text.last(connection))
    kept = reader.fitting(hits)
    return Hits(
        hits=hits[:kept],
        next=rows[kept - 1]["id"] if kept < len(rows) else None,
        unindexed=far.unindexed,
        indexed_to=far.indexed_to,
    )


def _find(
    full_text: FullText,
    connection: sqlite3.Connection,
    query: SearchQuery,
    terms: list[Term],
) -> list[sqlite3.Row]:
    """One row more than is asked for, where there are as many."""
    places = _places(connection, query)
    people = _people(connection, query)
    before = _before(connection, query.before)
    if not places:
        return []
    values = {
        "asker": query.owner,
        "words": expression(places, terms, people),
        "before": before,
        "since": -EVER if query.since is None else query.since,
        "until": EVER if query.until is None else query.until,
        "most": query.limit + 1,
    }
    try:
        return connection.execute(_statement(query), values).fetchall()
    except sqlite3.DatabaseError:
        # Which of the two databases it was SQLite does not say.
        with full_text.or_busy():
            deque(connection.execute(WORDS, values), maxlen=0)
        raise


def _places(connection: sqlite3.Connection, query: SearchQuery) -> list[str]:
    """Words of where to look: the mailbox, one room, or it and all the asker's rooms.

    What is in a room is in no box, and has none of the states that mail has.
    """
    of_mail = query.box is not None or query.show is not None
    if query.room is not None:
        r: int = require_member(connection, query.owner, query.room)["r"]
        return [] if of_mail else room_words([r])
    if of_mail:
        return mail_words(query.owner)
    rows = connection.execute("SELECT r FROM member WHERE uid = ?", (query.owner,))
    return mail_words(query.owner) + room_words(row["r"] for row in rows)


def _reached(connection: sqlite3.Connection, owner: int, last: int) -> Reached:
    """How far somebody's messages are taken in, where `last` is."""
    newest: int = connection.execute(
        "SELECT ifnull(max(m), 0) FROM message"
    ).fetchone()[0]
    row = connection.execute(
        "SELECT sent_at FROM message WHERE m = ?", (last,)
    ).fetchone()
    # Positions rise with the numbers: no more of a box than is behind can wait.
    most = min(max(0, newest - last), COUNTED_MOST)
    behind = {"owner": owner, "last": last, "most": most}
    waiting = sum(
        connection.execute(query, behind).fetchone()[0]
        for query in (WAITING, WAITING_IN_ROOMS)
    )
    return Reached(waiting, row["sent_at"] if row else None)


def _statement(query: SearchQuery) -> str:
    inbox, outbox = SHOWS[query.show]
    received = f"(c.owner IS NOT NULL AND {inbox or 0})"
    sent = f"(m.sender = :asker AND m.deleted_at IS NULL AND {outbox or 0})"
    return FIND.format(
        received="0" if query.box is Box.OUTBOX else received,
        sent="0" if query.box is Box.INBOX else sent,
        heard=HEARD,
    )


def _people(
    connection: sqlite3.Connection, query: SearchQuery
) -> list[tuple[str, int | None, str]]:
    named = {"from": query.sender, "to": query.to, "with": query.person}
    people: list[tuple[str, int | None, str]] = []
    for side, name in named.items():
        if name is not None:
            if LONE_SURROGATE.search(name):
                raise Refusal("text_invalid")
            account = accountbook.by_name(connection, name)
            people.append((side, account.uid if account else None, name))
    return people


def _before(connection: sqlite3.Connection, id_: str | None) -> int:
    if id_ is None:
        return EVER
    row = connection.execute("SELECT m FROM message WHERE id = ?", (id_,)).fetchone()
    if row is None:
        raise Refusal("not_found")
    m: int = row["m"]
    return m


def _hit(
    connection: sqlite3.Connection,
    asker: int,
    row: sqlite3.Row,
    terms: list[Term],
    read: Callable[[str], MessageFile],
) -> Hit:
    if row["room"] is not None:
        heard = RoomHit(*connection.execute(ROOM_HIT, (row["m"],)).fetchone())
        return Hit(room=heard, snippet=_snippet(read, heard.id, terms))
    found = reader.box_row(connection, asker, row["m"], inbox=row["received"])
    readable = row["sender"] == asker or _was_opened(found)
    text = _snippet(read, found.id, terms) if readable else None
    if isinstance(found, InboxRow):
        return Hit(inbox=found, snippet=text)
    return Hit(outbox=found, snippet=text)


def _was_opened(row: InboxRow | OutboxRow) -> bool:
    """Whether the asker has had the text of a received message before."""
    return isinstance(row, InboxRow) and row.receipt.opened_at is not None


def _snippet(
    read: Callable[[str], MessageFile], id_: str, terms: list[Term]
) -> str | None:
    try:
        return snippet(read(id_).message, terms)
    except Refusal:
        return None
