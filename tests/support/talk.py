"""What a driven store is asked about rooms, blocks and logins, one commit a step.

All can be asked again where it is not known whether it was done.
"""

from collections.abc import Callable

from nimsg.core.commands import (
    AddBlock,
    Command,
    CreateRoom,
    DeleteDraft,
    JoinRoom,
    LeaveRoom,
    MarkRoom,
    NoteLogin,
    NoteLogout,
    NoteRefused,
    PostNotice,
    PostToRoom,
    RemoveBlock,
    SaveDraft,
    SetTopic,
)
from nimsg.core.ulid import ulid
from nimsg.protocol.constants import LOBBY, Departure, Device, Notice
from nimsg.store.base import HistoryQuery
from tests.support.driven import ANN, Driven, Step


ADDRESS = "192.0.2.1"
Part = Callable[[Driven, int], list[Command]]


def at_once(*parts: Part) -> Step:
    """All of them in one commit; what is done already is refused."""

    def step(driven: Driven, now: int) -> None:
        driven.do([one for part in parts for one in part(driven, now)], now)

    return step


def found(name: str, creator: int = ANN, topic: str = "") -> Part:
    """Make a room."""

    def part(_: Driven, now: int) -> list[Command]:
        id_ = ulid(now, name.encode().ljust(10)[:10])
        return [CreateRoom(id_, creator, name, topic)]

    return part


def enter(uid: int, name: str) -> Part:
    """Join a room."""
    return lambda _, __: [JoinRoom(uid, name)]


def leave(uid: int, name: str) -> Part:
    """Leave a room."""
    return lambda _, __: [LeaveRoom(uid, name)]


def jot(uid: int, key: str, body: str) -> Part:
    """Save a draft; the key is its client_id."""

    def part(_: Driven, now: int) -> list[Command]:
        id_ = ulid(now, f"{uid} {key}".encode().ljust(10)[:10])
        return [SaveDraft(id_, uid, key, "bob", "", body, None)]

    return part


def discard(uid: int, key: str) -> Part:
    """Delete a draft."""
    return lambda _, __: [DeleteDraft(uid, key)]


def mark(uid: int, name: str, position: int) -> Part:
    """Mark a room as read."""
    return lambda _, __: [MarkRoom(uid, name, position)]


def topic(uid: int, name: str, text: str) -> Part:
    """Set a topic."""
    return lambda _, __: [SetTopic(uid, name, text, any_room=True)]


def block(uid: int, other: int) -> Part:
    """Block somebody."""
    return lambda _, __: [AddBlock(uid, other)]


def unblock(uid: int, other: int) -> Part:
    """Take a block back."""
    return lambda _, __: [RemoveBlock(uid, other)]


def say(uid: int, key: str, name: str = LOBBY) -> Part:
    """Post to a room; the key is client_id and body."""
    return lambda _, __: [PostToRoom(uid, name, f"say {key}", key)]


def announce(key: str, about: int) -> Part:
    """A notice in #lobby, of which the key is the text."""

    def part(driven: Driven, _: int) -> list[Command]:
        page = driven.store.history(HistoryQuery(ANN, LOBBY))
        told = any(one.body == key for one in page.messages)
        return [] if told else [PostNotice(Notice.LEFT, key, about)]

    return part


def come(uid: int) -> Part:
    """Log in, who is not."""

    def part(driven: Driven, _: int) -> list[Command]:
        login = driven.store.last_login(uid).login
        inside = login is not None and login.ended_at is None
        return [] if inside else [NoteLogin(uid, Device.TUI, ADDRESS)]

    return part


def go(uid: int) -> Part:
    """Log out, who is not out."""
    return lambda _, __: [NoteLogout(uid, Departure.LOGOUT)]


def fail(uid: int) -> Part:
    """Fail to log in, who has not."""

    def part(driven: Driven, _: int) -> list[Command]:
        failed = driven.store.last_login(uid).failures
        return [] if failed else [NoteRefused(uid, ADDRESS)]

    return part
