"""The full text is kept up on a thread of its own, behind everything that answers."""

import asyncio
from collections.abc import Callable

from nimsg.errors import StorageFailure
from nimsg.server.threads import Threads
from nimsg.store.base import Store


ROUND_MOST = 200
# So many rounds in a row mean that it will take a while: nobody waits for that.
ROUNDS_WAITED_FOR = 25
PUT_OFF_MOST_S = 30.0
# More commands in one pause are a rush, in which nobody searches for the last words.
RUSH = 50


class Indexing:
    """Owned by the loop.

    While nobody searches, messages gather for `pause_s`, and for longer in a rush, in
    which others need the disk and the processor. `asked` counts commands. `give_up` is
    told of an index that cannot be read; then nothing more is taken in.
    """

    def __init__(
        self,
        store: Store,
        pause_s: float,
        asked: Callable[[], int],
        give_up: Callable[[StorageFailure], object],
        threads: type[Threads] = Threads,
    ) -> None:
        self._store = store
        self._asked = asked
        self._give_up = give_up
        self._pause_s = pause_s
        self._behind = asyncio.Event()
        self._behind.set()
        self._hurry = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._working = False
        self._rounds = 0
        self._thread = threads(1, "indexer")

    def note(self) -> None:
        """There may be something to take in."""
        self._behind.set()

    async def run(self) -> None:
        """Work until cancelled, or until the index cannot be read."""
        try:
            await self._work()
        except StorageFailure as failure:
            self._give_up(failure)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._behind.wait()
            await self._let_others_go_first(loop.time() + PUT_OFF_MOST_S)
            self._hurry.clear()
            self._behind.clear()
            served, self._waiting = self._waiting, []
            self._working = True
            while await self._thread.call(self._store.index_text, ROUND_MOST):
                self._rounds += 1
            self._working, self._rounds = False, 0
            for waiter in served:
                if not waiter.done():
                    waiter.set_result(None)

    async def _let_others_go_first(self, deadline: float) -> None:
        """Wait for a pause in which few have asked for anything."""
        loop = asyncio.get_running_loop()
        while not self._hurry.is_set():
            before = self._asked()
            await _wait(self._hurry, self._pause_s)
            if self._asked() - before <= RUSH or loop.time() >= deadline:
                return

    async def caught_up(self, wait_s: float) -> None:
        """Wait at most so long for what was filed by now."""
        idle = not self._behind.is_set() and not self._working
        if idle or self._rounds > ROUNDS_WAITED_FOR:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._behind.set()
        self._hurry.set()
        await asyncio.wait({waiter}, timeout=wait_s)

    def close(self) -> None:
        """End the thread after what it is at."""
        self._thread.close()


async def _wait(event: asyncio.Event, most_s: float) -> None:
    waiting = asyncio.wait_for(event.wait(), most_s)
    try:
        await waiting
    except TimeoutError:
        return
