"""Polls that wait for something to happen to an account."""

import asyncio
from collections.abc import Iterable


class Parking:
    """Who waits for which account. Owned by the loop."""

    def __init__(self) -> None:
        self._parked: dict[int, set[asyncio.Future[None]]] = {}

    def park(self, uid: int) -> asyncio.Future[None]:
        """A future that is done at the account's next change; to be left after."""
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parked.setdefault(uid, set()).add(ticket)
        return ticket

    def leave(self, uid: int, ticket: asyncio.Future[None]) -> None:
        """Give a ticket back."""
        tickets = self._parked.get(uid, set())
        tickets.discard(ticket)
        if not tickets:
            self._parked.pop(uid, None)

    def wake(self, uids: Iterable[int]) -> None:
        """Something happened to these accounts."""
        for uid in uids:
            for ticket in self._parked.get(uid, ()):
                if not ticket.done():
                    ticket.set_result(None)

    def wake_all(self) -> None:
        """The server stops: nobody waits any longer."""
        self.wake(tuple(self._parked))
