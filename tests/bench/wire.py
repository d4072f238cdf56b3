"""A cheap connection of a client, the same for every peer: a buffer, and one waiter."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import TypeVar, cast

from nimsg.cli.server import loop_factory
from tests.bench.proc import HOST


T = TypeVar("T")


class Wire(asyncio.Protocol):
    """One connection. With a `sink`, that is given every chunk, and nothing is kept."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.number = 0
        self.sent = 0
        self.pipelining = False
        self.sink: Callable[[bytes], None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._over = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.sink is not None:
            self.sink(data)
            return
        self.buffer += data
        self._wake()

    def connection_lost(self, _: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._over = True
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _more(self) -> None:
        if self._over:
            raise ConnectionError("closed by the server")
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    async def until(self, end: bytes) -> bytes:
        """All up to and with `end`."""
        start = 0
        while (at := self.buffer.find(end, start)) < 0:
            start = max(0, len(self.buffer) - len(end) + 1)
            await self._more()
        return self._take(at + len(end))

    async def exactly(self, count: int) -> bytes:
        """So many bytes."""
        while len(self.buffer) < count:
            await self._more()
        return self._take(count)

    def _take(self, count: int) -> bytes:
        found = bytes(self.buffer[:count])
        del self.buffer[:count]
        return found

    def write(self, data: bytes) -> None:
        """Send."""
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


async def dial(port: int, context: ssl.SSLContext | None = None) -> Wire:
    """A connection to a server here."""
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(Wire, HOST, port, ssl=context)
    return wire


def run(coroutine: Coroutine[object, object, T], timeout_s: float = 240) -> T:
    """Run a coroutine on the quickest loop there is."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(asyncio.wait_for(coroutine, timeout_s))


async def many(
    count: int, make: Callable[[int], Coroutine[object, object, T]], at_once: int = 16
) -> list[T]:
    """What is made of 0 to count - 1, a few at a time."""
    found: dict[int, T] = {}
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            found[number] = await make(number)

    await asyncio.gather(*(worker() for _ in range(min(at_once, count))))
    return [found[number] for number in range(count)]
