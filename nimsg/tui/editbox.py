"""Fields that text is typed and pasted into, and a window that scrolls a long one."""

from collections.abc import Callable, Hashable

import urwid
from urwid.command_map import Command, CommandMap

from nimsg.text import filter_typed
from nimsg.tui.shown import MARK, editable


PASTE_BEGINS = "begin paste"
PASTE_ENDS = "end paste"
UNDO = "meta u"
_PASTED = {"enter": "\n", "tab": "\t"}
_BREAKS = dict.fromkeys(map(ord, "\n\t\r\x85\u2028\u2029"), " ")

_MOVES: dict[Command, tuple[str, ...]] = {
    Command.WORD_LEFT: ("meta left", "ctrl left", "meta b"),
    Command.WORD_RIGHT: ("meta right", "ctrl right", "meta f"),
    Command.MAX_RIGHT: ("ctrl e",),
}
_CUTS: dict[Command, tuple[str, ...]] = {
    Command.DELETE_WORD_LEFT: ("ctrl w", "meta backspace"),
    Command.DELETE_TO_LINE_START: ("ctrl u",),
    Command.DELETE_TO_LINE_END: ("ctrl k",),
}
# What help tells of them: keys, and what they do.
TYPING: tuple[tuple[tuple[str, ...], str], ...] = (
    (_CUTS[Command.DELETE_TO_LINE_START], "delete to the start of this line"),
    (_CUTS[Command.DELETE_TO_LINE_END], "delete to the end of this line"),
    (_CUTS[Command.DELETE_WORD_LEFT], "delete the word before"),
    (_MOVES[Command.WORD_LEFT], "a word back"),
    (_MOVES[Command.WORD_RIGHT], "a word on"),
    ((UNDO,), "take back what was typed or deleted last, or do it again"),
)
# These do nothing where there is nothing to do, and nothing else either.
_OWN_KEYS = {key for keys in (*_MOVES.values(), *_CUTS.values()) for key in keys}
_ERASERS = frozenset({"backspace", "delete"})


def _commands() -> CommandMap:
    commands = CommandMap()
    for command, keys in (_MOVES | _CUTS).items():
        commands.bind(command, *keys)
    return commands


_COMMANDS = _commands()


class EditBox(urwid.Edit):
    """A field of one line, or of many.

    `edit_text` is what was typed; what is drawn has a `mark` for each character that
    could disturb the screen. `changed` is called with each new text. A paste is one
    insert. "meta u" takes back what was last typed, deleted or pasted, or does it
    again. A `locked` field can be read only.
    """

    def __init__(
        self,
        text: str = "",
        *,
        multiline: bool = True,
        caption: str | tuple[str, str] = "",
        mark: str = MARK,
        changed: Callable[[str], None] | None = None,
    ) -> None:
        self._command_map = _COMMANDS
        self.locked = False
        self._mark = mark
        self._changed = changed
        self._paste: list[str] | None = None
        self._before: tuple[str, int] | None = None
        self._doing = ""
        self._drawn = ("", "")
        wrap = urwid.WrapMode.SPACE if multiline else urwid.WrapMode.CLIP
        super().__init__(caption, text, multiline=multiline, wrap=wrap)

    @property
    def is_pasting(self) -> bool:
        """Whether a paste has begun: all keys belong to it until it ends."""
        return self._paste is not None

    def get_text(self) -> tuple[str, list[tuple[Hashable, int]]]:
        """What is drawn; it has the same length as what was typed."""
        typed = self.edit_text
        if self._drawn[0] != typed:
            self._drawn = typed, editable(typed, self._mark)
        return str(self.caption) + self._drawn[1], self._attrib

    def keypress(self, size: tuple[int], key: str) -> str | None:  # type: ignore[override]
        if self._paste is not None or key == PASTE_BEGINS:
            self._pasting(key)
            return None
        if self.locked:
            return self._moved(size, key)
        if key == UNDO:
            self._undo()
            return None
        return self._edited(size, key)

    def valid_char(self, ch: str) -> bool:
        """Whether a key is text: a field of one line takes no end of a line."""
        fits = self.multiline or ch.translate(_BREAKS) == ch
        return fits and super().valid_char(ch)

    def replace(self, start: int, end: int, text: str) -> None:
        """Put a text in the place of another, as one step."""
        self._set("replace", start, end, text)

    def show(self, text: str) -> None:
        """Take over a text from elsewhere; nothing is told of it, nothing undone."""
        if text == self.edit_text:
            return
        self._before, self._doing = None, ""
        self.set_edit_text(text)

    # -- keys

    def _edited(self, size: tuple[int], key: str) -> str | None:
        text, at = self.edit_text, self.edit_pos
        left = super().keypress(size, key)
        if self.edit_text != text:
            self._remember(_kind(key), text, at)
            self._tell()
        elif self.edit_pos != at:
            self._doing = ""
        return None if left in _OWN_KEYS else left

    def _moved(self, size: tuple[int], key: str) -> str | None:
        """Only what moves the cursor; what would change the text does nothing."""
        cuts = key in _ERASERS or any(key in keys for keys in _CUTS.values())
        types = self.valid_char(key) or (key == "enter" and self.multiline)
        return None if cuts or types or key == UNDO else self._edited(size, key)

    # -- pasting

    def _pasting(self, key: str) -> None:
        if key in (PASTE_BEGINS, PASTE_ENDS):
            # An end may be lost with its terminal; what came is not.
            pasted = "".join(self._paste or ())
            self._paste = [] if key == PASTE_BEGINS else None
            self._insert_paste(pasted)
            return
        text = _PASTED.get(key, key)
        if self._paste is not None and (text in "\n\t" or self.valid_char(text)):
            self._paste.append(text)

    def _insert_paste(self, text: str) -> None:
        text = filter_typed(text)
        if not self.multiline:
            text = text.strip().translate(_BREAKS)
        if text and not self.locked:
            self._set("paste", self.edit_pos, self.edit_pos, text)

    # -- undoing

    def _set(self, doing: str, start: int, end: int, text: str) -> None:
        old, at = self.edit_text, self.edit_pos
        self.set_edit_text(old[:start] + text + old[end:], edit_pos=start + len(text))
        self._remember(doing, old, at)
        self._tell()

    def _remember(self, doing: str, text: str, at: int) -> None:
        """Keep what was before; a run of typing or of erasing is one step."""
        if doing != self._doing or doing not in ("type", "erase"):
            self._before = text, at
        self._doing = doing

    def _undo(self) -> None:
        if self._before is None:
            return
        before, self._before = self._before, (self.edit_text, self.edit_pos)
        self._doing = ""
        self.set_edit_text(before[0], edit_pos=before[1])
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed(self.edit_text)


class EditPane(urwid.WidgetWrap[EditBox]):
    """A field in a window of its own: it scrolls with the cursor, and by pages."""

    _sizing = frozenset([urwid.Sizing.BOX])

    def __init__(self, edit: EditBox) -> None:
        super().__init__(edit)
        self._edit = edit
        self._top = 0

    def sizing(self) -> frozenset[urwid.Sizing]:
        return self._sizing

    def selectable(self) -> bool:
        return True

    def render(  # type: ignore[override]
        self,
        size: tuple[int, int],
        focus: bool = False,  # noqa: FBT001, FBT002
    ) -> urwid.Canvas:
        cols, rows = size
        if not cols or not rows:
            return urwid.SolidCanvas(" ", cols, rows)
        canvas = urwid.CompositeCanvas(self._edit.render((cols,), focus=focus))
        self._follow(cols, rows, canvas.rows())
        canvas.trim(self._top, min(rows, canvas.rows() - self._top))
        canvas.pad_trim_top_bottom(0, rows - canvas.rows())
        return canvas

    def keypress(self, size: tuple[int, int], key: str) -> str | None:  # type: ignore[override]
        cols, rows = size
        pages = {"page up": -1, "page down": 1}
        if key not in pages or self._edit.is_pasting:
            return self._edit.keypress((cols,), key)
        found = self._edit.get_cursor_coords((cols,))
        if found is not None:
            last = self._edit.rows((cols,)) - 1
            row = found[1] + pages[key] * max(rows - 1, 1)
            self._edit.move_cursor_to_coords((cols,), found[0], min(max(row, 0), last))
        return None

    def mouse_event(  # type: ignore[override]
        self,
        size: tuple[int, int],
        event: str,
        button: int,
        col: int,
        row: int,
        focus: bool,  # noqa: FBT001
    ) -> bool | None:
        at = row + self._top
        return self._edit.mouse_event((size[0],), event, button, col, at, focus)

    def get_cursor_coords(self, size: tuple[int, int]) -> tuple[int, int] | None:
        cols, rows = size
        found = self._edit.get_cursor_coords((cols,)) if cols and rows else None
        if found is None:
            return None
        self._follow(cols, rows, self._edit.rows((cols,)))
        return found[0], found[1] - self._top

    def _follow(self, cols: int, rows: int, lines: int) -> None:
        """Scroll so far that the cursor is in the window, and no further."""
        found = self._edit.get_cursor_coords((cols,))
        at = 0 if found is None else found[1]
        top = min(max(self._top, at - rows + 1), at)
        self._top = max(min(top, lines - rows), 0)


def _kind(key: str) -> str:
    """What a key that changed the text has done, as a run of it is one step."""
    if key in _ERASERS:
        return "erase"
    # A run ends with its line, so that not all that was typed goes at once.
    return "type" if key not in _OWN_KEYS and key != "enter" else "cut"
