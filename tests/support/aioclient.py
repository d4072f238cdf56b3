"""An asyncio client for tests, around the one sans-I/O session."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from nimsg.client.session import ClientSession
from nimsg.protocol.envelope import Answer, ServerEvent
from nimsg.protocol.strict import JsonObject
from nimsg.socketpath import short_socket_path


PASSWORD = "correct horse"


class AioClient:
    """Calls methods over one connection, many at once where asked."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.session = ClientSession()
        self.events: list[ServerEvent] = []
        self.spoken = asyncio.Event()
        self.closed = asyncio.Event()
        self.greeted = asyncio.Event()
        self._waiting: dict[int | None, asyncio.Future[Answer]] = {}

    async def read(self) -> None:
        """Take what comes until the server closes."""
        with suppress(ConnectionError):
            while data := await self.reader.read(65_536):
                for message in self.session.receive(data):
                    self._take(message)
        self.closed.set()
        self.spoken.set()
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(ConnectionError(self.session.closing))

    def start(self, method: str, params: JsonObject) -> asyncio.Future[Answer]:
        """Send a request; a future of its answer."""
        id_, data = self.session.request(method, params)
        waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = waiter
        self.writer.write(data)
        return waiter

    def begin(self, method: str, params: JsonObject) -> None:
        """Send a request whose answer nobody waits for."""
        _ = self.start(method, params)

    async def call(self, method: str, **params: object) -> JsonObject:
        """One method's result. Raises `Refusal`."""
        answer = await self.start(method, params)
        if answer.refusal is not None:
            raise answer.refusal
        return answer.result

    async def register(self, user: str) -> JsonObject:
        """Make an account and be it."""
        return await self.call("auth.register", user=user, password=PASSWORD)

    async def login(self, user: str, device: str = "headless") -> JsonObject:
        """Be an account made by `register`."""
        return await self.call(
            "auth.login", user=user, password=PASSWORD, device=device
        )

    def _take(self, message: Answer | ServerEvent) -> None:
        if isinstance(message, ServerEvent):
            self.events.append(message)
            self.spoken.set()
            self.greeted.set()
            return
        waiter = self._waiting.pop(message.id, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(message)


@asynccontextmanager
async def connected(port: int, host: str = "127.0.0.1") -> AsyncIterator[AioClient]:
    """A greeted connection, hung up behind the block."""
    async with _greeted(*await asyncio.open_connection(host, port)) as client:
        yield client


@asynccontextmanager
async def connected_locally(var: Path) -> AsyncIterator[AioClient]:
    """Like `connected`, by var/admin.sock."""
    with short_socket_path(var / "admin.sock") as short:
        streams = await asyncio.open_unix_connection(short)
    async with _greeted(*streams) as client:
        yield client


@asynccontextmanager
async def _greeted(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> AsyncIterator[AioClient]:
    client = AioClient(reader, writer)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(client.read())
        await client.greeted.wait()
        try:
            yield client
        finally:
            writer.close()
            reading.cancel()
