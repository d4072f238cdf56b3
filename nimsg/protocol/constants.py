"""Numbers and names that both sides of the wire must agree on."""

from enum import StrEnum
from typing import Final, NamedTuple


PROTOCOL_VERSION: Final = 1
DEFAULT_PORT: Final = 6969
HEADER_BYTES: Final = 4


class Limit(NamedTuple):
    """One limit: its value, its unit and what it bounds."""

    value: int
    unit: str
    text: str


LIMITS: Final[dict[str, Limit]] = {
    "frame_bytes_before_login": Limit(4096, "bytes", "a frame before login"),
    "frame_bytes": Limit(1_048_576, "bytes", "a frame after login"),
    "json_depth": Limit(16, "levels", "nesting of objects and arrays"),
    "integer_max": Limit(2**53, "", "absolute value of any integer"),
    "requests_in_flight": Limit(32, "requests", "unanswered on one connection"),
    "protocol_faults": Limit(10, "faults", "before the connection is closed"),
    "recipients": Limit(64, "names", "recipients of one message"),
    "name_chars": Limit(32, "characters", "a user name"),
    "subject_chars": Limit(200, "characters", "a subject"),
    "body_bytes": Limit(65_536, "bytes", "a body in UTF-8"),
    "client_id_chars": Limit(64, "characters", "a client_id"),
    "password_chars_min": Limit(8, "characters", "a password at registration"),
    "password_bytes": Limit(1024, "bytes", "a password in UTF-8"),
    "label_chars": Limit(64, "characters", "the label of a token or invitation"),
    "tokens": Limit(64, "tokens", "script tokens of one account"),
    "page_rows": Limit(500, "rows", "one page of a listing"),
    "page_bytes": Limit(524_288, "bytes", "one page of a listing, about"),
    "wait_ms": Limit(60_000, "ms", "a parked poll"),
    "login_deadline_ms": Limit(60_000, "ms", "from connecting to the end of login"),
    "frame_deadline_ms": Limit(30_000, "ms", "from a frame's first byte to its last"),
    "origin_chars": Limit(512, "characters", "each text of an origin"),
    "references": Limit(20, "ids", "`references` of one import"),
    "words_chars": Limit(500, "characters", "the words of a search"),
    "search_rows": Limit(100, "rows", "one page of a search"),
    "thread_rows": Limit(500, "rows", "one thread"),
    "search_wait_ms": Limit(1000, "ms", "that a search waits for the full text"),
    "unsent_bytes": Limit(262_144, "bytes", "answers a client leaves unread"),
    "room_name_chars": Limit(32, "characters", "the name of a room"),
    "topic_chars": Limit(200, "characters", "the topic of a room"),
    "rooms_joined": Limit(100, "rooms", "that one account is a member of"),
    "room_members": Limit(1000, "members", "of one room; #lobby has everybody"),
    "unread": Limit(1000, "messages", "that are counted as unread in a room"),
    "history_rows": Limit(100, "rows", "one page of a room's history"),
    "blocks": Limit(1000, "names", "that one account blocks"),
    "drafts": Limit(100, "drafts", "that one account keeps"),
    "draft_to_chars": Limit(2200, "characters", "`to` of a draft, as it was typed"),
    "logins_rows": Limit(100, "rows", "one page of the journal of logins"),
    "since_s": Limit(10**9, "s", "how far `presence.since` looks back"),
    "private_answer_ms": Limit(60_000, "ms", "that a private invitation waits"),
    "shutdown_s": Limit(86_400, "s", "the delay of a shutdown"),
    "rooms_made": Limit(100, "rooms", "that one account makes"),
    "quota_bytes": Limit(100 * 2**20, "bytes", "of kept messages that one pays for"),
    "quota_messages": Limit(100_000, "messages", "that one account pays for"),
    "presence_ms": Limit(5000, "ms", "between two notices of one person"),
    "clients": Limit(4096, "connections", "at once, of everybody"),
    "clients_per_address": Limit(1024, "connections", "at once, from one address"),
    "connections_per_minute": Limit(6000, "connections", "begun from one address"),
    "logins_per_minute": Limit(600, "tries", "to log in by a name, from one address"),
    "registrations_per_hour": Limit(100, "tries", "to register, from one address"),
    "arrivals_per_hour": Limit(1000, "logins", "of one account, interactive ones"),
    "sends_per_minute": Limit(60_000, "messages", "sent by one account"),
    "sends_to_one_per_minute": Limit(30_000, "messages", "sent by one to another"),
    "posts_per_minute": Limit(6000, "messages", "of one account for rooms and for all"),
    "topics_per_hour": Limit(100, "topics", "set by one account"),
}
# Counts that a server may be started with others of; 0 of them is no limit.
ADDRESS_LIMITS: Final = (
    "clients_per_address",
    "connections_per_minute",
    "logins_per_minute",
    "registrations_per_hour",
)
ACCOUNT_LIMITS: Final = (
    "arrivals_per_hour",
    "sends_per_minute",
    "sends_to_one_per_minute",
    "posts_per_minute",
    "topics_per_hour",
)

FEATURES: Final[dict[str, str]] = {
    "mail": "send, list, open, acknowledge, recall and delete messages",
    "receipts": "fetched, opened and acknowledged times for each recipient",
    "long-poll": "`mail.changes` may be parked with `wait_ms`",
    "send-since": "`mail.send` may carry `since` and return what changed",
    "tokens": "script tokens instead of a password",
    "search": "find messages by words, people, state and date",
    "threads": "messages and their answers together",
    "import": "take over mail of other systems, with its origin",
    "presence": "who is online, who was, and notices of coming and going",
    "blocking": "keep somebody from writing to you and seeing you",
    "rooms": "messages to everybody in a room, with history",
    "drafts": "keep what was not sent yet on the server",
    "broadcast": "a text to everybody who is online, kept nowhere",
    "private": "arrange a direct link between two clients",
    "shutdown": "announce and cancel the end of the server",
    "resume": "come back to a session without a password",
}


class AuthMode(StrEnum):
    """How a name is proven."""

    PASSWORD = "password"
    NICK = "nick"
    OPEN = "open"


class LockoutScope(StrEnum):
    """Whom wrong passwords for a name lock out: everybody, or their address only."""

    ACCOUNT = "account"
    ADDRESS = "address"


class Registration(StrEnum):
    """Who may make an account over the wire."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class Device(StrEnum):
    """What kind of client asks; a receipt names it."""

    TUI = "tui"
    LINE = "line"
    HEADLESS = "headless"


INTERACTIVE: Final = frozenset({Device.TUI, Device.LINE})
LOBBY: Final = "lobby"


class Box(StrEnum):
    """The two sides of a mailbox."""

    INBOX = "inbox"
    OUTBOX = "outbox"


class CopyState(StrEnum):
    """Where one recipient's copy of a message stands; the last two are ends.

    `imported` is the first state of an imported message: whether it was read
    before is not known.
    """

    IMPORTED = "imported"
    STORED = "stored"
    FETCHED = "fetched"
    OPENED = "opened"
    ACKED = "acked"
    RECALLED = "recalled"
    DELETED = "deleted"


class Show(StrEnum):
    """What a search is narrowed to."""

    NEW = "new"
    OPENED = "opened"
    ACKED = "acked"
    PENDING = "pending"
    RECALLED = "recalled"
    IMPORTED = "imported"


class CloseReason(StrEnum):
    """Why the server ends a connection, said in the `closing` event."""

    LOGOUT = "logout"
    FAULTS = "faults"
    DEADLINE = "deadline"
    SHUTDOWN = "shutdown"
    REVOKED = "revoked"
    TIMEOUT = "timeout"
    REPLACED = "replaced"
    KICKED = "kicked"


class Departure(StrEnum):
    """How somebody went offline; a connection that only broke is `lost`."""

    LOGOUT = "logout"
    TIMEOUT = "timeout"
    LOST = "lost"
    REPLACED = "replaced"
    KICKED = "kicked"
    SHUTDOWN = "shutdown"


class Notice(StrEnum):
    """What the server itself says in a room."""

    LEFT = "left"
    TIMEOUT = "timeout"
    LOST = "lost"
    KICKED = "kicked"
    SHUTDOWN = "shutdown"
    CANCELED = "canceled"
    TOPIC = "topic"


class LinkEnd(StrEnum):
    """Why a private link, or an invitation to one, is over."""

    DECLINED = "declined"
    NO_ANSWER = "no answer"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    OFFLINE = "offline"


def limit(name: str) -> int:
    """The value of one limit, in the unit its row names."""
    return LIMITS[name].value
