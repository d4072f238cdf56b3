"""Rows of an inbox as the wire has them, put together by the index itself.

A page of them is one text that SQLite makes in one step. A value of Python for each
column of each row would cost more than all else that a listing does, and each step
would wait for the other threads.
"""

import sqlite3
from typing import NamedTuple

import msgspec
from msgspec import Raw

from nimsg.protocol.constants import limit
from nimsg.protocol.results import InboxRow
from nimsg.store.base import ListQuery


# As `core.ladder.Copy.state` has it; a test compares them.
STATE = (
    "CASE WHEN c.recalled_at IS NOT NULL THEN 'recalled'"
    " WHEN c.acked_at IS NOT NULL THEN 'acked'"
    " WHEN c.opened_at IS NOT NULL THEN 'opened'"
    " WHEN c.deleted_at IS NOT NULL THEN 'deleted'"
    " WHEN c.imported THEN 'imported'"
    " WHEN c.fetched_at IS NOT NULL THEN 'fetched' ELSE 'stored' END"
)
WITHDRAWN = "coalesce(c.deleted_at, c.recalled_at) IS NOT NULL"
# `InboxRow` with its `Receipt`, as `printf` takes it. A member that may be missing is
# all of a %s: what is NULL is written as nothing.
FORM = (
    '{"position":%d,"id":"%s","from":%s,"to":%s,"subject":%s,"size":%d,"sent_at":%d,'
    '"receipt":{"user":%s,"state":"%s"%s%s%s%s%s%s%s%s}%s%s}'
)
VALUES = (
    "c.position",
    "m.id",
    "json_quote(s.name)",
    "m.recipients",
    f"iif({WITHDRAWN}, '\"\"', json_quote(m.subject))",
    f"iif({WITHDRAWN}, 0, m.size)",
    "m.sent_at",
    "(SELECT json_quote(name) FROM account WHERE uid = :owner)",
    STATE,
    "',\"fetched_at\":' || c.fetched_at",
    "',\"fetched_by\":\"' || c.fetched_by || '\"'",
    "',\"opened_at\":' || c.opened_at",
    "',\"opened_by\":\"' || c.opened_by || '\"'",
    "',\"acked_at\":' || c.acked_at",
    "',\"acked_by\":\"' || c.acked_by || '\"'",
    "',\"recalled_at\":' || c.recalled_at",
    "',\"deleted_at\":' || c.deleted_at",
    "iif(c.deleted_at IS NULL, ',\"reply_to\":\"' || m.reply_to || '\"', NULL)",
    "iif(c.deleted_at IS NULL, ',\"origin\":' || m.origin, NULL)",
)


class Statements(NamedTuple):
    """How a page is asked for, and whether there is one after it."""

    page: str
    more: str


def _rows(copies: str) -> str:
    return (
        f"SELECT c.position, c.change, printf('{FORM}', {', '.join(VALUES)}) AS row,"
        " iif(c.new = 1 AND c.fetched_at IS NULL, m.id, NULL) AS stored,"
        " c.imported AND m.sender != :owner AS foreign_"
        f" FROM {copies} JOIN message m ON m.m = c.m JOIN account s ON s.uid = m.sender"
        " WHERE c.owner = :owner"
    )


def _listing(copies: str, listed: str) -> Statements:
    return Statements(
        "SELECT count(*) AS count, min(position) AS last,"
        " group_concat(row, ',') AS rows, group_concat(stored) AS stored,"
        " max(foreign_) AS foreign_"
        f" FROM ({_rows(copies)} AND {listed} AND c.position < :before"
        " ORDER BY c.position DESC LIMIT :most)",
        f"SELECT EXISTS (SELECT 1 FROM {copies} WHERE c.owner = :owner"
        f" AND {listed} AND c.position < :before)",
    )


# All that ever came to the account `:owner`.
INBOX = _rows("copy c")
# By `ListQuery.all`. Left to itself SQLite looks for what is new through all that was
# ever read.
LISTINGS = {
    False: _listing("copy c INDEXED BY copy_new", "c.new = 1"),
    True: _listing("copy c", "c.deleted_at IS NULL"),
}
DECODER = msgspec.json.Decoder(InboxRow)


class Part(NamedTuple):
    """What of an inbox is on a page: rows as a JSON array; ids never listed before.

    `next` is the position that the page after it goes on below. It is `counted` as a
    `Listing` is.
    """

    rows: Raw
    stored: list[str]
    next: int | None
    counted: bool


def decode_row(text: str) -> InboxRow:
    """A row as a value."""
    return DECODER.decode(text)


def page(connection: sqlite3.Connection, query: ListQuery) -> Part:
    """As many rows below a position as one page takes, newest first; at least one."""
    statements = LISTINGS[query.all]
    asked = {
        "owner": query.owner,
        "before": query.before or limit("integer_max"),
        "most": query.limit,
    }
    while True:
        row = connection.execute(statements.page, asked).fetchone()
        rows = (row["rows"] or "").encode()
        if len(rows) <= limit("page_bytes") or row["count"] == 1:
            break
        asked["most"] = row["count"] // 2
    more = False
    if row["count"] == asked["most"]:
        asked["before"] = row["last"]
        more = connection.execute(statements.more, asked).fetchone()[0]
    stored = row["stored"].split(",") if row["stored"] else []
    # What somebody else has imported may yet be linked with what it answers, and only
    # the mailbox of who imports counts that.
    counted = not (stored or row["foreign_"])
    return Part(Raw(b"[%b]" % rows), stored, row["last"] if more else None, counted)
