"""Who is connected."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from nimsg.core.accounts import Account
from nimsg.protocol.constants import CloseReason
from nimsg.protocol.results_people import SessionRow


class Live(Protocol):
    """What the registry asks of a session."""

    @property
    def uid(self) -> int:
        """The number of the account that is logged in, 0 where none is."""
        ...

    @property
    def resume(self) -> str | None:
        """The sha-256 of the token that brings the session back."""
        ...

    @property
    def token_id(self) -> str | None:
        """The script token the session came by."""
        ...

    @property
    def row(self) -> SessionRow:
        """The connection as an admin sees it."""
        ...

    def renew(self, account: Account) -> None:
        """The account has changed."""
        ...

    def finish(self) -> None:
        """End as soon as nothing is left to answer."""
        ...

    def cut_off(self) -> None:
        """Close at once, whatever is unsent."""
        ...

    def end(self, reason: CloseReason) -> None:
        """Say why and close."""
        ...


class Registry:
    """All open sessions. Owned by the loop."""

    def __init__(self) -> None:
        # In the order in which they came.
        self._sessions: dict[Live, None] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._revoked: dict[int, int] = {}
        self.revocations = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Live]:
        return iter(tuple(self._sessions))

    def add(self, session: Live) -> None:
        """A connection came."""
        self._sessions[session] = None
        self._empty.clear()

    def remove(self, session: Live) -> None:
        """A connection is gone."""
        self._sessions.pop(session, None)
        if not self._sessions:
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until nobody is connected."""
        await self._empty.wait()

    def revoke(
        self,
        uid: int,
        *,
        keep: Live | None = None,
        token_id: str | None = None,
        reason: CloseReason = CloseReason.REVOKED,
    ) -> int:
        """End an account's sessions: all but `keep`, or those of one token; how many.

        A login that is on its way is told by `revoked_since`.
        """
        self.revocations += 1
        self._revoked[uid] = self.revocations
        ended = 0
        for session in self:
            if session is keep or session.uid != uid:
                continue
            if token_id is None or session.token_id == token_id:
                session.end(reason)
                ended += 1
        return ended

    def renew(self, account: Account) -> None:
        """Tell an account's sessions what it has become."""
        for session in self:
            if session.uid == account.uid:
                session.renew(account)

    def revoked_since(self, uid: int, revocations: int) -> bool:
        """Whether an account's sessions were ended after so many revocations."""
        return self._revoked.get(uid, 0) > revocations
