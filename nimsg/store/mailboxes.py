"""Counters of the mailboxes, read once and written once for each batch."""

import sqlite3

from msgspec import Struct
from msgspec.structs import astuple

from nimsg.store.manyrows import ManyRows


REMEMBERED_MOST = 10_000
PUT = ManyRows("INSERT OR REPLACE INTO mailbox {}", columns=10)


class Mailbox(Struct):
    """The last numbers given in a mailbox, and how many rows are in which state."""

    uid: int
    last_in: int = 0
    last_out: int = 0
    last_change: int = 0
    new: int = 0
    pending: int = 0
    kept_in: int = 0
    kept_out: int = 0
    lost_in: int = 0
    lost_out: int = 0

    def receive(self, position: int, *, new: bool) -> int:
        """A message gets an inbox position, which may have been given earlier."""
        self.last_in = max(self.last_in, position)
        self.kept_in += 1
        self.new += new
        return position

    def send(self, position: int, *, pending: bool, kept: bool) -> int:
        """A message gets an outbox position, which may have been given earlier."""
        self.last_out = max(self.last_out, position)
        self.kept_out += kept
        self.pending += pending
        return position

    def next_change(self) -> int:
        """A new change number."""
        self.last_change += 1
        return self.last_change


def mailbox_ends(connection: sqlite3.Connection) -> list[Mailbox]:
    """The last positions that an index has given, and nothing else of it."""
    rows = connection.execute("SELECT uid, last_in, last_out FROM mailbox")
    return [Mailbox(*row) for row in rows]


class Mailboxes:
    """The mailboxes that are written to. Owned by the writer, the only one who does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[int, Mailbox] = {}
        self._touched: dict[int, Mailbox] = {}

    def __getitem__(self, uid: int) -> Mailbox:
        mailbox = self._touched.get(uid)
        if mailbox is None:
            mailbox = self._touched[uid] = self._known.get(uid) or self._read(uid)
        return mailbox

    @property
    def touched(self) -> list[int]:
        """The accounts whose mailboxes `flush` is to write."""
        return list(self._touched)

    def flush(self) -> None:
        """Write what was touched since the last time."""
        PUT.write(self._connection, [*map(astuple, self._touched.values())])
        if len(self._known) + len(self._touched) > REMEMBERED_MOST:
            self._known.clear()
        self._known |= self._touched
        self._touched.clear()

    def forget(self) -> None:
        """Remember nothing: the transaction was rolled back."""
        self._known.clear()
        self._touched.clear()

    def _read(self, uid: int) -> Mailbox:
        row = self._connection.execute(
            "SELECT * FROM mailbox WHERE uid = ?", (uid,)
        ).fetchone()
        return Mailbox(*row) if row else Mailbox(uid)
