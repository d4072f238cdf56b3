"""The file of a room."""

import pytest
from msgspec.structs import replace

from nimsg.core.rooms import LOBBY_ID, LOBBY_ROOM, Room
from nimsg.errors import StorageFailure
from nimsg.store.roomfile import decode_room, encode_room
from tests.support.post import START


ID = "01M7Q5CYARTHSNWEH6BRBEXR1Z"
DEN = Room(ID, "den", "wörter", START, 7)


def test_s0_20_a_room_file_is_json_that_people_can_read() -> None:
    assert encode_room(replace(DEN, last=5)).decode() == """\
{
  "created": "2026-11-18T11:06:40.000Z",
  "creator": 7,
  "format": 1,
  "id": "01M7Q5CYARTHSNWEH6BRBEXR1Z",
  "name": "den",
  "topic": "wörter"
}
"""  # fmt: skip


def test_a_room_comes_back_as_it_was() -> None:
    lobby = replace(LOBBY_ROOM, topic="all")

    assert decode_room(encode_room(DEN), ID) == DEN
    assert decode_room(encode_room(lobby), LOBBY_ID) == lobby


@pytest.mark.parametrize(
    ("data", "id_", "why"),
    [
        (b"", ID, "a room file cannot be read"),
        (b"{}", ID, "a room file cannot be read"),
        (b"\xff", ID, "a room file cannot be read"),
        (encode_room(replace(DEN, name="../x")), ID, "a room file cannot be read"),
        (
            encode_room(DEN).replace(b"2026-11-18T11:06:40.000Z", b"today"),
            ID,
            "a room file cannot be read",
        ),
        (encode_room(DEN), ID.replace("1Z", "2Z"), f"holds the room '{ID}'"),
        (encode_room(replace(DEN, id="x")), "x", "holds the room 'x'"),
        (encode_room(replace(DEN, id=LOBBY_ID)), LOBBY_ID, "is not of #lobby"),
    ],
)
def test_what_is_no_room_is_named(data: bytes, id_: str, why: str) -> None:
    with pytest.raises(StorageFailure, match=why):
        decode_room(data, id_)
