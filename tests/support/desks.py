"""Somebody at the desks of the screen, in this process, with no terminal around them.

    async with seated(server.port, "ann") as ann:
        await ann.sends("bob", "keys", "where are they?")

The session is a real one, over a real connection, which can be made to fail.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from nimsg.client.acts_session import Steady, Way
from nimsg.client.address import Address, Security
from nimsg.client.failures import first_of
from nimsg.client.login import Dialog, Question
from nimsg.client.mailtables import Row
from nimsg.errors import NimsgError, Unreachable
from nimsg.protocol.constants import Box, Device
from nimsg.protocol.strict import JsonObject
from nimsg.server.services import wall_clock_ms
from nimsg.tui.desktop import Desktop
from nimsg.tui.ground import Ground
from nimsg.tui.keys import KeyMap
from nimsg.tui.layout import CHROME_ROWS, sizes
from nimsg.tui.letterdraft import Draft
from nimsg.tui.mailacts import MailActs
from nimsg.tui.status import Status


DEADLINE_S = 10
LOOK_S = 0.02
SIZE = (80, 24)


class Line(Steady):
    """A session with faults: what is `refused` in turn, and whose answers are lost.

    `asked` are the methods in the order they were called.
    """

    def __init__(self, way: Way) -> None:
        super().__init__(way, Device.TUI, lambda _: None)
        self.refused: dict[str, list[NimsgError]] = defaultdict(list)
        self.unheard: list[str] = []
        self.changed: dict[str, Callable[[JsonObject], JsonObject]] = {}
        self.asked: list[tuple[str, JsonObject]] = []
        self.lost = asyncio.Event()

    async def call(
        self, method: str, params: JsonObject, parked_s: float = 0.0
    ) -> JsonObject:
        self.asked.append((method, params))
        if self.refused[method]:
            raise self.refused[method].pop(0)
        result = await super().call(method, params, parked_s)
        if method in self.unheard:
            self.unheard.remove(method)
            self.cut()
            raise Unreachable("the connection was lost")
        change = self.changed.get(method)
        return change(result) if change else result

    def cut(self) -> None:
        """Lose the connection."""
        self.lost.set()
        self._lose(self._client)

    def count(self, method: str) -> int:
        """How often a method was called."""
        return sum(asked == method for asked, _ in self.asked)


class Aside:
    """What lies above the windows and around the mail, as somebody who answers."""

    def __init__(self) -> None:
        self.key = "y"
        self.questions: list[str] = []
        self.texts: list[tuple[str, list[str]]] = []
        self.copied: list[str] = []
        self.typed: dict[str, str] = {}
        self.threads: list[Sequence[Row]] = []
        self.edited: Callable[[str], str] = lambda text: text

    def question(
        self, text: str, keys: Mapping[str, str], answer: Callable[[str], None]
    ) -> None:
        assert self.key in keys
        self.questions.append(text)
        answer(self.key)

    async def ask(self, question: str, keys: str) -> str:
        assert self.key in keys
        self.questions.append(question)
        return self.key

    def show_text(self, title: str, lines: Sequence[str]) -> None:
        self.texts.append((title, list(lines)))

    def edit(self, text: str, taken: Callable[[str], None]) -> None:
        taken(self.edited(text))

    def columns(self) -> int:
        return SIZE[0]

    def prompt(self, kind: str, taken: Callable[[str], None]) -> None:
        taken(self.typed[kind])

    def copy(self, text: str, _: str) -> None:
        self.copied.append(text)

    def choose_link(self, links: Sequence[str]) -> None:
        self.copied += links

    def choose_mail(self, rows: Sequence[Row]) -> None:
        self.threads.append(rows)


class Seat:
    """Somebody at the desks."""

    def __init__(self, home: Line, tasks: asyncio.TaskGroup, **more: float) -> None:
        self.home = home
        self.said: list[str] = []
        self.bells = 0
        self.aside = Aside()
        self.late_ms = 0
        self.ended: asyncio.Future[NimsgError] = asyncio.Future()
        self._news = asyncio.Event()
        self.ground = Ground(
            home, tasks, Heard(self.said), self.clock, self._redraw, self._bell
        )
        self.ground.poll_s, self.ground.pause_s = 0.05, 0.05
        self.ground.dwell_s = more.get("dwell_s", 0.0)
        self.desktop = Desktop(self.ground, self.aside, 0, KeyMap())
        self.acts = MailActs(self.desktop, self.aside)
        self.desktop.view.acts = self.acts.act
        self.desktop.view.sizes = sizes(*SIZE)

    async def hear(self) -> None:
        """Take what the server says, until the session is over."""
        try:
            await self.home.run(self.desktop.heard, self.desktop.returned)
        except NimsgError as error:
            self.ended.set_result(error)

    # -- time and what is shown

    def clock(self) -> int:
        return wall_clock_ms() + self.late_ms

    def _redraw(self) -> None:
        self._news.set()

    def _bell(self) -> None:
        self.bells += 1

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                self._news.clear()
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._news.wait()
                except TimeoutError:
                    continue

    async def hears(self, text: str) -> None:
        """Wait for a line of news that holds a text; all before it are dropped."""
        await self.until(lambda: any(text in line for line in self.said))
        at = next(at for at, line in enumerate(self.said) if text in line)
        del self.said[: at + 1]

    async def settles(self) -> None:
        """Wait until nothing is under way but what goes on for ever."""
        await self.until(lambda: not self.ground.busy)

    def draws(self) -> None:
        """Draw the mail once, as the screen does, which asks for what is missing."""
        self.desktop.view.render((SIZE[0], SIZE[1] - CHROME_ROWS), focus=True)
        self.acts.look()

    # -- what is done

    def writes(self, to: str, subject: str = "", body: str = "") -> Draft:
        """Begin a draft, and type it."""
        draft = self.desktop.post.new()
        self.types(draft, to=to, subject=subject, body=body)
        return draft

    def types(self, draft: Draft, **texts: str) -> None:
        """Change a draft."""
        draft.edit(self.clock(), **texts)
        self.desktop.composing.edited(draft)

    async def sends(self, to: str, subject: str = "", body: str = "") -> None:
        """Send a message, and wait until the server has it."""
        draft = self.writes(to, subject, body)
        self.desktop.composing.send(draft)
        post = self.desktop.post
        await self.until(lambda: post.outgoing.get(draft.client_id) is None)

    async def has_mail(self, subject: str, box: Box = Box.INBOX) -> Row:
        """Wait for a message."""
        await self.until(lambda: self.row(subject, box))
        row = self.row(subject, box)
        assert row is not None
        return row

    def row(self, subject: str, box: Box = Box.INBOX) -> Row | None:
        """The row of a message, if it is here."""
        window = self.desktop.mail.boxes[box]
        rows = (window.row(at) for at in range(1, window.newest + 1))
        return next((row for row in rows if row and row.subject == subject), None)

    async def drafts(self) -> list[JsonObject]:
        """The drafts that the server holds."""
        listed = await self.home.insist("draft.list", {})
        rows = listed["drafts"]
        assert isinstance(rows, list)
        return rows


class Heard(Status):
    """A status line that remembers all that it said."""

    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def say(self, text: str, now: int, *, bad: bool = False) -> None:
        super().say(text, now, bad=bad)
        self._said.append(self.note)


async def _nobody(question: Question, _: str) -> str:
    raise AssertionError(question)


@asynccontextmanager
async def seated(port: int, name: str, **more: float) -> AsyncIterator[Seat]:
    """Somebody who is logged in, with both boxes there, inside the block."""
    way = Way(Address("127.0.0.1", port), Security(), 10, None)
    home = Line(way)
    await home.reach(5)
    await home.log_in(Dialog(home.auth, "tui", user=name), _nobody)
    tasks = asyncio.TaskGroup()
    seat = Seat(home, tasks, **more)
    try:
        async with tasks:
            tasks.create_task(seat.hear())
            seat.desktop.run()
            await seat.until(lambda: seat.desktop.mail.inbox.started)
            await seat.until(lambda: "lobby" in seat.desktop.rooms.logs)
            await seat.settles()
            yield seat
            tasks.create_task(_leave())
    except BaseExceptionGroup as group:
        error = first_of(group)
        if not isinstance(error, Left):
            raise error from None
    await seat.desktop.leave()


async def _leave() -> None:
    raise Left


class Left(Exception):
    """Somebody has stood up."""
