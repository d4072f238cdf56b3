"""Who is connected."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from nimsg.protocol.constants import CloseReason


class Live(Protocol):
    """What the registry asks of a session."""

    @property
    def uid(self) -> int | None:
        """The account that is logged in."""
        ...

    @property
    def token_id(self) -> str | None:
        """The script token the session came by."""
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
        self._sessions: set[Live] = set()
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
        self._sessions.add(session)
        self._empty.clear()

    def remove(self, session: Live) -> None:
        """A connection is gone."""
        self._sessions.discard(session)
        if not self._sessions:
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until nobody is connected."""
        await self._empty.wait()

    def revoke(
        self, uid: int, *, keep: Live | None = None, token_id: str | None = None
    ) -> None:
        """End an account's sessions: all but `keep`, or those of one token.

        A login that is on its way is told by `revoked_since`.
        """
        self.revocations += 1
        self._revoked[uid] = self.revocations
        for session in self:
            if session is keep or session.uid != uid:
                continue
            if token_id is None or session.token_id == token_id:
                session.end(CloseReason.REVOKED)

    def revoked_since(self, uid: int, revocations: int) -> bool:
        """Whether an account's sessions were ended after so many revocations."""
        return self._revoked.get(uid, 0) > revocations
