"""What each account pays for, read when it is first asked and then kept up."""

import sqlite3
from collections.abc import Callable, Iterable

from nimsg.core.quota import ENVELOPE_BYTES, Quota, Usage


REMEMBERED_MOST = 10_000
# A copy of the asker's own message that is in the outbox too counts there.
RECEIVED = f"""
SELECT count(*), ifnull(sum(size + {ENVELOPE_BYTES}), 0)
FROM copy c JOIN message t ON t.m = c.m
WHERE c.owner = ? AND c.deleted_at IS NULL AND c.recalled_at IS NULL
    AND NOT (t.sender = c.owner AND t.deleted_at IS NULL)
"""
SENT = f"""
SELECT count(position), ifnull(sum(size + {ENVELOPE_BYTES}), 0)
FROM message t
WHERE sender = ? AND removed = 0 AND (deleted_at IS NULL OR NOT EXISTS (
    SELECT 1 FROM copy
    WHERE m = t.m AND deleted_at IS NULL AND recalled_at IS NULL))
"""


class Usages:
    """Owned by the writer, within its transaction. Without a quota nothing is read.

    `flush` writes what is held back and would be counted.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        quota: Quota,
        flush: Callable[[], None],
    ) -> None:
        self._flush = flush
        self._connection = connection
        self.quota = quota
        self._known: dict[int, Usage] = {}

    def has_room(self, uid: int, size: int, messages: int = 1) -> bool:
        """Whether an account can pay for a body of so many bytes more."""
        return not self.quota.is_set or self.quota.has_room(
            self._of(uid), size + ENVELOPE_BYTES, messages
        )

    def charge(
        self, uids: Iterable[int], size: int, *, times: int = 1, messages: int = 1
    ) -> None:
        """Accounts pay for one more, or (`times` -1) for one less."""
        for uid in uids:
            usage = self._known.get(uid)
            if usage is not None:
                usage.bytes += times * (size + ENVELOPE_BYTES)
                usage.messages += times * messages

    def forget(self) -> None:
        """Remember nothing: the transaction was rolled back."""
        self._known.clear()

    def _of(self, uid: int) -> Usage:
        usage = self._known.get(uid)
        if usage is None:
            if len(self._known) >= REMEMBERED_MOST:
                self._known.clear()
            self._flush()
            usage = self._known[uid] = Usage()
            for query in (RECEIVED, SENT):
                row = self._connection.execute(query, (uid,)).fetchone()
                usage.messages += row[0]
                usage.bytes += row[1]
        return usage
