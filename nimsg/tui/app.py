"""The application: the login, the desktop behind it, and the keys of everywhere."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from nimsg.client.acts_session import Link, LinkState, Steady, Way
from nimsg.client.failures import first_of
from nimsg.client.mailtables import Row
from nimsg.errors import NimsgError
from nimsg.protocol.constants import Box, Device
from nimsg.tui.above import Above
from nimsg.tui.commands import Commands
from nimsg.tui.desktop import Desktop
from nimsg.tui.editbox import PASTE_BEGINS
from nimsg.tui.entrance import Entrance
from nimsg.tui.glyphs import glyphs
from nimsg.tui.ground import Ground
from nimsg.tui.helpview import help_popup
from nimsg.tui.keys import Context, KeyMap, key_text
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
        self._status = Status(
            server=str(options.way.address), ellipsis=self._glyphs.ellipsis
        )
        self._login = self._new_login(options.user or "", first_run=True)
        self._root = Root(self, self._login, self._keys)
        self._screen = Screen(self._root, options.theme, mouse=options.mouse)
        self._mouse, self._bells = options.mouse, options.bell
        self._done = asyncio.Event()
        self._above: Above | None = None
        self._desktop: Desktop | None = None
        self._acts: MailActs | None = None
        self._commands: Commands | None = None

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
        self._commands = Commands(desktop, self._acts, self._above)
        desktop.console.screened = self._commands.screened(self._quit)
        self._enter(desktop)
        desktop.run()
        while True:
            try:
                await home.run(desktop.heard, desktop.returned)
            except NimsgError as error:
                await self._enter_again(desktop, error)

    async def _enter_again(self, desktop: Desktop, error: NimsgError) -> None:
        """Offer the login; the windows and what was typed in them stay."""
        ground = desktop.ground
        self._linked(Link(LinkState.OFF))
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

    def unused(self, key: str) -> None:
        """A key, or the begin of a paste, does nothing where it came."""
        what = "a paste" if key == PASTE_BEGINS else key_text(key)
        shown = map(key_text, self._keys.keys_of("help")[:1])
        more = "".join(f"; {one} shows the keys" for one in shown)
        self._say(f"{what} does nothing here{more}")

    # -- the keys of everywhere

    def act(self, action: str) -> bool:
        """Do an action that is no view's own; False: there is none such here."""
        anywhere = {"quit": self._quit, "redraw": self._renew, "help": self._help}
        if action in anywhere:
            anywhere[action]()
            return True
        desktop, commands = self._desktop, self._commands
        if desktop is None or commands is None or self._root.body is self._login:
            return False
        if action.startswith("window-"):
            window = desktop.windows.numbered(int(action.removeprefix("window-")))
            if window is not None:
                desktop.show(window)
            return True
        act = self._actions(desktop, commands).get(action)
        if act is None:
            return False
        act()
        self._redraw()
        return True

    def _actions(
        self, desktop: Desktop, commands: Commands
    ) -> dict[str, Callable[[], None]]:
        windows = desktop.windows
        return {
            "close": self._close,
            "back": self._back,
            "command": self._type_command,
            "next-pane": lambda: desktop.view.next_spot(1),
            "previous-pane": lambda: desktop.view.next_spot(-1),
            "next-window": lambda: desktop.show(windows.beside(1)),
            "previous-window": lambda: desktop.show(windows.beside(-1)),
            "next-unread-window": self._next_unread,
            "retry-now": desktop.ground.home.retry_now,
            "people": lambda: desktop.open(Kind.PEOPLE),
            "drafts": lambda: desktop.open(Kind.DRAFTS),
            "console": lambda: desktop.open(Kind.CONSOLE),
            "rooms": commands.rooms,
            "private": lambda: self._type_command("startprivate "),
            "mouse-toggle": self._toggle_mouse,
            "bell-toggle": self._toggle_bell,
        }

    def _close(self) -> None:
        if not self._leaves():
            self._quit()

    def _back(self) -> None:
        """Esc is pressed without thinking, so it ends nothing."""
        if not self._leaves():
            keys = self._keys.keys_of("close", Context.LIST)
            self._say(f"{key_text(keys[0])} ends nimsg" if keys else "")

    def _leaves(self) -> bool:
        """Close what is looked at; False at the top, where there is no more."""
        desktop = self._desktop
        if desktop is None or (self._acts is not None and self._acts.leave()):
            return True
        if desktop.current.kind is Kind.MAIL:
            return False
        desktop.close(desktop.current)
        return True

    def _quit(self) -> None:
        """End; where something would be left undone, ask."""
        above, desktop = self._above, self._desktop
        undone = desktop.undone if desktop else ""
        if above is None or desktop is None or not undone:
            self._done.set()
            return
        only_here = desktop.unsent or desktop.unsaid
        fate = "what is only here is lost" if only_here else "the drafts keep it"
        above.question(
            f"End nimsg? {undone}: {fate}.",
            {"y": "end", "n": "stay"},
            lambda key: self._done.set() if key == "y" else None,
        )

    def _renew(self) -> None:
        self._screen.clear()
        self._redraw()

    def _help(self) -> None:
        """Lay the keys of what has them on top; also where nobody is logged in."""
        popups = self._root.popups

        def close() -> None:
            if popup in popups:
                popups.remove(popup)
            self._redraw()

        popup = help_popup(self._keys, self._root.context, close, self._glyphs)
        popups.append(popup)
        self._redraw()

    def _next_unread(self) -> None:
        desktop, commands = self._desktop, self._commands
        if desktop is None or commands is None:
            return
        if (window := desktop.windows.next_unread()) is not None:
            desktop.show(window)
        elif self._status.new and desktop.current.kind is not Kind.MAIL:
            # Last: mail may stay unread for long, and would be in the way of the rest.
            commands.to_box(Box.INBOX)
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

    def _type_command(self, begin: str = "") -> None:
        above, commands = self._above, self._commands
        if above is not None and commands is not None:
            above.prompt("command", self._command, commands.known, begin)

    def _command(self, line: str) -> None:
        if self._desktop is not None:
            self._desktop.command(line)
        self._redraw()

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
        above, commands, desktop = self._above, self._commands, self._desktop
        if above is not None and commands is not None and desktop is not None:
            row = desktop.view.row
            here = "" if row is None else row.id
            above.choose_mail(rows, here, lambda row: commands.to_mail(row.id))


def now_ms() -> int:
    """The time in ms UTC."""
    return time.time_ns() // 1_000_000
