"""What a search finds in rooms."""

from typing import NamedTuple

from nimsg.client import answers
from nimsg.protocol.rules import ROOM
from nimsg.protocol.strict import JsonObject


class RoomHit(NamedTuple):
    """A message of a room that a search found, and text around the words."""

    room: str
    position: int
    sender: str
    sent_at: int
    snippet: str | None


def name(row: JsonObject) -> str:
    """A member `room` that must be the name of one. Raises `ProtocolFault`."""
    found = answers.text(row, "room")
    if not ROOM.match(found):
        raise answers.unusable("room")
    return found


def hit(row: JsonObject) -> RoomHit | None:
    """Parse a hit of a search where it is a room's message."""
    if row.get("room") is None:
        return None
    found = answers.member(row, "room")
    return RoomHit(
        name(found),
        answers.number(found, "position"),
        answers.text(found, "from"),
        answers.number(found, "sent_at"),
        answers.maybe_text(row, "snippet"),
    )
