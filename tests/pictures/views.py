"""The screens as text: the real widgets with what a day in a laboratory has left.

Nothing moves here: the clock stands, and no server is asked.
"""

import asyncio
from collections.abc import Sequence

from nimsg.client.acts_session import Steady, Way
from nimsg.client.address import Address, Security
from nimsg.client.answers import Letter, Receipt, Status as Receipts
from nimsg.protocol.constants import DEFAULT_PORT, Box, Device
from nimsg.tui.composeview import ComposeView
from nimsg.tui.draftsview import DraftsView
from nimsg.tui.glyphs import UNICODE
from nimsg.tui.ground import Ground
from nimsg.tui.helpview import help_popup
from nimsg.tui.keys import Context, KeyMap
from nimsg.tui.layout import members_cols, sizes
from nimsg.tui.letterlines import Reading, header_lines, letter_lines
from nimsg.tui.loginview import LoginView
from nimsg.tui.mailbox import MailWindow
from nimsg.tui.mailpane import MailPane
from nimsg.tui.mailview import MailView
from nimsg.tui.memberlist import Members
from nimsg.tui.messageview import MessageView
from nimsg.tui.outgoing import Outgoing
from nimsg.tui.peopleview import PeopleView
from nimsg.tui.privatedesk import PrivateDesk
from nimsg.tui.root import Body, Root
from nimsg.tui.spans import Line
from nimsg.tui.status import Status
from nimsg.tui.talklog import Entry, Kind, TalkLog
from nimsg.tui.talkview import Aside, Style, TalkTitle, TalkView
from tests.pictures.day import (
    INBOX,
    ME,
    MEMBERS,
    NOW,
    READ_TO,
    SAID,
    Desk,
    at,
    draft,
    identity,
    page,
)
from tests.pictures.story import DISK, NODE7


KEYS = KeyMap()
READING = Reading(ME, NOW, UNICODE)
SERVER = Address("127.0.0.1", DEFAULT_PORT)
PEER = Address("127.0.0.1", 41381)
GREETING = PrivateDesk.greeting
Windows = Sequence[tuple[str, int, bool]]
ROOMS: Windows = (("#lab", 3, False), ("#lobby", 1, False))


class Held:
    """What a screen is drawn from, at a moment that stays."""

    def __init__(
        self, mail: MailView | None, windows: Windows, told: str, place: str
    ) -> None:
        status = Status(server=str(SERVER))
        if windows:
            status = Status(
                ME,
                str(SERVER),
                up=True,
                rtt_ms=1,
                polled_at=NOW - 1000,
                new=2,
                pending=2,
            )
        self._status = status
        self._mail = mail
        self._windows = windows
        self._told, self._place = told, place

    def header(self, cols: int) -> Line:
        return self._status.header(cols, NOW, self._windows)

    def status(self, cols: int) -> Line:
        return self._status.status_line(cols, NOW, self._told, self._place)

    def resized(self, cols: int, rows: int) -> None:
        if self._mail is not None:
            self._mail.sizes = sizes(cols, rows)

    def pressed(self) -> None:
        pass

    def act(self, action: str) -> bool:
        return action == ""

    def unused(self, key: str) -> None:
        pass


def screen(
    body: Body,
    size: tuple[int, int],
    told: str = "",
    place: str = "",
    windows: Windows = ROOMS,
) -> Root:
    """A body with all that is around it."""
    mail = body if isinstance(body, MailView) else None
    root = Root(Held(mail, windows, told, place), body, KEYS)
    root.render(size)
    return root


def ground() -> Ground:
    """What the panes stand on; nobody is logged in."""
    home = Steady(Way(SERVER, Security(), 1.0, None), Device.TUI, lambda _: None)
    tasks = asyncio.TaskGroup()
    return Ground(
        home, tasks, Status(), lambda: NOW, lambda: None, lambda: None, UNICODE
    )


def mail() -> MailView:
    """Both boxes, and the message that has the focus, which is not opened."""
    windows = {box: MailWindow(box) for box in Box}
    message = MessageView()
    view = MailView({}, message, UNICODE)
    for box, window in windows.items():
        window.start(page(box))
        outgoing = Outgoing() if box is Box.OUTBOX else None
        view.panes[box] = MailPane(ground(), window, outgoing, lambda: None)
        # The focus is on the first row of what was drawn.
        view.panes[box].render((80, 9))
    row = windows[Box.INBOX].row(len(INBOX))
    if row is not None:
        message.show("", lambda cells: header_lines(row, cells, READING))
    return view


def opened() -> MailView:
    """A message that was just opened."""
    view = mail()
    mine = Receipt(ME, "opened", at("16:39"), NOW, None, None, None, "tui")
    letter = Letter(
        identity(5),
        "bob",
        [ME],
        "disk full on node7",
        DISK,
        at("16:33"),
        None,
        "",
        mine,
        None,
    )
    view.message.show("", lambda cells: letter_lines(letter, cells, READING))
    view.read()
    return view


def ladder() -> MailView:
    """A sent message with what became of its copies."""
    view = mail()
    view.go(Box.OUTBOX)
    view.panes[Box.OUTBOX].move(3)
    row = view.panes[Box.OUTBOX].window.row(2)
    receipts = getattr(row, "receipts", [])
    to = ["bob", "carol", "dan"]
    letter = Letter(
        identity(2),
        ME,
        to,
        "node7 is down 17:00-18:00",
        NODE7,
        at("10:30"),
        None,
        "",
        None,
        None,
    )
    status = Receipts(
        letter.id, ME, to, letter.subject, at("10:30"), receipts, [], pending=True
    )
    view.message.show(
        "", lambda cells: letter_lines(letter, cells, READING, status=status)
    )
    view.read()
    return view


def writing() -> ComposeView:
    """A message being written."""
    body = "Hello both,\n\nthe seal comes on Monday at nine. Who has an hour?"
    made = draft("c1", "bob, carol", "the pump on Monday", body, "16:40")
    return ComposeView(Desk(), made)


def drafts() -> DraftsView:
    """What was begun and not sent."""
    desk = Desk()
    for made in (
        draft("c1", "carol", "demo on Friday", "x", "2026-11-18 17:02"),
        draft("c2", "", "", "Who has the keys", "15:20"),
        draft("c3", "bob, carol", "the pump on Monday", "x", "16:40"),
    ):
        desk.drafts.add(made)
    return DraftsView(desk)


def talk(log: TalkLog, title: TalkTitle, style: Style | None = None) -> TalkView:
    """A conversation."""
    return TalkView(Desk(), log, title, style=style)


def room() -> TalkView:
    """A room of which the last lines are new."""
    log = TalkLog()
    entries = [
        Entry(number, at(when), who, body, Kind.OWN if who == ME else Kind.SAID)
        for number, (when, who, body) in enumerate(SAID, 1)
    ]
    log.add_page(entries, 1, len(entries), complete=True)
    log.read_to(READ_TO, at("15:41"))
    members = Members(MEMBERS, frozenset({ME, "bob", "carol"}))
    title = TalkTitle("#lab", members.told, "what breaks")
    aside = Aside(ME, lambda cols: members_cols(cols, together=False))
    view = talk(log, title, Style(aside=aside))
    view.set_title(title, members)
    return view


def private() -> TalkView:
    """A private link."""
    log = TalkLog(complete=True)
    for when, who, body, kind in (
        ("16:37", "", f"private link to bob at {PEER}: {GREETING}", Kind.SYSTEM),
        ("16:37", ME, "What does the alarm code begin with?", Kind.OWN),
        ("16:38", "bob", "Ask me at the coffee machine.", Kind.SAID),
    ):
        log.add(Entry(None, at(when), who, body, kind))
    return talk(log, TalkTitle("private with bob", "kept nowhere"))


def login() -> LoginView:
    """The first screen."""
    return LoginView(str(SERVER), ME, first_run=True)


def people() -> PeopleView:
    """Who is there."""
    return PeopleView(Desk())


def helped(size: tuple[int, int]) -> Root:
    """The keys on top of the boxes."""
    root = screen(mail(), size, "", "1/5")
    root.popups.append(help_popup(KEYS, Context.LIST, lambda: None))
    return root
