"""The tasks of one session: none outlives it."""

import asyncio
from collections.abc import Coroutine


class Errands:
    """What a session has begun and not ended.

    A `TaskGroup` of each session would cost an idle one more, and what a group is
    ended by stays until the collector finds it.
    """

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], None] = {}

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Do it in a task."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def give_up(self) -> None:
        """Cancel all, and wait until they have ended."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
