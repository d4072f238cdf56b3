"""The table of the mockups: docs/screens.md in its order."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from urwid.testing import render_text

from nimsg.tui.keys import Context
from nimsg.tui.root import Root
from tests.pictures.views import (
    ROOMS,
    Windows,
    drafts,
    helped,
    ladder,
    login,
    mail,
    opened,
    people,
    private,
    room,
    screen,
    writing,
)


TELLS = "bob will see that you opened this"
TOLD = "bob sees that you opened this"


class Mockup(NamedTuple):
    """One screen of the page: what it is, and which keys matter in which context."""

    title: str
    told: str
    size: tuple[int, int]
    context: Context
    actions: Sequence[str]
    make: Callable[[tuple[int, int]], Root]


def _beside(title: str) -> Windows:
    return (*ROOMS, (title, 0, True))


_LIST = ("down", "open", "reply", "new", "next-pane", "help")
_READ = ("reply", "ack", "thread", "link", "close")

MOCKUPS: Sequence[Mockup] = (
    Mockup(
        "Login",
        "The questions of the login in one form; what fails is said below it.",
        (80, 24),
        Context.LOGIN,
        ("submit", "next-pane", "quit"),
        lambda size: screen(login(), size, windows=()),
    ),
    Mockup(
        "Inbox and outbox",
        "The usual terminal: one box above the other; who has few rows gives room to"
        " the other. Both tell when a message was"
        " sent and when it was read; `N` is new, `R` read by all, `r` by some, `f`"
        " fetched, `A` acknowledged, `x` recalled.",
        (80, 24),
        Context.LIST,
        _LIST,
        lambda size: screen(mail(), size, TELLS, "1/5"),
    ),
    Mockup(
        "Inbox and outbox beside each other",
        "From 120 columns on the message stands below both boxes, and has the rows"
        " that they do not need. Here it is not opened yet: nobody has been told of"
        " anything.",
        (120, 40),
        Context.LIST,
        ("open", "next-pane", "next-unread"),
        lambda size: screen(mail(), size, TELLS, "1/5"),
    ),
    Mockup(
        "Three columns",
        "From 180 columns on the message, a room or what is being written stands"
        " beside the boxes. Here it is a sent message and how far each reader is.",
        (200, 50),
        Context.MESSAGE,
        ("recall", "thread", "older", "newer"),
        lambda size: screen(ladder(), size),
    ),
    Mockup(
        "One pane",
        "A small terminal shows one pane at a time, and how long ago instead of when.",
        (60, 15),
        Context.LIST,
        ("next-pane", "open"),
        lambda size: screen(mail(), size, TELLS, "1/5"),
    ),
    Mockup(
        "A message",
        "On 80 columns an opened message takes the place of both boxes. What somebody"
        " else wrote stands behind a rule; its links are numbered.",
        (80, 24),
        Context.MESSAGE,
        _READ,
        lambda size: screen(opened(), size, TOLD),
    ),
    Mockup(
        "Writing",
        "The draft is kept on the server one second after the last key.",
        (80, 24),
        Context.COMPOSE,
        ("send", "editor", "close", "discard"),
        lambda size: screen(writing(), size, windows=_beside("writing")),
    ),
    Mockup(
        "A room",
        "What was said, a rule above what is new, and a line to type in.",
        (80, 24),
        Context.TALK,
        ("send", "newline", "page-up", "bottom", "close"),
        lambda size: screen(
            room(), size, windows=(("#lab", 0, True), ("#lobby", 1, False))
        ),
    ),
    Mockup(
        "A room with its members",
        "From 120 columns on those who are in the room stand beside what is said: who"
        " is online comes first, with a sign. From 200 columns on they stand so beside"
        " the boxes, too. The server tells nobody who joins or leaves a room: whoever"
        " joins stands there once they speak, else within half a minute if anything"
        " happens.",
        (120, 40),
        Context.TALK,
        ("send", "page-up", "next-window"),
        lambda size: screen(
            room(), size, windows=(("#lab", 0, True), ("#lobby", 1, False))
        ),
    ),
    Mockup(
        "A private link",
        "Two clients talk directly; the server sees none of it.",
        (80, 24),
        Context.TALK,
        ("send", "close"),
        lambda size: screen(private(), size, windows=_beside("bob(p2p)")),
    ),
    Mockup(
        "People",
        "Who is online, since when and with what; then who was there last.",
        (80, 24),
        Context.PEOPLE,
        ("open", "private", "block", "unblock"),
        lambda size: screen(people(), size, windows=_beside("people")),
    ),
    Mockup(
        "Drafts",
        "What was begun and not sent.",
        (80, 24),
        Context.DRAFTS,
        ("open", "delete", "undelete"),
        lambda size: screen(drafts(), size, windows=_beside("drafts")),
    ),
    Mockup(
        "Help",
        "The keys of where one is and all commands, from their own tables; what is"
        " typed filters them.",
        (80, 24),
        Context.POPUP,
        ("page-down", "close"),
        helped,
    ),
)


def drawn(mockup: Mockup) -> list[str]:
    """The rows of a mockup, without the blanks at their ends."""
    rows = render_text(mockup.make(mockup.size), mockup.size, focus=True)
    return [row.rstrip() for row in rows]
