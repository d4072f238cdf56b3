"""The line at the bottom that commands, searches and filters are typed into."""

from collections.abc import Callable
from dataclasses import dataclass, field

from urwid import Canvas, CanvasOverlay, CompositeCanvas, Sizing, Widget

from nimsg.text import clean_line, width
from nimsg.tui.canvas import Size, lines_canvas
from nimsg.tui.completing import Known, completed, cut
from nimsg.tui.editbox import EditBox
from nimsg.tui.keys import Context
from nimsg.tui.spans import Line, line_width


MOST_KEPT = 100
GAP = "  "

Taken = Callable[[str], None]


@dataclass
class Memory:
    """What was typed at lines of one kind, oldest first, and what was left there."""

    lines: list[str] = field(default_factory=list)
    left: str = ""

    def add(self, line: str) -> None:
        """Keep a line that was taken; the same twice is kept once, as the newest."""
        if line.strip():
            self.lines = [*(one for one in self.lines if one != line), line]
            self.lines = self.lines[-MOST_KEPT:]
        self.left = ""


class CommandLine(Widget):
    """One line with a caption; `taken` is told it at Enter, and `close` at Esc.

    A line that is left is there again the next time. With `known` the last word is
    completed by the table of commands. `changed` is told each new text.
    """

    context = Context.PROMPT
    _sizing = frozenset([Sizing.FLOW])
    _selectable = True

    def __init__(
        self,
        caption: str,
        memory: Memory,
        taken: Taken,
        close: Callable[[], None],
        *,
        known: Known | None = None,
        changed: Taken | None = None,
    ) -> None:
        super().__init__()
        self._begun = ""
        self._memory = memory
        self._taken = taken
        self._close = close
        self._known = known
        self._changed = changed
        self._found: list[str] = []
        self._chosen: int | None = None
        self._place = len(memory.lines)
        self._typed = ""
        self._edit = EditBox(
            memory.left,
            multiline=False,
            caption=("footer key", clean_line(caption)),
            changed=self._on_change,
        )

    @property
    def text(self) -> str:
        """What is typed."""
        return str(self._edit.edit_text)

    @property
    def is_pasting(self) -> bool:
        """Whether a paste has begun: all keys belong to it until it ends."""
        return self._edit.is_pasting

    def begin(self, text: str) -> None:
        """Begin the line, as a key that stands for a command does.

        What was left before is not lost by that: it is there the next time.
        """
        self._begun = text
        self._show(text)

    # -- actions

    def act(self, action: str) -> bool:
        """Do an action of the key table; no other reaches what lies behind."""
        acts: dict[str, Callable[[], None]] = {
            "submit": self._submit,
            "close": self._leave,
            "complete": self._complete,
            "up": lambda: self._recall(-1),
            "down": lambda: self._recall(1),
        }
        act = acts.get(action)
        if act is not None:
            act()
            self._invalidate()
        return act is not None

    def _submit(self) -> None:
        text = self.text
        self._memory.add(text)
        self._close()
        self._taken(text)

    def _leave(self) -> None:
        if not self._begun or self.text != self._begun:
            self._memory.left = self.text
        self._close()

    def _complete(self) -> None:
        if self._known is None:
            return
        if self._chosen is not None or self._found:
            self._cycle()
            return
        text, found = completed(self.text, self._known)
        moved = text != self.text
        self._show(text)
        self._found = found if len(found) > 1 else []
        if self._found and not moved:
            self._cycle()

    def _cycle(self) -> None:
        """Put the next of the words that it can become."""
        at = 0 if self._chosen is None else (self._chosen + 1) % len(self._found)
        found = self._found
        self._show(cut(self.text)[0] + found[at])
        self._found, self._chosen = found, at

    def _recall(self, step: int) -> None:
        lines = self._memory.lines
        if self._place == len(lines):
            self._typed = self.text
        place = min(max(self._place + step, 0), len(lines))
        if place != self._place:
            self._show(lines[place] if place < len(lines) else self._typed)
            self._place = place

    def _show(self, text: str) -> None:
        self._edit.replace(0, len(self.text), text)

    def _on_change(self, text: str) -> None:
        self._found, self._chosen = [], None
        self._place = len(self._memory.lines)
        if self._changed is not None:
            self._changed(text)

    # -- the widget

    def keypress(self, size: Size, key: str) -> str | None:
        """Take what is typed or pasted; leave what is an action."""
        if key == "backspace" and not self.text:
            self._leave()
            return None
        left = self._edit.keypress((size[0] if size else 1,), key)
        self._invalidate()
        return left

    def rows(self, _: Size, focus: bool = False) -> int:  # noqa: ARG002, FBT001, FBT002
        """See `urwid.Widget`."""
        return 1

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols = size[0] if size else 0
        line = CompositeCanvas(self._edit.render((cols,), focus))
        line.fill_attr("input")
        words = self._words(cols - self._used() - len(GAP))
        cells = line_width(words)
        if not cells:
            return line
        canvas = CanvasOverlay(lines_canvas([words], cells, 1), line, cols - cells, 0)
        canvas.cursor = line.cursor
        return canvas

    def get_cursor_coords(self, size: Size) -> tuple[int, int] | None:
        """See `urwid.Widget`."""
        return self._edit.get_cursor_coords((size[0],)) if size else None

    def _used(self) -> int:
        """The cells of caption and text, and of the cursor behind them."""
        return width(clean_line(self._edit.get_text()[0])) + 1

    def _words(self, cols: int) -> Line:
        """What the word can become: so much as there is room for, the chosen one too.

        Words are drawn right of the text, which they never hide.
        """
        line: Line = []
        for at, word in enumerate(self._found):
            name = "focus" if at == self._chosen else "dim"
            gap: Line = [("dim", GAP)] if line else []
            piece: Line = [(name, clean_line(word))]
            if line_width([*line, *gap, *piece]) > cols:
                if self._chosen is None or at > self._chosen:
                    break
                line, gap = [], []
            line += [*gap, *piece]
        return line if line_width(line) <= cols else []
