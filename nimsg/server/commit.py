"""Group commit: what waits while one batch is written is the next batch.

Two threads keep the disk off the loop. One commits a batch and
then writes its files; a sync of the file system stands in nobody's way.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from nimsg.core.commands import Command, Outcome
from nimsg.errors import Refusal, StorageFailure
from nimsg.server.threads import Threads
from nimsg.store.base import Batch, Store


BATCH_MOST = 512
WAITING_MOST = 8192

Waiter = asyncio.Future[Outcome]


class Committer:
    """Submits commands to the store. Owned by the loop.

    `clock` gives ms UTC; `after` is told of each batch what it came to, in order,
    once others may hear of it; `took` after how many seconds a command was answered.
    `submitted` counts all commands so far.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], int],
        after: Callable[[Iterable[Outcome]], None],
        settle_interval_s: float,
        took: Callable[[float], object] = bool,
        threads: type[Threads] = Threads,
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
        self.submitted = 0
        self._unanswered = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._failure: StorageFailure | None = None
        self._given_up: asyncio.Queue[StorageFailure] = asyncio.Queue()
        self._writer, self._syncer = threads(1, "writer"), threads(1, "syncer")

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
        self.submitted += 1
        self._unanswered += 1
        self._idle.clear()
        self._work.set()
        return waiter

    def give_up(self, failure: StorageFailure) -> None:
        """A read has failed: nothing more is written, and `run` ends as by itself."""
        self._given_up.put_nowait(self._store.fail(failure))

    @property
    def waiting(self) -> int:
        """How many commands wait for a batch."""
        return len(self._waiting)

    async def run(self) -> None:
        """Work until cancelled. Raises `StorageFailure` when the disk fails."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._commit())
                tasks.create_task(self._settle())
                tasks.create_task(self._failed_otherwise())
        except* StorageFailure as group:
            self._failure = StorageFailure(str(group.exceptions[0]))
            self._refuse(waiter for _, waiter in self._waiting)
            self._waiting.clear()
            raise self._failure from group

    async def drained(self) -> None:
        """Wait until everything submitted has been answered."""
        await self._idle.wait()

    def close(self) -> None:
        """End the threads, each after what it is at."""
        for threads in (self._writer, self._syncer):
            threads.close()

    async def _commit(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting or self._forget:
                await self._gathered()
                self._forget = False
                taken = self._waiting[:BATCH_MOST]
                del self._waiting[:BATCH_MOST]
                waiters = [waiter for _, waiter in taken]
                try:
                    commands = [command for command, _ in taken]
                    batch = await self._writer.call(
                        self._write, commands, self._clock()
                    )
                except (StorageFailure, asyncio.CancelledError):
                    # Nobody else knows of those who wait for this batch.
                    self._refuse(waiters)
                    raise
                if batch.rows:
                    self._filed.set()
                self._answer(batch, waiters)

    async def _gathered(self) -> None:
        """Wait as long as each turn of the loop brings more.

        Those who were answered together ask again together: one commit for all of
        them costs half of what one for the first, and one for the others does.
        """
        count = -1
        while count < len(self._waiting) < BATCH_MOST:
            count = len(self._waiting)
            await asyncio.sleep(0)

    def _write(self, commands: Sequence[Command], now: int) -> Batch:
        """Commit and file, on the writer's thread.

        The files of one batch beside the commit of the next would cost more: two
        threads that are at many short calls wait for the interpreter at each.
        """
        batch = self._store.commit(commands, now)
        if batch.rows:
            self._store.file(batch)
        return batch

    async def _settle(self) -> None:
        while True:
            await self._filed.wait()
            await asyncio.sleep(self._settle_interval_s)
            self._filed.clear()
            if await self._syncer.call(self._store.settle):
                self._forget = True
                self._work.set()

    async def _failed_otherwise(self) -> None:
        raise await self._given_up.get()

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

    def _answered(self, count: int) -> None:
        self._unanswered -= count
        if self._unanswered == 0:
            self._idle.set()
