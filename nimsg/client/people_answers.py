"""What a server answers about people, rooms and private links, as typed values.

Every parser raises `ProtocolFault` for a member that is missing or senseless. Texts
are kept as they came; whoever shows them cleans them. Times are ms UTC.
"""

from typing import NamedTuple

from nimsg.client.answers import (
    flag,
    identifier,
    maybe_number,
    maybe_text,
    number,
    rows,
    text,
    unusable,
)
from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import Departure, Notice
from nimsg.protocol.digest import message_digest
from nimsg.protocol.strict import JsonObject


NOTICES = frozenset(Notice)
DEPARTURES = frozenset(Departure)


class LoginRow(NamedTuple):
    """A login, or with `refused` a try that failed."""

    at: int
    address: str
    device: str | None
    refused: bool
    ended_at: int | None
    reason: str | None


class Welcome(NamedTuple):
    """Who is logged in, what is waiting, and how to come back."""

    user: str
    role: str
    new: int
    time: int
    resume: str | None
    last_login: LoginRow | None
    failures: int
    timeout_s: int


class OnlineRow(NamedTuple):
    """Somebody who is online."""

    user: str
    since: int
    device: str


class SeenRow(NamedTuple):
    """When somebody was online; `seen_at` is None where that is not known."""

    user: str
    online: bool
    seen_at: int | None


class SessionRow(NamedTuple):
    """A connection; `user` is None before its login."""

    user: str | None
    device: str | None
    address: str
    since: int
    active_at: int
    command: str | None


class RoomInfo(NamedTuple):
    """A room; `mark` and `unread` are None for who is not in it."""

    room: str
    topic: str
    created_by: str | None
    members: int
    last: int
    mark: int | None
    unread: int | None


class RoomMessage(NamedTuple):
    """A message of a room; with a `notice` the server says it, maybe `about` one."""

    room: str
    position: int
    id: str
    sender: str
    body: str
    sent_at: int
    notice: str | None
    about: str | None = None


class RoomPage(NamedTuple):
    """Messages of a room by position, oldest first.

    `positions` are those of so many `damaged` ones too, in order.
    """

    messages: list[RoomMessage]
    last: int
    mark: int
    more: bool
    damaged: int
    positions: list[int]


class Offer(NamedTuple):
    """Where somebody listens for a private link, and what proves both sides."""

    user: str
    host: str
    port: int
    fingerprint: str
    mine: str
    theirs: str

    def __repr__(self) -> str:
        return f"<Offer of {self.user}>"


def login_row(row: JsonObject) -> LoginRow:
    """Parse a login."""
    return LoginRow(
        number(row, "at"),
        text(row, "address"),
        maybe_text(row, "device"),
        flag(row, "refused"),
        maybe_number(row, "ended_at"),
        maybe_text(row, "reason"),
    )


def welcome(row: JsonObject) -> Welcome:
    """Parse what a login is answered with."""
    last = row.get("last_login")
    if last is not None and not isinstance(last, dict):
        raise unusable("last_login")
    return Welcome(
        text(row, "user"),
        text(row, "role"),
        number(row, "new"),
        number(row, "time"),
        maybe_text(row, "resume"),
        None if last is None else login_row(last),
        maybe_number(row, "failures") or 0,
        maybe_number(row, "timeout_s") or 0,
    )


def online_row(row: JsonObject) -> OnlineRow:
    """Parse who is online."""
    return OnlineRow(text(row, "user"), number(row, "since"), text(row, "device"))


def seen_row(row: JsonObject) -> SeenRow:
    """Parse when somebody was online."""
    return SeenRow(text(row, "user"), flag(row, "online"), maybe_number(row, "seen_at"))


def session_row(row: JsonObject) -> SessionRow:
    """Parse a connection."""
    return SessionRow(
        maybe_text(row, "user"),
        maybe_text(row, "device"),
        text(row, "address"),
        number(row, "since"),
        number(row, "active_at"),
        maybe_text(row, "command"),
    )


def room_info(row: JsonObject) -> RoomInfo:
    """Parse a room."""
    return RoomInfo(
        text(row, "room"),
        text(row, "topic"),
        maybe_text(row, "created_by"),
        number(row, "members"),
        number(row, "last"),
        maybe_number(row, "mark"),
        maybe_number(row, "unread"),
    )


def room_message(row: JsonObject) -> RoomMessage:
    """Parse a message of a room and check its digest."""
    notice = maybe_text(row, "notice")
    if notice is not None and notice not in NOTICES:
        raise unusable("notice")
    found = RoomMessage(
        text(row, "room"),
        number(row, "position"),
        identifier(row),
        text(row, "from"),
        text(row, "body"),
        number(row, "sent_at"),
        notice,
        maybe_text(row, "about"),
    )
    digest = message_digest(
        id=found.id,
        sender=found.sender,
        to=[],
        sent_at=found.sent_at,
        subject="",
        body=found.body,
        reply_to=None,
        room=found.room,
    )
    if digest != text(row, "digest"):
        raise ProtocolFault(
            "damaged", "a message of a room does not match its digest", fatal=False
        )
    return found


def room_page(row: JsonObject) -> RoomPage:
    """Parse a page of a room's history."""
    damaged = row.get("damaged")
    if not isinstance(damaged, list) or not all(type(at) is int for at in damaged):
        raise unusable("damaged")
    messages = rows(row, "messages", room_message)
    return RoomPage(
        messages,
        number(row, "last"),
        number(row, "mark"),
        flag(row, "more"),
        len(damaged),
        sorted([*(one.position for one in messages), *damaged]),
    )


def offer(row: JsonObject) -> Offer:
    """Parse the answer of somebody who agreed to a private link."""
    return Offer(
        text(row, "user"),
        text(row, "host"),
        number(row, "port"),
        text(row, "fingerprint"),
        text(row, "mine"),
        text(row, "theirs"),
    )
