"""The body of the screen: both boxes, and beside them or instead a message or a guest.

A guest is the view of another window. Where there is room for three columns it takes
the third, else all of the body.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from urwid import Canvas, CanvasCombine, CanvasJoin, Sizing, Widget

from nimsg.client.answers import OutboxRow
from nimsg.client.mailtables import Row
from nimsg.protocol.constants import Box
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.keys import NONE, Context, Spare
from nimsg.tui.layout import Area, Shape, Sizes, shared
from nimsg.tui.mailpane import MailPane
from nimsg.tui.messageview import MessageView


# What can only be done to a message that the server has.
ABOUT_SENT: Spare = frozenset({"reply", "reply-all", "ack", "recall", "link", "thread"})


class View(Protocol):
    """What a window shows; keys that are text come to `keypress`, others to `act`."""

    context: Context

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        ...

    def keypress(self, size: Size, key: str) -> str | None:
        """See `urwid.Widget`."""
        ...

    def act(self, action: str) -> bool:
        """Do an action of the key table; False: not one of this view."""
        ...

    def refresh(self) -> None:
        """Draw what has changed."""
        ...


class Spot(StrEnum):
    """What the keys act on."""

    INBOX = "inbox"
    OUTBOX = "outbox"
    VIEW = "view"


class Placed:
    """A widget and where it is drawn."""

    def __init__(self, spot: Spot, area: Area, at: tuple[int, int]) -> None:
        self.spot = spot
        self.area = area
        self.col, self.row = at

    def has(self, col: int, row: int) -> bool:
        """Whether a cell of the body is in it."""
        across = self.col <= col < self.col + self.area.cols
        return across and self.row <= row < self.row + self.area.rows


class MailView(Widget):
    """The panes. `spot` is where the keys go; `last` the box that was looked at."""

    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(
        self, panes: dict[Box, MailPane], message: MessageView, glyphs: Glyphs
    ) -> None:
        super().__init__()
        self.panes = panes
        self.message = message
        self.guest: View | None = None
        self.spot = Spot.INBOX
        self.last = Box.INBOX
        self.reading = False
        self.sizes: Sizes | None = None
        self.acts: Callable[[str], bool] = lambda _: False
        self._glyphs = glyphs

    # -- where one is

    @property
    def context(self) -> Context:
        """Which keys count."""
        if self.spot is not Spot.VIEW:
            return Context.LIST
        return self.guest.context if self.guest else Context.MESSAGE

    @property
    def pane(self) -> MailPane:
        """The box that was looked at last."""
        return self.panes[self.last]

    @property
    def row(self) -> Row | None:
        """The message that the keys act on."""
        return self.pane.row

    @property
    def spare(self) -> Spare:
        """The actions that do nothing to what the keys act on now."""
        if self.spot is Spot.VIEW and self.guest is not None:
            spare: Spare = getattr(self.guest, "spare", NONE)
            return spare
        pane, row = self.pane, self.row
        if pane.queued is not None:
            return ABOUT_SENT
        if pane.position is None:
            return ABOUT_SENT | {"open", "delete"}
        linked = NONE if self.message.links else frozenset({"link"})
        if self.last is Box.INBOX:
            return linked | {"recall"}
        pending = isinstance(row, OutboxRow) and row.pending
        return linked | {"ack"} | (NONE if pending else {"recall"})

    @property
    def together(self) -> bool:
        """Whether the view stands beside the boxes."""
        return self.sizes is not None and self.sizes.together

    @property
    def _filled(self) -> bool:
        """Whether a guest has all of the body."""
        three = self.sizes is not None and self.sizes.shape is Shape.THREE
        return self.guest is not None and not three

    def show(self, guest: View | None) -> None:
        """Show another window; None for the mail alone."""
        self.guest = guest
        if guest is not None:
            self.spot = Spot.VIEW
        elif not self.reading:
            self.spot = Spot(self.last.value)
        self._invalidate()

    def read(self) -> None:
        """Go to the message of the focused row."""
        self.reading = True
        self.spot = Spot.VIEW
        self._invalidate()

    def back(self) -> bool:
        """From the message back to its box; False where one is there already."""
        if self.spot is not Spot.VIEW or self.guest is not None:
            return False
        self.reading = False
        self.spot = Spot(self.last.value)
        self._invalidate()
        return True

    def go(self, target: Box) -> None:
        """Go to a box."""
        self.last = target
        self.reading = False
        self.spot = Spot(target.value)
        self._invalidate()

    def next_spot(self, step: int) -> None:
        """Go to the next pane that is on the screen."""
        if self._filled:
            return
        spots = [Spot.INBOX, Spot.OUTBOX]
        if self.together or self.spot is Spot.VIEW:
            spots.append(Spot.VIEW)
        spot = spots[(spots.index(self.spot) + step) % len(spots)]
        if spot is Spot.VIEW:
            self.reading = self.guest is None
            self.spot = spot
            self._invalidate()
        else:
            self.go(Box(spot.value))

    def act(self, action: str) -> bool:
        """Do an action of the key table; False where it is not one of these."""
        if self.spot is Spot.VIEW and self.guest is not None:
            return self.guest.act(action)
        return self.acts(action)

    @property
    def is_pasting(self) -> bool:
        """Whether all keys belong to a paste."""
        guest = self.guest if self.spot is Spot.VIEW else None
        return bool(getattr(guest, "is_pasting", False))

    def refresh(self) -> None:
        """Draw what has changed."""
        for pane in self.panes.values():
            pane.refresh()
        if self.guest is not None:
            self.guest.refresh()
        self._invalidate()

    # -- urwid

    def render(self, size: Size, focus: bool = False) -> Canvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        if self._filled:
            # No key goes to what a smaller screen has no room for.
            self.spot = Spot.VIEW
        placed = self._placed(cols, rows)
        followed = self.spot is Spot.VIEW and self.guest is None
        self.message.beside = len(placed) > 1
        for one, pane in self.panes.items():
            pane.followed = followed and one is self.last
        drawn = {
            one.spot: self._widget(one.spot).render(
                (one.area.cols, one.area.rows), focus and one.spot is self.spot
            )
            for one in placed
        }
        if len(placed) == 1:
            return drawn[placed[0].spot]
        shape = self.sizes.shape if self.sizes else Shape.SINGLE
        if shape is Shape.STACKED:
            return self._piled([drawn[one.spot] for one in placed])
        if shape is Shape.THREE:
            return self._joined([drawn[one.spot] for one in placed], rows)
        lists, view = placed[:2], placed[2]
        above = self._joined([drawn[one.spot] for one in lists], lists[0].area.rows)
        rule = lines_canvas([[("gutter", self._glyphs.hline * cols)]], cols, 1)
        return self._piled([above, rule, drawn[view.spot]])

    def keypress(self, size: Size, key: str) -> str | None:
        """Let the pane with the focus have the key."""
        here = self._here(*box(size))
        area = here.area
        return self._widget(here.spot).keypress((area.cols, area.rows), key)

    def mouse_event(
        self,
        size: Size,
        event: str,
        button: int,
        col: int,
        row: int,
        focus: bool,  # noqa: FBT001
    ) -> bool:
        """Let the pane below the mouse have it; a press takes the focus there."""
        for one in self._placed(*box(size)):
            if not one.has(col, row):
                continue
            if event == "mouse press" and button == 1 and one.spot is not self.spot:
                if one.spot is Spot.VIEW:
                    self.spot = one.spot
                else:
                    self.go(Box(one.spot.value))
            handle = getattr(self._widget(one.spot), "mouse_event", None)
            self._invalidate()
            at = (col - one.col, row - one.row)
            area = (one.area.cols, one.area.rows)
            return bool(handle and handle(area, event, button, *at, focus))
        return False

    # -- where what is drawn

    def _widget(self, spot: Spot) -> View | Widget:
        if spot is Spot.VIEW:
            return self.guest or self.message
        return self.panes[Box(spot.value)]

    def _here(self, cols: int, rows: int) -> Placed:
        placed = self._placed(cols, rows)
        return next((one for one in placed if one.spot is self.spot), placed[0])

    def _placed(self, cols: int, rows: int) -> list[Placed]:
        """What is on the screen now, in the order of Tab."""
        whole = Area(cols, rows)
        sizes = self.sizes
        if sizes is None or self._filled:
            spot = Spot.VIEW if self.guest else self.spot
            return [Placed(spot, whole, (0, 0))]
        if sizes.shape is Shape.SINGLE or (
            sizes.shape is Shape.STACKED and self.spot is Spot.VIEW
        ):
            return [Placed(self.spot, whole, (0, 0))]
        wanted = (self.panes[one].rows_wanted for one in (Box.INBOX, Box.OUTBOX))
        sizes = shared(sizes, *wanted)
        inbox, outbox, view = sizes.inbox, sizes.outbox, sizes.view
        if sizes.shape is Shape.STACKED:
            return [
                Placed(Spot.INBOX, inbox, (0, 0)),
                Placed(Spot.OUTBOX, outbox, (0, inbox.rows)),
            ]
        right = inbox.cols + 1
        below = (0, inbox.rows + 1)
        at = (right + outbox.cols + 1, 0) if sizes.shape is Shape.THREE else below
        return [
            Placed(Spot.INBOX, inbox, (0, 0)),
            Placed(Spot.OUTBOX, outbox, (right, 0)),
            Placed(Spot.VIEW, view, at),
        ]

    def _piled(self, canvases: list[Canvas]) -> Canvas:
        return CanvasCombine(
            [(canvas, None, canvas.cursor is not None) for canvas in canvases]
        )

    def _joined(self, canvases: list[Canvas], rows: int) -> Canvas:
        """Side by side, with a rule between neighbours."""
        rule = [[("gutter", self._glyphs.vline)]] * rows
        parts: list[tuple[Canvas, None, bool, int]] = []
        for canvas in canvases:
            if parts:
                parts.append((lines_canvas(rule, 1, rows), None, False, 1))
            here = canvas.cursor is not None
            parts.append((canvas, None, here, canvas.cols()))
        return CanvasJoin(parts)
