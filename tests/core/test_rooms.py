"""Rooms: who makes one, who is in it, how far they have read."""

import pytest
from msgspec.structs import replace

from nimsg.core import rooms
from nimsg.core.commands import CreateRoom, MarkRoom, SetTopic
from nimsg.core.rooms import LOBBY_ROOM, Membership, Room
from nimsg.errors import Refusal
from nimsg.protocol.constants import LOBBY, limit


ID = "01M7Q5CYARTHSNWEH6BRBEXR1Z"
DEN = Room(ID, "den", "topic", 5, 1, last=7)
IN_DEN = Membership("den", 6, 3)
IN_LOBBY = Membership(LOBBY, 5, 0)


def refused(
    kind: str, data: dict[str, object] | None = None
) -> "pytest.RaisesExc[Refusal]":
    return pytest.RaisesExc(
        Refusal,
        check=lambda refusal: (
            refusal.kind == kind and (data is None or refusal.data == data)
        ),
    )


def test_a_room_is_what_its_maker_says() -> None:
    command = CreateRoom(ID, 1, "den", "topic")

    assert rooms.decide_room(command, 5, taken=False) == replace(DEN, last=0)
    with refused("room_exists", {"room": "den"}):
        rooms.decide_room(command, 5, taken=True)


@pytest.mark.parametrize(
    ("actor", "any_room", "places", "kind"),
    [
        (1, False, (IN_DEN,), ""),
        (2, False, (IN_DEN,), "not_permitted"),
        (2, True, (IN_DEN,), ""),
        (1, False, (IN_LOBBY,), "not_member"),
        (2, True, (), ""),
    ],
)
def test_who_sets_a_topic(
    actor: int, any_room: bool, places: tuple[Membership, ...], kind: str
) -> None:
    command = SetTopic(actor, "den", "new", any_room)

    if kind:
        with refused(kind):
            rooms.decide_topic(DEN, command, places)
    else:
        after = rooms.decide_topic(DEN, command, places)
        assert after == replace(DEN, topic="new")


def test_nobody_made_the_lobby_and_an_admin_sets_its_topic() -> None:
    command = SetTopic(1, LOBBY, "new", any_room=False)

    with refused("not_permitted"):
        rooms.decide_topic(LOBBY_ROOM, command, (IN_LOBBY,))
    command = replace(command, any_room=True)
    assert rooms.decide_topic(LOBBY_ROOM, command, (IN_LOBBY,)).topic == "new"


def test_who_joins_has_nothing_to_catch_up_on() -> None:
    after = rooms.joined((IN_LOBBY,), DEN, 1, 9)

    assert after == (Membership("den", 9, 7), IN_LOBBY)
    with refused("already_member", {"room": "den"}):
        rooms.joined(after, DEN, 1, 9)


def test_an_account_is_in_so_many_rooms() -> None:
    most = limit("rooms_joined")
    places = tuple(Membership(f"r{n:03}", 5, 0) for n in range(most - 1))

    last = rooms.joined(places, DEN, 1, 9)
    assert len(last) == most
    with refused("too_many"):
        rooms.joined(last, replace(DEN, name="zoo"), 1, 9)


def test_a_room_has_so_many_members_and_the_lobby_everybody() -> None:
    most = limit("room_members")

    rooms.joined((), DEN, most - 1, 9)
    with refused("too_many"):
        rooms.joined((), DEN, most, 9)
    assert rooms.joined((), LOBBY_ROOM, most, 9) == (Membership(LOBBY, 9, 0),)


def test_who_leaves_is_in_the_other_rooms_still() -> None:
    assert rooms.left((IN_DEN, IN_LOBBY), "den") == (IN_LOBBY,)
    with refused("not_member", {"room": "den"}):
        rooms.left((IN_LOBBY,), "den")


@pytest.mark.parametrize(("to", "mark"), [(2, 3), (3, 3), (4, 4), (7, 7), (9, 7)])
def test_a_mark_never_goes_back_nor_beyond_the_last(to: int, mark: int) -> None:
    after = rooms.marked((IN_DEN, IN_LOBBY), DEN, MarkRoom(1, "den", to))

    assert after == (replace(IN_DEN, mark=mark), IN_LOBBY)


def test_only_a_member_marks() -> None:
    with refused("not_member"):
        rooms.marked((IN_LOBBY,), DEN, MarkRoom(1, "den", 1))


def test_a_room_that_is_not_there() -> None:
    assert rooms.require_room(DEN, "den") is DEN
    with refused("unknown_room", {"room": "den"}):
        rooms.require_room(None, "den")
