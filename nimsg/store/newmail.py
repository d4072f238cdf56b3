"""New mail of a batch: held until the batch is whole, then written together."""

import sqlite3
from collections.abc import Iterable

from nimsg.store.manyrows import ManyRows
from nimsg.store.messagerow import FIXED, Column, Entry, message_row


EARLIER = ManyRows(
    "WITH asked (sender, client_id) AS ({})"
    " SELECT sender, client_id, fingerprint"
    " FROM asked CROSS JOIN message USING (sender, client_id)",
    columns=2,
)
ADD_MESSAGES = ManyRows(
    f"INSERT INTO message (m, {', '.join(FIXED)}, pending, removed) {{}}",
    columns=len(FIXED) + 3,
)
ADD_COPIES = ManyRows(
    "INSERT INTO copy (owner, position, m, new, imported) {}", columns=5
)

Row = tuple[Column, ...]


class NewMail:
    """Messages that are waited for, with their copies, within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._messages: list[Row] = []
        self._copies: list[Row] = []
        self._prints: dict[tuple[int, str], str | None] = {}
        self._last_m: int | None = None

    def expect(self, keys: Iterable[tuple[int, str]]) -> None:
        """Look up what was sent under each (sender, client_id), for `earlier`."""
        self._prints = dict.fromkeys(keys)
        for found in EARLIER.run(self._connection, list(self._prints)):
            for sender, client_id, print_ in found:
                self._prints[sender, client_id] = print_

    def earlier(self, sender: int, client_id: str) -> str | None:
        """The fingerprint of what was sent under a client_id, this batch included."""
        try:
            return self._prints[sender, client_id]
        except KeyError:
            row = self._connection.execute(
                "SELECT fingerprint FROM message WHERE sender = ? AND client_id = ?",
                (sender, client_id),
            ).fetchone()
            return row[0] if row else None

    def note(self, entry: Entry) -> None:
        """Somebody else wrote a message."""
        self._last_m = None
        self._remember(entry)

    def add(self, entry: Entry) -> None:
        """Hold a message and its copies, at their positions."""
        m = self._last_m = self._last() + 1
        self._remember(entry)
        self._messages.append((m, *message_row(entry), True, False))
        inbox = entry.file.positions.inbox
        self._copies += [
            (uid, inbox[name], m, True, False) for name, uid in entry.to.items()
        ]

    def flush(self) -> None:
        """Write what is held."""
        if self._messages:
            ADD_MESSAGES.write(self._connection, self._messages)
            ADD_COPIES.write(self._connection, self._copies)
            self._messages.clear()
            self._copies.clear()

    def forget(self) -> None:
        """Hold nothing: the batch was rolled back."""
        self._messages.clear()
        self._copies.clear()
        self._last_m = None

    def _remember(self, entry: Entry) -> None:
        key = entry.sender, entry.file.client_id
        if key in self._prints:
            self._prints[key] = entry.fingerprint

    def _last(self) -> int:
        if self._last_m is None:
            row = self._connection.execute("SELECT max(m) FROM message").fetchone()
            self._last_m = row[0] or 0
        return self._last_m
