"""The check names every disagreement about rooms, members, blocks and logins."""

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from nimsg.core.rooms import LOBBY_ID, Membership, Room
from nimsg.store.check import check_store
from nimsg.store.ledger import encode_login
from nimsg.store.messagefile import NoticeEntry, Positions, RoomPlace
from nimsg.store.plan import RowKind
from nimsg.store.roomfile import encode_room
from tests.support.post import START
from tests.support.ruin import Ruin, named
from tests.support.spoils import DAY_1, Cases, Spoil, check_case, circle, put, sql


# What `keep_company` makes.
DEN, ATTIC = "01M7Q5DB10CHJPW81040G20810", "01M7SQTCRRC5T78TB340G20810"
FIRST, TOPIC = "01M7Q5DDYRXWPH4ZF3FEA2QAPG", "01M7Q5DEY0WZVC04BQDT6VFK9K"
LEFT, LAST = "01M7Q5DHVR5HH44CPDT8GQE4MM", "01M7Q5DJV035C1W9YYFKPG1ZRW"
NOBODY = "01M7Q5DB10ZZZZZZZZZZZZZZZZ"
FILE = f"rooms/{DEN}.json"
ROOM = Room(DEN, "den", "wörter", 1795000021000, 1)


def write(room: Room) -> Spoil:
    """Another room file."""
    return lambda ruin: ruin.layout.room(room.id).write_bytes(encode_room(room))


def change(id_: str, **members: object) -> Spoil:
    """Other members in a message file."""
    return lambda ruin: ruin.change_message(id_, **members)


ROOMS: Cases = {
    "no JSON": (put(FILE, "{"), (f"{FILE}: a room file cannot be read",)),
    "missing": (
        lambda ruin: (ruin.root / FILE).unlink(),
        (f"{FILE}: is missing, and the index has the room",),
    ),
    "unreadable": (circle(FILE), (f"{FILE}: cannot be read: Too many levels",)),
    "spaces": (
        put(FILE, encode_room(ROOM).decode() + " "),
        (f"{FILE}: was changed by other means",),
    ),
    "of another": (
        lambda ruin: ruin.layout.room(ATTIC).write_bytes(encode_room(ROOM)),
        (f"rooms/{ATTIC}.json: holds the room '{DEN}'",),
    ),
    "unknown": (
        write(replace(ROOM, id=NOBODY, name="new")),
        (f"room {NOBODY}: is missing, and its file stands",),
    ),
    "topic": (
        write(replace(ROOM, topic="secret")),
        (f"room {DEN}: has another `topic` than its file",),
    ),
    "creator": (
        write(replace(ROOM, creator=2)),
        (f"room {DEN}: has `creator` 1, by its file 2",),
    ),
    "lobby's topic": (
        lambda ruin: ruin.layout.room(LOBBY_ID).unlink(),
        (f"rooms/{LOBBY_ID}.json: is missing, and the index has the room",),
    ),
    "does not belong": (put("rooms/den.json"), ("rooms/den.json: does not belong",)),
    "left behind": (
        put(f"rooms/{DEN}.json.tmp"),
        (f"rooms/{DEN}.json.tmp: was left behind by nobody",),
    ),
}
MESSAGES: Cases = {
    "fingerprint": (
        sql("UPDATE message SET fingerprint = 'x' WHERE id = ?", FIRST),
        (f"message {FIRST}: has `fingerprint` 'x', by its file",),
    ),
    "about": (
        sql("UPDATE message SET about = 2 WHERE id = ?", LEFT),
        (f"message {LEFT}: has `about` 2, by its file 3",),
    ),
    "about nobody": (
        sql("UPDATE message SET about = 9 WHERE id = ?", LEFT),
        (
            f"message {LEFT}: has `about` 9, by its file 3",
            f"message {LEFT}: is about no account",
        ),
    ),
    "sender": (
        sql("UPDATE message SET sender = 1 WHERE id = ?", TOPIC),
        (f"message {TOPIC}: has `sender` 1, by its file 0",),
    ),
    "in an outbox too": (
        sql("UPDATE message SET position = 99 WHERE id = ?", FIRST),
        (
            f"message {FIRST}: has `position` 99, by its file nothing",
            f"message {FIRST}: has a place in a room and in an outbox",
        ),
    ),
    "room of the file": (
        change(FIRST, room=RoomPlace("zoo", 1)),
        (
            f"message {FIRST}: has `room` 2, by its file -1",
            f"message {FIRST}: has `fingerprint`",
            f"message {FIRST}: has `digest`",
        ),
    ),
    "position of another": (
        change(FIRST, room=RoomPlace("den", 2)),
        (f"message {FIRST}: has `room_position` 1, by its file 2",),
    ),
    "in mailboxes too": (
        change(FIRST, positions=Positions({}, 7)),
        (f"{DAY_1}/{FIRST}.json: is of a room, and has a place in",),
    ),
    "from nobody": (
        change(FIRST, sender=""),
        (
            f"{DAY_1}/{FIRST}.json: is from nobody and no notice",
            f"message {FIRST}: is from '' by its file, and there is no such account",
        ),
    ),
    "notice of no room": (
        lambda ruin: ruin.change_message(
            ruin.ids.shared,
            notice=NoticeEntry("left", None),  # type: ignore[arg-type]
        ),
        (f"{DAY_1}/01M7Q5CYARTHSNWEH6BRBEXR1Z.json: is a notice, and of no",),
    ),
}
ROWS: Cases = {
    "last": (
        sql("UPDATE room SET last = 9 WHERE name = 'den'"),
        ("room den: has `last` 9, by its messages 5",),
    ),
    "lost": (
        sql("UPDATE room SET lost = 2 WHERE name = 'den'"),
        ("room den: has `last` 5, by its messages 7",),
    ),
    "gap": (
        sql("UPDATE message SET room_position = 9 WHERE id = ?", LAST),
        (
            f"message {LAST}: has `room_position` 9, by its file 5",
            "room den: has 5 messages at the positions 1 to 9",
        ),
    ),
    "no room": (
        sql("UPDATE message SET room = 99 WHERE id = ?", LAST),
        (
            f"message {LAST}: has `room` 99, by its file 2",
            f"message {LAST}: is in no room",
            "room den: has `last` 5, by its messages 4",
        ),
    ),
    "row lost": (
        sql("DELETE FROM message WHERE id = ?", LAST),
        (
            f"message {LAST}: is missing, and its file stands",
            "room den: has `last` 5, by its messages 4",
        ),
    ),
    "creator": (
        sql("UPDATE room SET creator = 9 WHERE name = 'den'"),
        (
            f"room {DEN}: has `creator` 9, by its file 1",
            "room den: has no account as its creator 9",
        ),
    ),
    "lobby": (
        sql("UPDATE room SET id = ? WHERE r = 1", NOBODY),
        (
            f"rooms/{NOBODY}.json: is missing",
            f"room {LOBBY_ID}: is missing, and its file stands",
            f"room {LOBBY_ID}: is missing",
        ),
    ),
    "member of no room": (
        sql("INSERT INTO member VALUES (1, 99, 5, 0)"),
        ("member 1 of room 99: is no account, or of no room",),
    ),
    "member that is nobody": (
        sql("INSERT INTO member VALUES (9, 1, 5, 0)"),
        ("member 9 of room 1: is no account, or of no room",),
    ),
    "mark": (
        sql("UPDATE member SET mark = 6 WHERE uid = 2 AND r = 2"),
        (
            "account 2: has another `rooms` than its file",
            "member 2 of room den: has read up to 6, and the last is 5",
        ),
    ),
    "rooms of a file": (
        lambda ruin: ruin.change_account(1, rooms=(Membership("zoo", START, 0),)),
        ("account 1: has another `rooms` than its file",),
    ),
    "blocks of a file": (
        lambda ruin: ruin.change_account(1, blocks=(2,)),
        ("account 1: has another `blocks` than its file",),
    ),
    "block of nobody": (
        sql("INSERT INTO block VALUES (1, 9)"),
        (
            "account 1: has another `blocks` than its file",
            "account 1: blocks the account 9, or is none",
        ),
    ),
    "alive": (
        sql("UPDATE meta SET value = 'x' WHERE key = 'alive_at'"),
        ("the file: has no right value of `alive_at`",),
    ),
}
LOGINS: Cases = {
    "row lost": (
        sql("DELETE FROM login WHERE n = 20"),
        ("login 20: is missing, and a line of the ledger tells of it",),
    ),
    "row added": (
        sql("INSERT INTO login VALUES (19, 1, 5, '', 'tui', 0, NULL, NULL)"),
        ("login 19: stands, and no line of the ledger tells of it",),
    ),
    "end": (
        sql("UPDATE login SET ended_at = 5 WHERE n = 20"),
        ("login 20: differs from what the ledger tells",),
    ),
    "of nobody": (
        sql("UPDATE login SET uid = 9 WHERE n = 20"),
        (
            "login 20: differs from what the ledger tells",
            "login 20: is of no account",
        ),
    ),
    "address": (
        lambda ruin: ruin.change_line(8, address="192.0.2.2"),
        ("login 20: differs from what the ledger tells",),
    ),
    "no address": (
        lambda ruin: ruin.change_line(9, address=UNSET),
        (
            "ledger/2026-11-19.jsonl line 6: the login has no address",
            "login 21: stands, and no line of the ledger tells of it",
        ),
    ),
    "no reason": (
        lambda ruin: ruin.change_line(13, reason=UNSET),
        (
            "ledger/2026-11-19.jsonl line 10: the logout has no reason",
            "login 22: differs from what the ledger tells",
        ),
    ),
    "logout of who was not in": (
        lambda ruin: ruin.change_line(13, user="cyd"),
        (
            "ledger/2026-11-19.jsonl line 10: cyd was not logged in",
            "login 22: differs from what the ledger tells",
        ),
    ),
    "login of a stranger": (
        lambda ruin: ruin.change_line(9, user="eve"),
        (
            "ledger/2026-11-19.jsonl line 6: there is no account 'eve'",
            "login 21: stands, and no line",
        ),
    ),
    "number of another": (
        lambda ruin: ruin.change_line(9, n=20),
        (
            "ledger/2026-11-19.jsonl line 6: has the number 20 after 20",
            "ledger/2026-11-19.jsonl line 6: another line has its number 20",
            "login 21: stands, and no line",
        ),
    ),
}
EVENT = encode_login("bob", START, None, "192.0.2.1", refused=True)
JOURNAL: Cases = {
    "room": (
        lambda ruin: ruin.add_journal_row(
            60, RowKind.ROOM, NOBODY, encode_room(replace(ROOM, id=NOBODY))
        ),
        ("journal row 60: cannot be filed: the index has no such room",),
    ),
    "no room": (
        lambda ruin: ruin.add_journal_row(60, RowKind.ROOM, DEN, b"{}"),
        ("journal row 60: cannot be filed: a room file cannot be read",),
    ),
    "login": (
        lambda ruin: ruin.add_journal_row(60, RowKind.EVENT, "", EVENT),
        ("login 60: is missing, and a line of the ledger tells of it",),
    ),
}
EVERYTHING = {
    f"{part} {case}": told
    for part, cases in {
        "room": ROOMS,
        "message": MESSAGES,
        "row": ROWS,
        "login": LOGINS,
        "journal": JOURNAL,
    }.items()
    for case, told in cases.items()
}


@pytest.mark.parametrize("case", EVERYTHING)
def test_s2_18_every_disagreement_about_company_is_named(club: Ruin, case: str) -> None:
    check_case(club, *EVERYTHING[case])


def test_s2_18_the_sums_tell_of_rooms(club: Ruin) -> None:
    report = check_store(club.root)
    assert (report.rooms, report.messages, report.posts) == (4, 11, 8)

    club.layout.index.unlink()
    assert check_store(club.root).rooms == 4
    club.layout.room(LOBBY_ID).unlink()
    assert check_store(club.root).rooms == 4


def test_a_room_that_waits_to_be_filed_is_no_disagreement(club: Ruin) -> None:
    club.add_journal_row(60, RowKind.ROOM, DEN, encode_room(ROOM))
    club.layout.room(DEN).unlink()
    put(f"rooms/{DEN}.json.tmp")(club)

    assert club.problems == []


def test_a_lobby_without_a_topic_may_have_a_file(club: Ruin) -> None:
    club.sql("UPDATE room SET topic = '' WHERE r = 1")
    assert named(club.problems, f"room {LOBBY_ID}: has another `topic` than its file")
    club.layout.room(LOBBY_ID).unlink()
    assert club.problems == []
