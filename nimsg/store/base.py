"""The Store contract: batch operations on values, and nothing of what lies below.

    commands --commit--> durable in the journal --file--> files under their names
                                                --settle--> journal forgotten

`commit`, `file` and `settle` are each called from one thread of its own, in this
order for each batch; the others from any thread. A command may be answered once
`file` has returned for its batch. A backend is right when it passes the contract
suite in tests/store.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from nimsg.core.accounts import Account, Token
from nimsg.core.commands import Command, Outcome
from nimsg.core.invitations import Invitation
from nimsg.errors import Refusal, StorageFailure
from nimsg.protocol.constants import Box, Show
from nimsg.protocol.drafts import Drafts
from nimsg.protocol.packed import PackedPage
from nimsg.protocol.results import (
    ChangePage,
    Hits,
    Letters,
    LoginRow,
    Opened,
    Status,
    Thread,
)
from nimsg.protocol.results_rooms import Members, RoomInfo, RoomPage, Rooms


class Counts(Struct, frozen=True):
    """What waits: mail the owner has to open, and mail others have not opened."""

    new: int
    pending: int


class ListQuery(Struct, frozen=True):
    """One page of a box: newest first, below the position `before` if it is set."""

    owner: int
    box: Box
    all: bool = False
    before: int | None = None
    limit: int = 50


class Listing(NamedTuple):
    """A page of a box, and the ids of those on it that were never listed before.

    It is `counted` where the numbers of its owner's mailbox tell of each change of it,
    and listing it changes nothing.
    """

    page: PackedPage
    stored: list[str]
    counted: bool = False


class SearchQuery(Struct, frozen=True):
    """What to find for an account, as in `protocol.requests.Search`."""

    owner: int
    words: str = ""
    sender: str | None = None
    to: str | None = None
    person: str | None = None
    box: Box | None = None
    room: str | None = None
    show: Show | None = None
    since: int | None = None
    until: int | None = None
    before: str | None = None
    limit: int = 20


class ReadQuery(Struct, frozen=True):
    """Whole messages of a box, oldest first, above the position `after`."""

    owner: int
    box: Box
    after: int = 0
    limit: int = 100


class HistoryQuery(Struct, frozen=True):
    """A page of a room for a member, as in `protocol.requests.History`."""

    asker: int
    room: str
    before: int | None = None
    after: int | None = None
    mine: bool = False
    limit: int = 50


class RoomsQuery(Struct, frozen=True):
    """A page of rooms for an account, as in `protocol.requests.ListRooms`."""

    asker: int
    after: str | None = None
    joined: bool = False
    limit: int = 100


class Sizes(Struct, frozen=True):
    """How much there is; `journal` rows have no synced file yet.

    `unindexed` messages are not in the full text yet.
    """

    accounts: int
    messages: int
    rooms: int
    journal: int
    unindexed: int
    free_bytes: int


class Lock(Struct, frozen=True):
    """Failed logins of a name in a row; nobody can log in until a time (ms UTC).

    With an `address` only those from there count.
    """

    name: str
    address: str
    failures: int
    locked_until: int | None


class SeenUser(Struct, frozen=True):
    """An account that was online, and when it last was (ms UTC)."""

    uid: int
    name: str
    at: int


class LastLogin(Struct, frozen=True):
    """An account's last login, and how many tries have failed since."""

    login: LoginRow | None
    failures: int


class Arrival(Struct, frozen=True):
    """What a login is answered by, all of one moment.

    `last` is there where it was asked for, `token` where the account was found by one.
    """

    account: Account
    counts: Counts
    last: LastLogin | None = None
    token: Token | None = None


class JournalRow(NamedTuple):
    """One thing that a commit made durable and that is to become a file.

    `n` grows by one from row to row, for ever. `kind` says what `data` is.
    """

    n: int
    kind: int
    name: str
    data: bytes


class Batch(Struct, frozen=True):
    """What one commit came to: an outcome or a refusal for each command, in order."""

    outcomes: list[Outcome | Refusal]
    rows: list[JournalRow]


class Store(Protocol):
    """Durable state.

    All methods block, and none may run on an event loop's thread, but `page_at_hand`.
    """

    def commit(self, commands: Sequence[Command], now: int) -> Batch:
        """Decide and make durable a batch, all at `now` (ms UTC).

        Raises `StorageFailure` where it is unknown what stands; the store is
        read-only from then on.
        """
        ...

    def file(self, batch: Batch) -> None:
        """Put what the batch holds under its names. Raises `StorageFailure`."""
        ...

    def settle(self) -> bool:
        """Make all that was filed durable by itself; whether there was anything.

        The next commit forgets its journal rows. Raises `StorageFailure`.
        """
        ...

    def fail(self, failure: StorageFailure) -> StorageFailure:
        """From now on nothing is written: what the disk holds is unknown."""
        ...

    def index_text(self, most: int) -> bool:
        """Take at most so many filed messages into the full text; whether more wait.

        Called from one thread of its own. Raises `StorageFailure` where the index
        cannot be read, and never for a full text that is damaged: it is made anew.
        """
        ...

    def close(self) -> None:
        """File, settle and forget what is left, and let go of the folder."""
        ...

    def account(self, name: str) -> Account | None:
        """The account of this exact name, removed ones included."""
        ...

    def account_by_uid(self, uid: int) -> Account:
        """The account of this number; it must exist."""
        ...

    def arrival(self, uid: int, *, last: bool) -> Arrival:
        """What the login of an account, which must exist, is answered by.

        `last` asks for the login before it too.
        """
        ...

    def token_arrival(self, secret_hash: str, *, last: bool) -> Arrival | None:
        """The same by a token, as the sha-256 of its secret in hex."""
        ...

    def accounts(self) -> list[Account]:
        """All accounts, oldest first."""
        ...

    def invitation(self, secret_hash: str) -> Invitation | None:
        """The invitation of a code, by its sha-256 in hex."""
        ...

    def invitations(self) -> list[Invitation]:
        """All invitations, oldest first."""
        ...

    def drafts(self, uid: int, after: str | None, limit: int) -> Drafts:
        """Up to `limit` drafts of an account, from behind the id `after`."""
        ...

    def counts(self, owner: int) -> Counts:
        """What waits for, and because of, an account."""
        ...

    def page(self, query: ListQuery) -> Listing:
        """One page of a box."""
        ...

    def page_at_hand(self, query: ListQuery) -> Listing | None:
        """The same where it is known already. It does not block: any thread may ask."""
        ...

    def changes(self, owner: int, since: str | None, limit: int) -> ChangePage:
        """Up to `limit` rows new or changed since a cursor (None: from the start).

        Raises `Refusal("cursor_invalid")`.
        """
        ...

    def letter(self, asker: int, id: str) -> Opened:  # noqa: A002 - the wire's name
        """A whole message, its digest checked.

        Raises `Refusal`: `not_found`, `recalled`, `damaged`. Showing it to its
        recipient needs an act `opened` committed first.
        """
        ...

    def find_hash(self, asker: int, body_md5: str) -> str:
        """The newest message in the asker's view whose body has this md5.

        Raises `Refusal("not_found")`.
        """
        ...

    def search(self, query: SearchQuery) -> Hits:
        """Messages in the asker's view, newest first.

        Raises `Refusal`: `not_found` for a `before` that is no message, `busy` while
        the full text is made anew.
        """
        ...

    def thread(self, asker: int, id: str) -> Thread:  # noqa: A002
        """A message with what it answers and what answers it, in the asker's view.

        Raises `Refusal("not_found")`.
        """
        ...

    def read(self, query: ReadQuery) -> Letters:
        """Whole messages for a copy, as their owner would see them; no receipt."""
        ...

    def status(self, asker: int, id: str) -> Status:  # noqa: A002
        """A message's receipts. Raises `Refusal("not_found")`."""
        ...

    def blocks(self) -> list[tuple[int, int]]:
        """Who blocks whom, as pairs of accounts."""
        ...

    def room(self, asker: int, name: str) -> RoomInfo:
        """A room as an account sees it. Raises `Refusal("unknown_room")`."""
        ...

    def rooms(self, query: RoomsQuery) -> Rooms:
        """A page of rooms by name."""
        ...

    def members(self, asker: int, room: str, after: str | None, limit: int) -> Members:
        """A page of a room's members by name.

        Raises `Refusal`: `unknown_room`, `not_member`.
        """
        ...

    def history(self, query: HistoryQuery) -> RoomPage:
        """A page of a room without what the asker's blocks hide.

        Raises `Refusal`: `unknown_room`, `not_member`.
        """
        ...

    def logins(self, uid: int, before: int | None, limit: int) -> list[LoginRow]:
        """An account's logins from before a number, newest first."""
        ...

    def last_login(self, uid: int) -> LastLogin:
        """An account's last login."""
        ...

    def seen_since(self, at: int) -> list[SeenUser]:
        """Who was online since a time (ms UTC), as far as was written down."""
        ...

    def last_seen(self, uid: int) -> int | None:
        """When an account was last online, as far as was written down."""
        ...

    def locks(self) -> list[Lock]:
        """Names whose last logins have failed."""
        ...

    def sizes(self) -> Sizes:
        """How much there is of everything; takes as long as counting it."""
        ...
