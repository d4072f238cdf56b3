"""Parameters of every method, as the server decodes them.

Fields are named on the wire as here. A field with a default may be left out;
unknown fields are refused.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from nimsg.protocol.constants import Box, Device, Show, limit


INTEGER_MAX = limit("integer_max")

# Patterns end in \Z, because $ lets a newline pass.
Name = Annotated[str, Meta(min_length=1, max_length=limit("name_chars"))]
Password = Annotated[str, Meta(min_length=1, max_length=limit("password_bytes"))]
MessageId = Annotated[str, Meta(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
ClientId = Annotated[str, Meta(pattern=rf"^[!-~]{{1,{limit('client_id_chars')}}}\Z")]
Cursor = Annotated[str, Meta(max_length=128)]
Position = Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
Millis = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
SignedMillis = Annotated[int, Meta(ge=-INTEGER_MAX, le=INTEGER_MAX)]
OriginText = Annotated[str, Meta(max_length=limit("origin_chars"))]
PageLimit = Annotated[int, Meta(ge=1, le=limit("page_rows"))]
SearchLimit = Annotated[int, Meta(ge=1, le=limit("search_rows"))]
WaitMillis = Annotated[int, Meta(ge=0, le=limit("wait_ms"))]
Label = Annotated[str, Meta(min_length=1, max_length=limit("label_chars"))]
Code = Annotated[str, Meta(max_length=128)]
Role = Annotated[str, Meta(pattern=r"^(user|admin)\Z")]
RoomName = Annotated[
    str, Meta(pattern=rf"^[a-z0-9._-]{{1,{limit('room_name_chars')}}}\Z")
]
Topic = Annotated[str, Meta(max_length=limit("topic_chars"))]
LoginsLimit = Annotated[int, Meta(ge=1, le=limit("logins_rows"))]
HistoryLimit = Annotated[int, Meta(ge=1, le=limit("history_rows"))]
Recipients = Annotated[list[Name], Meta(min_length=1, max_length=limit("recipients"))]


class Params(Struct, frozen=True, forbid_unknown_fields=True):
    """Root of all parameters."""


class Nothing(Params, frozen=True):
    """No parameters."""


class Begin(Params, frozen=True):
    """Who wants to log in."""

    user: Name


class Login(Params, frozen=True):
    """A name and, under auth `password`, what proves it."""

    user: Name
    password: Password | None = None
    device: Device = Device.HEADLESS


class Nick(Params, frozen=True):
    """A nickname that nobody else has now, under auth `nick`."""

    nick: Name
    device: Device = Device.HEADLESS


class Resume(Params, frozen=True):
    """The resume token of an interactive session, which it replaces."""

    token: Annotated[str, Meta(max_length=128)]
    device: Device


class TokenLogin(Params, frozen=True):
    """A script token, which names its account by itself."""

    token: Annotated[str, Meta(max_length=128)]
    device: Device = Device.HEADLESS


class Register(Params, frozen=True):
    """A new account, logged in at once."""

    user: Name
    password: Password | None = None
    invitation: Code | None = None
    device: Device = Device.HEADLESS


class ChangePassword(Params, frozen=True):
    """The password so far and the new one."""

    old: Password
    new: Password


class Send(Params, frozen=True):
    """A message and the sender's own name for it."""

    to: Recipients
    client_id: ClientId
    subject: str = ""
    body: str = ""
    reply_to: MessageId | None = None
    since: Cursor | None = None


class ListMail(Params, frozen=True):
    """A page of one box, newest first, from below the position `before`."""

    box: Box = Box.INBOX
    all: bool = False
    before: Position | None = None
    limit: PageLimit = 50


class OpenMail(Params, frozen=True):
    """The message to open, by its id or by the md5 of its body.

    With `peek` it must be one that this sets no receipt of: sent or imported by the
    asker, or opened before.
    """

    id: MessageId | None = None
    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")] | None = None
    peek: bool = False


class Origin(Struct, frozen=True, forbid_unknown_fields=True):
    """What an imported mail says of itself; `zone` is in minutes east of UTC."""

    sender: OriginText = field(name="from")
    to: Annotated[list[OriginText], Meta(max_length=limit("recipients"))]
    date: SignedMillis | None = None
    zone: Annotated[int, Meta(ge=-1439, le=1439)] | None = None
    message_id: OriginText | None = None


class Import(Params, frozen=True):
    """A mail of another system, kept as a message from and to the asker.

    `references` are client_ids of imports that it answers, the nearest first.
    """

    client_id: ClientId
    origin: Origin
    subject: str = ""
    body: str = ""
    references: Annotated[list[ClientId], Meta(max_length=limit("references"))] = []


class Search(Params, frozen=True):
    """What to find: each member that is given narrows it.

    `sender`, `to` and `person` (either of both) are names of accounts, or words in
    the origin of imported mail. `since` and `until` are ms UTC, the second excluded.
    With a `room` only that one's messages are found, with a `box` none of any room's.
    """

    words: Annotated[str, Meta(max_length=limit("words_chars"))] = ""
    sender: OriginText | None = field(default=None, name="from")
    to: OriginText | None = None
    person: OriginText | None = None
    box: Box | None = None
    room: RoomName | None = None
    show: Show | None = None
    since: SignedMillis | None = None
    until: SignedMillis | None = None
    before: MessageId | None = None
    limit: SearchLimit = 20


class OneMail(Params, frozen=True):
    """One message."""

    id: MessageId


class Changes(Params, frozen=True):
    """What changed since a cursor; `wait_ms` parks the poll until something does."""

    since: Cursor | None = None
    limit: PageLimit = 100
    wait_ms: WaitMillis = 0


class CreateToken(Params, frozen=True):
    """A label to know the token by, and when it ends (ms UTC; null: never)."""

    label: Label
    expires_at: Millis | None = None


class RevokeToken(Params, frozen=True):
    """The token's id, as `token.list` shows it."""

    id: Annotated[str, Meta(min_length=1, max_length=32)]


class AddUser(Params, frozen=True):
    """A new account; without a password it can only be used under auth `open`."""

    user: Name
    password: Password | None = None
    role: Role = "user"


class SetPassword(Params, frozen=True):
    """An account and its new password."""

    user: Name
    password: Password


class ImportFor(Import, frozen=True, kw_only=True):
    """A mail of another system, kept as a message from `user` to others.

    The client_ids are those of `user`.
    """

    user: Name
    to: Recipients


class ReadMail(Params, frozen=True):
    """Whole messages of an account's box, from above the position `after`."""

    user: Name
    box: Box = Box.INBOX
    after: Annotated[int, Meta(ge=0, le=INTEGER_MAX)] = 0
    limit: PageLimit = 100


class SetRole(Params, frozen=True):
    """An account and its new role."""

    user: Name
    role: Role


class ListUsers(Params, frozen=True):
    """Accounts made after that of the name `after`, oldest first."""

    after: Name | None = None
    limit: PageLimit = 500


class OneUser(Params, frozen=True):
    """One account."""

    user: Name


class Invite(Params, frozen=True):
    """What to know the invitation by, and when it ends (ms UTC; null: never)."""

    label: Annotated[str, Meta(max_length=limit("label_chars"))] = ""
    expires_at: Millis | None = None


class ListInvitations(Params, frozen=True):
    """Invitations made after that of the id `after`, oldest first."""

    after: MessageId | None = None
    limit: PageLimit = 500


class OneInvitation(Params, frozen=True):
    """One invitation."""

    id: MessageId


class ListLogins(Params, frozen=True):
    """The asker's logins from before the one numbered `before`, newest first."""

    before: Position | None = None
    limit: LoginsLimit = 20


class OnlineSince(Params, frozen=True):
    """So many seconds back from now."""

    seconds: Annotated[int, Meta(ge=0, le=limit("since_s"))]


class Broadcast(Params, frozen=True):
    """A text for everybody who is online."""

    body: str


class CreateRoom(Params, frozen=True):
    """A new room, which its creator is in."""

    room: RoomName
    topic: Topic = ""


class SetTopic(Params, frozen=True):
    """A room and its new topic."""

    room: RoomName
    topic: Topic


class OneRoom(Params, frozen=True):
    """One room."""

    room: RoomName


class ListRooms(Params, frozen=True):
    """Rooms by name, from behind `after`; with `joined` those the asker is in."""

    after: RoomName | None = None
    joined: bool = False
    limit: PageLimit = 100


class ListMembers(Params, frozen=True):
    """Members of a room by name, from behind `after`."""

    room: RoomName
    after: Name | None = None
    limit: PageLimit = 500


class Post(Params, frozen=True):
    """A message to a room, and the sender's own name for it.

    With `since`, a position, the answer has what stands behind it.
    """

    room: RoomName
    client_id: ClientId
    body: str
    since: Annotated[int, Meta(ge=0, le=INTEGER_MAX)] | None = None


class History(Params, frozen=True):
    """A page of a room: the newest below `before`, or the oldest above `after`.

    With `mine` it begins behind the asker's own last message. `wait_ms` parks the
    question until there is something above `after`.
    """

    room: RoomName
    before: Position | None = None
    after: Annotated[int, Meta(ge=0, le=INTEGER_MAX)] | None = None
    mine: bool = False
    limit: HistoryLimit = 50
    wait_ms: WaitMillis = 0


class Mark(Params, frozen=True):
    """How far the asker has read in a room."""

    room: RoomName
    position: Position


class PrivateAnswer(Params, frozen=True):
    """The answer to a private invitation.

    Who accepts listens on `port` with the certificate of `fingerprint` (sha-256 in
    hex), where the server sees the connection come from.
    """

    invitation: MessageId
    accept: bool
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    fingerprint: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None


class Shutdown(Params, frozen=True):
    """In how many seconds the server ends."""

    delay_s: Annotated[int, Meta(ge=0, le=limit("shutdown_s"))] = 60
