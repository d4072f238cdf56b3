"""Telling the server that the person is there, beside everything else."""

import asyncio
from contextlib import suppress

from nimsg.client.acts_person import Person
from nimsg.errors import Refusal, Unreachable


class Touches:
    """Sends `session.touch` in the background; nobody waits for it or sees it fail."""

    def __init__(self, me: Person, tasks: asyncio.TaskGroup) -> None:
        self._me = me
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._again = self._closed = False
        self._asked_s = float("-inf")

    def now(self) -> None:
        """The person has done something."""
        if self._closed:
            return
        self._stop_timer()
        self._asked_s = asyncio.get_running_loop().time()
        if self._task and not self._task.done():
            self._again = True
        else:
            self._task = self._tasks.create_task(self._send())

    def soon(self, window_s: float) -> None:
        """The same, told once in so many seconds; the last time counts."""
        loop = asyncio.get_running_loop()
        left_s = self._asked_s + window_s - loop.time()
        if left_s <= 0:
            self.now()
        elif self._timer is None:
            self._timer = loop.call_later(left_s, self.now)

    async def settle(self) -> None:
        """Wait for what is being sent."""
        if self._task:
            await asyncio.wait([self._task])

    def close(self) -> None:
        """Send nothing any more."""
        self._closed = True
        self._stop_timer()
        if self._task:
            self._task.cancel()

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    async def _send(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            with suppress(Refusal, Unreachable):
                await self._me.call("session.touch", {})
