"""Threads: a message with what it answers and what answers it."""

import sqlite3
from collections.abc import Sequence
from typing import TypeVar

from nimsg.errors import Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.results import InboxRow, OutboxRow, Thread
from nimsg.store.reader import box_row, snapshot, wire_bytes


# Messages that a thread is followed through, seen by the asker or not.
MOST_LOOKED_AT = 2000
# Up to the first message, then down from there and from the message itself to all
# answers; ids that are met twice end it.
DOWN = (
    "{0}(id) AS (SELECT * FROM ({1}) UNION SELECT m.id FROM {0}"
    f" JOIN message m ON m.reply_to = {{0}}.id LIMIT {MOST_LOOKED_AT})"
)
THREAD = (
    "WITH RECURSIVE up(id, reply_to, height) AS"
    " (SELECT id, reply_to, 0 FROM message WHERE id = :id UNION"
    " SELECT m.id, m.reply_to, height + 1 FROM up"
    f" JOIN message m ON m.id = up.reply_to WHERE height < {MOST_LOOKED_AT}),"
    f" {DOWN.format('below', 'SELECT :id')},"
    f" {DOWN.format('all_', 'SELECT id FROM up ORDER BY height DESC LIMIT 1')},"
    " down(id) AS (SELECT id FROM up UNION SELECT id FROM below"
    " UNION SELECT id FROM all_)"
    " SELECT m.m, m.id, c.owner IS NOT NULL AS received,"
    " (SELECT count(*) FROM down) AS looked_at FROM down"
    " JOIN message m ON m.id = down.id LEFT JOIN copy c ON c.m = m.m"
    " AND c.owner = :owner AND c.deleted_at IS NULL WHERE c.owner IS NOT NULL"
    " OR (m.sender = :owner AND m.deleted_at IS NULL AND m.room IS NULL)"
    " ORDER BY m.m"
)
T = TypeVar("T")


def thread(connection: sqlite3.Connection, asker: int, id_: str) -> Thread:
    """A message, what it answers, and what answers it, in the asker's view."""
    with snapshot(connection):
        rows = connection.execute(THREAD, {"id": id_, "owner": asker}).fetchall()
        at = next((at for at, row in enumerate(rows) if row["id"] == id_), None)
        if at is None:
            raise Refusal("not_found")
        found = [
            box_row(connection, asker, row["m"], inbox=row["received"])
            for row in _around(rows, at, limit("thread_rows"))
        ]
    kept = _fit_around(found, next(n for n, row in enumerate(found) if row.id == id_))
    cut = len(kept) < len(rows) or rows[0]["looked_at"] >= MOST_LOOKED_AT
    return Thread(
        [row for row in kept if isinstance(row, InboxRow)],
        [row for row in kept if isinstance(row, OutboxRow)],
        more=cut,
    )


def _around(rows: Sequence[T], at: int, most: int) -> Sequence[T]:
    """At most so many rows, with that at `at` as much in the middle as can be."""
    start = max(0, min(at - most // 2, len(rows) - most))
    return rows[start : start + most]


def _fit_around(
    rows: Sequence[InboxRow | OutboxRow], at: int
) -> Sequence[InboxRow | OutboxRow]:
    """As many rows around that at `at` as one answer takes, and that one at least."""
    room = limit("page_bytes")
    kept = [at]
    for near in sorted(range(len(rows)), key=lambda row: abs(row - at)):
        room -= wire_bytes(rows[near])
        if room < 0:
            break
        kept.append(near)
    return rows[min(kept) : max(kept) + 1]
