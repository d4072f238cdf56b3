"""What all parts of the screen stand on, and what lies above: session, tasks, news."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nimsg.client.acts_session import Steady
from nimsg.errors import Exit, NimsgError, Refusal
from nimsg.protocol.strict import JsonObject
from nimsg.tui.glyphs import UNICODE, Glyphs
from nimsg.tui.status import Status


class Above(Protocol):
    """What lies above the windows: questions, texts, the editor, the end."""

    def question(
        self, text: str, keys: Mapping[str, str], answer: Callable[[str], None]
    ) -> None:
        """Ask something that one key answers."""
        ...

    async def ask(self, question: str, keys: str) -> str:
        """The key that answers; empty where nobody did."""
        ...

    def show_text(self, title: str, lines: Sequence[str]) -> None:
        """Show lines on top."""
        ...

    def edit(self, text: str, taken: Callable[[str], None]) -> None:
        """Have a text written in another editor."""
        ...

    def columns(self) -> int:
        """The width of a text on top."""
        ...


@dataclass
class Ground:
    """One session as the parts of the screen share it.

    `clock` is the time in ms UTC. `redraw` draws what has changed, soon. `poll_s` is
    how often the server is asked, and `wait` whether it may hold a question. What
    went wrong is tried again after `pause_s`. `busy` counts what `start` has begun.
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
    pause_s: float = 5.0
    busy: int = 0
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
        watched = self._watched(work, once)
        try:
            task = self.tasks.create_task(watched)
        except RuntimeError:
            # The session is ending and takes no more tasks.
            watched.close()
            work.close()
            return
        # It may be canceled before it has begun.
        task.add_done_callback(lambda _: work.close())
        self.running.add(once)
        self.busy += 1

    async def persist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something until it is done; where it goes wrong, again after a pause."""
        while True:
            try:
                return await work()
            except NimsgError as error:
                self.say(why(error), bad=True)
            await asyncio.sleep(self.pause_s)

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
            self.busy -= 1
            self.redraw()


def passes(refusal: Refusal) -> bool:
    """Whether the same may be taken soon; it may even have been done."""
    if refusal.kind == "mailbox_full":  # somebody has to delete mail first
        return False
    return refusal.exit is Exit.TRY_LATER or refusal.kind == "storage_failed"


def why(error: NimsgError) -> str:
    """What was refused, and whom it is about."""
    user = error.data.get("user") if isinstance(error, Refusal) else None
    if isinstance(user, str) and not str(error).startswith(user):
        return f"{user}: {error}"
    return str(error)
