"""The view of one message: lines that are scrolled."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from urwid import Canvas, Sizing, Widget

from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.keytable import Context
from nimsg.tui.layout import margin
from nimsg.tui.letterlines import Shown
from nimsg.tui.spans import Line


ShownFor = Callable[[int], Shown]  # for so many columns
WHEEL = {4: -3, 5: 3}
NOTHING = Shown([], [], [])
START = (0, 0, 1)
TITLE = " MESSAGE"
HERE_TITLE = ">MESSAGE"  # in focus, beside other panes
NO_MESSAGE = "the message that has the focus is shown here"
HEADED_ROWS = 5  # with fewer there is no heading


class MessageView(Widget):
    """A box that shows a message below a heading, which tells whether keys act here.

    `beside` says that other panes are on the screen, too. Where one reads is kept when
    its width changes.
    """

    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    context = Context.MESSAGE

    def __init__(self) -> None:
        super().__init__()
        self.beside = True
        self._key = ""
        self._shown_for: ShownFor = lambda _: NOTHING
        self._shown = NOTHING
        self._cols = 0
        self._rows = 1
        self._top = 0
        # Only scrolling moves it, so that a size and back is where one was.
        self._mark = START

    def show(self, key: str, shown_for: ShownFor) -> None:
        """Show a message; under another `key` it begins at its top."""
        if key != self._key:
            self._key = key
            self._mark = START
        self._shown_for = shown_for
        self.refresh()

    def clear(self) -> None:
        """Show nothing."""
        self.show("", lambda _: NOTHING)

    def refresh(self) -> None:
        """Make the lines anew: what they are made of has changed."""
        self._set(self._made() if self._cols else NOTHING)

    @property
    def place(self) -> str:
        """How far one has read: `12/80`, or nothing where all is on the screen."""
        count = len(self._shown.lines)
        if count <= self._rows:
            return ""
        return f"{min(self._top + self._rows, count)}/{count}"

    @property
    def at_end(self) -> bool:
        """Whether the last line is on the screen."""
        return self._top >= self._bottom

    @property
    def links(self) -> list[str]:
        """The URLs in it, the first is number 1."""
        return self._shown.links

    def link(self, number: int) -> str | None:
        """The URL of a number, None where there is no such link."""
        links = self._shown.links
        return links[number - 1] if 0 < number <= len(links) else None

    def act(self, action: str) -> bool:
        """Do what a key means; False where it is none of scrolling."""
        page = max(self._rows - 1, 1)
        half = max(self._rows // 2, 1)
        steps = {
            "down": 1,
            "up": -1,
            "page-down": page,
            "page-up": -page,
            "half-down": half,
            "half-up": -half,
            "top": -len(self._shown.lines),
            "bottom": len(self._shown.lines),
        }
        if action not in steps:
            return False
        self._scroll(steps[action])
        return True

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, height = box(size)
        headed = height >= HEADED_ROWS
        self._rows = rows = height - headed
        if cols != self._cols:
            self._cols = cols
            self._set(self._made())
        self._top = min(self._top, self._bottom)
        lines = self._shown.lines[self._top : self._top + rows]
        title = HERE_TITLE if focus and self.beside else TITLE
        if not self._key and not lines:
            lines = [[("dim", NO_MESSAGE)]]
        heading: list[Line] = [[("title focus" if focus else "title", title)]]
        above = heading[:headed]
        left = " " * margin(cols)
        below: list[Line] = [[("text", left), *line] for line in lines]
        return lines_canvas([*above, *below], cols, height)

    def keypress(self, _: Size, key: str) -> str:
        """Leave every key to the key table."""
        return key

    def mouse_event(
        self,
        size: Size,  # noqa: ARG002 - urwid's way
        event: str,
        button: int,
        *_: object,
    ) -> bool:
        """Scroll by the wheel."""
        if event != "mouse press" or button not in WHEEL:
            return False
        self._scroll(WHEEL[button])
        return True

    @property
    def _bottom(self) -> int:
        return max(len(self._shown.lines) - self._rows, 0)

    def _made(self) -> Shown:
        return self._shown_for(self._cols - 2 * margin(self._cols))

    def _scroll(self, steps: int) -> None:
        self._top = max(min(self._top + steps, self._bottom), 0)
        self._mark = self._marked()
        self._invalidate()

    def _marked(self) -> tuple[int, int, int]:
        """The part at the top, how far into it the top is, and how long it is."""
        anchors = self._shown.anchors
        if self._top >= len(anchors):
            return START
        part = anchors[self._top]
        first, after = bisect_left(anchors, part), bisect_right(anchors, part)
        return part, self._top - first, after - first

    def _set(self, shown: Shown) -> None:
        """Take other lines; the part that was scrolled to stays at the top."""
        self._shown = shown
        part, into, length = self._mark
        first = bisect_left(shown.anchors, part)
        after = bisect_right(shown.anchors, part)
        self._top = first + into * (after - first) // length
        self._invalidate()
