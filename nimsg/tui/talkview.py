"""A conversation on the screen: its title, what was said, and a line to type in."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import urwid

from nimsg.text import clean_line, wrap
from nimsg.tui.canvas import Size, box, lines_canvas
from nimsg.tui.glyphs import ASCII, UNICODE, Glyphs
from nimsg.tui.inputline import InputLine, KeyNames
from nimsg.tui.keys import Context, KeyMap, key_text
from nimsg.tui.layout import margin
from nimsg.tui.memberlist import Members, members_lines
from nimsg.tui.shown import ASCII_MARK, MARK
from nimsg.tui.spans import Line, beside, pad_line
from nimsg.tui.talklines import Look, Stamp
from nimsg.tui.talklog import TalkLog
from nimsg.tui.talkscroll import TalkScroll


EMPTY = "nothing was said here yet: type below, {} sends"
EMPTY_CONSOLE = "nothing has happened yet"
TYPE_COMMAND = ": type a command below"
ASKING = "asking for what was said here"
WHEEL_ROWS = 3
WHEEL = {4: "wheel-up", 5: "wheel-down"}  # urwid's numbers of the buttons
SHORT_BELOW = 48  # cells
SECONDS_PER_MS = 0.001
TALKS = (Context.TALK, Context.CONSOLE)


class TalkTitle(NamedTuple):
    """The title line, as others wrote it: `#common`, `7 online`, a topic."""

    name: str
    detail: str = ""
    topic: str = ""


class Aside(NamedTuple):
    """Who is in a room: `me` is, and they have so many of the cells of a view."""

    me: str = ""
    cols: Callable[[int], int] = lambda _: 0


class Style(NamedTuple):
    """What the person and the terminal have chosen, and what stands beside."""

    glyphs: Glyphs = UNICODE
    keys: KeyMap | None = None
    aside: Aside = Aside()


class TalkDesk(Protocol):
    """What a conversation asks of the client; nothing here waits."""

    def post(self, text: str) -> bool:
        """Say something, or do the command behind a `/`; False: not taken."""
        ...

    def older(self) -> None:
        """Ask for the page before; nothing where it is asked for already."""
        ...

    def seen(self, position: int) -> None:
        """All up to this position was on the screen; 0 where there are none."""
        ...

    def now(self) -> int:
        """The time in ms UTC."""
        ...

    def say(self, text: str) -> None:
        """Show a line of news."""
        ...


class TalkView(urwid.Widget):
    """A room, a private link or the console; the last may have no line to type in."""

    _sizing = frozenset([urwid.Sizing.BOX])
    _selectable = True

    def __init__(
        self,
        desk: TalkDesk,
        log: TalkLog,
        title: TalkTitle,
        *,
        context: Context = Context.TALK,
        typed: bool = True,
        style: Style | None = None,
    ) -> None:
        super().__init__()
        self.context = context
        style = style or Style()
        self._names = _names(style.keys or KeyMap(), context)
        self._glyphs = style.glyphs
        self.line = self._input() if typed else None
        self._desk = desk
        self._log = log
        self._title = title
        self._aside = style.aside
        self._members: Members | None = None
        self._scroll = TalkScroll(log)
        self._page = (80, 20)

    # -- the contract of views

    @property
    def title(self) -> str:
        """What the window is called."""
        return clean_line(self._title.name)

    @property
    def is_pasting(self) -> bool:
        """Whether a paste has begun: all keys are to come here until it ends."""
        return self.line is not None and self.line.is_pasting

    def set_title(self, title: TalkTitle, members: Members | None = None) -> None:
        """Show another topic, and who is there; None where that is asked for."""
        self._title = title
        self._members = members
        self._invalidate()

    def refresh(self) -> None:
        """Draw what has come."""
        self._invalidate()

    def put_back(self, text: str) -> None:
        """Bring back a text that was taken and could not be sent."""
        if self.line is not None:
            self.line.put_back(text)

    def leave(self) -> None:
        """The window is left: what comes now is new."""
        self._log.leave(self._desk.now())
        self._invalidate()

    def act(self, action: str) -> bool:
        """Do an action of the key table; False: not one of this view, or not now."""
        done = _ACTIONS.get(action)
        return done is not None and done(self)

    # -- urwid

    def render(self, size: Size, focus: bool = False) -> urwid.Canvas:  # noqa: FBT001, FBT002
        cols, rows = box(size)
        typed = self._typed_rows(cols, rows)
        aside = self._aside.cols(cols)
        self._page = cols - aside, max(rows - typed - 1, 0)
        history = self._history(*self._page)
        if focus and history:
            self._tell_seen()
        above = [self._title_line(cols - aside, aside, focus=focus), *history]
        if aside:
            above = self._with_members(above, cols, aside)
        top = lines_canvas(above, cols, rows - typed)
        if self.line is None or not typed:
            return top
        foot = self.line.render((cols, typed), focus=focus)
        if typed == rows:
            return urwid.CompositeCanvas(foot)
        return urwid.CanvasCombine([(top, None, False), (foot, 0, True)])

    def keypress(self, size: Size, key: str) -> str | None:
        cols, rows = box(size)
        if self.line is None:
            return key
        return self.line.keypress((cols, self._typed_rows(cols, rows)), key)

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
        typed = self._typed_rows(cols, rows)
        if event == "mouse press" and button in WHEEL:
            return self.act(WHEEL[button])
        if self.line is not None and row >= rows - typed:
            at = row - (rows - typed)
            return self.line.mouse_event((cols, typed), event, button, col, at, focus)
        return row == 0 and not self._scroll.follows and self.bottom()

    # -- actions

    def send(self) -> bool:
        """Say what was typed."""
        if self.line is None:
            return False
        self.line.submit()
        return True

    def newline(self) -> bool:
        """Begin a new line."""
        if self.line is not None:
            self.line.newline()
        return self.line is not None

    def close(self) -> bool:
        """Take a long paste out again; else closing is for the app."""
        return self.line is not None and self.line.drop_paste()

    def next_pane(self) -> bool:
        """To the button."""
        return self.line is not None and self.line.next_pane()

    def previous_pane(self) -> bool:
        """Back from the button."""
        return self.line is not None and self.line.previous_pane()

    def bottom(self) -> bool:
        """To the newest line, and follow."""
        self._scroll.bottom()
        self._invalidate()
        return True

    def end(self) -> bool:
        """To the newest line; not where End is for what is typed."""
        return not (self.line is not None and self.line.text) and self.bottom()

    def scroll(self, rows: int) -> bool:
        """Read on by so many rows, or back; at the top, ask for what is older."""
        cols, height = self._page
        move = self._scroll.up if rows < 0 else self._scroll.down
        move(self._look(cols), height, abs(rows))
        self._scroll.visible(self._look(cols), height)
        more = not (self._log.complete or self._log.full)
        if rows < 0 and self._scroll.at_top and more:
            self._desk.older()
        self._invalidate()
        return True

    def page(self, pages: float) -> bool:
        """Read on by screens, or back; one row of the last stays."""
        rows = max(int((self._page[1] - 1) * abs(pages)), 1)
        return self.scroll(rows if pages > 0 else -rows)

    def top(self) -> bool:
        """To the first line there is; from there, ask for what is older."""
        self._scroll.top()
        return self.scroll(-1)

    # -- inside

    def _input(self) -> InputLine:
        mark = ASCII_MARK if self._glyphs == ASCII else MARK
        return InputLine(self._post, self._say, mark=mark, names=self._names)

    def _post(self, text: str) -> bool:
        taken = self._desk.post(text)
        if taken:
            self.bottom()
        return taken

    def _say(self, text: str) -> None:
        self._desk.say(text)

    def _look(self, cols: int) -> Look:
        return Look(cols - 2 * margin(cols), self._glyphs, self._stamp)

    def _stamp(self, at_ms: int) -> Stamp:
        return stamp(at_ms, self._desk.now())

    def _typed_rows(self, cols: int, rows: int) -> int:
        """The rows of the input: what is said keeps one at least, if there are any."""
        if self.line is None:
            return 0
        return min(self.line.rows_wanted(cols), max(rows - 2, 1), rows)

    def _history(self, cols: int, rows: int) -> list[Line]:
        if rows <= 0:
            return []
        lines = self._scroll.visible(self._look(cols), rows)
        left = " " * margin(cols)
        lines = [[("text", left), *line] for line in lines]
        if not lines:
            lines = [[("dim", f" {row}")] for row in wrap(self._nothing(), cols - 2)]
        above: list[Line] = [[]] * (rows - len(lines))
        return [*above, *lines[-rows:]]

    def _with_members(self, lines: list[Line], cols: int, aside: int) -> list[Line]:
        """The lines, each with its part of the column of members."""
        column = members_lines(
            self._members, aside, len(lines), self._glyphs, self._aside.me
        )
        ellipsis = self._glyphs.ellipsis
        return [
            [
                *pad_line(line, cols - aside, "text", ellipsis),
                *pad_line(part, aside, "text", ellipsis),
            ]
            for line, part in zip(lines, column, strict=True)
        ]

    def _nothing(self) -> str:
        if not self._log.complete:
            return ASKING + self._glyphs.ellipsis
        if self.context is Context.CONSOLE:
            return EMPTY_CONSOLE + ("" if self.line is None else TYPE_COMMAND)
        return EMPTY.format(self._names.send)

    def _title_line(self, cols: int, aside: int, *, focus: bool) -> Line:
        title = [clean_line(part) for part in self._title]
        members = self._members
        # Nothing is told twice in one row.
        if aside and members and title[1] in members.heading(aside):
            title[1] = ""
        line: Line = [("title focus" if focus else "title", f" {title[0]}")]
        line += [("dim", f"  {part}") for part in title[1:] if part]
        count = 0 if self._scroll.follows else self._log.unseen
        below = (
            f"{count} new" if cols < SHORT_BELOW else f"-- {count} new below (End) --"
        )
        right: Line = [("unread", f" {below} ")] if count else []
        return beside(line, right, cols, "text", self._glyphs.ellipsis)

    def _tell_seen(self) -> None:
        last = self._scroll.last_shown()
        if last is not None and self._log.see(last):
            self._desk.seen(last.position)


def stamp(at_ms: int, now_ms: int) -> Stamp:
    """A moment in local time; the day has its year where that is another."""
    at = time.localtime(at_ms * SECONDS_PER_MS)
    this_year = time.localtime(now_ms * SECONDS_PER_MS).tm_year == at.tm_year
    day = time.strftime("%b %d" if this_year else "%Y-%m-%d", at)
    return Stamp(day, time.strftime("%H:%M", at))


def _names(keys: KeyMap, context: Context) -> KeyNames:
    """What the keys are called, those of conversations where a view has no own."""
    of_talks = Context.TALK if context not in TALKS else context
    found = (keys.keys_of(action, of_talks) for action in KeyNames._fields)
    return KeyNames(*(key_text(some[0]) if some else "-" for some in found))


_ACTIONS: dict[str, Callable[[TalkView], bool]] = {
    "send": TalkView.send,
    "newline": TalkView.newline,
    "close": TalkView.close,
    "next-pane": TalkView.next_pane,
    "previous-pane": TalkView.previous_pane,
    "bottom": TalkView.end,
    "top": TalkView.top,
    "page-up": lambda view: view.page(-1),
    "page-down": lambda view: view.page(1),
    "half-up": lambda view: view.page(-0.5),
    "half-down": lambda view: view.page(0.5),
    "up": lambda view: view.scroll(-1),
    "down": lambda view: view.scroll(1),
    "wheel-up": lambda view: view.scroll(-WHEEL_ROWS),
    "wheel-down": lambda view: view.scroll(WHEEL_ROWS),
}
