"""One box on the screen: its heading, the rows that fit, the one with the focus."""

from collections.abc import Callable
from typing import NamedTuple

from urwid import Canvas, Sizing, Widget

from nimsg.client.mailtables import Row
from nimsg.protocol.constants import Box
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.ground import Ground
from nimsg.tui.mailbox import MailWindow
from nimsg.tui.mailrows import (
    empty_lines,
    heading,
    in_focus,
    inbox_line,
    outbox_line,
    waiting_line,
)
from nimsg.tui.outgoing import Outgoing, Queued
from nimsg.tui.scroller import Scroller
from nimsg.tui.spans import Line


Key = int | str  # a position in the box, or the client_id of what is not sent yet
MINUTE_MS = 60_000
WHEEL = {4: -3, 5: 3}


class Made(NamedTuple):
    """What the line of a row is made of; `minute` is the time, as ages are shown."""

    row: Row | Queued | None
    cols: int
    minute: int
    marked: bool
    kept: bool


class BoxRows:
    """The rows of a box from the top: what is not sent yet, then the newest first."""

    def __init__(self, window: MailWindow, outgoing: Outgoing | None = None) -> None:
        self._window = window
        self._outgoing = outgoing

    @property
    def queued(self) -> list[str]:
        """What is not sent yet, newest first."""
        if self._outgoing is None:
            return []
        return [one.client_id for one in self._outgoing.rows()]

    def first(self) -> Key | None:
        """The first row."""
        queued = self.queued
        return queued[0] if queued else self._window.first()

    def last(self) -> Key | None:
        """The last row."""
        oldest = self._window.oldest()
        queued = self.queued
        return (queued[-1] if queued else None) if oldest is None else oldest

    def above(self, key: Key) -> Key | None:
        """The row before."""
        queued = self.queued
        if isinstance(key, str):
            at = queued.index(key) if key in queued else 0
            return queued[at - 1] if at else None
        newer = self._window.newer(key)
        return (queued[-1] if queued else None) if newer is None else newer

    def below(self, key: Key) -> Key | None:
        """The row behind."""
        if isinstance(key, int):
            return self._window.older(key)
        queued = self.queued
        at = queued.index(key) if key in queued else len(queued)
        return queued[at + 1] if at + 1 < len(queued) else self._window.first()

    def nearest(self, key: Key) -> Key | None:
        """The row itself, or one beside where it was."""
        if isinstance(key, str):
            return key if key in self.queued else self.first()
        found = self._window.nearest(key)
        return self.first() if found is None else found


class MailPane(Widget):
    """One box. `marked` are the positions to be acted on, `kept` those shown unread.

    Where it is `followed`, what has the focus is the message of its focused row.
    """

    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(
        self,
        ground: Ground,
        window: MailWindow,
        outgoing: Outgoing | None,
        fill: Callable[[], None],
    ) -> None:
        super().__init__()
        self.window = window
        self.marked: set[int] = set()
        self.kept: set[int] = set()
        self.looked_at = True
        self.followed = False
        self.clicked: Callable[[], None] = lambda: None
        self._ground = ground
        self._outgoing = outgoing
        self._fill = fill
        self._scroller: Scroller[Key] = Scroller(BoxRows(window, outgoing))
        self._made: dict[Key, tuple[Made, Line]] = {}

    @property
    def row(self) -> Row | None:
        """The row with the focus; None for what is not sent yet and not here yet."""
        key = self._scroller.focus
        return self.window.row(key) if isinstance(key, int) else None

    @property
    def position(self) -> int | None:
        """The position of the row with the focus."""
        key = self._scroller.focus
        return key if isinstance(key, int) else None

    @property
    def queued(self) -> Queued | None:
        """The row with the focus where it is not sent yet."""
        key = self._scroller.focus
        if self._outgoing is None or not isinstance(key, str):
            return None
        return self._outgoing.get(key)

    @property
    def rows_wanted(self) -> int:
        """The rows that it takes to show all, the heading included.

        It is the same under a filter: panes do not move while one is looking for rows.
        """
        waiting = len(self._outgoing.rows()) if self._outgoing else 0
        return 1 + waiting + self.window.total

    @property
    def place(self) -> str:
        """Where in the list the focus is: `1/128`."""
        total = self.window.filtered
        total = self.window.total if total is None else total
        position = self.position
        if position is None or not total:
            return ""
        if self.window.filtered is None:
            return f"{self.window.newest - position + 1}/{max(total, 1)}"
        return f"{total} found"

    def move(self, steps: int) -> None:
        """Move the focus by rows."""
        self._scroller.move(steps)
        self._invalidate()

    def page(self, pages: float) -> None:
        """Move the focus by screens."""
        self._scroller.page(pages)
        self._invalidate()

    def to_top(self) -> None:
        """Move to the newest row."""
        self._scroller.to_top()
        self._invalidate()

    def to_bottom(self) -> None:
        """Move to the oldest row."""
        self._scroller.to_bottom()
        self._invalidate()

    def to(self, position: int) -> None:
        """Move to a position."""
        self._scroller.to(position)
        self._invalidate()

    def refresh(self) -> None:
        """Draw what has changed."""
        self._invalidate()

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        here = focus and self.looked_at
        now = self._ground.clock()
        visible = self._scroller.visible(rows - 1)
        glyphs = self._ground.glyphs
        # Where no row has the sign of the focus, the heading has it.
        sign = "" if visible or not here else glyphs.focus
        lines = [heading(self.window, cols, glyphs, focused=here, sign=sign)]
        shown = here or self.followed
        self._made = {key: self._line(key, cols, now) for key in visible}
        for key, (_, line) in self._made.items():
            if shown and key == self._scroller.focus:
                lines.append(in_focus(line, cols, self._ground.glyphs, lit=here))
            else:
                lines.append(line)
        if len(lines) == 1 and self.window.started:
            lines += empty_lines(self.window, cols)
        self._fill()
        return lines_canvas(lines, cols, rows)

    def keypress(self, _: Size, key: str) -> str:
        """Leave every key to the key table."""
        return key

    def mouse_event(
        self,
        size: Size,
        event: str,
        button: int,
        _: int,
        row: int,
        focus: bool,  # noqa: ARG002, FBT001 - urwid's way
    ) -> bool:
        """Take the focus, or scroll."""
        if event != "mouse press":
            return False
        if button in WHEEL:
            self.move(WHEEL[button])
            return True
        key = self._scroller.at_row(row - 1)
        if key is not None:
            self._scroller.to(key)
        self.clicked()
        self._invalidate()
        return box(size)[1] > 0

    def _line(self, key: Key, cols: int, now: int) -> tuple[Made, Line]:
        """The line of a row and what it was made of; the one before where it stands."""
        made = Made(
            self._row_of(key),
            cols,
            now // MINUTE_MS,
            key in self.marked,
            key in self.kept,
        )
        before = self._made.get(key)
        if before is not None and before[0] == made:
            return before
        return made, self._draw(made, now)

    def _row_of(self, key: Key) -> Row | Queued | None:
        if isinstance(key, int):
            return self.window.row(key)
        return self._outgoing.get(key) if self._outgoing else None

    def _draw(self, made: Made, now: int) -> Line:
        row, cols, glyphs, marked = (
            made.row,
            made.cols,
            self._ground.glyphs,
            made.marked,
        )
        if row is None:
            return waiting_line(cols, glyphs)
        if isinstance(row, Queued) or self.window.box is Box.OUTBOX:
            return outbox_line(row, cols, now, glyphs, marked=marked)
        return inbox_line(row, cols, now, glyphs, kept_unread=made.kept, marked=marked)
