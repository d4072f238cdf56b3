"""The Store contract: batch operations on values, and nothing of what lies below.

    commands --commit--> durable in the journal --file--> files under their names
                                                --settle--> journal forgotten

`commit`, `file` and `settle` are each called from one thread of its own, in this
order for each batch; the others from any thread. A command may be answered once
`file` has returned for its batch. A backend is right when it passes the contract
suite in tests/store.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from nimsg.core.accounts import Account, Token
from nimsg.core.commands import Command, Outcome
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box
from nimsg.protocol.results import ChangePage, Opened, Page, Status


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


class TokenHolder(Struct, frozen=True):
    """An account found by a token, and the token."""

    account: Account
    token: Token


class JournalRow(Struct, frozen=True):
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
    """Durable state. All methods block; none may run on an event loop's thread."""

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

    def close(self) -> None:
        """File, settle and forget what is left, and let go of the folder."""
        ...

    def account(self, name: str) -> Account | None:
        """The account of this exact name, removed ones included."""
        ...

    def account_by_uid(self, uid: int) -> Account:
        """The account of this number; it must exist."""
        ...

    def token_holder(self, secret_hash: str) -> TokenHolder | None:
        """Whose token this is, by the sha-256 of its secret in hex."""
        ...

    def accounts(self) -> list[Account]:
        """All accounts, oldest first."""
        ...

    def counts(self, owner: int) -> Counts:
        """What waits for, and because of, an account."""
        ...

    def page(self, query: ListQuery) -> Page:
        """One page of a box."""
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

    def status(self, asker: int, id: str) -> Status:  # noqa: A002
        """A message's receipts. Raises `Refusal("not_found")`."""
        ...
