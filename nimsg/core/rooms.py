"""Rooms and who is in them: decisions about both."""

from msgspec import Struct
from msgspec.structs import replace

from nimsg.core.commands import CreateRoom, MarkRoom, SetTopic
from nimsg.errors import Refusal
from nimsg.protocol.constants import LOBBY, limit


LOBBY_ID = "0" * 26


class Room(Struct, frozen=True):
    """One room; `last` is the position of its newest message.

    `creator` is the number of an account, None for #lobby.
    """

    id: str
    name: str
    topic: str
    created_at: int
    creator: int | None
    last: int = 0


class Membership(Struct, frozen=True):
    """An account's place in a room; it has read up to the position `mark`."""

    room: str
    joined_at: int
    mark: int


LOBBY_ROOM = Room(LOBBY_ID, LOBBY, "", 0, None)


def decide_room(command: CreateRoom, now: int, *, taken: bool, made: int = 0) -> Room:
    """The new room; `made` is how many its creator has made before.

    Raises `Refusal`: `room_exists`, `too_many`.
    """
    if taken:
        raise Refusal("room_exists", data={"room": command.room})
    if made >= limit("rooms_made"):
        raise Refusal("too_many", f"you can make {limit('rooms_made')} rooms")
    return Room(command.id, command.room, command.topic, now, command.creator)


def decide_topic(
    room: Room, command: SetTopic, memberships: tuple[Membership, ...]
) -> Room:
    """The room under a new topic.

    Raises `Refusal`: `not_member`, or `not_permitted` where another made it.
    """
    if not command.any_room:
        require_member(memberships, room.name)
        if room.creator != command.actor:
            who = "admins" if room.creator is None else "who made the room, and admins"
            raise Refusal("not_permitted", f"the topic is set by {who}")
    return replace(room, topic=command.topic)


def joined(
    memberships: tuple[Membership, ...], room: Room, members: int, now: int
) -> tuple[Membership, ...]:
    """Memberships with one more; what was said before is marked as read.

    `members` is how many the room has. Raises `Refusal`: `already_member`,
    `too_many`.
    """
    if member_of(memberships, room.name) is not None:
        raise Refusal("already_member", data={"room": room.name})
    if len(memberships) >= limit("rooms_joined"):
        raise Refusal("too_many", f"you can be in {limit('rooms_joined')} rooms")
    if room.name != LOBBY and members >= limit("room_members"):
        raise Refusal("too_many", f"a room has at most {limit('room_members')} members")
    found = (*memberships, Membership(room.name, now, room.last))
    return tuple(sorted(found, key=lambda one: one.room))


def left(memberships: tuple[Membership, ...], name: str) -> tuple[Membership, ...]:
    """Memberships without one. Raises `Refusal("not_member")`."""
    require_member(memberships, name)
    return tuple(one for one in memberships if one.room != name)


def marked(
    memberships: tuple[Membership, ...], room: Room, command: MarkRoom
) -> tuple[Membership, ...]:
    """Memberships with a mark moved on; it never goes back nor beyond the last.

    Raises `Refusal("not_member")`.
    """
    require_member(memberships, room.name)
    to = min(command.position, room.last)
    return tuple(
        replace(one, mark=to) if one.room == room.name and one.mark < to else one
        for one in memberships
    )


def member_of(memberships: tuple[Membership, ...], name: str) -> Membership | None:
    """The place in a room, None for who is not in it."""
    return next((one for one in memberships if one.room == name), None)


def require_member(memberships: tuple[Membership, ...], name: str) -> Membership:
    """The place in a room. Raises `Refusal("not_member")`."""
    found = member_of(memberships, name)
    if found is None:
        raise Refusal("not_member", data={"room": name})
    return found


def require_room(room: Room | None, name: str) -> Room:
    """The room. Raises `Refusal("unknown_room")`."""
    if room is None:
        raise Refusal("unknown_room", data={"room": name})
    return room
