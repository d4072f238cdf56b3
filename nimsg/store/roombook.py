"""Rooms and their members in the index."""

import sqlite3
from collections.abc import Iterable

from nimsg.core.accounts import RoomFacts
from nimsg.core.rooms import Membership, Room, require_room
from nimsg.protocol.constants import LOBBY


ROOM = "id, name, topic, created_at, creator, last"
ENDS = "UPDATE room SET last = max(last, ?) WHERE id = ?"
# A member has read nothing that was not there.
LAST_READ = (
    "UPDATE room SET last = max(last, (SELECT ifnull(max(mark), 0) FROM member m"
    " WHERE m.r = room.r))"
)
COUNT_LOST = (
    "UPDATE room SET lost = last - (SELECT count(*) FROM message m WHERE m.room = r)"
)


def by_name(connection: sqlite3.Connection, name: str) -> Room | None:
    """The room of this name."""
    row = connection.execute(
        f"SELECT {ROOM} FROM room WHERE name = ?", (name,)
    ).fetchone()
    return Room(*row) if row else None


def facts(connection: sqlite3.Connection, name: str) -> RoomFacts:
    """A room and how many are in it. Raises `Refusal("unknown_room")`.

    Those in #lobby are not counted: everybody may be there.
    """
    room = require_room(by_name(connection, name), name)
    if name == LOBBY:
        return RoomFacts(room, 0)
    members: int = connection.execute(
        "SELECT count(*) FROM member WHERE r = ?", (number(connection, name),)
    ).fetchone()[0]
    return RoomFacts(room, members)


def by_id(connection: sqlite3.Connection, id_: str) -> Room | None:
    """The room of this id."""
    row = connection.execute(f"SELECT {ROOM} FROM room WHERE id = ?", (id_,)).fetchone()
    return Room(*row) if row else None


def numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """The index's own number of each room, by its name."""
    return dict(tuple(row) for row in connection.execute("SELECT name, r FROM room"))


def number(connection: sqlite3.Connection, name: str) -> int:
    """The index's own number of a room, which must exist."""
    r: int = connection.execute(
        "SELECT r FROM room WHERE name = ?", (name,)
    ).fetchone()[0]
    return r


def all_rooms(connection: sqlite3.Connection) -> list[Room]:
    """Every room, oldest first."""
    return [
        Room(*row) for row in connection.execute(f"SELECT {ROOM} FROM room ORDER BY id")
    ]


def put(connection: sqlite3.Connection, room: Room) -> None:
    """Write a room; its last position stays.

    Raises `sqlite3.IntegrityError` where another has its name.
    """
    connection.execute(
        "INSERT INTO room (id, name, topic, created_at, creator, last, lost)"
        " VALUES (?, ?, ?, ?, ?, 0, 0)"
        " ON CONFLICT (id) DO UPDATE SET topic = excluded.topic,"
        " creator = excluded.creator",
        (room.id, room.name, room.topic, room.created_at, room.creator),
    )


def count_lost(connection: sqlite3.Connection, ends: Iterable[Room]) -> int:
    """Note in each room how many positions have no message; their sum.

    `ends` have the last positions that are known to have been given.
    """
    connection.executemany(ENDS, [(room.last, room.id) for room in ends])
    connection.execute(LAST_READ)
    connection.execute(COUNT_LOST)
    lost: int = connection.execute("SELECT sum(lost) FROM room").fetchone()[0]
    return lost


def is_member(connection: sqlite3.Connection, uid: int, name: str) -> bool:
    """Whether an account is in a room."""
    row = connection.execute(
        "SELECT 1 FROM member JOIN room USING (r) WHERE uid = ? AND name = ?",
        (uid, name),
    ).fetchone()
    return row is not None


def memberships(connection: sqlite3.Connection, uid: int) -> tuple[Membership, ...]:
    """The places of an account, by the names of the rooms."""
    rows = connection.execute(
        "SELECT name, joined_at, mark FROM member JOIN room USING (r) WHERE uid = ?"
        " ORDER BY name",
        (uid,),
    )
    return tuple(Membership(*row) for row in rows)


def put_memberships(
    connection: sqlite3.Connection, uid: int, places: tuple[Membership, ...]
) -> None:
    """Write the places of an account; all rooms must be there."""
    connection.execute("DELETE FROM member WHERE uid = ?", (uid,))
    connection.executemany(
        "INSERT INTO member SELECT ?, r, ?, ? FROM room WHERE name = ?",
        [(uid, place.joined_at, place.mark, place.room) for place in places],
    )


def made_by(connection: sqlite3.Connection, uid: int) -> int:
    """How many rooms an account has made."""
    count: int = connection.execute(
        "SELECT count(*) FROM room WHERE creator = ?", (uid,)
    ).fetchone()[0]
    return count
