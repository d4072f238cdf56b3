"""What can be asked of durable state: one value for each kind of change."""

from enum import StrEnum

from msgspec import Struct

from nimsg.core.ladder import Copy
from nimsg.protocol.constants import LOBBY, Departure, Device, Notice
from nimsg.protocol.results import Origin, Refused
from nimsg.protocol.results_rooms import RoomMessage


class SendMail(Struct, frozen=True):
    """Store a message of the account `sender` for the people named in `to`.

    Under `make_mailboxes` a name that nobody has becomes an account without a
    password: auth `open`, where knowing a name is enough.

    With an `origin` it is imported: nobody is waited for, it may be from and to the
    same account, and it answers the first of `references`, client_ids of the sender,
    that is in the sender's view. One `beyond_quota` is taken by full mailboxes too.
    """

    sender: int
    to: list[str]
    client_id: str
    subject: str
    body: str
    reply_to: str | None
    make_mailboxes: bool = False
    origin: Origin | None = None
    references: list[str] = []
    beyond_quota: bool = False


class Act(StrEnum):
    """What can happen to a stored message; the ledger uses these words."""

    FETCHED = "fetched"
    OPENED = "opened"
    ACKED = "acked"
    RECALLED = "recalled"
    DELETED = "deleted"


class MailAct(Struct, frozen=True):
    """An act of the account `actor` upon messages.

    A listing fetches many at once; every other act is upon one. `device` is set
    for the rungs of the ladder.
    """

    act: Act
    actor: int
    ids: list[str]
    device: Device | None = None


class PurgeMail(Struct, frozen=True):
    """Remove at most `most` texts that were in nobody's view before `before` (ms)."""

    before: int
    most: int


class CreateAccount(Struct, frozen=True):
    """A new account.

    `look_alike` admits a name that differs from another only in case: imported
    files may hold both. `existing` returns an account that is there already. With an
    `invitation`, the sha-256 of its code, that must be usable, and is used up.
    """

    name: str
    password_hash: str | None
    role: str = "user"
    look_alike: bool = False
    existing: bool = False
    invitation: str | None = None


class SetPassword(Struct, frozen=True):
    """A new password hash; all tokens end.

    With `rehash_of` it is the same password at another cost: tokens stay, and
    nothing happens where the hash is not that one any more.
    """

    uid: int
    password_hash: str
    rehash_of: str | None = None


class SetRole(Struct, frozen=True):
    """A new role."""

    uid: int
    role: str


class RemoveAccount(Struct, frozen=True):
    """Close an account for good; its name is never given again."""

    uid: int


class CreateToken(Struct, frozen=True):
    """A new script token, known by the sha-256 of its secret."""

    uid: int
    id: str
    secret_hash: str
    label: str
    expires_at: int | None


class RevokeToken(Struct, frozen=True):
    """End a script token."""

    uid: int
    id: str


class TouchToken(Struct, frozen=True):
    """A script token was used."""

    uid: int
    id: str


class CreateInvitation(Struct, frozen=True):
    """A new invitation, known by the sha-256 of its code."""

    id: str
    secret_hash: str
    label: str
    expires_at: int | None


class RevokeInvitation(Struct, frozen=True):
    """End an invitation that nobody has used."""

    id: str


class SaveDraft(Struct, frozen=True):
    """A draft of the account `uid` as it is now; one that is new gets the `id`."""

    id: str
    uid: int
    client_id: str
    to: str
    subject: str
    body: str
    reply_to: str | None


class DeleteDraft(Struct, frozen=True):
    """A draft is deleted, or there is none of this `client_id`."""

    uid: int
    client_id: str


class AddBlock(Struct, frozen=True):
    """The account `other` cannot write to `uid` nor see it any more."""

    uid: int
    other: int


class RemoveBlock(Struct, frozen=True):
    """Take a block back."""

    uid: int
    other: int


class JoinRoom(Struct, frozen=True):
    """Become a member of a room."""

    uid: int
    room: str


class LeaveRoom(Struct, frozen=True):
    """Be no member of a room any more."""

    uid: int
    room: str


class MarkRoom(Struct, frozen=True):
    """A member has read up to a position."""

    uid: int
    room: str
    position: int


class CreateRoom(Struct, frozen=True):
    """A new room, of which its creator is the first member."""

    id: str
    creator: int
    room: str
    topic: str


class SetTopic(Struct, frozen=True):
    """A new topic; who is no admin (`any_room`) sets it where they made the room."""

    actor: int
    room: str
    topic: str
    any_room: bool


class PostToRoom(Struct, frozen=True):
    """Store a message of the member `sender` for a room."""

    sender: int
    room: str
    client_id: str
    body: str


class PostNotice(Struct, frozen=True):
    """Store what the server says in a room, `about` an account or nobody."""

    notice: Notice
    text: str
    about: int | None = None
    room: str = LOBBY


class NoteLogin(Struct, frozen=True):
    """Somebody came online."""

    uid: int
    device: Device
    address: str


class NoteLogout(Struct, frozen=True):
    """Somebody went offline."""

    uid: int
    reason: Departure


class NoteRefused(Struct, frozen=True):
    """Somebody tried to log in as an account, and failed.

    Under a name that nobody has (`uid` None) nothing is kept of it, and the disk has
    the same work.
    """

    uid: int | None
    address: str


class EndLogins(Struct, frozen=True):
    """Whoever is noted as online was lost when the server last was alive."""


class NoteAlive(Struct, frozen=True):
    """The server is alive."""


class CountFailure(Struct, frozen=True):
    """A login as `name` failed; the third in a row locks it for `block_ms`.

    `address` is empty where failures from everywhere count together.
    """

    name: str
    address: str
    block_ms: int


class ForgiveFailures(Struct, frozen=True):
    """Forget the failures of a name, from one `address` or (None) from all."""

    name: str
    address: str | None = None


OwnChange = (
    SetPassword
    | SetRole
    | RemoveAccount
    | CreateToken
    | RevokeToken
    | TouchToken
    | AddBlock
    | RemoveBlock
)
MembershipChange = JoinRoom | LeaveRoom | MarkRoom
AccountChange = OwnChange | MembershipChange
InvitationChange = CreateInvitation | RevokeInvitation
DraftAct = SaveDraft | DeleteDraft
RoomAct = CreateRoom | SetTopic | PostToRoom | PostNotice
LoginNote = (
    NoteLogin
    | NoteLogout
    | NoteRefused
    | EndLogins
    | NoteAlive
    | CountFailure
    | ForgiveFailures
)
Command = (
    SendMail
    | MailAct
    | PurgeMail
    | CreateAccount
    | AccountChange
    | InvitationChange
    | DraftAct
    | RoomAct
    | LoginNote
)


class SentMail(Struct, frozen=True):
    """What a `SendMail` came to."""

    id: str
    sent_at: int
    position: int
    to: list[str]
    refused: list[Refused]
    digest: str
    hash: str
    duplicate: bool


class Copies(Struct, frozen=True):
    """A message's copies after an act upon it, by the recipients' names."""

    id: str
    copies: dict[str, Copy]


class SentPost(Struct, frozen=True):
    """What a message to a room came to; `sender` is 0 for the server's own."""

    message: RoomMessage
    hash: str
    duplicate: bool
    sender: int
    client_id: str
    about: int | None = None


class Failures(Struct, frozen=True):
    """Failed logins in a row, and until when (ms UTC) the name is locked for them."""

    count: int
    locked_until: int | None = None


Value = SentMail | Copies | SentPost | Failures | int | None


class Outcome(Struct, frozen=True):
    """A command's value, and the accounts whose polls it wakes."""

    value: Value
    wakes: frozenset[int] = frozenset()
