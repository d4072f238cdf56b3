"""The line at the foot of a conversation: what is typed, and a button that sends it."""

from collections.abc import Callable
from typing import NamedTuple

import urwid

from nimsg.protocol.constants import limit
from nimsg.text import many, width
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.editbox import PASTE_BEGINS, PASTE_ENDS, UNDO, EditBox, EditPane
from nimsg.tui.shown import MARK
from nimsg.tui.spans import Line


ROWS_MOST = 5
ASKED_FROM = 20  # lines of a paste
KEPT = 100  # texts that were sent
PROMPT = " > "
BUTTON = " [ Send ] "
SMALL_BUTTON = " [>] "
BUTTON_FROM = 32
# The field knows more keys with Alt, which are those of windows here.
ALT_KEYS = frozenset({UNDO, "meta backspace", "meta f", "meta left", "meta right"})

Send = Callable[[str], bool]  # False: not taken, the text stays
Say = Callable[[str], None]


class KeyNames(NamedTuple):
    """What the keys of a conversation are called."""

    send: str = "Enter"
    bottom: str = "End"
    close: str = "Esc"


class InputLine(urwid.Widget):
    """A field of up to five rows, and `[ Send ]` beside it, which Tab reaches.

    `send` is given the text, `say` what is to be told about it. What was sent comes
    back with Up. Enter, Tab and what else the key table knows is left to `submit`,
    `next_pane` and the others, but within a paste, which is one insert.
    """

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = True

    def __init__(
        self,
        send: Send,
        say: Say,
        *,
        mark: str = MARK,
        names: KeyNames | None = None,
    ) -> None:
        super().__init__()
        self._names = names or KeyNames()
        self._send = send
        self._say = say
        self._edit = EditBox(mark=mark, changed=self._changed)
        self._pane = EditPane(self._edit)
        self._on_button = False
        self._sent: list[str] = []
        self._back = 0  # how far back in what was sent
        self._before_paste: tuple[str, int] | None = None
        self._big_paste: tuple[str, int] | None = None

    # -- what it holds

    @property
    def text(self) -> str:
        """What was typed, as it is."""
        return str(self._edit.edit_text)

    @property
    def is_pasting(self) -> bool:
        """Whether a paste has begun: all keys are to come here until it ends."""
        return self._edit.is_pasting

    @property
    def on_button(self) -> bool:
        """Whether the button has the focus."""
        return self._on_button

    def rows_wanted(self, cols: int) -> int:
        """How many rows the text takes, at most five."""
        cells = self._cells(cols)
        return max(min(self._edit.rows((cells,)), ROWS_MOST), 1)

    def put_back(self, text: str) -> None:
        """Bring back a text that could not be sent, before what was typed since."""
        self._set(f"{text}\n{self.text}" if self.text else text)

    # -- what is done to it

    def submit(self) -> None:
        """Send the text, unless there is none or too much of it."""
        text, most = self.text, limit("body_bytes")
        size = len(text.encode("utf-8", "surrogatepass"))
        self._on_button = False
        self._invalidate()
        if not text.strip():
            return
        if size > most:
            self._say(f"not sent: {size} bytes, and {most} may be in one message")
        elif self._send(text):
            self._keep(text)
            self._set("")

    def newline(self) -> None:
        """Begin a new line."""
        self._focus(button=False)
        at = self._edit.edit_pos
        self._edit.replace(at, at, "\n")

    def next_pane(self) -> bool:
        """From the field to the button; False from there, as it was the last."""
        self._focus(button=not self._on_button)
        return self._on_button

    def previous_pane(self) -> bool:
        """From the button back to the field; False from there."""
        moved = self._on_button
        self._focus(button=False)
        return moved

    def drop_paste(self) -> bool:
        """Take a long paste out again that nothing was typed after."""
        if self._big_paste is None:
            return False
        pasted = self.text
        text, at = self._big_paste
        self._edit.replace(0, len(pasted), text)
        self._edit.set_edit_pos(at)
        self._say("removed; Alt-U brings it back")
        return True

    # -- urwid

    def render(self, size: Size, focus: bool = False) -> urwid.Canvas:  # noqa: FBT001, FBT002
        cols, rows = box(size)
        cells = self._cells(cols)
        if not rows or cells >= cols:
            return self._pane.render((cols, rows), focus=focus)
        prompt: Line = [("label", PROMPT)]
        right = self._right(cols, focus=focus)
        parts = [
            (lines_canvas([prompt], len(PROMPT), rows), len(PROMPT), False),
            (self._field(cells, rows, focus=focus), cells, not self._on_button),
        ]
        if rest := cols - cells - len(PROMPT):
            parts.append((lines_canvas([right], rest, rows), rest, self._on_button))
        return urwid.CanvasJoin(
            [(canvas, at, near, wide) for at, (canvas, wide, near) in enumerate(parts)]
        )

    def keypress(self, size: Size, key: str) -> str | None:
        cols, rows = box(size)
        if self.is_pasting or key == PASTE_BEGINS:
            self._paste(key)
            return None
        if self._leaves(key):
            return key
        if key in {"up", "down"} and self._recalls():
            self._recall(1 if key == "up" else -1)
            return None
        if self._on_button:
            self._focus(button=False)
        cells = self._cells(cols)
        return self._pane.keypress((cells, max(rows, 1)), key)

    def mouse_event(
        self,
        size: Size,
        event: str,
        button: int,
        col: int,
        row: int,
        focus: bool,  # noqa: FBT001
    ) -> bool:
        cols, rows = box(size)
        if event != "mouse press" or button != 1:
            return False
        at = _button_at(cols)
        if at is not None and col >= at:
            if row == 0:
                self.submit()
            return True
        self._focus(button=False)
        cells = self._cells(cols)
        left = len(PROMPT) if cells < cols else 0
        where = min(max(col - left, 0), cells - 1)
        self._pane.mouse_event((cells, rows), event, button, where, row, focus)
        return True

    # -- inside

    def _cells(self, cols: int) -> int:
        """The cells of the field; all of a line that is too small for more."""
        left = cols - len(PROMPT) - len(_button(cols))
        return left if left > 1 else max(cols, 1)

    def _right(self, cols: int, *, focus: bool) -> Line:
        button = _button(cols)
        name = "button focus" if focus and self._on_button else "button"
        blank = len(button) - len(button.strip())
        return [
            ("input", " " * (blank // 2)),
            (name, button.strip()),
            ("input", " " * (blank - blank // 2)),
        ]

    def _field(self, cells: int, rows: int, *, focus: bool) -> urwid.Canvas:
        return self._pane.render((cells, rows), focus=focus and not self._on_button)

    def _focus(self, *, button: bool) -> None:
        self._on_button = button
        self._invalidate()

    def _set(self, text: str) -> None:
        self._back = 0
        self._big_paste = None
        self._edit.replace(0, len(self.text), text)

    def _changed(self, _: str) -> None:
        self._big_paste = None
        self._invalidate()

    def _leaves(self, key: str) -> bool:
        """Whether a key is not for the field."""
        if key.startswith("meta "):
            return key not in ALT_KEYS
        if key == "end":
            return not self.text
        return key in {"enter", "page up", "page down"}

    def _keep(self, text: str) -> None:
        if self._sent[-1:] != [text]:
            self._sent.append(text)
            del self._sent[:-KEPT]

    def _recalls(self) -> bool:
        """Whether Up and Down go through what was sent: nothing else is lost so."""
        return not self.text or (
            self._back > 0 and self.text == self._sent[-self._back]
        )

    def _recall(self, step: int) -> None:
        back = min(max((self._back if self.text else 0) + step, 0), len(self._sent))
        self._set(self._sent[-back] if back else "")
        self._back = back

    def _paste(self, key: str) -> None:
        if key == PASTE_BEGINS and not self.is_pasting:
            self._before_paste = self.text, self._edit.edit_pos
            self._focus(button=False)
        self._edit.keypress((1,), key)
        if key == PASTE_ENDS and self._before_paste is not None:
            before, self._before_paste = self._before_paste, None
            self._pasted(*before)

    def _pasted(self, before: str, at: int) -> None:
        most = limit("body_bytes")
        size = len(self.text.encode("utf-8", "surrogatepass"))
        lines = self.text[at : self._edit.edit_pos].rstrip("\n").count("\n") + 1
        if size > most:
            self._edit.show(before)
            self._edit.set_edit_pos(at)
            self._say(f"not pasted: {size} bytes, and {most} may be in one message")
        elif lines >= ASKED_FROM:
            self._big_paste = before, at
            names, what = self._names, f"{many(lines, 'line')} pasted"
            self._say(f"{what}: {names.send} sends all, {names.close} removes them")


def _button(cols: int) -> str:
    if cols >= BUTTON_FROM:
        return BUTTON
    return SMALL_BUTTON if cols >= len(PROMPT) + len(SMALL_BUTTON) + 2 else ""


def _button_at(cols: int) -> int | None:
    """The column where the button begins."""
    button = _button(cols)
    return cols - width(button) if button else None
