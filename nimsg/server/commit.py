"""Group commit: what waits while one batch is written is the next batch.

Three pools of one thread each keep the disk off the loop and apart: batch N+1
is committed while the files of batch N are written, and a sync of the file
system stands in nobody's way.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from nimsg.core.commands import Command, Outcome
from nimsg.errors import Refusal, StorageFailure
from nimsg.store.base import Batch, Store


BATCH_MOST = 512
WAITING_MOST = 8192
UNFILED_MOST = 4

Waiter = asyncio.Future[Outcome]
Committed = tuple[Batch, list[Waiter]]


class Committer:
    """Submits commands to the store. Owned by the loop.

    `clock` gives ms UTC; `after` is told of each batch what it came to, in order,
    once others may hear of it; `took` after how many seconds a command was answered.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], int],
        after: Callable[[Iterable[Outcome]], None],
        settle_interval_s: float,
        took: Callable[[float], object] = bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._after = after
        self._settle_interval_s = settle_interval_s
        self._took = took
        self._waiting: list[tuple[Command, Waiter]] = []
        self._work = asyncio.Event()
        self._filed = asyncio.Event()
        self._forget = False
        self._unfiled: asyncio.Queue[Committed] = asyncio.Queue(UNFILED_MOST)
        self._unanswered = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._failure: StorageFailure | None = None
        self._writer, self._filer, self._syncer = (
            ThreadPoolExecutor(1, thread_name_prefix=name)
            for name in ("writer", "filer", "syncer")
        )

    def submit(self, command: Command) -> Waiter:
        """A future of the command's outcome.

        It raises `Refusal`: the command's own, or `storage_failed` where nobody
        knows what stands. Raises `Refusal("busy")` when too much waits already.
        """
        if self._failure is not None:
            raise Refusal("storage_failed")
        if self._unanswered >= WAITING_MOST:
            raise Refusal("busy")
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        begun_s = loop.time()
        waiter.add_done_callback(lambda _: self._took(loop.time() - begun_s))
        self._waiting.append((command, waiter))
        self._unanswered += 1
        self._idle.clear()
        self._work.set()
        return waiter

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return self._unanswered > 0

    @property
    def waiting(self) -> int:
        """How many commands wait for a batch."""
        return len(self._waiting)

    @property
    def unfiled(self) -> int:
        """How many batches are committed and wait for their files."""
        return self._unfiled.qsize()

    async def run(self) -> None:
        """Work until cancelled. Raises `StorageFailure` when the disk fails."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._commit())
                tasks.create_task(self._file())
                tasks.create_task(self._settle())
        except* StorageFailure as group:
            self._failure = StorageFailure(str(group.exceptions[0]))
            self._refuse_all()
            raise self._failure from group

    async def drained(self) -> None:
        """Wait until everything submitted has been answered."""
        await self._idle.wait()

    def close(self) -> None:
        """End the threads, each after what it is at."""
        for pool in (self._writer, self._filer, self._syncer):
            pool.shutdown()

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting or self._forget:
                self._forget = False
                taken = self._waiting[:BATCH_MOST]
                del self._waiting[:BATCH_MOST]
                commands = [command for command, _ in taken]
                waiters = [waiter for _, waiter in taken]
                try:
                    batch = await loop.run_in_executor(
                        self._writer, self._store.commit, commands, self._clock()
                    )
                    await self._unfiled.put((batch, waiters))
                except (StorageFailure, asyncio.CancelledError):
                    # Nobody else knows of those who wait for this batch.
                    self._refuse(waiters)
                    raise

    async def _file(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch, waiters = await self._unfiled.get()
            if batch.rows:
                try:
                    await loop.run_in_executor(self._filer, self._store.file, batch)
                except (StorageFailure, asyncio.CancelledError):
                    self._refuse(waiters)
                    raise
                self._filed.set()
            self._answer(batch, waiters)

    async def _settle(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._filed.wait()
            await asyncio.sleep(self._settle_interval_s)
            self._filed.clear()
            if await loop.run_in_executor(self._syncer, self._store.settle):
                self._forget = True
                self._work.set()

    def _answer(self, batch: Batch, waiters: list[Waiter]) -> None:
        done: list[Outcome] = []
        for outcome, waiter in zip(batch.outcomes, waiters, strict=True):
            if isinstance(outcome, Refusal):
                if not waiter.done():
                    waiter.set_exception(outcome)
                continue
            done.append(outcome)
            if not waiter.done():
                waiter.set_result(outcome)
        self._answered(len(waiters))
        self._after(done)

    def _refuse(self, waiters: Iterable[Waiter]) -> None:
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(Refusal("storage_failed"))
            self._answered(1)

    def _refuse_all(self) -> None:
        self._refuse([waiter for _, waiter in self._waiting])
        self._waiting.clear()
        while not self._unfiled.empty():
            self._refuse(self._unfiled.get_nowait()[1])

    def _answered(self, count: int) -> None:
        self._unanswered -= count
        if self._unanswered == 0:
            self._idle.set()
