"""People at a server: what each can do, in one line and with typed answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar, Unpack

import msgspec

from nimsg.protocol.constants import CopyState
from nimsg.protocol.envelope import Answer
from nimsg.protocol.methods import METHODS
from nimsg.protocol.results import (
    Acked,
    Began,
    ChangePage,
    CreatedToken,
    Done,
    Opened,
    Page,
    Recalled,
    Receipt,
    Result,
    Sent,
    Status,
    Tokens,
)
from nimsg.server.app import Server
from nimsg.server.services import wall_clock_ms
from nimsg.server.timers import Timers
from nimsg.store.base import Store
from tests.support.aioclient import AioClient, connected
from tests.support.serving import Changes, quick_config, serving


HANG_S = 30
R = TypeVar("R", bound=Result)


class Person:
    """Somebody on one connection. Every call raises `Refusal` as the server does."""

    def __init__(self, name: str, client: AioClient) -> None:
        self.name = name
        self.client = client
        self._sent = 0

    async def ask(self, want: type[R], method: str, **params: object) -> R:
        """A method's result, which is of the type its row promises."""
        assert METHODS[method].result is want
        return msgspec.convert(await self.client.call(method, **params), want)

    async def arrive(self, device: str = "headless") -> None:
        """Register, or log in where the account is there."""
        began = await self.ask(Began, "auth.begin", user=self.name)
        if began.next == "register":
            await self.client.register(self.name)
        else:
            await self.client.login(self.name, device)

    async def send(self, *to: str, body: str = "hello", **more: object) -> Sent:
        """A message under a fresh client_id, where none is given."""
        self._sent += 1
        client_id = more.pop("client_id", f"{id(self)}-{self._sent}")
        return await self.ask(
            Sent, "mail.send", to=to, body=body, client_id=client_id, **more
        )

    async def inbox(self, **query: object) -> Page:
        return await self.ask(Page, "mail.list", box="inbox", **query)

    async def outbox(self, **query: object) -> Page:
        return await self.ask(Page, "mail.list", box="outbox", **query)

    async def changes(self, since: str | None = None, **more: object) -> ChangePage:
        return await self.ask(ChangePage, "mail.changes", since=since, **more)

    async def open(self, id_: str) -> Opened:
        return await self.ask(Opened, "mail.open", id=id_)

    async def ack(self, id_: str) -> Acked:
        return await self.ask(Acked, "mail.ack", id=id_)

    async def status(self, id_: str) -> Status:
        return await self.ask(Status, "mail.status", id=id_)

    async def recall(self, id_: str) -> Recalled:
        return await self.ask(Recalled, "mail.recall", id=id_)

    async def delete(self, id_: str) -> Done:
        return await self.ask(Done, "mail.delete", id=id_)

    async def ping(self) -> Done:
        return await self.ask(Done, "session.ping")

    async def make_token(
        self, label: str = "cron", expires_at: int | None = None
    ) -> CreatedToken:
        return await self.ask(
            CreatedToken, "token.create", label=label, expires_at=expires_at
        )

    async def tokens(self) -> Tokens:
        return await self.ask(Tokens, "token.list")

    async def until(self, id_: str, state: CopyState) -> Receipt:
        """The one receipt of a message once it has got this far."""
        cursor = None
        while True:
            cursor = (await self.changes(cursor, limit=500, wait_ms=60_000)).cursor
            [receipt] = (await self.status(id_)).receipts
            if receipt.state is state:
                return receipt

    async def cursor(self) -> str:
        """Where the mailbox ends now."""
        return (await self.changes(limit=500)).cursor

    async def park(
        self, since: str | None, wait_ms: int = 60_000
    ) -> asyncio.Future[Answer]:
        """A poll that waits by the time this returns: requests are taken in order."""
        poll = self.client.start("mail.changes", {"since": since, "wait_ms": wait_ms})
        await self.ping()
        return poll


async def page_of(poll: asyncio.Future[Answer]) -> ChangePage:
    """What a poll came to."""
    answer = await poll
    assert answer.refusal is None
    return msgspec.convert(answer.result, ChangePage)


@asynccontextmanager
async def office(
    folder: Path,
    *,
    store: Store | None = None,
    clock: Callable[[], int] = wall_clock_ms,
    stop: asyncio.Event | None = None,
    timers: Timers | None = None,
    **changes: Unpack[Changes],
) -> AsyncIterator[Server]:
    """A server on a folder of the test's, and a guard against hanging."""
    config = quick_config(folder / "var", **changes)
    async with (
        asyncio.timeout(HANG_S),
        serving(config, store=store, clock=clock, stop=stop, timers=timers) as server,
    ):
        yield server


@asynccontextmanager
async def people(
    server: Server, *names: str, device: str = "headless"
) -> AsyncIterator[list[Person]]:
    """Somebody for each name, logged in; a name may come twice."""
    async with AsyncExitStack() as stack:
        found = []
        for name in names:
            client = await stack.enter_async_context(connected(server.port))
            found.append(Person(name, client))
            await found[-1].arrive(device)
        yield found
