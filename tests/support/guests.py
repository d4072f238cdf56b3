"""People who sit at their clients: what they do there, and what they are told."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar, Unpack

import msgspec

from nimsg.protocol.envelope import ServerEvent
from nimsg.protocol.methods import EVENTS
from nimsg.protocol.results import Began, Done, Result, Welcome
from nimsg.protocol.results_people import (
    Blocks,
    Broadcasted,
    Online,
    PrivateTaken,
    Seen,
    SeenSince,
)
from nimsg.protocol.results_rooms import Joined, Posted, RoomMessage, RoomPage
from nimsg.server.app import Server
from nimsg.store.base import Store
from tests.support.aioclient import PASSWORD, AioClient, connected
from tests.support.office import Person, office
from tests.support.serving import Changes
from tests.support.virtualtime import VirtualTime


E = TypeVar("E", bound=Result)
LISTENS: dict[str, object] = {"port": 40_000, "fingerprint": "ab" * 32}


class Guest(Person):
    """Somebody on an interactive connection; what they are told is taken once."""

    def __init__(self, name: str, client: AioClient, server: Server) -> None:
        super().__init__(name, client)
        self.server = server
        self.welcome = Welcome(name, "", 0, 0, 0)
        self._taken = 0
        self._posted = 0

    async def arrive(self, device: str = "line") -> None:
        """See `Person`."""
        began = await self.ask(Began, "auth.begin", user=self.name)
        method = "auth.register" if began.next == "register" else "auth.login"
        proof = {} if began.next == "nothing" else {"password": PASSWORD}
        await self.enter(method, user=self.name, device=device, **proof)

    async def enter(self, method: str, **params: object) -> None:
        """Log in some way."""
        self.welcome = await self.ask(Welcome, method, **params)

    async def resume(self, token: str | None, device: str = "line") -> None:
        """Come back by a resume token."""
        await self.enter("auth.resume", token=token, device=device)

    # -- what they are told ----------------------------------------------------

    async def hears(self, want: type[E]) -> E:
        """The next event of a kind; what comes before it is passed over.

        Raises `ConnectionError` where the server hangs up first.
        """
        while True:
            while self._taken < len(self.client.events):
                event = _typed(self.client.events[self._taken])
                self._taken += 1
                if isinstance(event, want):
                    return event
            if self.client.closed.is_set():
                raise ConnectionError(self.client.session.closing)
            self.client.spoken.clear()
            await self.client.spoken.wait()

    async def told(self) -> list[Result]:
        """What else they have been told once all is written that was to be."""
        await self.server.services.committer.drained()
        await self.ping()
        events = self.client.events[self._taken :]
        self._taken = len(self.client.events)
        return [_typed(event) for event in events]

    async def told_of(self, want: type[E]) -> list[E]:
        """Like `told`, one kind of it."""
        return [event for event in await self.told() if isinstance(event, want)]

    async def goodbye(self) -> str:
        """Why the server hung up, once it has."""
        await self.client.closed.wait()
        return self.client.session.closing

    # -- what they do ----------------------------------------------------------

    async def touch(self) -> Done:
        return await self.ask(Done, "session.touch")

    async def logout(self) -> Done:
        return await self.ask(Done, "auth.logout")

    async def online(self) -> list[str]:
        return [row.user for row in (await self.ask(Online, "presence.list")).users]

    async def since(self, seconds: int) -> list[str]:
        found = await self.ask(SeenSince, "presence.since", seconds=seconds)
        return [row.user for row in found.users]

    async def seen(self, user: str) -> Seen:
        return await self.ask(Seen, "presence.seen", user=user)

    async def block(self, user: str) -> Done:
        return await self.ask(Done, "block.add", user=user)

    async def unblock(self, user: str) -> Done:
        return await self.ask(Done, "block.remove", user=user)

    async def blocks(self) -> list[str]:
        return (await self.ask(Blocks, "block.list")).users

    async def broadcast(self, body: str = "hello all") -> Broadcasted:
        return await self.ask(Broadcasted, "broadcast.send", body=body)

    async def create(self, room: str, topic: str = "") -> Joined:
        return await self.ask(Joined, "room.create", room=room, topic=topic)

    async def join(self, room: str) -> Joined:
        return await self.ask(Joined, "room.join", room=room)

    async def leave(self, room: str) -> Done:
        return await self.ask(Done, "room.leave", room=room)

    async def topic(self, room: str, topic: str) -> Done:
        return await self.ask(Done, "room.topic", room=room, topic=topic)

    async def post(
        self, body: str = "hello", room: str = "lobby", **more: object
    ) -> Posted:
        """A message to a room under a fresh client_id, where none is given."""
        self._posted += 1
        client_id = more.pop("client_id", f"post-{id(self)}-{self._posted}")
        return await self.ask(
            Posted, "room.post", room=room, body=body, client_id=client_id, **more
        )

    async def history(self, room: str = "lobby", **query: object) -> RoomPage:
        return await self.ask(RoomPage, "room.history", room=room, **query)

    async def accept(self, invitation: str, **more: object) -> PrivateTaken:
        return await self.ask(
            PrivateTaken,
            "private.answer",
            **{"invitation": invitation, "accept": True, **LISTENS, **more},
        )

    async def decline(self, invitation: str) -> PrivateTaken:
        return await self.ask(
            PrivateTaken, "private.answer", invitation=invitation, accept=False
        )

    async def stop(self, user: str) -> Done:
        return await self.ask(Done, "private.stop", user=user)


def _typed(event: ServerEvent) -> Result:
    return msgspec.convert(event.params, EVENTS[event.method][0])


def notices(messages: list[RoomMessage]) -> list[tuple[str, str | None]]:
    """What the server itself said in a room, as pairs of its kind and its text."""
    return [(one.body, one.notice) for one in messages if one.notice is not None]


def bodies(messages: list[RoomMessage]) -> list[str]:
    """What people said in a room."""
    return [one.body for one in messages if one.notice is None]


@asynccontextmanager
async def guest(
    server: Server, name: str, device: str = "line"
) -> AsyncIterator[Guest]:
    """Somebody who is logged in."""
    async with connected(server.port) as client:
        found = Guest(name, client, server)
        await found.arrive(device)
        yield found


@asynccontextmanager
async def caller(server: Server, name: str) -> AsyncIterator[Guest]:
    """Somebody who is greeted and has yet to log in."""
    async with connected(server.port) as client:
        yield Guest(name, client, server)


@asynccontextmanager
async def guests(server: Server, *names: str) -> AsyncIterator[list[Guest]]:
    """Somebody for each name, logged in; of each other's coming they are told."""
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(guest(server, name)) for name in names]
        for one in found:
            await one.told()
        yield found


@asynccontextmanager
async def timed_office(
    folder: Path,
    time: VirtualTime,
    *,
    store: Store | None = None,
    **changes: Unpack[Changes],
) -> AsyncIterator[Server]:
    """An office where time passes as the test says."""
    async with office(
        folder, store=store, clock=time, timers=time, **changes
    ) as server:
        yield server
