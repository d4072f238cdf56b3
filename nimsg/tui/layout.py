"""Which panes a terminal of some size has, and how large each is."""

from enum import StrEnum
from typing import NamedTuple


LEAST_COLS, LEAST_ROWS = 40, 10
STACKED_COLS, STACKED_ROWS = 80, 20
BESIDE_COLS = 120
THREE_COLS = 180
BODY_MOST = 100  # columns of a message's text
VIEW_MOST = BODY_MOST + 4  # with the gutter and a margin
CHROME_ROWS = 3  # header, status, footer
MARGIN = 1  # a blank at both sides of what is read, as header and footer have it
RULE = 1  # cells of a line between panes
LEAST_LIST = 6  # rows of a box, its heading included, while another one needs room
LEAST_LISTS = 8  # rows of both beside each other
MEMBERS_MOST, MEMBERS_LEAST = 24, 16  # cells for who is in a room
TALK_LEAST = 62  # cells of what is said beside them: its texts stand in one column


class Shape(StrEnum):
    """How the panes are arranged."""

    TOO_SMALL = "too small"
    SINGLE = "single"
    STACKED = "stacked"
    BESIDE = "beside"
    THREE = "three"


class Area(NamedTuple):
    """The size of one pane, its heading included; 0 by 0 where there is none."""

    cols: int
    rows: int


class Sizes(NamedTuple):
    """The panes of one shape.

    In `SINGLE` all three take the same place, one at a time. In `STACKED` the view
    takes the place of both lists. Elsewhere all three stand together, a rule of one
    cell between neighbours.
    """

    shape: Shape
    inbox: Area
    outbox: Area
    view: Area

    @property
    def together(self) -> bool:
        """Whether the view stands next to the lists."""
        return self.shape in {Shape.BESIDE, Shape.THREE}


def shape(cols: int, rows: int) -> Shape:
    """The shape for a terminal of this size."""
    if cols < LEAST_COLS or rows < LEAST_ROWS:
        return Shape.TOO_SMALL
    if cols < STACKED_COLS or rows < STACKED_ROWS:
        return Shape.SINGLE
    if cols < BESIDE_COLS:
        return Shape.STACKED
    return Shape.BESIDE if cols < THREE_COLS else Shape.THREE


def sizes(cols: int, rows: int) -> Sizes:
    """The panes of a terminal of this size, without header, status and footer."""
    found = shape(cols, rows)
    within = Area(cols, rows - CHROME_ROWS)
    areas = {
        Shape.TOO_SMALL: _none,
        Shape.SINGLE: _single,
        Shape.STACKED: _stacked,
        Shape.BESIDE: _beside,
        Shape.THREE: _three,
    }[found](within)
    return Sizes(found, *areas)


def shared(found: Sizes, inbox: int, outbox: int) -> Sizes:
    """The panes where the boxes have so many rows to show, headings included.

    Room that a box has no use for goes to who has: below 120 columns to the other
    box, above to the message. What a box has use for grows no further than its share.
    """
    upper, lower, view = found.inbox, found.outbox, found.view
    if found.shape is Shape.STACKED:
        spare = (
            lower.rows - max(outbox, LEAST_LIST),
            upper.rows - max(inbox, LEAST_LIST),
        )
        more = max(min(spare[0], inbox - upper.rows), 0)
        less = max(min(spare[1], outbox - lower.rows), 0)
        upper = upper._replace(rows=upper.rows + more - less)
        lower = lower._replace(rows=lower.rows - more + less)
    elif found.shape is Shape.BESIDE:
        rows = min(upper.rows, max(inbox, outbox, LEAST_LISTS))
        view = view._replace(rows=view.rows + upper.rows - rows)
        upper, lower = upper._replace(rows=rows), lower._replace(rows=rows)
    return found._replace(inbox=upper, outbox=lower, view=view)


def members_cols(cols: int, *, together: bool) -> int:
    """The cells of a room's view that its members have; 0 where they are not shown.

    `together` says that it has a part of a wide terminal, next to the lists.
    """
    left = cols - TALK_LEAST
    if (cols < BESIDE_COLS and not together) or left < MEMBERS_LEAST:
        return 0
    return min(left, MEMBERS_MOST)


def margin(cols: int) -> int:
    """The blanks at each side of a text; none where there is no room to spare."""
    return MARGIN if cols >= LEAST_COLS else 0


def too_small_text(cols: int, rows: int) -> str:
    """What a terminal shows that is too small for more."""
    return f"terminal {cols}x{rows} too small, need {LEAST_COLS}x{LEAST_ROWS}; q quits"


def _none(_: Area) -> tuple[Area, Area, Area]:
    nothing = Area(0, 0)
    return nothing, nothing, nothing


def _single(within: Area) -> tuple[Area, Area, Area]:
    return within, within, within


def _stacked(within: Area) -> tuple[Area, Area, Area]:
    below = within.rows // 2
    return Area(within.cols, within.rows - below), Area(within.cols, below), within


def _beside(within: Area) -> tuple[Area, Area, Area]:
    lists = within.rows * 2 // 5
    left = (within.cols - RULE) // 2
    return (
        Area(left, lists),
        Area(within.cols - RULE - left, lists),
        Area(within.cols, within.rows - RULE - lists),
    )


def _three(within: Area) -> tuple[Area, Area, Area]:
    room = within.cols - 2 * RULE
    view = min(room - 2 * (within.cols * 3 // 10), VIEW_MOST)
    left = (room - view) // 2
    return (
        Area(left, within.rows),
        Area(room - view - left, within.rows),
        Area(view, within.rows),
    )
