"""Every way nimsg says no, with its wire code and its exit code.

    NimsgError                  root of all that nimsg raises on purpose
    ├── Refusal                 the peer asked for something it cannot have
    │   └── ProtocolFault       the peer broke the protocol; ten of them close
    ├── Unreachable             no server answers at the address
    │   └── Silent              somebody is there, and says nothing in time
    ├── Untrusted               who answers is not shown to be the server
    ├── ConfigError             a setting, file or folder cannot be used
    ├── UsageError              a command line that cannot be understood
    ├── Unavailable             something needed is held by somebody else
    └── StorageFailure          the disk refused; nothing more is promised

A `Refusal` travels: the server answers with its kind and data, and the client
raises it again. Anything that is not a `NimsgError` is a bug and propagates.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple


Data = Mapping[str, object]


class Exit(IntEnum):
    """What a finished command tells the shell."""

    DONE = 0
    NOTHING_NEW = 1
    USAGE = 2
    WAITED_IN_VAIN = 3
    REFUSED = 4
    ENDED = 5
    UNREACHABLE = 69
    INTERNAL = 70
    STORAGE = 74
    TRY_LATER = 75
    PROTOCOL = 76
    LOGIN = 77
    CONFIG = 78
    INTERRUPTED = 130


class Kind(NamedTuple):
    """One kind of refusal: its JSON-RPC code, exit code and plain meaning."""

    code: int
    exit: Exit
    text: str


KINDS: dict[str, Kind] = {
    # JSON-RPC 2.0, section 5.1
    "parse_error": Kind(-32700, Exit.PROTOCOL, "the frame is not strict JSON"),
    "invalid_request": Kind(-32600, Exit.PROTOCOL, "the frame is not a request"),
    "method_not_found": Kind(-32601, Exit.PROTOCOL, "there is no such method"),
    "invalid_params": Kind(-32602, Exit.USAGE, "the parameters do not fit the method"),
    "internal_error": Kind(-32603, Exit.INTERNAL, "the server has a fault of its own"),
    # frames and connections
    "frame_too_large": Kind(-32001, Exit.PROTOCOL, "the frame is longer than allowed"),
    "foreign_protocol": Kind(-32002, Exit.PROTOCOL, "this port speaks nimsg"),
    "truncated_frame": Kind(-32003, Exit.PROTOCOL, "the connection ended in a frame"),
    "deadline_passed": Kind(-32004, Exit.TRY_LATER, "it took longer than allowed"),
    "too_many_requests": Kind(-32005, Exit.TRY_LATER, "too many requests in flight"),
    "too_many_clients": Kind(-32006, Exit.TRY_LATER, "the server is full"),
    "busy": Kind(-32007, Exit.TRY_LATER, "too much is waiting; try again"),
    "shutting_down": Kind(-32008, Exit.TRY_LATER, "the server is stopping"),
    "rate_limited": Kind(-32009, Exit.TRY_LATER, "too often; try again later"),
    # who you are
    "login_required": Kind(-32010, Exit.LOGIN, "log in first"),
    "already_logged_in": Kind(-32011, Exit.PROTOCOL, "this connection is logged in"),
    "bad_credentials": Kind(-32012, Exit.LOGIN, "the name or the password is wrong"),
    "bad_token": Kind(-32013, Exit.LOGIN, "the token is unknown, expired or revoked"),
    "registration_closed": Kind(-32014, Exit.LOGIN, "accounts are made by the admin"),
    "not_permitted": Kind(-32015, Exit.REFUSED, "your role does not permit this"),
    "name_taken": Kind(-32016, Exit.REFUSED, "the name, or one like it, is taken"),
    "name_invalid": Kind(
        -32017,
        Exit.USAGE,
        "a name has 1 to 32 printable ASCII characters and no space",
    ),
    "name_reserved": Kind(-32018, Exit.REFUSED, "the name is reserved"),
    "password_invalid": Kind(-32019, Exit.USAGE, "the password cannot be used"),
    "unknown_user": Kind(-32021, Exit.REFUSED, "there is no such user"),
    "unknown_token": Kind(-32022, Exit.REFUSED, "there is no such token"),
    "invitation_invalid": Kind(
        -32023, Exit.LOGIN, "a new account needs an invitation that is still good"
    ),
    "unknown_invitation": Kind(-32024, Exit.REFUSED, "there is no such invitation"),
    "duplicate_login": Kind(
        -32025, Exit.LOGIN, "this name is logged in already, at another client"
    ),
    "account_locked": Kind(
        -32026, Exit.LOGIN, "too many wrong passwords; the name is locked for a while"
    ),
    "bad_resume": Kind(-32027, Exit.LOGIN, "the session cannot be resumed any more"),
    "interactive_only": Kind(
        -32028, Exit.REFUSED, "only for a client that a person sits at"
    ),
    # mail
    "not_found": Kind(-32030, Exit.REFUSED, "no message of yours has this id"),
    "not_recipient": Kind(-32031, Exit.REFUSED, "only a recipient can do this"),
    "not_sender": Kind(-32032, Exit.REFUSED, "only the sender can do this"),
    "all_refused": Kind(-32033, Exit.REFUSED, "nobody on the list can be reached"),
    "self_recipient": Kind(-32034, Exit.REFUSED, "you cannot send to yourself"),
    "client_id_conflict": Kind(
        -32035, Exit.REFUSED, "another message was sent under this client_id"
    ),
    "body_too_large": Kind(
        -32036, Exit.REFUSED, "a body has at most 65536 bytes of UTF-8"
    ),
    "body_empty": Kind(
        -32037, Exit.REFUSED, "a message needs a body, or at least a subject"
    ),
    "subject_invalid": Kind(
        -32038, Exit.REFUSED, "a subject is one line of at most 200 characters"
    ),
    "text_invalid": Kind(-32039, Exit.REFUSED, "the text holds lone surrogates"),
    "recalled": Kind(-32040, Exit.ENDED, "the sender has recalled this message"),
    "cursor_invalid": Kind(
        -32042, Exit.PROTOCOL, "the cursor is of another epoch; list again"
    ),
    # people
    "blocked_by_recipient": Kind(-32060, Exit.REFUSED, "the recipient blocks you"),
    "self_target": Kind(-32061, Exit.REFUSED, "that is you"),
    "already_blocked": Kind(-32062, Exit.REFUSED, "you block this user already"),
    "not_blocked": Kind(-32063, Exit.REFUSED, "you do not block this user"),
    "user_offline": Kind(-32064, Exit.REFUSED, "the user is not online"),
    "unknown_room": Kind(-32065, Exit.REFUSED, "there is no such room"),
    "room_exists": Kind(-32066, Exit.REFUSED, "there is a room of this name already"),
    "not_member": Kind(-32067, Exit.REFUSED, "you are not in this room; join it"),
    "already_member": Kind(-32068, Exit.REFUSED, "you are in this room already"),
    "too_many": Kind(-32069, Exit.REFUSED, "more of these are not allowed"),
    "topic_invalid": Kind(
        -32070, Exit.REFUSED, "a topic is one line of at most 200 characters"
    ),
    "private_declined": Kind(-32071, Exit.REFUSED, "the private link was declined"),
    "private_no_answer": Kind(
        -32072, Exit.WAITED_IN_VAIN, "the invitation was not answered"
    ),
    "private_open": Kind(
        -32073, Exit.REFUSED, "there is a private link or invitation already"
    ),
    "no_private": Kind(-32074, Exit.REFUSED, "there is no active private session"),
    "no_shutdown": Kind(-32075, Exit.REFUSED, "no shutdown is announced"),
    # the disk
    "damaged": Kind(-32050, Exit.STORAGE, "the message file does not match its digest"),
    "disk_full": Kind(-32051, Exit.TRY_LATER, "no space is left on the server's disk"),
    "mailbox_full": Kind(
        -32053, Exit.TRY_LATER, "a mailbox is full; mail has to be deleted there"
    ),
    "storage_failed": Kind(
        -32052,
        Exit.STORAGE,
        "the server's disk failed; what was asked may be done or not",
    ),
}


def tls_words(error: OSError | ValueError) -> str:
    """Why TLS failed, without the file and line of Python's own source."""
    reason = getattr(error, "reason", "")
    if reason:
        return str(reason).replace("_", " ").lower()
    words = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return words.partition(" (_ssl.c")[0].removeprefix("[SSL] ")


class NimsgError(Exception):
    """Root of all errors that nimsg raises on purpose."""

    exit: Exit = Exit.INTERNAL


class Refusal(NimsgError):
    """A request that was understood and refused.

    `kind` is a key of `KINDS` and the stable contract; `data` are facts about
    this refusal (JSON values); `detail` replaces the kind's general text.
    """

    def __init__(self, kind: str, detail: str = "", data: Data | None = None) -> None:
        self.kind = kind
        self.detail = detail or KINDS[kind].text if kind in KINDS else detail or kind
        self.data: Data = data or {}
        self.exit = KINDS[kind].exit if kind in KINDS else Exit.REFUSED
        super().__init__(self.detail)


class ProtocolFault(Refusal):
    """The peer broke the protocol: it is answered, counted, and closed at ten.

    `fatal` faults leave no way to find the next frame and close at once.
    """

    def __init__(
        self, kind: str, detail: str = "", data: Data | None = None, *, fatal: bool
    ) -> None:
        super().__init__(kind, detail, data)
        self.fatal = fatal


class Unreachable(NimsgError):
    """No server answers at the address, or the connection to it was lost."""

    exit = Exit.UNREACHABLE


class Silent(Unreachable):
    """Somebody takes connections at the address, and does not answer in time."""


class Untrusted(NimsgError):
    """Who answers at the address is not shown to be the server that was meant."""

    exit = Exit.PROTOCOL


class ConfigError(NimsgError):
    """A setting, file or folder cannot be used as it is."""

    exit = Exit.CONFIG


class UsageError(NimsgError):
    """A command line that cannot be understood."""

    exit = Exit.USAGE


class Unavailable(NimsgError):
    """A port, a store or a socket is held by somebody else; try later."""

    exit = Exit.TRY_LATER


def unreadable(path: object, error: OSError) -> ConfigError:
    """The error of a file that was named and cannot be read."""
    denied = isinstance(error, PermissionError)
    remedy = "; let the user who runs nimsg read it" if denied else ""
    return ConfigError(f"{path} cannot be read: {error.strerror}{remedy}")


class StorageFailure(NimsgError):
    """The disk refused a write or a sync: what was asked may or may not stand."""

    exit = Exit.STORAGE
