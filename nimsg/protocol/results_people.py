"""Results and events of presence, blocking, private links. Times are ms UTC."""

from msgspec import Struct, field

from nimsg.protocol.constants import Departure, Device, LinkEnd
from nimsg.protocol.results import LoginRow, Result


class Logins(Result, frozen=True):
    """The asker's logins, newest first; `next` is the `before` of the page after."""

    logins: list[LoginRow]
    next: int | None


class OnlineRow(Struct, frozen=True):
    """Somebody who is online, and since when."""

    user: str
    since: int
    device: Device


class Online(Result, frozen=True):
    """Who else is online, by name, as far as the asker may see them."""

    users: list[OnlineRow]


class SeenRow(Struct, frozen=True):
    """Somebody who was online; `seen_at` is now for who still is."""

    user: str
    online: bool
    seen_at: int


class SeenSince(Result, frozen=True):
    """Who else was online at any time since `since_at`, by name."""

    users: list[SeenRow]
    since_at: int


class Seen(Result, frozen=True):
    """Whether somebody is online and when they were last; null where not known."""

    user: str
    online: bool
    seen_at: int | None


class Presence(Result, frozen=True):
    """Somebody came online, or went and why."""

    user: str
    online: bool
    reason: Departure | None
    at: int


class Broadcasted(Result, frozen=True):
    """So many people were reached; `unreached` says that some were not."""

    reached: int
    unreached: bool


class BroadcastText(Result, frozen=True):
    """A text that somebody sent to all who are online."""

    sender: str = field(name="from")
    body: str
    at: int


class Blocks(Result, frozen=True):
    """Whom the asker blocks, by name."""

    users: list[str]


class PrivateOffer(Result, frozen=True):
    """Somebody agreed to a private link and listens; each side shows a token.

    `mine` is what the asker shows there, `theirs` what it must be shown.
    """

    invitation: str
    user: str
    host: str
    port: int
    fingerprint: str
    mine: str
    theirs: str


class PrivateTaken(Result, frozen=True):
    """The answer arrived; who accepted shows `mine` and must be shown `theirs`."""

    user: str
    mine: str | None = None
    theirs: str | None = None


class PrivateInvited(Result, frozen=True):
    """Somebody asks for a private link; the question waits until `expires_at`."""

    invitation: str
    user: str
    expires_at: int


class PrivateEnded(Result, frozen=True):
    """A private link with somebody, or an invitation to one, is over."""

    user: str
    reason: LinkEnd


class ShuttingDown(Result, frozen=True):
    """The server ends in so many seconds; null where that was canceled."""

    left_s: int | None
    at: int


class SessionRow(Struct, frozen=True):
    """A connection: who, by what, from where, since when, and its last command.

    `active_at` is when that was; `command` is the last active method.
    """

    user: str | None
    device: Device | None
    address: str
    since: int
    active_at: int
    command: str | None


class Sessions(Result, frozen=True):
    """All connections, oldest first."""

    sessions: list[SessionRow]


class Kicked(Result, frozen=True):
    """So many sessions were ended."""

    sessions: int


class Unlocked(Result, frozen=True):
    """For so many names and addresses wrong passwords were forgotten; 0 is none.

    `locked` says whether the name was locked, from anywhere.
    """

    failures: int
    locked: bool
