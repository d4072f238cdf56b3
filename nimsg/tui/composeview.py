"""Writing a message: to whom, what about, the text, and where its draft stands."""

from collections.abc import Callable
from enum import StrEnum

from urwid import (
    Canvas,
    CanvasCombine,
    Columns,
    CompositeCanvas,
    Sizing,
    SolidCanvas,
    Text,
    Widget,
)

from nimsg.text import clean_line, wrap
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.completion import complete
from nimsg.tui.composedesk import ComposeDesk
from nimsg.tui.draftlines import BUTTON, Hints, notice_lines, status_line
from nimsg.tui.editbox import PASTE_BEGINS, EditBox, EditPane
from nimsg.tui.keys import Context
from nimsg.tui.letterdraft import Draft, tidied
from nimsg.tui.shown import ASCII_MARK, MARK
from nimsg.tui.spans import Line


NOTICE_ROWS = 3
RULED_ROWS = 10  # with fewer, the rules give way to the text
GUTTER = 1  # cells beside the text
LABEL_CELLS = 10
LABELS = (" To:", " Subject:")
BODY_MOST = 100  # cells: longer lines are hard to read
BEING_SENT = "it is being sent, and can be changed again if that fails"


class Part(StrEnum):
    """What the view consists of, from top to bottom."""

    TO = "to"
    SUBJECT = "subject"
    UPPER_RULE = "upper rule"
    BODY = "body"
    LOWER_RULE = "lower rule"
    NOTICE = "notice"
    STATUS = "status"  # with the button


LINES = (Part.TO, Part.SUBJECT)
LEAVING = frozenset({"send", "close"})  # what ends the writing
NOT_SENT = "not sent: "
FIELDS = (Part.TO, Part.SUBJECT, Part.BODY, Part.STATUS)
# Where there is no room, these go first; the one that is typed in stays.
SPARE = (Part.STATUS, Part.SUBJECT, Part.TO, Part.BODY)


class ComposeView(Widget):
    """The fields of one draft. What is typed goes into the draft at once.

    `hints` are keys named in the status line, with what they do.
    """

    context = Context.COMPOSE
    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(self, desk: ComposeDesk, draft: Draft, hints: Hints = ()) -> None:
        super().__init__()
        self.draft = draft
        self._desk = desk
        self._hints = hints
        self._choices: tuple[str, ...] = ()
        self._said: list[str] = []
        self._problems: list[str] = []
        self._make_boxes()
        self._fields = {Part.TO: self._to, Part.SUBJECT: self._subject}
        self._labelled = {
            part: Columns(
                [(LABEL_CELLS, Text(("label", label), wrap="clip")), field],
                focus_column=1,
            )
            for (part, field), label in zip(self._fields.items(), LABELS, strict=True)
        }
        self.focused = Part.BODY if draft.to else Part.TO
        self._actions: dict[str, Callable[[], None]] = {
            "send": self._send,
            "editor": self._editor,
            "keep": lambda: desk.keep(draft),
            "close": lambda: desk.close_draft(draft),
            "discard": self._discard,
            "next-pane": self._next,
            "previous-pane": self._up,
        }
        self._keys: dict[tuple[Part, str], Callable[[], None]] = {
            **dict.fromkeys(((part, "enter") for part in LINES), self._down),
            **dict.fromkeys(((part, "down") for part in LINES), self._down),
            **dict.fromkeys(((part, "up") for part in FIELDS[1:]), self._up),
            (Part.STATUS, "left"): self._up,
            (Part.STATUS, "enter"): self._send,
        }
        self.refresh()

    def _make_boxes(self) -> None:
        """What the draft's lines and its body are typed in."""
        draft = self.draft
        mark = ASCII_MARK if self._desk.glyphs.ellipsis.isascii() else MARK
        self._to = EditBox(
            draft.to,
            multiline=False,
            mark=mark,
            changed=lambda text: self._edit(to=text),
        )
        self._subject = EditBox(
            draft.subject,
            multiline=False,
            mark=mark,
            changed=lambda text: self._edit(subject=text),
        )
        self._body = EditBox(
            draft.body, mark=mark, changed=lambda text: self._edit(body=text)
        )
        if not draft.to:
            # Who passes a text on writes above it.
            self._body.set_edit_pos(0)
        self._pane = EditPane(self._body)

    # -- the contract of a view

    @property
    def title(self) -> str:
        """What the window is called."""
        return clean_line(self.draft.subject).strip() or "new message"

    @property
    def is_pasting(self) -> bool:
        """Whether all keys belong to a paste."""
        return any(one.is_pasting for one in (self._to, self._subject, self._body))

    def act(self, action: str) -> bool:
        """Do an action of the key table; False where it is not one of these."""
        act = self._actions.get(action)
        if action in LEAVING:
            self._tidy()
        if act is not None:
            self._do(act)
        return act is not None

    def refresh(self) -> None:
        """The draft was changed from outside, or more is known of people."""
        self._to.show(self.draft.to)
        self._subject.show(self.draft.subject)
        self._body.show(self.draft.body)
        for field in (self._to, self._subject, self._body):
            field.locked = self.draft.is_sending
        self._look()

    def _do(self, act: Callable[[], None]) -> None:
        act()
        self._look()

    # -- what is typed

    def _edit(
        self,
        *,
        to: str | None = None,
        subject: str | None = None,
        body: str | None = None,
    ) -> None:
        self._choices, self._problems = (), []
        if self.draft.edit(self._desk.now(), to=to, subject=subject, body=body):
            self._desk.edited(self.draft)
        self._look()

    def _look(self) -> None:
        """See what is to be said: of a name only when it is written to its end."""
        self._said = self._problems
        if not self._problems and self.focused is not Part.TO:
            self._said = self.draft.recipient_problems(self._desk.known)
        if not self._problems and (too_long := self.draft.length_problems()):
            self._said = too_long
        self._invalidate()

    # -- actions

    def _send(self) -> None:
        draft = self.draft
        if draft.is_sending:
            return
        self._choices = ()
        self._problems = draft.problems(self._desk.known)
        if not self._problems:
            self._desk.send(draft)
            self.refresh()
            return
        # It may have stood there before: that it keeps the message here is news.
        self._problems[0] = NOT_SENT + self._problems[0]
        if not draft.recipients or draft.recipient_problems(self._desk.known):
            self.focused = Part.TO

    def _editor(self) -> None:
        if self._may_change():
            self._desk.edit_outside(self.draft)

    def _discard(self) -> None:
        if self._may_change():
            self._desk.discard(self.draft)

    def _may_change(self) -> bool:
        self._problems = [BEING_SENT] if self.draft.is_sending else []
        return not self.draft.is_sending

    def _next(self) -> None:
        if self.focused is not Part.TO or not self._complete():
            self._down()

    def _down(self) -> None:
        self._move(1)

    def _up(self) -> None:
        self._move(-1)

    def _tidy(self) -> None:
        """Whoever is done with To has parted the names, also by too much."""
        field = self._to
        tidy = tidied(field.edit_text)
        if self.focused is Part.TO and not field.locked and tidy != field.edit_text:
            field.replace(0, len(field.edit_text), tidy)

    def _move(self, step: int) -> None:
        self._tidy()
        self._choices = ()
        self.focused = FIELDS[(FIELDS.index(self.focused) + step) % len(FIELDS)]

    def _complete(self) -> bool:
        """Complete the name at the cursor; False where the next field is meant."""
        field, shown = self._to, self._choices
        found = complete(field.edit_text, field.edit_pos, self._desk.names())
        if found is None or field.locked:
            return False
        if found.text != field.edit_text:
            field.replace(0, len(field.edit_text), found.text)
            field.set_edit_pos(found.at)
        elif shown == found.choices:
            return False
        self._choices = found.choices
        return True

    # -- keys and the mouse

    def keypress(self, size: Size, key: str) -> str | None:
        """See `urwid.Widget`: what is typed, and moving between the fields."""
        cols, rows = box(size)
        is_text = key == PASTE_BEGINS or self._body.valid_char(key)
        if is_text and self.focused is Part.STATUS:
            self.focused = Part.BODY
        left = self._typed(cols, rows, key)
        if left is None:
            return None
        act = self._keys.get((self.focused, left))
        if act is not None:
            self._do(act)
        return left if act is None else None

    def _typed(self, cols: int, rows: int, key: str) -> str | None:
        if self.focused is Part.BODY:
            height = dict(self._parts(cols, rows)).get(Part.BODY, 1)
            return self._pane.keypress((_body_cols(cols), height), key)
        if self.focused is Part.STATUS:
            return key
        return self._line(self.focused, cols).keypress((cols,), key)

    def _line(self, part: Part, cols: int) -> Columns | EditBox:
        """A field behind its label, where there is room for that."""
        of = self._labelled if cols >= 2 * LABEL_CELLS else self._fields
        return of[part]

    def mouse_event(
        self,
        size: Size,
        event: str,
        button: int,
        col: int,
        row: int,
        focus: bool,  # noqa: FBT001
    ) -> bool | None:
        """See `urwid.Widget`: a click goes to a field, or sends."""
        cols, rows = box(size)
        for part, height in self._parts(cols, rows):
            if row < height:
                return self._clicked(part, (cols, height), (event, button, col, row))
            row -= height
        return focus and False

    def _clicked(
        self, part: Part, size: tuple[int, int], at: tuple[str, int, int, int]
    ) -> bool:
        event, button, col, row = at
        if event != "mouse press" or button != 1 or part not in FIELDS:
            return False
        if part is Part.STATUS:
            return col >= size[0] - len(BUTTON) and self.act("send")
        if part is not Part.TO:
            self._tidy()
        self.focused, self._choices = part, ()
        if part in self._fields:
            line = self._line(part, size[0])
            line.mouse_event((size[0],), event, button, col, row, True)  # noqa: FBT003
        else:
            used = _body_cols(size[0])
            at_col = max(col - GUTTER, 0) if used < size[0] else col
            self._pane.mouse_event(
                (used, size[1]),
                event,
                button,
                at_col,
                row,
                True,  # noqa: FBT003
            )
        self._look()
        return True

    # -- drawing

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        if not cols or not rows:
            return SolidCanvas(" ", cols, rows)
        drawn = [
            (self._drawn(part, cols, height, focus=focus), part, part is self.focused)
            for part, height in self._parts(cols, rows)
        ]
        return CanvasCombine(drawn)

    def _parts(self, cols: int, rows: int) -> list[tuple[Part, int]]:
        """What is drawn, and how high; together they fill the rows."""
        fixed = {Part.TO: 1, Part.SUBJECT: 1, Part.BODY: 1, Part.STATUS: 1}
        for part in SPARE:
            if len(fixed) > rows and part is not self.focused:
                del fixed[part]
        left = rows - len(fixed)
        if rows >= RULED_ROWS:
            fixed |= {Part.UPPER_RULE: 1, Part.LOWER_RULE: 1}
            left -= 2
        fixed[Part.NOTICE] = len(self._notice(cols, min(left, NOTICE_ROWS)))
        left -= fixed[Part.NOTICE]
        grows = Part.BODY if Part.BODY in fixed else self.focused
        fixed[grows] += left
        return [(part, fixed[part]) for part in Part if fixed.get(part)]

    def _drawn(self, part: Part, cols: int, rows: int, *, focus: bool) -> Canvas:
        focus = focus and part is self.focused
        if part not in (*LINES, Part.BODY):
            at = max(cols - len(BUTTON) + 3, 0), 0
            cursor = at if focus and part is Part.STATUS else None
            return lines_canvas(
                self._lines(part, cols, rows), cols, rows, "status", cursor
            )
        if part is Part.BODY:
            used = _body_cols(cols)
            canvas = CompositeCanvas(self._pane.render((used, rows), focus=focus))
            gutter = GUTTER if used < cols else 0
            canvas.pad_trim_left_right(gutter, cols - used - gutter)
        else:
            canvas = CompositeCanvas(
                self._line(part, cols).render((cols,), focus=focus)
            )
        canvas.fill_attr_apply({None: "input"})
        return canvas

    def _lines(self, part: Part, cols: int, rows: int) -> list[Line]:
        if part is Part.NOTICE:
            return self._notice(cols, rows)
        if part is Part.STATUS:
            on_button = self.focused is Part.STATUS
            now = self._desk.now()
            return [
                status_line(self.draft, now, cols, self._hints, on_button=on_button)
            ]
        return [[("gutter", self._desk.glyphs.hline * cols)]]

    def _notice(self, cols: int, rows: int) -> list[Line]:
        if self._choices:
            names = wrap("  ".join(map(clean_line, self._choices)), max(cols - 1, 1))
            return [[("text", f" {line}")] for line in names[:rows]]
        return notice_lines(self.draft, self._said, cols, rows, self._desk.glyphs)


def _body_cols(cols: int) -> int:
    """How wide the text is in a window so wide."""
    return max(min(cols - 2 * GUTTER, BODY_MOST), 1)
