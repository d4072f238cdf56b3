"""Questions about rooms. A member sees what no block hides, and never a gap filled."""

import sqlite3
from collections.abc import Callable, Sequence

import msgspec
from msgspec import UNSET

from nimsg.errors import Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.results_rooms import (
    Members,
    RoomInfo,
    RoomMessage,
    RoomPage,
    Rooms,
)
from nimsg.store.base import HistoryQuery, RoomsQuery
from nimsg.store.messagefile import MessageFile
from nimsg.store.reader import snapshot


# Who is blocked is not heard; who blocks is not seen to come and go.
UNHIDDEN = (
    " AND NOT EXISTS (SELECT 1 FROM block WHERE owner = :asker AND blocked = m.sender)"
    " AND NOT EXISTS (SELECT 1 FROM block WHERE owner = m.about AND blocked = :asker)"
)
ROOMS = (
    "SELECT r.name, topic, nullif(r.created_at, 0), a.name AS creator,"
    " (SELECT count(*) FROM member x WHERE x.r = r.r) AS members, last, mark,"
    " iif(mark IS NULL, NULL, (SELECT count(*) FROM (SELECT 1 FROM message m"
    " WHERE m.room = r.r AND m.room_position > p.mark AND m.sender != :asker"
    f" AND m.about IS NOT :asker {UNHIDDEN} LIMIT {limit('unread')})))"
    " FROM room r LEFT JOIN account a ON a.uid = r.creator"
    " LEFT JOIN member p ON p.r = r.r AND p.uid = :asker"
)
OLDER = (
    "SELECT id, room_position FROM message m WHERE room = :r"
    f" AND room_position < :before {UNHIDDEN} ORDER BY room_position DESC LIMIT :most"
)
NEWER = (
    "SELECT id, room_position FROM message m WHERE room = :r"
    f" AND room_position > :after {UNHIDDEN} ORDER BY room_position LIMIT :most"
)


def rooms(connection: sqlite3.Connection, query: RoomsQuery) -> Rooms:
    """A page of rooms by name."""
    only = " AND mark IS NOT NULL" if query.joined else ""
    rows = connection.execute(
        f"{ROOMS} WHERE r.name > :after{only} ORDER BY r.name LIMIT :most",
        {"asker": query.asker, "after": query.after or "", "most": query.limit + 1},
    ).fetchall()
    page = [RoomInfo(*row) for row in rows[: query.limit]]
    return Rooms(page, next=page[-1].room if len(rows) > len(page) else None)


def info(connection: sqlite3.Connection, asker: int, name: str) -> RoomInfo:
    """One room. Raises `Refusal("unknown_room")`."""
    row = connection.execute(
        f"{ROOMS} WHERE r.name = :name", {"asker": asker, "name": name}
    ).fetchone()
    if row is None:
        raise Refusal("unknown_room", data={"room": name})
    return RoomInfo(*row)


def members(
    connection: sqlite3.Connection, asker: int, name: str, after: str | None, most: int
) -> Members:
    """A page of a room's members by name."""
    with snapshot(connection):
        require_member(connection, asker, name)
        rows = connection.execute(
            "SELECT a.name FROM member JOIN room r USING (r) JOIN account a USING (uid)"
            " WHERE r.name = ? AND a.name > ? ORDER BY a.name LIMIT ?",
            (name, after or "", most + 1),
        ).fetchall()
    names = [row[0] for row in rows[:most]]
    return Members(name, names, next=names[-1] if len(rows) > most else None)


def history(
    connection: sqlite3.Connection,
    query: HistoryQuery,
    read: Callable[[str], MessageFile],
) -> RoomPage:
    """A page of a room's messages."""
    with snapshot(connection):
        place = require_member(connection, query.asker, query.room)
        r: int = place["r"]
        after = _own_last(connection, query, r) if query.mine else query.after
        forward = after is not None
        rows = connection.execute(
            NEWER if forward else OLDER,
            {
                "r": r,
                "asker": query.asker,
                "after": after,
                "before": query.before or limit("integer_max"),
                "most": query.limit + 1,
            },
        ).fetchall()
        found, damaged, taken = _messages(rows[: query.limit], read)
    if not forward:
        found.reverse()
    return RoomPage(
        room=query.room,
        messages=found,
        last=place["last"],
        mark=place["mark"],
        more=taken < len(rows),
        damaged=damaged,
    )


def require_member(
    connection: sqlite3.Connection, asker: int, name: str
) -> sqlite3.Row:
    """Number and last position of a room (`r`, `last`), and the asker's `mark` in it.

    Raises `Refusal`: `unknown_room`, `not_member`.
    """
    row: sqlite3.Row | None = connection.execute(
        "SELECT room.r, last, mark FROM room LEFT JOIN member"
        " ON member.r = room.r AND uid = ? WHERE name = ?",
        (asker, name),
    ).fetchone()
    if row is None:
        raise Refusal("unknown_room", data={"room": name})
    if row["mark"] is None:
        raise Refusal("not_member", data={"room": name})
    return row


def _own_last(connection: sqlite3.Connection, query: HistoryQuery, r: int) -> int:
    """The position of the asker's own last message in a room, 0 where there is none."""
    last: int | None = connection.execute(
        "SELECT max(room_position) FROM message WHERE sender = ? AND room = ?",
        (query.asker, r),
    ).fetchone()[0]
    return max(last or 0, query.after or 0)


def _messages(
    rows: Sequence[sqlite3.Row], read: Callable[[str], MessageFile]
) -> tuple[list[RoomMessage], list[int], int]:
    """As many messages as one answer takes, what cannot be read, how many rows."""
    found: list[RoomMessage] = []
    damaged: list[int] = []
    space = limit("page_bytes")
    for taken, row in enumerate(rows):
        try:
            message = room_message(read(row["id"]))
        except Refusal:
            damaged.append(row["room_position"])
            continue
        space -= len(msgspec.json.encode(message))
        if space < 0 and found:
            return found, damaged, taken
        found.append(message)
    return found, damaged, len(rows)


def room_message(file: MessageFile) -> RoomMessage:
    """A message of a room as its members get it."""
    if file.room is UNSET:
        raise Refusal("damaged", "the message file is of no room")
    notice = None if file.notice is UNSET else file.notice
    return RoomMessage(
        room=file.room.name,
        position=file.room.position,
        id=file.id,
        sender=file.sender,
        body=file.message,
        sent_at=file.sent_at,
        digest=file.digest,
        notice=notice.kind if notice else None,
        about=notice.about if notice else None,
    )
