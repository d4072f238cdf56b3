"""What all parts of the screen stand on: session, clock, tasks, news."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from nimsg.client.acts_session import Steady
from nimsg.errors import NimsgError, Refusal
from nimsg.protocol.strict import JsonObject
from nimsg.tui.glyphs import UNICODE, Glyphs
from nimsg.tui.status import Status


@dataclass
class Ground:
    """One session as the parts of the screen share it.

    `clock` is the time in ms UTC. `redraw` draws what has changed, soon. `poll_s` is
    how often the server is asked, and `wait` whether it may hold a question.
    """

    home: Steady
    tasks: asyncio.TaskGroup
    status: Status
    clock: Callable[[], int]
    redraw: Callable[[], None]
    bell: Callable[[], None]
    glyphs: Glyphs = UNICODE
    poll_s: float = 2.0
    wait: bool = True
    dwell_s: float = 2.0
    running: set[str] = field(default_factory=set)

    @property
    def user(self) -> str:
        """Who is logged in."""
        return self.home.welcome.user

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show a line of news."""
        self.status.say(text, self.clock(), bad=bad)
        self.redraw()

    def start(self, work: Coroutine[None, None, None], once: str = "") -> None:
        """Do something while the screen goes on; what goes wrong is said.

        What is named `once` is not begun while it runs.
        """
        if once and once in self.running:
            work.close()
            return
        self.running.add(once)
        self.tasks.create_task(self._watched(work, once))

    async def call(self, method: str, params: JsonObject) -> JsonObject:
        """One method's result. Raises `Refusal` and `Unreachable`."""
        return await self.home.call(method, params)

    async def _watched(self, work: Coroutine[None, None, None], once: str) -> None:
        try:
            await work
        except NimsgError as error:
            self.say(why(error), bad=True)
        finally:
            self.running.discard(once)
            self.redraw()


def why(error: NimsgError) -> str:
    """What was refused, and whom it is about."""
    user = error.data.get("user") if isinstance(error, Refusal) else None
    if isinstance(user, str) and not str(error).startswith(user):
        return f"{user}: {error}"
    return str(error)
