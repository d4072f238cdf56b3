"""Results and events of rooms. Times are ms UTC."""

from msgspec import Struct, field

from nimsg.protocol.constants import Notice
from nimsg.protocol.results import Result


class RoomInfo(Struct, frozen=True):
    """A room: its last position, how many are in it, and how far the asker has read.

    `unread` counts what others said behind the `mark`, up to a limit. Both are null
    for who is not in it; who made #lobby, and when, is null.
    """

    room: str
    topic: str
    created_at: int | None
    created_by: str | None
    members: int
    last: int
    mark: int | None
    unread: int | None


class Rooms(Result, frozen=True):
    """Rooms by name; `next` is the `after` of the page after."""

    rooms: list[RoomInfo]
    next: str | None


class Members(Result, frozen=True):
    """Names of a room's members; `next` is the `after` of the page after."""

    room: str
    members: list[str]
    next: str | None


class RoomMessage(Result, frozen=True):
    """A message of a room, at its position.

    With a `notice` the server says it: `from` is empty, `about` whom it is about.
    """

    room: str
    position: int
    id: str
    sender: str = field(name="from")
    body: str
    sent_at: int
    digest: str
    notice: Notice | None = None
    about: str | None = None


class RoomPage(Result, frozen=True):
    """Messages of a room by position, oldest first, and how far the asker has read.

    `last` is the newest position there is, `more` says that there are others beyond
    the page in its direction. `damaged` are positions whose file cannot be read.
    """

    room: str
    messages: list[RoomMessage]
    last: int
    mark: int
    more: bool
    damaged: list[int]


class Joined(Result, frozen=True):
    """The asker is in the room; the newest page of its history."""

    room: RoomInfo
    history: RoomPage


class Posted(Result, frozen=True):
    """The message stands on the disk, at its position in the room."""

    room: str
    id: str
    position: int
    sent_at: int
    digest: str
    hash: str
    duplicate: bool
    missed: RoomPage | None = None
