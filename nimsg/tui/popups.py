"""What lies on top of the screen: texts, lists, and questions of one key."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from urwid import Canvas, CanvasOverlay, CompositeCanvas, Sizing, Widget

from nimsg.text import clean_body, clean_line, clip, width, wrap
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.editbox import PASTE_BEGINS, PASTE_ENDS
from nimsg.tui.frame import BORDER, MARGIN, Words, framed, inner
from nimsg.tui.glyphs import UNICODE, Glyphs
from nimsg.tui.keys import Context, is_text, key_text
from nimsg.tui.palette import focused
from nimsg.tui.spans import Line, line_width, pad_line, plain


QUIET_MS = 1000  # without a key, before a question comes
MOST_COLS = 100
LIST_COLS = 60
WHOLE_COLS = 84  # up to here a text takes the whole width: a few cells tell nothing
LEFT_FREE = 4  # cells and rows beside a popup, where there is room
EDGES = BORDER + MARGIN

Filtered = Callable[[int, str], Sequence[Line]]  # cells, what was typed
Done = Callable[[], None]


class Popup(Widget):
    """What lies on top; it draws itself into any box. `close` is told to take it away.

    Printable keys come to `keypress`, actions of the key table to `act`.
    """

    context = Context.POPUP
    footed = True  # whether the keys of all popups are its own
    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(self, title: str, close: Done, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.title = clean_line(title)
        self.close = close
        self.glyphs = glyphs
        self.is_pasting = False

    def wanted(self, cols: int, rows: int) -> tuple[int, int]:
        """The size that it would like on a screen of this size."""
        return cols, rows

    @abstractmethod
    def lines(self, cols: int, rows: int) -> list[Line]:
        """All its lines, the frame too."""

    def act(self, action: str) -> bool:
        """Do an action; nothing of a popup goes to what lies below."""
        if action == "close":
            self.close()
        return action not in {"quit", "redraw"}

    def typed(self, key: str) -> None:
        """Take a key that is text, or `backspace`."""

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: ARG002, FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        return lines_canvas(self.lines(cols, rows), cols, rows, "text")

    def keypress(self, _: Size, key: str) -> str | None:
        """Take what is typed or pasted; leave what is an action."""
        if key in {PASTE_BEGINS, PASTE_ENDS}:
            self.is_pasting = key == PASTE_BEGINS
        elif is_text(key) or key == "backspace":
            self.typed(key)
            self.refresh()
        elif not self.is_pasting:
            return key
        return None

    def refresh(self) -> None:
        """What is drawn has changed."""
        self._invalidate()


class Drawn(Protocol):
    """What can be drawn into a box."""

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        ...


class Over(Widget):
    """A popup in the middle of what lies below, which is seen but gets no keys."""

    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(self, popup: Popup, below: Drawn) -> None:
        super().__init__()
        self.popup = popup
        self.below = below

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        wide, high = self.place(cols, rows)
        top = self.popup.render((wide, high), focus)
        if (wide, high) == (cols, rows):
            return CompositeCanvas(top)
        below = CompositeCanvas(self.below.render(size, focus=False))
        below.cursor = None
        return CanvasOverlay(top, below, (cols - wide) // 2, (rows - high) // 2)

    def keypress(self, size: Size, key: str) -> str | None:
        """Let the popup have the key."""
        return self.popup.keypress(self.place(*box(size)), key)

    def place(self, cols: int, rows: int) -> tuple[int, int]:
        """The size of the popup on a screen of this size."""
        wide, high = self.popup.wanted(cols, rows)
        return min(max(wide, 1), cols), min(max(high, 1), rows)


class TextPopup(Popup):
    """Lines to be read: scrolled, and filtered by what is typed.

    `lines_of` gives them for a width and a filter; a plain sequence is filtered here.
    """

    spare = frozenset({"open"})  # there is nothing to choose

    def __init__(
        self,
        title: str,
        lines_of: Filtered | Sequence[Line],
        close: Done,
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__(title, close, glyphs)
        self.words = ""
        self._lines_of = lines_of if callable(lines_of) else _filtering(lines_of)
        self._top = 0
        self._page = 1
        self._count = 0

    def wanted(self, cols: int, rows: int) -> tuple[int, int]:
        wide = min(MOST_COLS, cols - LEFT_FREE if cols > WHOLE_COLS else cols)
        lines = self._lines_of(wide - EDGES, "")
        return wide, min(len(lines) + BORDER, _beside(rows))

    def lines(self, cols: int, rows: int) -> list[Line]:
        cells, self._page = inner(cols, rows)
        found = self._lines_of(cells, self.words)
        self._count = len(found)
        self._top = max(min(self._top, len(found) - self._page), 0)
        shown = found[self._top : self._top + self._page] or _nothing(self.words)
        return framed(
            shown,
            cols,
            rows,
            self.glyphs,
            Words(
                self.title,
                _place(self._top, self._page, len(found)),
                _hint(self.words, "type to filter", "Esc close"),
            ),
        )

    def typed(self, key: str) -> None:
        self.words = _typed(self.words, key)
        self._top = 0

    def act(self, action: str) -> bool:
        step = _steps(self._page, self._count).get(action)
        if step is not None:
            self._top = max(min(self._top + step, self._count - self._page), 0)
            self.refresh()
        elif action == "open":
            self.close()
        return super().act(action)


class ListPopup(Popup):
    """A list to choose from; `chosen` is told the place in `items` once, then closed.

    What is typed filters it. It begins `at` a place.
    """

    def __init__(
        self,
        title: str,
        items: Sequence[Line],
        chosen: Callable[[int], None],
        close: Done,
        glyphs: Glyphs = UNICODE,
        at: int = 0,
    ) -> None:
        super().__init__(title, close, glyphs)
        self.words = ""
        self._items = items
        self._chosen = chosen
        self._focus = at
        self._top = 0
        self._page = 1

    @property
    def found(self) -> list[int]:
        """The places of the items that the filter leaves."""
        return [at for at, one in enumerate(self._items) if _has(one, self.words)]

    def wanted(self, cols: int, rows: int) -> tuple[int, int]:
        least = max(LIST_COLS // 2, len(self.title))
        wide = max([least, *map(line_width, self._items)]) + EDGES + 2
        return min(wide, LIST_COLS, cols), min(len(self._items) + BORDER, _beside(rows))

    def lines(self, cols: int, rows: int) -> list[Line]:
        cells, self._page = inner(cols, rows)
        found = self.found
        self._focus = max(min(self._focus, len(found) - 1), 0)
        self._top = max(min(self._top, self._focus), self._focus - self._page + 1, 0)
        shown = [
            self._row(found[at], cells, at == self._focus)
            for at in range(self._top, min(self._top + self._page, len(found)))
        ]
        return framed(
            shown or _nothing(self.words),
            cols,
            rows,
            self.glyphs,
            Words(
                self.title,
                _place(self._top, self._page, len(found)),
                _hint(self.words, "Enter choose", "Esc close"),
            ),
        )

    def typed(self, key: str) -> None:
        self.words = _typed(self.words, key)
        self._focus = 0

    def act(self, action: str) -> bool:
        found = self.found
        step = _steps(self._page, len(found)).get(action)
        if step is not None:
            self._focus = max(min(self._focus + step, len(found) - 1), 0)
            self.refresh()
        elif action == "open" and found:
            self.close()
            self._chosen(found[min(self._focus, len(found) - 1)])
        return super().act(action)

    def _row(self, at: int, cells: int, here: bool) -> Line:  # noqa: FBT001 - drawn so
        if not here:
            return [("text", "  "), *self._items[at]]
        line = [(focused(name), text) for name, text in self._items[at]]
        sign = f"{self.glyphs.focus} "
        return pad_line(
            [("text focus", sign), *line], cells, "text focus", self.glyphs.ellipsis
        )


class Question(Popup):
    """A question that exactly one of its keys answers, and no other key.

    `keys` says what each means. `answer` is told the key, once. It is shown when the
    person has not typed for a while, so that nothing answers it by accident. Esc is
    the key `escape`, where that is one of them.
    """

    footed = False

    def __init__(
        self,
        text: str,
        keys: Mapping[str, str],
        answer: Callable[[str], None],
        *,
        title: str = "",
        glyphs: Glyphs = UNICODE,
        escape: str = "esc",
    ) -> None:
        super().__init__(title, _nobody, glyphs)
        self._escape = escape
        self._text = clean_body(text)
        self._keys = dict(keys)
        self._answer = answer
        self.answered = False

    @staticmethod
    def wait_ms(now: int, last_key_at: int | None) -> int:
        """How long it still waits for quiet, in ms; both times are ms UTC."""
        if last_key_at is None:
            return 0
        # A clock that was set back shall not make it wait for ever.
        return min(max(last_key_at + QUIET_MS - now, 0), QUIET_MS)

    def wanted(self, cols: int, rows: int) -> tuple[int, int]:
        texts = [*self._text.split("\n"), plain(self._choices())]
        wide = max(line_width([("text", text)]) for text in texts) + EDGES
        wide = min(max(wide, len(self.title) + 2 * EDGES), LIST_COLS, cols)
        return wide, min(len(self._body(wide - EDGES)) + BORDER, rows)

    def lines(self, cols: int, rows: int) -> list[Line]:
        cells, room = inner(cols, rows)
        body = self._body(cells)
        if len(body) > room:
            body = self._cut(body[:-2], room)
        return framed(body, cols, rows, self.glyphs, Words(self.title))

    def typed(self, key: str) -> None:
        # What is pasted was meant for something else.
        if key in self._keys and not self.is_pasting:
            self._give(key)

    def act(self, action: str) -> bool:
        self.typed({"close": self._escape, "open": "enter"}.get(action, ""))
        return super().act(action)

    def _give(self, key: str) -> None:
        if not self.answered:
            self.answered = True
            self._answer(key)

    def _body(self, cells: int) -> list[Line]:
        rows = wrap(self._text, max(cells, 1))
        return [*([("text", row)] for row in rows), [], self._choices()]

    def _cut(self, texts: list[Line], room: int) -> list[Line]:
        """The keys, which must be seen, and what there is room for of the text."""
        kept = texts[: max(room - 1, 0)]
        if len(kept) < len(texts) and kept:
            cut = plain(kept[-1])
            kept[-1] = [("text", clip(cut, width(cut) - 1, "") + self.glyphs.ellipsis)]
        return [*kept, self._choices()]

    def _choices(self) -> Line:
        line: Line = []
        for key, meaning in self._keys.items():
            gap = "   " if line else ""
            line += [("text", gap), ("footer key", key_text(key))]
            line += [("text", f" {clean_line(meaning)}")]
        return line


def _nobody() -> None:
    """A question is taken away by who gets its answer."""


def _beside(rows: int) -> int:
    return rows - LEFT_FREE if rows > 4 * LEFT_FREE else rows


def _steps(page: int, count: int) -> dict[str, int]:
    """How far the actions that move go."""
    by_page = max(page - 1, 1)
    return {
        "down": 1,
        "up": -1,
        "top": -count,
        "bottom": count,
        "page-down": by_page,
        "page-up": -by_page,
    }


def _typed(words: str, key: str) -> str:
    return words[:-1] if key == "backspace" else words + key


def _has(line: Line, words: str) -> bool:
    text = plain(line).casefold()
    return all(word in text for word in words.casefold().split())


def _filtering(lines: Sequence[Line]) -> Filtered:
    def found(_: int, words: str) -> Sequence[Line]:
        return [line for line in lines if _has(line, words)]

    return found


def _nothing(words: str) -> list[Line]:
    return [[("dim", f"nothing has {clean_line(words)}" if words else "nothing here")]]


def _hint(words: str, *usual: str) -> list[str]:
    return [f"filter: {clean_line(words)}"] if words else list(usual)


def _place(top: int, page: int, count: int) -> str:
    """Which lines are seen of how many; nothing where all are."""
    if count <= page:
        return ""
    return f"{top + 1}-{min(top + page, count)}/{count}"
