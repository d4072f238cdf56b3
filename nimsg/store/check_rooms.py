"""Rooms: their files beside the index, and the rows that have to do with them."""

from typing import Final

from msgspec.structs import asdict, replace

from nimsg.core.rooms import LOBBY_ID, Room
from nimsg.errors import StorageFailure
from nimsg.store import roombook
from nimsg.store.check_files import CHANGED, differences, read_file
from nimsg.store.findings import Findings
from nimsg.store.layout import Layout
from nimsg.store.plan import RowKind
from nimsg.store.roomfile import decode_room, encode_room
from nimsg.store.snapshot import Snapshot
from nimsg.store.survey import Survey


# Each gives the rows that break a rule, and in which words.
ROOM_RULES: Final = (
    "SELECT 'message ' || id, 'has a place in a room and in an outbox, or in neither'"
    " FROM message WHERE (room IS NULL) != (room_position IS NULL)"
    " OR (room IS NULL) = (position IS NULL)",
    "SELECT 'message ' || id, 'is in no room'"
    " FROM message WHERE room IS NOT NULL AND room NOT IN (SELECT r FROM room)",
    "SELECT 'message ' || id, 'is about no account'"
    " FROM message WHERE about IS NOT NULL"
    " AND about NOT IN (SELECT uid FROM account)",
    "SELECT 'room ' || name, 'has no account as its creator ' || creator"
    " FROM room WHERE creator IS NOT NULL"
    " AND creator NOT IN (SELECT uid FROM account)",
    f"SELECT 'room {LOBBY_ID}', 'is missing'"
    f" WHERE NOT EXISTS (SELECT 1 FROM room WHERE id = '{LOBBY_ID}')",
    "SELECT 'room ' || name, 'has ' || count(*) || ' messages at the positions '"
    " || min(room_position) || ' to ' || max(room_position) FROM room"
    " JOIN message ON room = r GROUP BY r"
    " HAVING min(room_position) < 1 OR max(room_position) > count(*) + lost",
    "SELECT 'room ' || name, 'has `last` ' || last || ', by its messages '"
    " || (count(room) + lost)"
    " FROM room LEFT JOIN message ON room = r GROUP BY r"
    " HAVING last != count(room) + lost",
    "SELECT 'member ' || uid || ' of room ' || r, 'is no account, or of no room'"
    " FROM member WHERE uid NOT IN (SELECT uid FROM account)"
    " OR r NOT IN (SELECT r FROM room)",
    "SELECT 'member ' || uid || ' of room ' || name, 'has read up to ' || mark"
    " || ', and the last is ' || last"
    " FROM member JOIN room USING (r) WHERE mark < 0 OR mark > last",
)


def check_rooms(
    layout: Layout, seen: Survey, index: Snapshot | None, findings: Findings
) -> None:
    """Every room file, and every room of the index."""
    known: dict[str, Room] = {}
    if index is not None:
        known = {one.id: one for one in roombook.all_rooms(index.connection)}
    for id_ in sorted(seen.rooms | known.keys()):
        room = _read(layout, id_, known.get(id_), index, findings)
        if room is not None and index is not None:
            _compare(room, known.get(id_), index, findings)


def _read(
    layout: Layout,
    id_: str,
    known: Room | None,
    index: Snapshot | None,
    findings: Findings,
) -> Room | None:
    path = layout.room(id_)
    say = findings.file(path)
    try:
        data = read_file(path)
        if data is None:
            # Without a topic #lobby has no file.
            bare = id_ == LOBBY_ID and known is not None and not known.topic
            if not bare and (index is None or not index.unsettled(RowKind.ROOM, id_)):
                say("is missing, and the index has the room")
            return None
        room = decode_room(data, id_)
    except StorageFailure as failure:
        say(str(failure))
        return None
    if encode_room(room) != data:
        say(CHANGED)
    return room


def _compare(
    by_file: Room, found: Room | None, index: Snapshot, findings: Findings
) -> None:
    say = findings.index(f"room {by_file.id}")
    if found is None:
        say("is missing, and its file stands")
        return
    expected = replace(by_file, last=found.last)
    if expected != found and not index.unsettled(RowKind.ROOM, by_file.id):
        one, other = asdict(found).values(), asdict(expected).values()
        for what in differences(Room.__struct_fields__, tuple(one), tuple(other)):
            say(what)
