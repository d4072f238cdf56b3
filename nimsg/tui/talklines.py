"""What was said, as lines of the screen.

A line begins with its time and a name in brackets; one of nimsg itself has `--` where
a name stands, and no text can begin there: the rows below a first one stand behind a
gutter.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from nimsg.text import clean_body, clean_line, pad, width, wrap
from nimsg.tui.spans import Line, clip_line, line_width
from nimsg.tui.talklog import Entry, Kind


BODY_MOST = 100  # cells
BODY_LEAST = 8
WIDE = 60  # from so many cells on texts stand in one column
NAME_CELLS = 10
TIME_CELLS = 5
NARROW_COLUMN = 4
GUTTER_CELLS = 2
SYSTEM_NAME = "--"


class Stamp(NamedTuple):
    """A moment as people read it: `Nov 20` and `16:30`."""

    day: str
    time: str


Clock = Callable[[int], Stamp]  # of ms UTC


class Signs(Protocol):
    """The signs that are needed here."""

    @property
    def hline(self) -> str: ...
    @property
    def vline(self) -> str: ...
    @property
    def ellipsis(self) -> str: ...


class Look(NamedTuple):
    """How lines are made: at most so many cells, with these signs and times."""

    cells: int
    signs: Signs
    clock: Clock

    @property
    def column(self) -> int:
        """The cells before the texts."""
        wide = TIME_CELLS + 1 + NAME_CELLS + GUTTER_CELLS
        return wide if self.cells >= WIDE else NARROW_COLUMN

    @property
    def body(self) -> int:
        """The cells that a text may take."""
        return max(min(self.cells - self.column, BODY_MOST), BODY_LEAST)


class Colours(NamedTuple):
    """The palette's names for who speaks and for the text."""

    name: str
    text: str


COLOURS = {
    Kind.SAID: Colours("name", "text"),
    Kind.OWN: Colours("own", "own"),
    Kind.NOTICE: Colours("system", "system"),
    Kind.SYSTEM: Colours("system", "system"),
}


def entry_lines(entry: Entry, look: Look) -> list[Line]:
    """One entry; the text of others is cleaned here."""
    colours = COLOURS[entry.kind]
    head: Line = [
        ("time", pad(look.clock(entry.at_ms).time, TIME_CELLS)),
        ("text", " "),
        (colours.name, _name(entry)),
        ("text", " "),
    ]
    used = line_width(head)
    rows = _rows(clean_body(entry.body), used - look.column, look.body)
    first: Line = [*head, ("text", " " * (look.column - used))]
    gutter: Line = [("gutter", f"{look.signs.vline} ".rjust(look.column))]
    lines = [
        [*(gutter if at else first), (colours.text, row)] for at, row in enumerate(rows)
    ]
    return [clip_line(line, look.cells, look.signs.ellipsis) for line in lines]


def day_line(day: str, look: Look) -> Line:
    """Where the day changes."""
    rule = look.signs.hline * 2
    return clip_line([("dim", f"{rule} {day} {rule}")], look.cells)


def unread_line(since: str | None, look: Look) -> Line:
    """Where the reader stopped, at a time if it is known."""
    text = f" new since {since} " if since else " new "
    cells = min(look.cells, look.column + look.body)
    fill = max(cells - width(text), 0)
    left = look.signs.hline * (fill // 2)
    right = look.signs.hline * (fill - fill // 2)
    return clip_line([("unread", f"{left}{text}{right}")], look.cells)


def _name(entry: Entry) -> str:
    by_nimsg = entry.kind in {Kind.NOTICE, Kind.SYSTEM}
    return SYSTEM_NAME if by_nimsg else f"<{clean_line(entry.sender)}>"


def _rows(body: str, taken: int, cells: int) -> list[str]:
    """Rows of a text, the first of which has `taken` cells less."""
    if taken <= 0:
        return wrap(body, cells)
    if taken > cells - BODY_LEAST:
        return ["", *wrap(body, cells)]
    # A word of that length goes first: two cells at least, as blanks alone are lost.
    taken = max(taken, 2)
    first, *rows = wrap("x" * (taken - 1) + " " + body, cells)
    return [first[taken:], *rows]
