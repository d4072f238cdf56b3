"""Every place of the screen that shows what others wrote: a text, and what is drawn.

A place that is added to the screen is added here: `tests/tui/test_injection.py` tries
them all.
"""

from collections.abc import Callable

from nimsg.client.answers import InboxRow, Letter, OutboxRow, Receipt
from nimsg.text import clean_body, clean_line, wrap
from nimsg.tui.draftlines import draft_line, notice_lines
from nimsg.tui.glyphs import UNICODE
from nimsg.tui.letterdraft import Draft
from nimsg.tui.letterlines import Reading, header_lines, letter_lines
from nimsg.tui.mailrows import inbox_line, outbox_line
from nimsg.tui.memberlist import Members, members_lines
from nimsg.tui.outgoing import Queued, QueuedState
from nimsg.tui.people import Person, State, person_line
from nimsg.tui.spans import Line
from nimsg.tui.status import Status
from nimsg.tui.talklines import Look, Stamp, entry_lines
from nimsg.tui.talklog import Entry


COLS = 120
NOW = 1_790_000_000_000
MOST_ROWS = 500  # of one text: a screen has no more
RECEIPT = Receipt("bob", "stored", None, None, None, None, None, None)
LOOK = Look(COLS, UNICODE, lambda _: Stamp("Nov 20", "16:30"))

Place = Callable[[str], list[Line]]


def _line(text: str) -> list[Line]:
    return [[("text", "10:00 "), ("name", clean_line(text)), ("text", "│end")]]


def _body(text: str) -> list[Line]:
    return [[("text", row)] for row in wrap(clean_body(text), COLS)[:MOST_ROWS]]


def _inbox(text: str) -> list[Line]:
    row = InboxRow(1, "a", text, ["bob"], text, 5, NOW, RECEIPT, None, None)
    return [inbox_line(row, cells, NOW, UNICODE) for cells in (COLS, 60, 40)]


def _outbox(text: str) -> list[Line]:
    row = OutboxRow(1, "a", [text], text, 5, NOW, [RECEIPT], True, None, None)
    return [outbox_line(row, cells, NOW, UNICODE) for cells in (COLS, 60, 40)]


def _letter(text: str) -> list[Line]:
    letter = Letter("a", text, [text], text, text, NOW, text, "", RECEIPT, None)
    reading = Reading("bob", NOW, UNICODE)
    row = InboxRow(1, "a", text, ["bob"], text, 5, NOW, RECEIPT, None, None)
    return [
        *header_lines(row, COLS, reading).lines[:MOST_ROWS],
        *letter_lines(letter, COLS, reading).lines[:MOST_ROWS],
    ]


def _raw(text: str) -> list[Line]:
    letter = Letter("a", text, [text], text, text, NOW, text, "", RECEIPT, None)
    shown = letter_lines(letter, COLS, Reading("bob", NOW, UNICODE), raw=True)
    return shown.lines[:MOST_ROWS]


def _queued(text: str) -> list[Line]:
    state = QueuedState.FAILED
    row = Queued("c", [text], text, text, None, NOW, state, text, 1)
    return [outbox_line(row, COLS, NOW, UNICODE)]


def _said(text: str) -> list[Line]:
    return entry_lines(Entry(1, NOW, text[:40], text), LOOK)[:MOST_ROWS]


def _draft(text: str) -> list[Line]:
    draft = Draft("c")
    draft.edit(NOW, to=text, subject=text, body=text)
    draft.why = text
    return [
        draft_line(draft, COLS, NOW, UNICODE),
        *notice_lines(draft, [text], COLS, 3, UNICODE),
    ]


def _person(text: str) -> list[Line]:
    person = Person(text, State.ONLINE, NOW, text)
    return [person_line(person, COLS, names=30, now=NOW, glyphs=UNICODE, here=True)]


def _members(text: str) -> list[Line]:
    members = Members([text, "bob"], frozenset({text}))
    return members_lines(members, 24, 5, UNICODE, "ann")


def _status(text: str) -> list[Line]:
    status = Status(user=text, server=text)
    status.say(text, NOW, bad=True)
    return [
        status.header(COLS, NOW, [(text, 1, True)]),
        status.status_line(COLS, NOW, "", "1/128"),
    ]


WHOLE = ("a line", "a body")  # these show all of a text, however long it is
PLACES: dict[str, Place] = {
    "a line": _line,
    "a body": _body,
    "inbox": _inbox,
    "outbox": _outbox,
    "message": _letter,
    "raw message": _raw,
    "queued": _queued,
    "room": _said,
    "draft": _draft,
    "people": _person,
    "members": _members,
    "header and status": _status,
}
