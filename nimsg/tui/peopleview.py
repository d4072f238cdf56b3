"""The window of people: who is there, who was, and what can be done about them."""

from collections.abc import Callable
from typing import Protocol

from urwid import Canvas, Sizing, Widget

from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.glyphs import UNICODE, Glyphs
from nimsg.tui.keys import Context
from nimsg.tui.people import GAP, PeopleModel, Person, name_cells, person_line
from nimsg.tui.spans import Line, clip_line, pad_line


HEADING = 1  # rows
EMPTY = (
    "Nobody else has been here so far.",
    "Who comes is shown here at once.",
)
ASKING = ("asking who is here",)


class PeopleDesk(Protocol):
    """What the window of people needs; each act is begun and returns at once."""

    @property
    def people(self) -> PeopleModel:
        """Who is there."""
        ...

    def clock(self) -> int:
        """The time in ms UTC."""
        ...

    def write_to(self, name: str) -> None:
        """Begin a message to somebody."""
        ...

    def block(self, name: str) -> None:
        """Keep somebody away."""
        ...

    def unblock(self, name: str) -> None:
        """Let somebody come back."""
        ...

    def ask_private(self, name: str) -> None:
        """Ask somebody for a private link."""
        ...

    def say(self, text: str) -> None:
        """Show a line of news."""
        ...


class PeopleView(Widget):
    """All people in rows; the focus stays on a person when others come and go."""

    context = Context.PEOPLE
    title = "PEOPLE"
    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(self, desk: PeopleDesk, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._desk = desk
        self._glyphs = glyphs
        self._name = ""
        self._at = 0
        self._top = 0
        self._page = 1

    @property
    def person(self) -> Person | None:
        """Who has the focus."""
        rows = self._desk.people.rows
        return rows[self._place(rows)] if rows else None

    @property
    def spare(self) -> frozenset[str]:
        """The actions that do nothing now."""
        if self._desk.people.rows:
            return frozenset()
        return frozenset({"down", "up", *self._acts()})

    def act(self, action: str) -> bool:
        """Do an action of the key table; False for one that is not of people."""
        rows = self._desk.people.rows
        step = self._steps(len(rows)).get(action)
        if step is not None:
            self._go(rows, self._place(rows) + step)
            return True
        act = self._acts().get(action)
        if act is None:
            return False
        if (person := self.person) is None:
            self._desk.say("nobody here")
        else:
            act(person.name)
        return True

    def refresh(self) -> None:
        """What is drawn has changed."""
        self._invalidate()

    def lines(self, cols: int, rows: int, *, focus: bool = True) -> list[Line]:
        """The heading, and as many people as there is room for."""
        people = self._desk.people
        self._page = max(rows - HEADING, 1)
        name = "title focus" if focus else "title"
        told = f"{GAP}{people.counts}" if people.loaded else ""
        told = told if len(self.title) + len(told) < cols else ""
        heading = pad_line([(name, f" {self.title}{told}")], cols, name)
        found = people.rows
        if not found:
            return [heading, *self._empty(people, cols)]
        at = self._place(found)
        self._top = max(min(self._top, at, len(found) - self._page), 0)
        self._top = max(self._top, at - self._page + 1)
        shown = found[self._top : self._top + self._page]
        names, now = name_cells(found, cols), self._desk.clock()
        return [
            heading,
            *(
                person_line(
                    row,
                    cols,
                    names=names,
                    now=now,
                    glyphs=self._glyphs,
                    here=row is found[at],
                )
                for row in shown
            ),
        ]

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        return lines_canvas(self.lines(cols, rows, focus=focus), cols, rows)

    def keypress(self, _: Size, key: str) -> str:
        """Leave every key to the key table."""
        return key

    def mouse_event(
        self,
        _: Size,
        event: str,
        button: int,
        col: int,  # noqa: ARG002 - as urwid has it
        row: int,
        focus: bool,  # noqa: ARG002, FBT001 - likewise
    ) -> bool:
        """Go to the person that is clicked on."""
        at = self._top + row - HEADING
        rows = self._desk.people.rows
        if (event, button) != ("mouse press", 1) or not self._top <= at < len(rows):
            return False
        self._go(rows, at)
        return True

    def _acts(self) -> dict[str, Callable[[str], None]]:
        return {
            "open": self._desk.write_to,
            "block": self._desk.block,
            "unblock": self._desk.unblock,
            "private": self._desk.ask_private,
        }

    def _steps(self, count: int) -> dict[str, int]:
        page, half = max(self._page - 1, 1), max(self._page // 2, 1)
        return {
            "down": 1,
            "up": -1,
            "page-down": page,
            "page-up": -page,
            "half-down": half,
            "half-up": -half,
            "top": -count,
            "bottom": count,
        }

    def _go(self, rows: list[Person], at: int) -> None:
        if rows:
            self._at = min(max(at, 0), len(rows) - 1)
            self._name = rows[self._at].name
            self._invalidate()

    def _place(self, rows: list[Person]) -> int:
        """Where the person with the focus is now; where they were, if they are gone."""
        found = (at for at, row in enumerate(rows) if row.name == self._name)
        self._at = next(found, min(self._at, max(len(rows) - 1, 0)))
        if rows:
            self._name = rows[self._at].name
        return self._at

    def _empty(self, people: PeopleModel, cols: int) -> list[Line]:
        told = EMPTY if people.loaded else (ASKING[0] + self._glyphs.pending,)
        return [
            [],
            *(
                clip_line([("dim", f"  {text}")], cols, self._glyphs.ellipsis)
                for text in told
            ),
        ]
