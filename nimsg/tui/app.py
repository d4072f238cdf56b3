"""The application: the login, the desktop behind it, and the keys of everywhere."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from nimsg.client.acts_session import Link, LinkState, Steady, Way
from nimsg.client.answers import InboxRow
from nimsg.client.failures import first_of
from nimsg.client.mailtables import Row
from nimsg.client.people_answers import room_info
from nimsg.client.queries import resolve, rooms as all_rooms, run_async
from nimsg.client.registry import Invocation, Kind as ArgumentKind
from nimsg.client.tables import many
from nimsg.errors import NimsgError, Refusal, Unavailable, Unreachable
from nimsg.protocol.constants import Box, Device
from nimsg.text import clean_line
from nimsg.tui.above import Above
from nimsg.tui.desktop import Desktop
from nimsg.tui.entrance import Entrance
from nimsg.tui.glyphs import glyphs
from nimsg.tui.ground import Ground
from nimsg.tui.helpview import help_popup
from nimsg.tui.keys import KeyMap
from nimsg.tui.layout import sizes
from nimsg.tui.letterdraft import Draft
from nimsg.tui.loginview import LoginView
from nimsg.tui.mailacts import MailActs
from nimsg.tui.options import Options
from nimsg.tui.root import Root
from nimsg.tui.screen import Screen
from nimsg.tui.spans import Line
from nimsg.tui.status import Status
from nimsg.tui.windows import Kind


HINT = "Ctrl-R tries at once"
TICK_S = 1.0
GOODBYE_S = 3.0


class _Over(Exception):
    """The person wants to leave, or is to."""


class App:
    """One person at one screen, from the login to the end."""

    def __init__(self, options: Options, encoding: str) -> None:
        self._options = options
        self._keys = KeyMap(options.keys)
        self._glyphs = glyphs(encoding, only_ascii=options.only_ascii)
        self._status = Status(server=str(options.way.address))
        self._login = self._new_login(options.user or "", first_run=True)
        self._root = Root(self, self._login, self._keys)
        self._screen = Screen(self._root, options.theme, mouse=options.mouse)
        self._mouse, self._bells = options.mouse, options.bell
        self._done = asyncio.Event()
        self._above: Above | None = None
        self._desktop: Desktop | None = None
        self._acts: MailActs | None = None

    def run(self) -> None:
        """Run until the person ends it.

        Raises what ends it too early, behind the screen.
        """
        try:
            self._screen.run(self._run(), self._done.set)
        except BaseExceptionGroup as group:
            raise first_of(group) from None

    @property
    def unsaved(self) -> list[Draft]:
        """The drafts of which something is only here."""
        return self._desktop.unsent if self._desktop else []

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._ends())
                tasks.create_task(self._tick())
                await self._stay(tasks)
        except* _Over:
            await self._leave()

    async def _ends(self) -> None:
        await self._done.wait()
        raise _Over

    async def _leave(self) -> None:
        """Say goodbye; who does not hear it in time is left."""
        if self._desktop is None:
            return
        with suppress(TimeoutError, NimsgError):
            async with asyncio.timeout(GOODBYE_S):
                await self._desktop.leave()

    async def _tick(self) -> None:
        """Let the seconds in the header pass."""
        while True:
            await asyncio.sleep(TICK_S)
            self._redraw()

    # -- the session

    async def _stay(self, tasks: asyncio.TaskGroup) -> None:
        """Log in, and again where the session has ended, until the person leaves."""
        home = await Entrance(self._options, self._login, self._steady).enter()
        options = self._options
        ground = Ground(
            home,
            tasks,
            self._status,
            now_ms,
            self._redraw,
            self._bell,
            self._glyphs,
            options.poll_s,
            options.wait,
            options.dwell_s,
        )
        self._above = Above(self._root, self._screen, options, ground, now_ms)
        desktop = Desktop(ground, self._above, options.peer_port, self._keys)
        self._desktop = desktop
        self._acts = MailActs(desktop, self)
        desktop.view.acts = self._acts.act
        desktop.console.screened = self._screened(desktop)
        self._enter(desktop)
        ground.start(desktop.run())
        while True:
            try:
                await home.run(desktop.heard, desktop.returned)
            except (Refusal, Unavailable, Unreachable) as error:
                await self._enter_again(desktop, error)

    async def _enter_again(self, desktop: Desktop, error: NimsgError) -> None:
        """Offer the login; the windows and what was typed in them stay."""
        ground = desktop.ground
        self._login = self._new_login(ground.user)
        self._login.failed(str(error))
        self._root.body = self._login
        self._redraw()
        entrance = Entrance(self._options, self._login, self._steady)
        await entrance.enter_again(ground.home, ground.user)
        self._enter(desktop)
        desktop.returned()

    def _enter(self, desktop: Desktop) -> None:
        self._status.user = desktop.ground.user
        self._root.body = desktop.view
        self._redraw()

    def _new_login(self, user: str, *, first_run: bool = False) -> LoginView:
        server = str(self._options.way.address)
        return LoginView(server, user, first_run=first_run, glyphs=self._glyphs)

    def _steady(self, way: Way) -> Steady:
        self._status.server = str(way.address)
        return Steady(way, Device.TUI, self._say, self._linked, HINT)

    def _linked(self, link: Link) -> None:
        """The connection stands another way now."""
        status, now = self._status, now_ms()
        status.up = link.state is LinkState.UP
        status.retry_at = None
        if link.state is LinkState.LOST:
            pause_s = link.retry_at_s - asyncio.get_running_loop().time()
            status.retry_at = now + int(pause_s * 1000)
        status.why = link.why or "not connected"
        if link.state is LinkState.TRYING:
            status.why = f"{status.why}, connecting"
        if not status.up:
            status.asked_at = status.ends_at = status.rtt_ms = None
        self._redraw()

    def _say(self, text: str) -> None:
        self._status.say(text, now_ms())
        self._redraw()

    def _redraw(self) -> None:
        if self._acts is not None:
            self._acts.look()
        self._root.refresh()
        self._root.body.refresh()
        self._screen.redraw()

    def _bell(self) -> None:
        if self._bells:
            self._screen.bell()

    # -- what the screen is drawn from

    def header(self, cols: int) -> Line:
        """The first line."""
        windows = self._desktop.titles() if self._desktop else []
        return self._status.header(cols, now_ms(), windows)

    def status(self, cols: int) -> Line:
        """The last line but one."""
        told, place = "", ""
        if self._acts is not None and self._root.body is not self._login:
            told, place = self._acts.told, self._acts.place
        return self._status.status_line(cols, now_ms(), told, place)

    def resized(self, cols: int, rows: int) -> None:
        """The screen has this size now."""
        if self._desktop is not None:
            self._desktop.view.sizes = sizes(cols, rows)

    def pressed(self) -> None:
        """A key was pressed."""
        if self._above is not None:
            self._above.last_key_at = now_ms()
        if self._desktop is not None:
            self._desktop.touched()

    # -- the keys of everywhere

    def act(self, action: str) -> bool:
        """Do an action that is no view's own; False: there is none such here."""
        if action == "quit":
            self._quit()
            return True
        if action == "redraw":
            self._screen.clear()
            self._redraw()
            return True
        desktop, above = self._desktop, self._above
        if desktop is None or above is None or self._root.body is self._login:
            return False
        if action.startswith("window-"):
            window = desktop.windows.numbered(int(action.removeprefix("window-")))
            if window is not None:
                desktop.show(window)
            return True
        act = self._actions(desktop, above).get(action)
        if act is None:
            return False
        act()
        self._redraw()
        return True

    def _actions(self, desktop: Desktop, above: Above) -> dict[str, Callable[[], None]]:
        windows = desktop.windows
        return {
            "close": self._close,
            "help": lambda: self._help(above),
            "command": lambda: above.prompt("command", self._command, self._known),
            "next-pane": lambda: desktop.view.next_spot(1),
            "previous-pane": lambda: desktop.view.next_spot(-1),
            "next-window": lambda: desktop.show(windows.beside(1)),
            "previous-window": lambda: desktop.show(windows.beside(-1)),
            "next-unread-window": self._next_unread,
            "retry-now": desktop.ground.home.retry_now,
            "people": lambda: desktop.open(Kind.PEOPLE),
            "drafts": lambda: desktop.open(Kind.DRAFTS),
            "console": lambda: desktop.open(Kind.CONSOLE),
            "rooms": lambda: desktop.ground.start(self._rooms()),
            "private": lambda: above.prompt("command", self._command, self._known),
            "mouse-toggle": self._toggle_mouse,
            "bell-toggle": self._toggle_bell,
        }

    def _close(self) -> None:
        desktop = self._desktop
        if desktop is None or (self._acts is not None and self._acts.leave()):
            return
        if desktop.current.kind is Kind.MAIL:
            self._quit()
        else:
            desktop.close(desktop.current)

    def _quit(self) -> None:
        """End; where something would be left undone, ask."""
        desktop, above = self._desktop, self._above
        waits = desktop.post.outgoing.waiting if desktop else 0
        unsent = desktop.unsent if desktop and not self._status.up else []
        if above is None or not (waits or unsent):
            self._done.set()
            return
        parts = [many(waits, "message") + " queued"] * bool(waits)
        parts += [many(len(unsent), "draft") + " not saved"] * bool(unsent)
        above.question(
            f"End nimsg? {' and '.join(parts)}: what is not sent is lost.",
            {"y": "end", "n": "stay"},
            lambda key: self._done.set() if key == "y" else None,
        )

    def _help(self, above: Above) -> None:
        context = self._root.context
        popup = help_popup(self._keys, context, lambda: above.take(popup), self._glyphs)
        above.push(popup)

    def _next_unread(self) -> None:
        desktop = self._desktop
        window = desktop.windows.next_unread() if desktop else None
        if desktop is not None and window is not None:
            desktop.show(window)
        else:
            self._say("nothing new in other windows")

    def _toggle_mouse(self) -> None:
        self._mouse = not self._mouse
        self._screen.set_mouse(on=self._mouse)
        self._say("the mouse is used" if self._mouse else "the mouse is left alone")

    def _toggle_bell(self) -> None:
        self._bells = not self._bells
        self._say("the bell rings" if self._bells else "the bell is silent")

    # -- commands

    def _command(self, line: str) -> None:
        if self._desktop is not None:
            self._desktop.command(line)
        self._redraw()

    def _known(self, kind: ArgumentKind) -> Iterable[str]:
        """The names and rooms that are known, for completion."""
        desktop = self._desktop
        if desktop is None:
            return []
        if kind == "name":
            return desktop.people.people.names
        return sorted(desktop.rooms.logs) if kind == "room" else []

    def _screened(self, desktop: Desktop) -> dict[str, Callable[[Invocation], None]]:
        """The commands that show something on the screen."""
        return {
            "inbox": lambda _: self._to_box(Box.INBOX),
            "outbox": lambda _: self._to_box(Box.OUTBOX),
            "open": lambda typed: desktop.ground.start(self._open(typed)),
            "rooms": lambda _: desktop.ground.start(self._rooms()),
            "history": lambda typed: self._to_room(typed.text("room")),
            "logout": lambda _: self._quit(),
        }

    def _to_box(self, box: Box) -> None:
        if self._desktop is not None:
            self._desktop.show(self._desktop.windows.all[0])
            self._desktop.view.go(box)

    def _to_room(self, room: str) -> None:
        desktop = self._desktop
        if desktop is None:
            return
        if not desktop.rooms.knows(room):
            raise Refusal("not_member", f"you are not in #{room}: join {room}")
        desktop.open_room(room)

    async def _open(self, typed: Invocation) -> None:
        desktop, acts = self._desktop, self._acts
        if desktop is None or acts is None:
            return
        reference = typed.text("message")
        if not reference:
            acts.act("next-unread")
            return
        id_ = await run_async(resolve(reference), desktop.ground.call)
        await self._go(desktop, acts, id_)

    async def _go(self, desktop: Desktop, acts: MailActs, id_: str) -> None:
        row = await desktop.mail.find(id_)
        self._to_box(Box.INBOX if isinstance(row, InboxRow) else Box.OUTBOX)
        desktop.view.pane.to(row.position)
        acts.act("open")

    async def _rooms(self) -> None:
        """All rooms, to look into one or to join it."""
        desktop, above = self._desktop, self._above
        if desktop is None or above is None:
            return
        rows = await run_async(all_rooms(joined=False), desktop.ground.call)
        infos = [room_info(row) for row in rows]
        infos.sort(key=lambda info: (not desktop.rooms.knows(info.room), info.room))
        items: list[Line] = []
        for info in infos:
            unread = f"  {info.unread} new" if info.unread else ""
            joins = "" if desktop.rooms.knows(info.room) else "  (Enter joins)"
            topic = f"  {clean_line(info.topic)}" if info.topic else ""
            about = f"  {many(info.members, 'member')}{topic}"
            items.append(
                [
                    ("name", f"#{clean_line(info.room)}"),
                    ("new", unread),
                    ("dim", about + joins),
                ]
            )

        def chosen(at: int) -> None:
            room = infos[at].room
            if desktop.rooms.knows(room):
                desktop.open_room(room)
            else:
                desktop.command(f"join {room}")

        above.choose("Rooms", items, chosen)

    # -- what the acts upon mail need

    def prompt(self, kind: str, taken: Callable[[str], None]) -> None:
        """Have a line typed: `search` or `filter`."""
        if self._above is not None:
            self._above.prompt(kind, taken)

    def copy(self, text: str, what: str) -> None:
        """Give a text to the clipboard."""
        if self._above is not None:
            self._above.copy(text, what)

    def choose_link(self, links: Sequence[str]) -> None:
        """Have a link chosen, and opened."""
        if self._above is not None:
            self._above.choose_link(links)

    def choose_mail(self, rows: Sequence[Row]) -> None:
        """Have one of a thread chosen."""
        desktop, acts, above = self._desktop, self._acts, self._above
        if desktop is None or acts is None or above is None:
            return

        def chosen(row: Row) -> None:
            desktop.ground.start(self._go(desktop, acts, row.id))

        above.choose_mail(rows, chosen)


def now_ms() -> int:
    """The time in ms UTC."""
    return time.time_ns() // 1_000_000
