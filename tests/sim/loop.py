"""An event loop on which nothing depends on the world outside, time least of all.

When nothing is ready, time leaps to the next timer. Work for a thread is done on the
loop, at an instant drawn by lot. Tasks and futures hash by number and not by address,
so that sets of them have one order.
"""

import asyncio
import selectors
import socket
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from itertools import count
from random import Random
from typing import Protocol, TypeVar, TypeVarTuple, Unpack, cast

from nimsg.server.threads import Threads


T = TypeVar("T")
V = TypeVar("V")
Ts = TypeVarTuple("Ts")
Work = Coroutine[object, object, T] | Generator[asyncio.Future[object] | None, None, T]

# How long a thread takes before and after its work: mostly ms, sometimes a stall.
PACES_S = (0.0001, 0.0001, 0.001, 0.001, 0.005, 0.3)


class Stillness(AssertionError):
    """Everybody waits, and nothing will ever happen again."""


class Leap(selectors.SelectSelector):
    """Nothing is ever ready: to wait is to let time pass."""

    now_s = 0.0

    def select(  # type: ignore[explicit-any]  # a SelectorKey holds anything
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stillness
        self.now_s += max(timeout, 0.0)
        return []


class NumberedFuture(asyncio.Future[T]):
    """A future with a number."""

    def __init__(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self._number = number
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


class NumberedTask(asyncio.Task[T]):
    """A task with a number."""

    def __init__(
        self,
        number: int,
        work: Work[T],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._number = number
        super().__init__(work, loop=loop, context=context)

    def __hash__(self) -> int:
        return self._number


class Takes(Protocol):
    """A host's side of a network, as a listening socket sees it."""

    async def take(self) -> asyncio.Transport:
        """The next connection."""
        ...


class VirtualLoop(asyncio.SelectorEventLoop):
    """See `nimsg.server.timers.Timers` too; `host` is where its server listens."""

    def __init__(self, chance: Random) -> None:
        self._leap = Leap()
        self._chance = chance
        self._numbers = count()
        self.host: Takes | None = None
        super().__init__(self._leap)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._leap.now_s

    now_s = time

    def create_future(self) -> asyncio.Future[T]:
        return NumberedFuture(next(self._numbers), self)

    def create_task(
        self,
        coro: Work[T],
        *,
        name: object = None,  # noqa: ARG002 - a number does
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        return NumberedTask(next(self._numbers), coro, self, context)

    def pace(self) -> float:
        """How many seconds a thread takes before its work, or after it."""
        return self._chance.expovariate(1 / self._chance.choice(PACES_S))

    # -- what `nimsg.server.listener` asks of a loop

    async def sock_accept(self, _: socket.socket) -> tuple[socket.socket, object]:
        """The next connection of the host, whatever socket listens."""
        assert self.host is not None
        end = await self.host.take()
        return cast("socket.socket", end), end.get_extra_info("peername")

    async def connect_accepted_socket(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        sock: object,
        **_: object,
    ) -> None:
        """Begin to speak over what `sock_accept` gave."""
        assert isinstance(sock, asyncio.Transport)
        sock.set_protocol(protocol_factory())


class VirtualThreads(Threads):
    """Each work is done on the loop when a thread is free, all of it at one instant."""

    def __init__(
        self, count: int, name: str, begin: Callable[[], object] = bool
    ) -> None:
        super().__init__(count, name, begin)
        # When each thread is free again.
        self._free_s = [0.0] * count

    def call(self, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
        """See `Threads`."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        future: asyncio.Future[T] = loop.create_future()
        free_s = min(self._free_s)
        begin_s = max(loop.time(), free_s) + loop.pace()
        end_s = self._free_s[self._free_s.index(free_s)] = begin_s + loop.pace()

        def do() -> None:
            if future.cancelled():
                return
            try:
                value = work(*args)
            except Exception as error:  # noqa: BLE001 - who waits for it is told
                loop.call_at(end_s, tell, future.set_exception, error)
            else:
                loop.call_at(end_s, tell, future.set_result, value)

        def tell(settle: Callable[[V], None], what: V) -> None:
            if not future.cancelled():
                settle(what)

        loop.call_at(begin_s, do)
        return future
