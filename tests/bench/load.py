"""A closed loop: so many connections, each sending when its last answer is there."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import NamedTuple, cast

from tests.bench.subjects import HEADER, Subject


class Load(NamedTuple):
    """What a load came to; latencies in seconds, sorted."""

    messages: int
    wall_s: float
    latencies: Sequence[float]

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.messages / self.wall_s

    def percentile_ms(self, share: float) -> float:
        """The latency that so big a share of the answers did not exceed."""
        at = min(len(self.latencies) - 1, int(share * len(self.latencies)))
        return self.latencies[at] * 1000


class Connection(asyncio.Protocol):
    """A cheap client: one request, one answer."""

    def __init__(self, *, frames: bool) -> None:
        self._frames = frames
        self._buffer = bytearray()
        self._waiter: asyncio.Future[bytes] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._give()

    async def answer(self) -> bytes:
        """The next answer."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._give()
        return await self._waiter

    def write(self, data: bytes) -> None:
        """Send."""
        assert self.transport is not None
        self.transport.write(data)

    def _give(self) -> None:
        if self._waiter is None or self._waiter.done():
            return
        size = self._size()
        if size and len(self._buffer) >= size:
            self._waiter.set_result(bytes(self._buffer[:size]))
            del self._buffer[:size]

    def _size(self) -> int:
        if not self._frames:
            return 1
        if len(self._buffer) < HEADER.size:
            return 0
        (length,) = HEADER.unpack_from(self._buffer)
        return HEADER.size + int(length)


async def connect(subject: Subject, number: int) -> Connection:
    """A connection that may send."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(frames=subject.answers_are_frames),
        "127.0.0.1",
        subject.port,
    )
    login = subject.login(number)
    if login:
        await connection.answer()
        connection.write(login)
        check(await connection.answer())
    return connection


def check(answer: bytes) -> None:
    """An error is no answer that counts."""
    if b'"error"' in answer[:400]:
        raise RuntimeError(answer.decode(errors="replace"))


async def send_load(
    subject: Subject, concurrency: int, messages: int, first: int
) -> Load:
    """Send so many messages over so many connections; `first` numbers them."""
    connections = [await connect(subject, i) for i in range(concurrency)]
    numbers = itertools.count(first)
    latencies: list[float] = []
    clock = time.perf_counter

    async def worker(number: int, connection: Connection) -> None:
        while (k := next(numbers)) < first + messages:
            frame = subject.frame(number, k)
            began = clock()
            connection.write(frame)
            answer = await connection.answer()
            latencies.append(clock() - began)
            check(answer)

    began = clock()
    await asyncio.gather(*(worker(i, c) for i, c in enumerate(connections)))
    wall_s = clock() - began
    for connection in connections:
        assert connection.transport is not None
        connection.transport.close()
    return Load(messages, wall_s, sorted(latencies))
