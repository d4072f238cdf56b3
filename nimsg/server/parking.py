"""Polls that wait for something to happen to an account or in a room."""

import asyncio
from collections.abc import Iterable


Place = int | str


class Parking:
    """Who waits for which account, by number, or room, by name. Owned by the loop."""

    def __init__(self) -> None:
        self._parked: dict[Place, set[asyncio.Future[None]]] = {}

    def park(self, place: Place) -> asyncio.Future[None]:
        """A future that is done at the next change there; to be left after."""
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parked.setdefault(place, set()).add(ticket)
        return ticket

    def leave(self, place: Place, ticket: asyncio.Future[None]) -> None:
        """Give a ticket back."""
        tickets = self._parked.get(place, set())
        tickets.discard(ticket)
        if not tickets:
            self._parked.pop(place, None)

    def wake(self, places: Iterable[Place]) -> None:
        """Something happened there."""
        for place in places:
            for ticket in self._parked.get(place, ()):
                if not ticket.done():
                    ticket.set_result(None)

    def wake_all(self) -> None:
        """The server stops: nobody waits any longer."""
        self.wake(tuple(self._parked))
