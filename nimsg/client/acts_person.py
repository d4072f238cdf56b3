"""Whoever acts: what every act may use of the session and the screen."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from nimsg.client.acts_session import Steady
from nimsg.client.lines import INDENT, LEAST_CELLS, folded, system
from nimsg.client.query import Query, run_async
from nimsg.client.tables import Column, short_time, table
from nimsg.protocol.strict import JsonObject
from nimsg.text import clip


T = TypeVar("T")


class Person:
    """Calls methods, and says lines that fit the screen.

    `put` shows a line, `ask` a question that one key answers (empty: nobody did),
    `cells` is the width of the screen (None: any), `clock` the time in ms UTC.
    """

    def __init__(
        self,
        home: Steady,
        put: Callable[[str], None],
        ask: Callable[[str, str], Awaitable[str]],
        cells: Callable[[], int | None],
        clock: Callable[[], int],
    ) -> None:
        self.home = home
        self.ask = ask
        self.cells = cells
        self.clock = clock
        self._put = put

    @property
    def user(self) -> str:
        """Who is logged in."""
        return self.home.welcome.user

    @property
    def room(self) -> int | None:
        """The cells that an indented line has (None: any)."""
        cells = self.cells()
        return None if cells is None else max(cells - 1 - len(INDENT), LEAST_CELLS)

    async def call(self, method: str, params: JsonObject) -> JsonObject:
        """One method's result. Raises `Refusal` and `Unreachable`."""
        return await self.home.call(method, params)

    async def run(self, query: Query[T]) -> T:
        """What a query finds. Raises what `call` raises."""
        return await run_async(query, self.call)

    def say(self, text: str) -> None:
        """Show lines; those of others are cleaned already and do not begin a line."""
        self._put(folded(text, self.cells()))

    def note(self, text: str) -> None:
        """Show a line of nimsg itself."""
        self.say(system(text))

    def say_all(self, lines: Iterable[str]) -> None:
        """Show lines of nimsg's own; each takes one row of the screen and is cut."""
        cells = self.cells()
        for line in lines:
            self._put(line if cells is None else clip(line, cells - 1))

    def show(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Show a table; nothing for no rows."""
        if rows:
            self.show_lines(table(columns, rows, self.room))

    def show_lines(self, lines: Iterable[str]) -> None:
        """Show lines of at most `room` cells, indented."""
        for line in lines:
            self._put(f"{INDENT}{line}".rstrip())

    def time(self, at_ms: int | None) -> str:
        """A time as people read it."""
        return short_time(at_ms, self.clock())
