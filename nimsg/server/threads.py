"""Threads for what blocks, and futures of what it comes to."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar, TypeVarTuple, Unpack


T = TypeVar("T")
V = TypeVar("V")
Ts = TypeVarTuple("Ts")


class Threads:
    """At most `count` threads, that take work in the order it comes.

    Owned by the loop. `loop.run_in_executor` does the same with two futures, a lock
    and another turn of the loop for each call, and takes twice as long. `begin` is the
    first that each thread does.
    """

    def __init__(
        self, count: int, name: str, begin: Callable[[], object] = bool
    ) -> None:
        self._count = count
        self._name = name
        self._begin = begin
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._unfinished = 0

    def call(self, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
        """A future of what `work` comes to; cancelled early enough, it is not done."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def do() -> None:
            tell = self._done
            if not future.cancelled():
                try:
                    tell = partial(self._tell, future, future.set_result, work(*args))
                except BaseException as error:  # noqa: BLE001 - who waits is told
                    tell = partial(self._tell, future, future.set_exception, error)
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(tell)

        self._unfinished += 1
        if len(self._threads) < min(self._unfinished, self._count):
            self._start()
        self._work.put(do)
        return future

    def close(self) -> None:
        """End the threads, each after what is to be done still."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()

    def _tell(
        self, future: asyncio.Future[T], settle: Callable[[V], None], what: V
    ) -> None:
        self._done()
        if not future.done():
            settle(what)

    def _done(self) -> None:
        self._unfinished -= 1

    def _start(self) -> None:
        name = f"{self._name}_{len(self._threads)}"
        self._threads.append(Thread(target=self._run, name=name, daemon=True))
        self._threads[-1].start()

    def _run(self) -> None:
        self._begin()
        while (work := self._work.get()) is not None:
            work()
            # What it came to shall not be kept until there is more to do.
            del work
