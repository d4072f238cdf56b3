"""What a server says unasked, as typed values; what is none of these is ignored."""

from collections.abc import Callable
from typing import NamedTuple

from nimsg.client.answers import (
    flag,
    identifier,
    maybe_number,
    maybe_text,
    number,
    text,
    unusable,
)
from nimsg.client.people_answers import DEPARTURES, RoomMessage, room_message
from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import LinkEnd
from nimsg.protocol.envelope import ServerEvent
from nimsg.protocol.strict import JsonObject


LINK_ENDS = frozenset(LinkEnd)


class Presence(NamedTuple):
    """Somebody came, or with a `reason` went; times are ms UTC."""

    user: str
    reason: str | None
    at: int


class Broadcast(NamedTuple):
    """A text for all who are online."""

    sender: str
    body: str
    at: int


class Invited(NamedTuple):
    """Somebody asks for a private link; the question waits until `expires_at`."""

    invitation: str
    user: str
    expires_at: int


class LinkEnded(NamedTuple):
    """A private link with somebody, or an invitation to one, is over."""

    user: str
    reason: str


class ShuttingDown(NamedTuple):
    """The server ends in so many seconds; None where that was canceled."""

    left_s: int | None
    at: int


Event = Presence | Broadcast | RoomMessage | Invited | LinkEnded | ShuttingDown


def parse(event: ServerEvent) -> Event | None:
    """The event, None for one that is unknown or makes no sense."""
    read = PARSERS.get(event.method)
    if read is None:
        return None
    try:
        return read(event.params)
    except ProtocolFault:
        return None


def _presence(row: JsonObject) -> Presence:
    reason = maybe_text(row, "reason")
    if flag(row, "online") != (reason is None) or reason not in {None, *DEPARTURES}:
        raise unusable("reason")
    return Presence(text(row, "user"), reason, number(row, "at"))


def _broadcast(row: JsonObject) -> Broadcast:
    return Broadcast(text(row, "from"), text(row, "body"), number(row, "at"))


def _invited(row: JsonObject) -> Invited:
    return Invited(
        identifier(row, "invitation"), text(row, "user"), number(row, "expires_at")
    )


def _link_ended(row: JsonObject) -> LinkEnded:
    reason = text(row, "reason")
    if reason not in LINK_ENDS:
        raise unusable("reason")
    return LinkEnded(text(row, "user"), reason)


def _shutting_down(row: JsonObject) -> ShuttingDown:
    return ShuttingDown(maybe_number(row, "left_s"), number(row, "at"))


PARSERS: dict[str, Callable[[JsonObject], Event]] = {
    "presence": _presence,
    "broadcast": _broadcast,
    "room.message": room_message,
    "private.invited": _invited,
    "private.ended": _link_ended,
    "shutdown": _shutting_down,
}
