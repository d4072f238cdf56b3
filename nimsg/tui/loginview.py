"""The first screen: which server, who, and the password; all questions in one form."""

import asyncio
import re
from enum import StrEnum
from typing import NamedTuple

from urwid import Canvas, CanvasCombine, CanvasJoin, CompositeCanvas, Sizing, Widget

from nimsg.client.login import AGAIN, Question
from nimsg.errors import NimsgError
from nimsg.text import clean_line, wrap
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.editbox import EditBox
from nimsg.tui.glyphs import UNICODE, Glyphs
from nimsg.tui.keys import Context
from nimsg.tui.secretbox import SecretBox
from nimsg.tui.spans import Line


MOST_CELLS = 60  # of the form
LEAST_FIELD = 8
USUAL_ROWS = 12
INDENT = 2  # the texts begin where the labels do
TRY_AGAIN = "Enter tries again."
TYPED_ABOVE = "The password above is to be the new one: type it here once more."
KEPT = "Log in again here: your windows and drafts are as you left them."
# What a client is told that ends with its session; this form does not.
ELSEWHERE = re.compile(r"; (start again to log in|log in again)\Z")
NO_SERVER = "Give the server as HOST:PORT."
FIRST_RUN = (
    "No server here yet? Start one: nimsg server",
    "A new name makes an account where registration is open.",
)
SUGGESTED = re.compile(r"\[(.+)\]")


class Field(StrEnum):
    """The fields, by their labels."""

    SERVER = "Server"
    USER = "User"
    PASSWORD = "Password"  # noqa: S105 - a label, not a secret
    AGAIN = "Again"


USUAL = (Field.SERVER, Field.USER, Field.PASSWORD)
LABEL = max(map(len, Field)) + 4  # cells; before it the sign of focus


class Changed(NimsgError):
    """The person gave another server or name while something else was asked."""


class Row(NamedTuple):
    """One row; those of the least weight are left out where room is short."""

    weight: int
    what: Field | Line


class LoginView(Widget):
    """The form. With `first_run` it tells what a new person can do.

    The app awaits an `address`, then `ask` for each question of the login; what fails
    it tells to `failed`, and awaits an address again. What was typed for a question
    before it came answers it, a new password too: it is asked for once more anyway.
    """

    context = Context.LOGIN
    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(
        self,
        server: str = "",
        user: str = "",
        *,
        first_run: bool = False,
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._first_run = first_run
        self._boxes: dict[Field, EditBox] = {
            Field.SERVER: EditBox(server, multiline=False),
            Field.USER: EditBox(user, multiline=False),
            Field.PASSWORD: SecretBox(),
            Field.AGAIN: SecretBox(),
        }
        self._focus = next(one for one in USUAL if not self._text(one))
        self._said = ("text", "")
        self._prompt = ""
        self._hint = ""
        self._asked: Field | None = None
        self._answer: asyncio.Future[str] | None = None
        self._submitted = asyncio.Event()
        # What is being logged in with, and what of it was not asked for so far.
        self._agreed: tuple[str, str] | None = None
        self._ahead: set[Field] = set()
        # What was to be said before a question that was answered ahead.
        self._unsaid = ""
        self._busy = False
        self._failed = False

    # -- what the app does

    async def address(self) -> str:
        """The server, as soon as the person has submitted the form."""
        self._busy = False
        await self._submitted.wait()
        self._submitted.clear()
        self._agreed, self._unsaid = self._way(), ""
        self._ahead = {one for one in (Field.USER, Field.PASSWORD) if self._text(one)}
        self._wait("connecting")
        return self._agreed[0]

    async def ask(self, question: Question, said: str) -> str:
        """The answer to a question; before it is shown what is `said`.

        Raises `Changed` where the person wants another server or name instead.
        """
        field = _field(question)
        ahead = field in self._ahead
        self._ahead.discard(field)
        if ahead:
            self._unsaid = said
            return self._text(field)
        self._renew(field, question)
        # A mistyped name must not become an account without a look at it.
        told = " ".join(text for text in (self._unsaid, said) if text)
        hint = TYPED_ABOVE if self._unsaid and field is Field.AGAIN else ""
        self._unsaid = ""
        self._show("unread", told, clean_line(question.text).strip(), hint)
        self._agreed = self._agreed or self._way()
        self._asked = self._focus = field
        self._busy = False
        self._answer = asyncio.get_running_loop().create_future()
        try:
            answer = await self._answer
        finally:
            self._answer, self._asked = None, None
        self._wait("logging in")
        return answer

    def tell(self, text: str) -> None:
        """Show a line of news below the fields."""
        self._show("text", text)

    def failed(self, text: str, *, forget: bool = False) -> None:
        """Show what went wrong; Enter tries again. `forget` empties the password."""
        self._busy, self._failed = False, True
        self._show("bad", text, hint=TRY_AGAIN)
        self._boxes[Field.AGAIN].show("")
        if forget:
            self._boxes[Field.PASSWORD].show("")
        self._focus = Field.PASSWORD if forget else Field.SERVER

    def ended(self) -> None:
        """What has failed was a session, whose windows are still there."""
        name, said = self._said
        self._show(name, ELSEWHERE.sub("", said), hint=KEPT)
        self._focus = next((one for one in USUAL if not self._text(one)), Field.SERVER)

    # -- what the person does

    def act(self, action: str) -> bool:
        """Do an action of the key table; False for one that is not of the form."""
        if action == "submit":
            self._submit()
        elif action in {"next-pane", "previous-pane"}:
            fields = self._fields()
            step = 1 if action == "next-pane" else -1
            self._focus = fields[(fields.index(self._focus) + step) % len(fields)]
        else:
            return False
        self.refresh()
        return True

    def keypress(self, size: Size, key: str) -> str | None:
        """Take what is typed or pasted; leave what is an action."""
        cells = _layout(box(size)[0])[1]
        left = self._boxes[self._focus].keypress((cells,), key)
        self.refresh()
        return left

    @property
    def is_pasting(self) -> bool:
        """Whether a paste has begun: all keys belong to it until it ends."""
        return self._boxes[self._focus].is_pasting

    def refresh(self) -> None:
        """What is drawn has changed."""
        self._invalidate()

    def _submit(self) -> None:
        answered = self._answer is not None and self._answer.done()
        if self._busy or answered or self._submitted.is_set():
            return
        way = self._way()
        if not way[0]:
            self._focus = Field.SERVER
            self._show("unread", NO_SERVER)
        elif self._answer is None:
            self._go_on()
        elif self._is_other(way):
            self._submitted.set()
            self._answer.set_exception(Changed("another server or name was given"))
        elif self._focus is not self._asked and self._asked is not None:
            self._focus = self._asked
        else:
            self._agreed = way
            self._answer.set_result(self._text(self._focus))

    def _is_other(self, way: tuple[str, str]) -> bool:
        """Whether it is another way in than the one that the question belongs to."""
        # Where the name is asked for, another one is the answer.
        parts = 1 if self._asked is Field.USER else 2
        return self._agreed is not None and way[:parts] != self._agreed[:parts]

    def _go_on(self) -> None:
        """To the next field that is empty; behind the last, log in."""
        behind = USUAL[USUAL.index(self._focus) + 1 :] if self._focus in USUAL else ()
        empty = [one for one in behind if not self._text(one)]
        if empty and not self._failed:
            self._focus = empty[0]
        else:
            self._submitted.set()

    # -- the state

    def _text(self, field: Field) -> str:
        return str(self._boxes[field].edit_text)

    def _way(self) -> tuple[str, str]:
        """The server and the name in the fields."""
        return self._text(Field.SERVER).strip(), self._text(Field.USER)

    def _fields(self) -> list[Field]:
        again = [Field.AGAIN] if Field.AGAIN in {self._asked, self._focus} else []
        return [*USUAL, *again]

    def _renew(self, field: Field, question: Question) -> None:
        """Empty a field that is asked again; a name stays, to be changed."""
        found = SUGGESTED.search(question.text)
        kept = self._text(field) if field is Field.USER else ""
        self._boxes[field].show(clean_line(found[1]) if found else kept)

    def _wait(self, what: str) -> None:
        self._busy, self._failed = True, False
        self._show("dim", what + self._glyphs.pending)

    def _show(self, name: str, said: str, prompt: str = "", hint: str = "") -> None:
        self._said, self._prompt, self._hint = (name, clean_line(said)), prompt, hint
        self.refresh()

    # -- drawing

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        if not cols or not rows:
            return lines_canvas([], cols, rows)
        shown = _fitting(self._rows(cols), rows)
        # The form stays where it is while what it says comes and goes.
        above = max(rows - max(len(shown), USUAL_ROWS), 0) // 3
        below = rows - len(shown) - above
        parts = [
            *([lines_canvas([], cols, above)] if above else []),
            *(self._drawn(row.what, cols, focus=focus) for row in shown),
            *([lines_canvas([], cols, below)] if below else []),
        ]
        return CanvasCombine([(part, None, bool(part.cursor)) for part in parts])

    def get_cursor_coords(self, size: Size) -> tuple[int, int] | None:
        """See `urwid.Widget`."""
        cursor = self.render(size, focus=True).cursor
        return None if cursor is None else (cursor[0], cursor[1])

    def _rows(self, cols: int) -> list[Row]:
        cells = max(min(MOST_CELLS, cols) - INDENT, 1)
        rows = [Row(3, [("popup title", "nimsg")]), Row(1, [])]
        rows += [
            Row(9 if field is self._focus else 5, field) for field in self._fields()
        ]
        told = [(8, *self._said), (7, "label", self._prompt), (6, "dim", self._hint)]
        lines = [
            Row(weight, [(name, line)])
            for weight, name, text in told
            if text
            for line in wrap(text, cells)
        ]
        rows += [Row(2, []), *lines] if lines else []
        if self._first_run and self._asked is None:
            rows.append(Row(0, []))
            rows += [
                Row(4, [("dim", line)])
                for text in FIRST_RUN
                for line in wrap(text, cells)
            ]
        return rows

    def _drawn(self, what: Field | Line, cols: int, *, focus: bool) -> Canvas:
        left, cells = _layout(cols)
        if not isinstance(what, Field):
            indent = left + (INDENT if cols > INDENT else 0)
            return lines_canvas([[("text", " " * indent), *what]], cols, 1)
        here = what is self._focus
        edit = CompositeCanvas(self._boxes[what].render((cells,), focus=here and focus))
        edit.fill_attr("input")
        before = min(left + LABEL, cols - cells)
        if before <= 0:
            return edit
        sign = self._glyphs.focus if here else " "
        label: Line = [("text", " " * left), ("label", f"{sign} {what.value}")]
        behind = cols - before - cells
        return CanvasJoin(
            [
                (lines_canvas([label], before, 1), None, False, before),
                (edit, None, here, cells),
                *(
                    [(lines_canvas([], behind, 1), None, False, behind)]
                    if behind > 0
                    else []
                ),
            ]
        )


def _field(question: Question) -> Field:
    """The field that a question is answered in."""
    if not question.secret:
        return Field.USER
    return Field.AGAIN if question.text == AGAIN else Field.PASSWORD


def _layout(cols: int) -> tuple[int, int]:
    """The cells left of the form, and those of a field."""
    left = max((cols - MOST_CELLS) // 2, 0)
    return left, max(min(cols, MOST_CELLS) - LABEL, min(LEAST_FIELD, cols))


def _fitting(rows: list[Row], room: int) -> list[Row]:
    """The rows that there is room for, in their order."""
    kept = list(rows)
    while len(kept) > room:
        least = min(row.weight for row in kept)
        del kept[max(at for at, row in enumerate(kept) if row.weight == least)]
    return kept
