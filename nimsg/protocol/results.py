"""Results and events, as the server encodes them. Times are ms UTC."""

from msgspec import Struct, field

from nimsg.protocol.constants import (
    Box,
    CloseReason,
    CopyState,
    Departure,
    Device,
)


class Result(Struct, frozen=True):
    """Root of all results."""


class Done(Result, frozen=True):
    """The act is durable; there is nothing more to say."""


class Hello(Result, frozen=True):
    """What the server says first."""

    server: str
    versions: list[int]
    auth: str
    registration: str
    features: list[str]
    limits: dict[str, int]
    time: int


class Closing(Result, frozen=True):
    """The server is about to end this connection."""

    reason: CloseReason


class Began(Result, frozen=True):
    """What the client shall ask for next: `password`, `register` or `nothing`."""

    next: str


class LoginRow(Struct, frozen=True):
    """An interactive login, or with `refused` a failed try.

    `n` numbers it. `ended_at` and `reason` are null as long as it lasts.
    """

    n: int
    at: int
    address: str
    device: Device | None
    refused: bool
    ended_at: int | None = None
    reason: Departure | None = None


class Welcome(Result, frozen=True):
    """You are logged in; so much is waiting.

    An interactive session gets a `resume` token and is told of the login before it,
    and how many tries have failed since. It is logged out after `timeout_s` without
    an active method; 0 is never.
    """

    user: str
    role: str
    new: int
    pending: int
    time: int
    resume: str | None = None
    last_login: LoginRow | None = None
    failures: int = 0
    timeout_s: int = 0


class Origin(Struct, frozen=True):
    """What an imported mail says of itself; `zone` is in minutes east of UTC."""

    sender: str = field(name="from")
    to: list[str]
    date: int | None
    zone: int | None
    message_id: str | None


class Receipt(Struct, frozen=True, omit_defaults=True):
    """One recipient's rung on the ladder, each with its time and device."""

    user: str
    state: CopyState
    fetched_at: int | None = None
    fetched_by: Device | None = None
    opened_at: int | None = None
    opened_by: Device | None = None
    acked_at: int | None = None
    acked_by: Device | None = None
    recalled_at: int | None = None
    deleted_at: int | None = None


class Refused(Struct, frozen=True):
    """A recipient whom the message could not be stored for, and why."""

    user: str
    kind: str


class InboxRow(Struct, frozen=True, omit_defaults=True):
    """One message in an inbox; never its text. `receipt` is the asker's own."""

    position: int
    id: str
    sender: str = field(name="from")
    to: list[str]
    subject: str
    size: int
    sent_at: int
    receipt: Receipt
    reply_to: str | None = None
    origin: Origin | None = None


class OutboxRow(Struct, frozen=True, omit_defaults=True):
    """One message in an outbox, with what became of each copy."""

    position: int
    id: str
    to: list[str]
    subject: str
    size: int
    sent_at: int
    receipts: list[Receipt]
    pending: bool
    refused: list[Refused] = field(default_factory=list)
    reply_to: str | None = None
    deleted_at: int | None = None
    origin: Origin | None = None


class Page(Result, frozen=True):
    """A page of one box; `next` is the `before` of the page after it."""

    box: Box
    new: int
    pending: int
    total: int
    inbox: list[InboxRow]
    outbox: list[OutboxRow]
    next: int | None
    cursor: str


class ChangePage(Result, frozen=True):
    """Rows that are new or changed, as they stand now; `more` says ask again."""

    cursor: str
    more: bool
    inbox: list[InboxRow]
    outbox: list[OutboxRow]


class Sent(Result, frozen=True):
    """The message stands on the disk, one copy for each of `to`."""

    id: str
    sent_at: int
    position: int
    to: list[str]
    refused: list[Refused]
    digest: str
    hash: str
    duplicate: bool
    changes: ChangePage | None = None


class Opened(Result, frozen=True):
    """A whole message. `receipt` is the asker's, null when the sender asks.

    `origin` is null where it was sent here. `answers` is what it answers: `reply_to`,
    or for an imported message one that was imported too.
    """

    id: str
    sender: str = field(name="from")
    to: list[str]
    subject: str
    body: str
    sent_at: int
    reply_to: str | None
    digest: str
    hash: str
    receipt: Receipt | None
    origin: Origin | None
    answers: str | None


class Status(Result, frozen=True):
    """One message without its text: the sender sees all receipts, others their own."""

    id: str
    sender: str = field(name="from")
    to: list[str]
    subject: str
    size: int
    sent_at: int
    reply_to: str | None
    receipts: list[Receipt]
    refused: list[Refused]
    pending: bool
    origin: Origin | None


class RoomHit(Struct, frozen=True):
    """A room's message without its text; `room.history` has it at its position."""

    room: str
    position: int
    id: str
    sender: str = field(name="from")
    size: int
    sent_at: int


class Hit(Struct, frozen=True, omit_defaults=True):
    """A message that a search found, as a row of a box or of a room.

    `snippet` is text around the words, where the asker wrote or opened it, or is in
    its room.
    """

    inbox: InboxRow | None = None
    outbox: OutboxRow | None = None
    room: RoomHit | None = None
    snippet: str | None = None


class Hits(Result, frozen=True):
    """What a search found, newest first; `next` is the `before` of the page after.

    `unindexed` messages of the asker were not looked at, or at least so many: those
    that came after `indexed_to` (null: none was).
    """

    hits: list[Hit]
    next: str | None
    unindexed: int
    indexed_to: int | None


class Thread(Result, frozen=True):
    """A message, what it answers and what answers it, as far as the asker sees.

    Each box by position; `more` says that there is more than one answer holds.
    """

    inbox: list[InboxRow]
    outbox: list[OutboxRow]
    more: bool


class Acked(Result, frozen=True):
    """The asker's receipt after the acknowledgement."""

    id: str
    receipt: Receipt


class Recalled(Result, frozen=True):
    """What the recall came to for each recipient; `complete` when none had opened."""

    id: str
    complete: bool
    receipts: list[Receipt]


class TokenRow(Struct, frozen=True):
    """A script token without its secret; `used_at` is kept to the hour."""

    id: str
    label: str
    created_at: int
    expires_at: int | None
    used_at: int | None


class CreatedToken(Result, frozen=True):
    """A new token: the only time its secret is seen."""

    id: str
    token: str


class Tokens(Result, frozen=True):
    """The account's script tokens, oldest first."""

    tokens: list[TokenRow]


class UserRow(Struct, frozen=True):
    """One account without its secrets; wrong passwords lock it until a time."""

    user: str
    role: str
    created_at: int
    removed_at: int | None
    has_password: bool
    locked_until: int | None


class Letters(Result, frozen=True):
    """Whole messages by position; `next` is the `after` of the page after.

    `damaged` names those whose file cannot be read.
    """

    letters: list[Opened]
    damaged: list[str]
    next: int | None


class Users(Result, frozen=True):
    """Accounts, oldest first; `next` is the `after` of the page after this one."""

    users: list[UserRow]
    next: str | None


class Invited(Result, frozen=True):
    """A new invitation: the only time its code is seen."""

    id: str
    invitation: str


class InvitationRow(Struct, frozen=True):
    """An invitation without its code; `used_by` is the account made with it."""

    id: str
    label: str
    created_at: int
    expires_at: int | None
    used_at: int | None
    used_by: str | None
    revoked_at: int | None


class Invitations(Result, frozen=True):
    """Invitations, oldest first; `next` is the `after` of the page after this one."""

    invitations: list[InvitationRow]
    next: str | None
