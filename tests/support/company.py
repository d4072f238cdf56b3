"""Rooms, blocks and logins of a store that a test has opened."""

from typing import NamedTuple

from nimsg.core.commands import (
    AddBlock,
    CreateRoom,
    EndLogins,
    JoinRoom,
    LeaveRoom,
    MarkRoom,
    NoteLogin,
    NoteLogout,
    NoteRefused,
    PostNotice,
    PostToRoom,
    SentPost,
    SetTopic,
)
from nimsg.core.rooms import Membership
from nimsg.core.ulid import ulid
from nimsg.protocol.constants import LOBBY, Departure, Device, Notice
from nimsg.protocol.results_rooms import RoomInfo, RoomMessage, RoomPage
from nimsg.store.base import HistoryQuery, RoomsQuery
from tests.support.post import DAY, Post


class Company(NamedTuple):
    """A room with five messages, the third of them a notice, and ids of two."""

    room: str
    first: str
    last: str


def found(post: Post, uid: int, name: str, topic: str = "") -> str:
    """Make a room; its id."""
    id_ = ulid(post.now, name.encode().ljust(10)[:10])
    post.ask(CreateRoom(id_, uid, name, topic))
    return id_


def enter(post: Post, uid: int, name: str) -> None:
    """Join a room."""
    post.ask(JoinRoom(uid, name))


def leave(post: Post, uid: int, name: str) -> None:
    """Leave a room."""
    post.ask(LeaveRoom(uid, name))


def mark(post: Post, uid: int, name: str, position: int) -> int:
    """Mark a room as read; how far it is then."""
    post.ask(MarkRoom(uid, name, position))
    return place(post, uid, name).mark


def place(post: Post, uid: int, name: str) -> Membership:
    """The place of a member."""
    rooms = post.store.account_by_uid(uid).rooms
    return next(one for one in rooms if one.room == name)


def say(
    post: Post, uid: int, name: str, body: str, client_id: str | None = None
) -> SentPost:
    """Post to a room."""
    key = body if client_id is None else client_id
    value = post.ask(PostToRoom(uid, name, key, body)).value
    assert isinstance(value, SentPost)
    return value


def announce(
    post: Post,
    text: str,
    about: int | None = None,
    name: str = LOBBY,
    notice: Notice = Notice.LEFT,
) -> SentPost:
    """A notice of the server's."""
    value = post.ask(PostNotice(notice, text, about, name)).value
    assert isinstance(value, SentPost)
    return value


def history(post: Post, uid: int, name: str, **more: object) -> RoomPage:
    """A page of a room."""
    return post.store.history(HistoryQuery(uid, name, **more))  # type: ignore[arg-type]


def heard(post: Post, uid: int, name: str, **more: object) -> list[RoomMessage]:
    """The messages of a page."""
    return history(post, uid, name, **more).messages


def bodies(post: Post, uid: int, name: str, **more: object) -> list[str]:
    """The texts of a page."""
    return [one.body for one in heard(post, uid, name, **more)]


def listed(post: Post, uid: int) -> dict[str, RoomInfo]:
    """All rooms by name."""
    return {one.room: one for one in post.store.rooms(RoomsQuery(uid)).rooms}


def come(post: Post, uid: int, address: str = "192.0.2.1") -> int:
    """Log in; the number of it."""
    return post.number(NoteLogin(uid, Device.TUI, address))


def go(post: Post, uid: int, reason: Departure = Departure.LOGOUT) -> int:
    """Log out; the number of the line."""
    return post.number(NoteLogout(uid, reason))


def fail(post: Post, uid: int, address: str = "192.0.2.9") -> int:
    """Fail to log in; the number of it."""
    return post.number(NoteRefused(uid, address))


def keep_company(post: Post) -> Company:
    """What there is beside mail, on two days, for the people of `keep_busy`."""
    ann, bob, cyd = 1, 2, 3
    come(post, ann)
    fail(post, bob)
    come(post, bob, "2001:db8::1")
    found(post, ann, "den", "a topic")
    enter(post, bob, "den")
    first = say(post, ann, "den", "hello den").message.id
    post.do(SetTopic(ann, "den", "wörter", any_room=False))
    enter(post, cyd, "den")
    say(post, cyd, "den", "hello cyd")
    announce(post, "User cyd disconnected", cyd, "den", Notice.LOST)
    last = say(post, bob, "den", "wörter\n").message.id
    mark(post, bob, "den", 4)
    post.do(SetTopic(ann, LOBBY, "everybody", any_room=True))
    announce(post, "User bob disconnected", bob)
    post.now += DAY
    found(post, bob, "attic")
    found(post, cyd, "cellar")
    leave(post, cyd, "cellar")
    say(post, bob, LOBBY, "hello all")
    post.do(AddBlock(ann, cyd), AddBlock(ann, bob), AddBlock(cyd, ann))
    go(post, ann, Departure.TIMEOUT)
    come(post, ann)
    post.now -= DAY
    post.do(EndLogins())
    come(post, cyd)
    leave(post, cyd, "den")
    return Company("den", first, last)
