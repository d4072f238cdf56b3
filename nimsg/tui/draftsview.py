"""The list of drafts: what was begun and not sent."""

from typing import Protocol

from urwid import Canvas, Sizing, Widget

from nimsg.text import wrap
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.draftlines import draft_line
from nimsg.tui.drafts import Drafts
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.keys import Context
from nimsg.tui.letterdraft import Draft
from nimsg.tui.spans import Line


EMPTY = "no drafts: what you write and leave is kept here"
HEADING_ROWS = 3  # a list of fewer rows has no heading


class DraftsDesk(Protocol):
    """What the list needs of the program. None of these waits."""

    @property
    def glyphs(self) -> Glyphs: ...

    @property
    def drafts(self) -> Drafts: ...

    def now(self) -> int:
        """Ms UTC."""
        ...

    def open_draft(self, draft: Draft) -> None:
        """Go on writing."""
        ...

    def discard(self, draft: Draft) -> None:
        """Throw it away; it is kept until the next one is."""
        ...

    def undo_discard(self) -> None:
        """Bring the last one back."""
        ...

    def say(self, text: str) -> None:
        """Show a line of news."""
        ...


class DraftsView(Widget):
    """The drafts, newest first; the focus stays on its draft when others come or go."""

    context = Context.DRAFTS
    title = "drafts"
    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(self, desk: DraftsDesk) -> None:
        super().__init__()
        self._desk = desk
        self._focus = ""
        self._at = 0
        self._top = 0
        self._rows = 1

    @property
    def focused(self) -> Draft | None:
        """The draft that the keys are about."""
        rows = self._drafts()
        return rows[self._at] if rows else None

    @property
    def spare(self) -> frozenset[str]:
        """The actions that do nothing now."""
        return frozenset() if self._drafts() else _ABOUT_ONE | {"down", "up"}

    def act(self, action: str) -> bool:
        """Do an action of the key table; False where it is not one of these."""
        draft = self.focused
        if action in _ABOUT_ONE:
            act = {"open": self._desk.open_draft, "delete": self._desk.discard}
            if draft is None:
                self._desk.say("no draft here")
            else:
                act[action](draft)
        elif action == "undelete":
            self._desk.undo_discard()
        elif not self._move(action):
            return False
        self.refresh()
        return True

    def refresh(self) -> None:
        """The drafts have changed."""
        self._drafts()
        self._invalidate()

    def keypress(self, _: Size, key: str) -> str:
        """Leave every key to the table."""
        return key

    def mouse_event(  # as urwid has it
        self,
        size: Size,
        event: str,
        button: int,
        _: int,
        row: int,
        focus: bool,  # noqa: FBT001
    ) -> bool | None:
        """A click goes to a row, a second one opens it."""
        at = self._top + row - self._heading(box(size)[1])
        if event != "mouse press" or button != 1 or not focus:
            return False
        if not 0 <= at < len(self._drafts()):
            return False
        if at == self._at:
            return self.act("open")
        self._go(at)
        return True

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        return lines_canvas(self.lines(cols, rows, focus=focus), cols, rows)

    def lines(self, cols: int, rows: int, *, focus: bool = True) -> list[Line]:
        """What is drawn."""
        drafts = self._drafts()
        heading = self._heading(rows)
        self._rows = max(rows - heading, 1)
        self._scroll()
        name = "title focus" if focus else "title"
        lines: list[Line] = [
            [(name, " DRAFTS" + (f"  {len(drafts)} kept" if drafts else ""))]
        ][:heading]
        if not drafts:
            said = wrap(EMPTY, max(cols - 1, 1))
            return [*lines, *([("dim", f" {line}")] for line in said)]
        shown = drafts[self._top : self._top + self._rows]
        return lines + [
            draft_line(
                draft,
                cols,
                self._desk.now(),
                self._desk.glyphs,
                focused=focus and at == self._at,
            )
            for at, draft in enumerate(shown, self._top)
        ]

    # -- the focus

    def _drafts(self) -> list[Draft]:
        """The rows as they are now, with the focus on the draft it was on.

        Where that is gone it is on the one that took its place.
        """
        rows = list(self._desk.drafts)[::-1]
        names = [draft.client_id for draft in rows]
        if self._focus in names:
            self._at = names.index(self._focus)
        self._at = min(self._at, max(len(rows) - 1, 0))
        self._focus = names[self._at] if names else ""
        return rows

    def _move(self, action: str) -> bool:
        page, last = max(self._rows - 1, 1), len(self._drafts()) - 1
        half = max(self._rows // 2, 1)
        goals = {
            "down": self._at + 1,
            "up": self._at - 1,
            "page-down": self._at + page,
            "page-up": self._at - page,
            "half-down": self._at + half,
            "half-up": self._at - half,
            "top": 0,
            "bottom": last,
        }
        if action not in goals:
            return False
        self._go(min(max(goals[action], 0), max(last, 0)))
        return True

    def _go(self, at: int) -> None:
        self._at, self._focus = at, ""
        self.refresh()

    def _scroll(self) -> None:
        self._top = min(max(self._top, self._at - self._rows + 1), self._at)

    @staticmethod
    def _heading(rows: int) -> int:
        return int(rows >= HEADING_ROWS)


_ABOUT_ONE = frozenset({"open", "delete"})
