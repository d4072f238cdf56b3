"""Questions that the full text answers, joined to what the asker may see."""

import sqlite3
from collections.abc import Callable

from nimsg.core.words import parse_terms, snippet
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box, Show, limit
from nimsg.protocol.results import Hit, Hits, InboxRow, OutboxRow
from nimsg.protocol.rules import LONE_SURROGATE
from nimsg.store import accountbook, reader
from nimsg.store.base import SearchQuery
from nimsg.store.fulltext import expression, reached
from nimsg.store.messagefile import MessageFile


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
    "SELECT m.m, m.id, m.sender, {received} AS received"
    " FROM words CROSS JOIN message m ON m.m = words.rowid"
    " LEFT JOIN copy c ON c.m = m.m AND c.owner = :owner"
    " AND c.deleted_at IS NULL AND c.recalled_at IS NULL"
    " WHERE words MATCH :words AND words.rowid < :before"
    " AND m.dated_at >= :since AND m.dated_at < :until"
    " AND ({received} OR {sent}) ORDER BY words.rowid DESC LIMIT :most"
)
EVER = limit("integer_max")


def search(
    connection: sqlite3.Connection,
    query: SearchQuery,
    read: Callable[[str], MessageFile],
) -> Hits:
    """See `Store.search`; `connection` is one of `FullText.reader`."""
    terms = parse_terms(query.words)
    if query.words.strip() and not terms:
        raise Refusal("invalid_params", "the words hold no letter and no digit")
    with reader.snapshot(connection):
        rows = connection.execute(
            _statement(query),
            {
                "owner": query.owner,
                "words": expression(query.owner, terms, _people(connection, query)),
                "before": _before(connection, query.before),
                "since": -EVER if query.since is None else query.since,
                "until": EVER if query.until is None else query.until,
                "most": query.limit + 1,
            },
        ).fetchall()
        hits: list[Hit] = []
        for row in rows[: query.limit]:
            found = reader.box_row(
                connection, query.owner, row["m"], inbox=row["received"]
            )
            readable = row["sender"] == query.owner or _was_opened(found)
            text = _text(read, found.id) if readable else None
            hits.append(_hit(found, None if text is None else snippet(text, terms)))
        far = reached(connection, query.owner)
    kept = reader.fitting(hits)
    return Hits(
        hits=hits[:kept],
        next=rows[kept - 1]["id"] if kept < len(rows) else None,
        unindexed=far.unindexed,
        indexed_to=far.indexed_to,
    )


def _statement(query: SearchQuery) -> str:
    inbox, outbox = SHOWS[query.show]
    received = f"(c.owner IS NOT NULL AND {inbox or 0})"
    sent = f"(m.sender = :owner AND m.deleted_at IS NULL AND {outbox or 0})"
    return FIND.format(
        received="0" if query.box is Box.OUTBOX else received,
        sent="0" if query.box is Box.INBOX else sent,
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


def _was_opened(row: InboxRow | OutboxRow) -> bool:
    """Whether the asker has had the text of a received message before."""
    return isinstance(row, InboxRow) and row.receipt.opened_at is not None


def _text(read: Callable[[str], MessageFile], id_: str) -> str | None:
    try:
        return read(id_).message
    except Refusal:
        return None


def _hit(row: InboxRow | OutboxRow, snippet: str | None) -> Hit:
    if isinstance(row, InboxRow):
        return Hit(inbox=row, snippet=snippet)
    return Hit(outbox=row, snippet=snippet)
