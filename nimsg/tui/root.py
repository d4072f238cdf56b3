"""The whole screen: header, body, status, footer, and what lies on top of them."""

from typing import Protocol

from urwid import Canvas, CanvasCombine, Sizing, Widget

from nimsg.text import wrap
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.commandline import CommandLine
from nimsg.tui.editbox import PASTE_BEGINS, PASTE_ENDS
from nimsg.tui.keys import NONE, TYPING, Context, KeyMap, Spare, is_text
from nimsg.tui.layout import CHROME_ROWS, Shape, shape, too_small_text
from nimsg.tui.popups import Drawn, Over, Popup
from nimsg.tui.spans import Line


class Top(Protocol):
    """What has the keys now."""

    @property
    def context(self) -> Context:
        """Which keys count."""
        ...

    def keypress(self, size: Size, key: str) -> str | None:
        """See `urwid.Widget`."""
        ...

    def act(self, action: str) -> bool:
        """Do an action of the key table; False: not one of this."""
        ...


class Frame(Protocol):
    """What the screen is drawn from."""

    def header(self, cols: int) -> Line:
        """The first line."""
        ...

    def status(self, cols: int) -> Line:
        """The last line but one."""
        ...

    def resized(self, cols: int, rows: int) -> None:
        """The screen has this size now."""
        ...

    def pressed(self) -> None:
        """A key was pressed."""
        ...

    def act(self, action: str) -> bool:
        """Do an action that is no view's own; False: there is none such here."""
        ...

    def unused(self, key: str) -> None:
        """A key, or the begin of a paste, does nothing where it came."""
        ...


class Body(Top, Protocol):
    """The middle of the screen."""

    def refresh(self) -> None:
        """Draw what has changed."""
        ...

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        ...


class Root(Widget):
    """The screen. `popups` lie on top, the last one above all; `prompt` is below.

    Every key comes here: to what has the keys where it is text, else as an action.
    """

    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(self, frame: Frame, body: Body, keys: KeyMap) -> None:
        super().__init__()
        self.body = body
        self.popups: list[Popup] = []
        self.prompt: CommandLine | None = None
        self._frame = frame
        self._keys = keys
        self._dropping = False

    @property
    def context(self) -> Context:
        """Which keys count."""
        return self._top().context

    def _top(self) -> Top:
        if self.popups:
            return self.popups[-1]
        return self.prompt or self.body

    def refresh(self) -> None:
        """Draw what has changed."""
        self._invalidate()

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: ARG002, FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        if shape(cols, rows) is Shape.TOO_SMALL:
            said = wrap(too_small_text(cols, rows), cols)
            return lines_canvas([[("text", line)] for line in said], cols, rows)
        self._frame.resized(cols, rows)
        middle = self._middle(cols, rows - CHROME_ROWS)
        top = lines_canvas([self._frame.header(cols)], cols, 1, "header")
        status = lines_canvas([self._frame.status(cols)], cols, 1, "status")
        typed = self.prompt is not None and not self.popups
        return CanvasCombine(
            [
                (top, None, False),
                (middle, None, not typed),
                (status, None, False),
                (self._foot(cols), None, typed),
            ]
        )

    def keypress(self, size: Size, key: str) -> str | None:
        """Give a key to what it is for."""
        cols, rows = box(size)
        self._frame.pressed()
        too_small = shape(cols, rows) is Shape.TOO_SMALL
        if self._drops(key, typing=not too_small and self.context in TYPING):
            return None
        if too_small:
            if key in {"q", "Q"}:
                self._frame.act("quit")
            return None
        top = self._top()
        action = self._keys.action(top.context, key)
        pasting = bool(getattr(top, "is_pasting", False)) or key == PASTE_BEGINS
        known = None if pasting else action
        if known is None or not (top.act(known) or self._frame.act(known)):
            left = self._give(top, cols, rows, key)
            if left and action is None and top.context not in TYPING and is_text(key):
                self._frame.unused(key)
        self._invalidate()
        return None

    def _drops(self, key: str, *, typing: bool) -> bool:
        """Whether a key is of a paste where nothing is typed: a text is no command."""
        if key == PASTE_BEGINS:
            self._dropping = not typing
            if self._dropping:
                self._frame.unused(key)
        dropping = self._dropping
        if key == PASTE_ENDS:
            self._dropping = False
        return dropping

    def mouse_event(
        self,
        size: Size,
        event: str,
        button: int,
        col: int,
        row: int,
        focus: bool,  # noqa: FBT001
    ) -> bool:
        """Let the body have it, where nothing lies on top."""
        cols, rows = box(size)
        handle = getattr(self.body, "mouse_event", None)
        if self.popups or handle is None or not 0 < row < rows - 2:
            return False
        self._frame.pressed()
        self._invalidate()
        within = (cols, rows - CHROME_ROWS)
        return bool(handle(within, event, button, col, row - 1, focus))

    def _give(self, top: Top, cols: int, rows: int, key: str) -> str | None:
        size: Size = (cols,) if top is self.prompt else (cols, rows - CHROME_ROWS)
        return top.keypress(size, key)

    def _middle(self, cols: int, rows: int) -> Canvas:
        free = not self.popups and self.prompt is None
        if not self.popups:
            return self.body.render((cols, rows), free)
        over: Drawn = self.body
        for popup in self.popups:
            over = Over(popup, over)
        return over.render((cols, rows), True)  # noqa: FBT003 - urwid's way

    def _foot(self, cols: int) -> Canvas:
        if self.prompt is not None and not self.popups:
            return self.prompt.render((cols,), True)  # noqa: FBT003
        footed = not self.popups or self.popups[-1].footed
        spare: Spare = getattr(self._top(), "spare", NONE)
        keys = self._keys.footer(self.context, cols - 1, spare) if footed else []
        line = [("footer", " "), *keys]
        return lines_canvas([line], cols, 1, "footer")
