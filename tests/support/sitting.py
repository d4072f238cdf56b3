"""People at the full screen: real `nimsg client` processes, each on its own terminal.

    with Hall(folder) as hall:
        ann, bob = hall.sits_down("ann"), hall.sits_down("bob")
        ann.writes("bob", "keys", "where are they?")
        bob.wait_for("keys")

What the screen says is named once, in `SAYS`. A hall is a table too: others may sit
there at line mode, who tell what a screen cannot.
"""

import re
import signal
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import BlockingClient, connect
from tests.support.people import PASSWORD
from tests.support.process import (
    AT_ONCE,
    HANG_S,
    NIMSG,
    ServerProcess,
    environment,
)
from tests.support.screen import PATIENCE_S, Screen
from tests.support.talking import Table
from tests.support.ttybytes import strangers


class Says(NamedTuple):
    """The words of the screen that tests look for."""

    online: str = "online"
    lost: str = "retry in|not connected|lost|stopped"  # any of these, in the header
    silent: str = "no answer for"
    inbox: str = "INBOX"
    outbox: str = "OUTBOX"
    too_small: str = "too small, need 40x10"
    prompt: str = ":"  # begins the row that a command is typed in
    to: str = "To:"
    draft_saved: str = "draft saved"
    new_password: str = "New password"
    again: str = "The same again"
    password: str = "Password of"
    wrong_password: str = "not the password"
    asks_for_link: str = "asks for a private link"
    link_is_up: str = "private link to"
    asks_to_quit: str = "End nimsg?"
    countdown: str = "shuts down in"
    logged_out: str = "logged out"
    help: str = "reply to the sender"
    lobby_news: str = r"#lobby \d"  # in the header: what is not seen there
    help_of_login: str = "end nimsg"
    tries_again: str = "Enter tries again"
    new_below: str = "new below"
    not_saved: str = "nimsg: not saved"
    fault: str = "a fault of nimsg itself"
    line_mode: str = "-- welcome, ann"
    # the outbox row of a message that all have opened
    read: str = r"(?<!\w)R\s.*{subject}"
    focus_colour: str = "87afd7"  # of a pane's title, in the theme that is usual
    focused: str = r"^(.*[│|])?>(?!MESSAGE)"


SAYS = Says()
SMALL, USUAL, WIDE, WIDEST = (40, 10), (80, 24), (120, 40), (200, 50)
SIZES = (SMALL, USUAL, WIDE, WIDEST)
LONG_POLL: tuple[str, ...] = ()
POLL = ("--poll", "0.5", "--no-wait")
BELL = "\x07"
SILENCE_S = 10.0  # in which it is noticed, or no longer waited for
TABS = 4  # before a pane is given up
SOON_S = 0.1
QUIET_S = 0.3  # in which nothing more is drawn
PRESSES = 200  # of a key that may come too early to do anything


class Sitter(Screen):
    """Somebody at the full screen. Ended by the hall, or by `leaves`."""

    # -- what they see

    @property
    def header(self) -> str:
        """The first line."""
        return self.line(0)

    def is_online(self, timeout: float = PATIENCE_S) -> None:
        """Wait until the header says so."""
        self.wait_for(lambda _: SAYS.online in self.header, timeout)

    def is_in(self) -> None:
        """Wait until the login is over and the mailbox is shown."""
        self.is_online()
        self.wait_for(SAYS.inbox)

    def is_lost(self, timeout: float = PATIENCE_S) -> None:
        """Wait until the header says that there is no connection."""
        self.wait_for(lambda _: re.search(SAYS.lost, self.header), timeout)

    def has_read(self, subject: str) -> bool:
        """Whether the outbox says that this was read."""
        row = SAYS.read.format(subject=rf"\b{re.escape(subject)}")
        return re.search(row, self.text()) is not None

    def sees_read(self, subject: str, timeout: float = PATIENCE_S) -> None:
        """Wait until the outbox says that this was read. No key is pressed."""
        self.wait_for(lambda _: self.has_read(subject), timeout)

    def focused_row(self) -> str:
        """The row that has the mark of the focus; empty where none has."""
        rows = self.text().splitlines()[1:]
        return next((row for row in rows if re.search(SAYS.focused, row)), "")

    def has_focus(self, pane: str) -> bool:
        """Whether the keys go to this pane: it stands alone, or its title says so."""
        row = self.row_of(pane)
        if row is None:
            return False
        others = {SAYS.inbox, SAYS.outbox} - {pane}
        if all(self.row_of(other) is None for other in others):
            return True
        look = self.attrs(self.line(row).index(pane), row)
        return look.underscore or look.fg == SAYS.focus_colour

    def has_soon(self, text: str) -> bool:
        """Whether a text is there now, or in a moment."""
        try:
            self.wait_for(text, SOON_S)
        except AssertionError:
            return False
        return True

    def left_behind(self, also: Collection[str] = ()) -> list[str]:
        """What nimsg left behind or let through; nothing, if all is well."""
        assert "Traceback" not in self.text()
        return [*self.restored(), *strangers(self.raw, also=[BELL, *also])]

    def has_news_of_lobby(self) -> None:
        """Wait until the header says that something there was not seen."""
        self.wait_for(lambda _: re.search(SAYS.lobby_news, self.header))

    def has_heard(self, name: str, text: str) -> bool:
        """Whether the window shows that somebody has said this."""
        said = rf"<{re.escape(name)}>\s+{re.escape(text)}"
        return re.search(said, self.text()) is not None

    def hears(self, name: str, text: str) -> None:
        """Wait until the window shows that somebody has said this."""
        self.wait_for(lambda _: self.has_heard(name, text))

    # -- what they do

    def types(self, line: str) -> None:
        """Type a line and Enter."""
        self.send(line)
        self.key("enter")

    def registers(self, password: str = PASSWORD) -> None:
        """Answer the login of a new name."""
        self.wait_for(SAYS.new_password)
        self.types(password)
        self.wait_for(SAYS.again)
        self.types(password)

    def logs_in(self, password: str = PASSWORD) -> None:
        """Answer the login of a known name."""
        self.wait_for(SAYS.password)
        self.types(password)

    def goes_to(self, pane: str) -> None:
        """Press Tab until the keys go to this pane."""
        for _ in range(TABS):
            if self.has_focus(pane):
                return
            before = self._panes()
            self.key("tab")
            self.wait_for(_differs(self._panes, before))
        assert self.has_focus(pane), f"no Tab leads to {pane}\n{self.framed()}"

    def _panes(self) -> tuple[str, bool]:
        return self.text(), self.has_focus(SAYS.inbox)

    def moves(self, key: str) -> None:
        """Press a key that moves the focus, and wait until it has."""
        before = self._focus()
        self.key(key)
        self.wait_for(_differs(self._focus, before))

    def _focus(self) -> list[tuple[int, str]]:
        """The focused row and its neighbours: two messages may look the same."""
        rows = list(enumerate(self.text().splitlines()))
        here = (at for at, row in rows[1:] if re.search(SAYS.focused, row))
        at = next(here, 1)
        return rows[at - 1 : at + 2]

    def commands(self, line: str) -> None:
        """Type a command, from wherever they are."""
        self.key("meta :")
        self.wait_for(
            lambda _: any(
                row.startswith(SAYS.prompt) for row in self.text().splitlines()[-4:]
            )
        )
        self.types(line)

    def drafts(self, to: str, subject: str, body: str) -> None:
        """Begin a message, and leave it open."""
        self.key("m")
        self.wait_for(SAYS.to)
        self.send(to)
        self.key("tab")
        self.send(subject)
        self.key("tab")
        self.send(body)
        self.wait_for(body)

    def writes(self, to: str, subject: str, body: str) -> None:
        """Send a message, and wait until the mailbox is shown again."""
        self.drafts(to, subject, body)
        self.key("meta enter")
        self.wait_gone(SAYS.to)

    def opens(self, subject: str, body: str) -> None:
        """Wait for a message, go to it, and open it."""
        self.wait_for(subject)
        self.goes_to(SAYS.inbox)
        self.wait_for(lambda _: subject in self.focused_row())
        self.key("enter")
        self.reads(body)

    def reads(self, text: str) -> None:
        """Go to the end of what is open until a text is seen.

        On a small screen there may be room for the headers only.
        """
        assert any(self._turns_to(text) for _ in range(PRESSES)), self.framed()

    def _turns_to(self, text: str) -> bool:
        if self.has_soon(text):
            return True
        self.key("G")
        return False

    def leaves(self) -> int:
        """Quit with nothing to lose; the exit code.

        At a Ctrl-C the terminal would throw away what it has not shown yet.
        """
        self.signal(signal.SIGINT)
        return self.exit_code()

    def breaks_off(self) -> None:
        """Press Ctrl-C, once all that was drawn is shown."""
        self.drain(QUIET_S)
        self.key("ctrl c")


def _differs(look: Callable[[], object], before: object) -> Callable[[object], bool]:
    return lambda _: look() != before


class Hall(Table):
    """A server process, and people who sit down at screens. Use in `with`.

    Behind the block everybody has been ended. `options` are the server's; with
    `auth="open"` nobody is asked for a password.
    """

    def __init__(self, folder: Path, *options: str, auth: str = "open") -> None:
        super().__init__(folder, *options, auth=auth)
        self._here = ExitStack()
        self.sitters: dict[str, Sitter] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._here.__exit__(kind, error, trace)
        super().__exit__(kind, error, trace)

    def home(self, name: str) -> Path:
        """Where somebody's files would be, if there were any."""
        home = self.folder / "homes" / name
        home.mkdir(parents=True, exist_ok=True)
        return home

    def environment_of(self, name: str) -> dict[str, str]:
        """What somebody's programs know of the server."""
        known = {"NIMSG_SERVER": self.server.address}
        return {**environment(self.home(name)), **known}

    def command(self, name: str, *words: str) -> list[str]:
        """How somebody starts the client."""
        return [*NIMSG, "client", "--user", name, *words]

    def starts(
        self,
        name: str,
        *words: str,
        size: tuple[int, int] = USUAL,
        settings: Mapping[str, str] | None = None,
    ) -> Sitter:
        """Somebody starts `nimsg client`; nothing is waited for."""
        cols, rows = size
        sitter = Sitter(
            self.command(name, *words),
            env=self.environment_of(name),
            cols=cols,
            rows=rows,
            settings=settings,
        )
        self.sitters[name] = self._here.enter_context(sitter)
        return sitter

    def sits_down(
        self, name: str, *words: str, size: tuple[int, int] = USUAL
    ) -> Sitter:
        """Somebody starts the client, and sees the mailbox.

        Only where no password is asked for.
        """
        sitter = self.starts(name, *words, size=size)
        sitter.is_in()
        return sitter

    def sit_down(
        self, *names: str, words: tuple[str, ...] = (), size: tuple[int, int] = USUAL
    ) -> tuple[Sitter, ...]:
        """These start the client at once, and see their mailboxes."""
        sitters = tuple(self.starts(name, *words, size=size) for name in names)
        for sitter in sitters:
            sitter.is_in()
        return sitters

    def talks(self, name: str) -> Sitter:
        """Somebody in line mode in a window that can be closed."""
        command = [*NIMSG, "talk", "--user", name]
        sitter = Sitter(command, env=self.environment_of(name))
        self._here.enter_context(sitter)
        sitter.wait_for(f"-- welcome, {name}")
        sitter.wait_for("\n>")
        return sitter

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Have the server answer nothing, though it is there."""
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.server.process.send_signal(signal.SIGCONT)

    def client(self, name: str) -> BlockingClient:
        """A connection of somebody. Only where no password is asked for."""
        address = parse_address(self.server.address)
        client = connect(address, Security(), timeout_s=HANG_S)
        client.call("auth.login", {"user": name})
        return client

    def knows(self, *names: str) -> None:
        """These have been here once. Only where no password is asked for."""
        for name in names:
            self.client(name).close()

    def revives(self, *options: str) -> None:
        """Start the server again after its end, where it was before."""
        port = str(self.server.port)
        words = ("--auth", self.auth, "--port", port, *AT_ONCE, *options)
        self.server = self._here.enter_context(
            ServerProcess(self.folder / "var", *words, env=environment(self.folder))
        )
