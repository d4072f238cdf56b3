"""The file of a room, below rooms/. Times are RFC 3339; its members have the rest."""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nimsg.core.rooms import LOBBY_ID, LOBBY_ROOM, Room
from nimsg.errors import Refusal, StorageFailure
from nimsg.protocol.constants import LOBBY
from nimsg.protocol.rules import check_room, is_id
from nimsg.protocol.times import parse_rfc3339, rfc3339
from nimsg.store.jsonfile import encode_file


class RoomFile(Struct, frozen=True):
    """The members of a room file; `creator` is the number of an account."""

    id: str
    name: str
    topic: str
    created: str
    creator: int | None
    format: int = 1


DECODER = msgspec.json.Decoder(RoomFile)


def encode_room(room: Room) -> bytes:
    """The file's bytes."""
    return encode_file(
        RoomFile(room.id, room.name, room.topic, rfc3339(room.created_at), room.creator)
    )


def decode_room(data: bytes, id_: str) -> Room:
    """Read the file of an id. Raises `StorageFailure` where it is not that."""
    try:
        file = DECODER.decode(data)
        check_room(file.name)
        room = Room(
            file.id, file.name, file.topic, parse_rfc3339(file.created), file.creator
        )
    except (msgspec.MsgspecError, ValueError, Refusal) as error:
        raise StorageFailure(f"a room file cannot be read: {error}") from None
    if not is_id(id_) or room.id != id_:
        raise StorageFailure(f"holds the room {room.id!r}")
    if id_ == LOBBY_ID and replace(room, topic="") != LOBBY_ROOM:
        raise StorageFailure(f"is not of #{LOBBY}")
    return room
