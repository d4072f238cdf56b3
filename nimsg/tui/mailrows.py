"""Rows of a box as lines: what others wrote is cleaned here."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from nimsg.client.answers import InboxRow, OutboxRow, Receipt
from nimsg.client.mailtables import NEW, Row, author, last_read, written_at
from nimsg.client.tables import short_time
from nimsg.protocol.constants import Box, CopyState
from nimsg.text import clean_line, width
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.layout import margin
from nimsg.tui.mailbox import MailWindow
from nimsg.tui.outgoing import Queued, QueuedState
from nimsg.tui.spans import Line, Span, beside, pad_line


class Columns(NamedTuple):
    """The cells of each column from a width of `least` on; the subject has the rest."""

    least: int
    marks: int
    name: int
    sent: int
    read: int


LAYOUTS = (
    Columns(100, marks=5, name=20, sent=12, read=13),
    Columns(72, marks=5, name=16, sent=12, read=13),
    Columns(54, marks=5, name=13, sent=6, read=8),
    Columns(40, marks=3, name=10, sent=4, read=5),
    Columns(30, marks=3, name=8, sent=4, read=0),
    Columns(16, marks=0, name=6, sent=0, read=0),
    Columns(0, marks=0, name=0, sent=0, read=0),
)
WIDE_MARKS = 5
DAY = 6  # cells of `Nov 19`
NO_SUBJECT = "(no subject)"
KEPT_HEADINGS = 16

MINUTE_MS = 60_000
AGES = (  # from so many ms on, in units of how many
    (365 * 24 * 60 * MINUTE_MS, "y", 365 * 24 * 60 * MINUTE_MS),
    (100 * 24 * 60 * MINUTE_MS, "w", 7 * 24 * 60 * MINUTE_MS),
    (24 * 60 * MINUTE_MS, "d", 24 * 60 * MINUTE_MS),
    (60 * MINUTE_MS, "h", 60 * MINUTE_MS),
    (MINUTE_MS, "m", MINUTE_MS),
)


class Cells(NamedTuple):
    """What stands in a row; of several texts the first one that fits."""

    mark: Span
    name: Span
    more: str  # behind the name, never cut
    sent: Sequence[str]
    sent_colour: str
    read: Sequence[str]
    read_colour: str
    subject: Line


def inbox_line(  # noqa: PLR0913 - a row is drawn in all these ways
    row: Row,
    cells: int,
    now: int,
    glyphs: Glyphs,
    *,
    focused: bool = False,
    kept_unread: bool = False,
    marked: bool = False,
) -> Line:
    """A row of an inbox in exactly `cells` cells. `now` is in ms UTC."""
    if isinstance(row, OutboxRow):
        return outbox_line(row, cells, now, glyphs, focused=focused, marked=marked)
    found = _received(row, _columns(cells), now, glyphs, kept=kept_unread)
    line = _drawn(found, Look(cells, glyphs, marked))
    return in_focus(line, cells, glyphs) if focused else line


def outbox_line(
    row: Row | Queued,
    cells: int,
    now: int,
    glyphs: Glyphs,
    *,
    focused: bool = False,
    marked: bool = False,
) -> Line:
    """A row of an outbox, or what waits to be sent, in exactly `cells` cells."""
    if isinstance(row, InboxRow):
        return inbox_line(row, cells, now, glyphs, focused=focused, marked=marked)
    columns = _columns(cells)
    if isinstance(row, Queued):
        found = _unsent(row, columns, now, glyphs)
    else:
        found = _sent(row, columns, now, glyphs)
    line = _drawn(found, Look(cells, glyphs, marked))
    return in_focus(line, cells, glyphs) if focused else line


def in_focus(line: Line, cells: int, glyphs: Glyphs, *, lit: bool = True) -> Line:
    """A row of so many cells with the sign of the focus, and `lit` in its colours."""
    if _columns(cells).marks:
        colour, text = line[0]
        line = [(colour, glyphs.focus + text[1:]), *line[1:]]
    return [(f"{name} focus", text) for name, text in line] if lit else line


def waiting_line(cells: int, glyphs: Glyphs) -> Line:
    """A row that has not come yet."""
    look = Look(cells, glyphs, marked=False)
    marks = _marks(("dim", " "), _columns(cells).marks, look)
    return _finished([*marks, ("dim", glyphs.pending)], look)


def heading(
    window: MailWindow,
    cells: int,
    glyphs: Glyphs,
    *,
    focused: bool = False,
    sign: str = "",
) -> Line:
    """The line above a box: its name, how many wait in it, its columns.

    A `sign` of one cell stands before the name.
    """
    colour = "title focus" if focused else "title"
    title = (sign or " ") + window.box.value.upper()
    return list(_heading(title, _counted(window), cells, glyphs, colour))


# It is drawn again in each frame, and seldom changes.
@lru_cache(KEPT_HEADINGS)
def _heading(
    title: str, counted: str, cells: int, glyphs: Glyphs, colour: str
) -> Sequence[Span]:
    columns = _columns(cells)
    whole = f"{title}  {counted}" if counted else title
    if not columns.read:
        return pad_line([(colour, whole)], cells, colour, glyphs.ellipsis)
    front = columns.marks + columns.name
    inside = width(whole) <= front
    line: Line = []
    for text, room in (
        (whole if inside else title, front),
        ("sent", columns.sent),
        ("read", columns.read),
    ):
        line += _cell([(colour, text)], room, glyphs)
    right: Line = [] if inside else [(colour, f"{counted} ")]
    line = beside(line, right, cells, colour, glyphs.ellipsis)
    return [(colour, text) for _, text in line]


def empty_lines(window: MailWindow, cells: int) -> list[Line]:
    """What stands in a box without rows."""
    text = {
        Box.INBOX: "no mail yet: m writes a message",
        Box.OUTBOX: "nothing sent yet: m writes a message",
    }[window.box]
    if window.filtered is not None:
        text = "nothing found: Esc shows all"
    return [pad_line([("dim", f"  {text}")], cells)]


def age(at_ms: int, now_ms: int) -> str:
    """How long ago, in few cells: `now`, `59m`, `3h`, `99d`, `51w`, `2y`."""
    past = now_ms - at_ms
    for least, unit, size in AGES:
        if past >= least:
            return f"{past // size}{unit}"
    return "now"


def _counted(window: MailWindow) -> str:
    """How many wait for somebody to open them, or were found."""
    if window.filtered is not None:
        return f"{window.filtered} found"
    count, what = {
        Box.INBOX: (window.new, "new"),
        Box.OUTBOX: (window.pending, "pending"),
    }[window.box]
    return f"{count} {what}" if count else ""


# -- what stands in the columns


def _received(
    row: InboxRow, columns: Columns, now: int, glyphs: Glyphs, *, kept: bool
) -> Cells:
    mine = row.receipt
    sender = author(row.origin) if row.origin else row.sender
    subject = _subject(row.subject, "new" if mine.state in NEW else "subject")
    if mine.state == CopyState.RECALLED:
        subject = [("dim", f"(recalled {short_time(mine.recalled_at, now)})")]
    signs: dict[str, Span] = {
        CopyState.STORED: ("new", glyphs.new),
        CopyState.FETCHED: ("new", glyphs.new),
        CopyState.IMPORTED: ("dim", glyphs.imported),
        CopyState.ACKED: ("good", glyphs.acked),
        CopyState.RECALLED: ("dim", glyphs.recalled),
    }
    mark = signs.get(mine.state, ("dim", glyphs.read))
    return Cells(
        mark=("new", glyphs.kept) if kept and mine.state not in NEW else mark,
        name=("name", clean_line(sender)),
        more="",
        sent=_times(written_at(row), now, columns.sent),
        sent_colour="time",
        read=_times(mine.opened_at, now, columns.read),
        read_colour="time",
        subject=subject,
    )


def _sent(row: OutboxRow, columns: Columns, now: int, glyphs: Glyphs) -> Cells:
    read_at, receipts = last_read(row.receipts), row.receipts
    opened = sum(receipt.opened_at is not None for receipt in receipts)
    if opened < len(receipts):
        read = _unread(receipts, opened)
    else:
        read = _times(read_at, now, columns.read)
    return Cells(
        mark=_sent_mark(row, opened, glyphs),
        name=("name", clean_line(row.to[0])),
        more=f" +{len(row.to) - 1}" if row.to[1:] else "",
        sent=_times(written_at(row), now, columns.sent),
        sent_colour="time",
        read=read,
        read_colour="good" if opened else "dim",
        subject=_subject(row.subject, "subject"),
    )


def _unread(receipts: Sequence[Receipt], opened: int) -> Sequence[str]:
    """What is said where not all have read it."""
    if opened:
        how = f"{opened}/{len(receipts)}"
        return f"{opened} of {len(receipts)} read", f"{how} read", how
    states = {receipt.state for receipt in receipts}
    return _ENDED.get(states.pop(), _NOT_READ) if len(states) == 1 else _NOT_READ


_NOT_READ = ("not read", "no")
_ENDED: dict[str, tuple[str, ...]] = {
    CopyState.RECALLED: ("recalled", "x"),
    CopyState.DELETED: ("deleted", "del"),
    CopyState.IMPORTED: ("",),
}


def _sent_mark(row: OutboxRow, opened: int, glyphs: Glyphs) -> Span:
    receipts = row.receipts
    states = {receipt.state for receipt in receipts}
    if row.origin:
        return "dim", glyphs.imported
    if receipts and all(receipt.acked_at is not None for receipt in receipts):
        return "good", glyphs.acked_out
    if opened:
        whole = opened == len(receipts)
        return "good", glyphs.read_out if whole else glyphs.some_read
    if states == {CopyState.RECALLED}:
        return "dim", glyphs.recalled
    return "dim", glyphs.fetched if CopyState.FETCHED in states else glyphs.stored


def _unsent(row: Queued, columns: Columns, now: int, glyphs: Glyphs) -> Cells:
    failed = row.state is QueuedState.FAILED
    colour = "bad" if failed else "dim"
    old = age(row.queued_at, now)
    texts = (
        f"{row.state.value} {short_time(row.queued_at, now)}",
        f"{row.state.value} {old}",
        row.state.value,
        old,
    )
    why: Line = [("bad", f"{clean_line(row.why)}  ")] if row.why else []
    to = row.to or [""]
    return Cells(
        mark=(colour, glyphs.failed if failed else glyphs.queued),
        name=("name", clean_line(to[0])),
        more=f" +{len(to) - 1}" if to[1:] else "",
        sent=texts if columns.sent >= DAY else (old,),
        sent_colour=colour,
        read=(),
        read_colour=colour,
        subject=[*why, *_subject(row.subject, "subject")],
    )


def _subject(text: str, colour: str) -> Line:
    cleaned = clean_line(text)
    return [(colour, cleaned)] if cleaned.strip() else [("dim", NO_SUBJECT)]


def _times(at: int | None, now: int, cells: int) -> Sequence[str]:
    if at is None:
        return ()
    if cells < DAY:
        return (age(at, now),)
    whole = short_time(at, now)
    day = whole.rpartition(" ")[0]
    return (whole, *([day] if day else []), age(at, now))


# -- how they are put together


def _columns(cells: int) -> Columns:
    return next(one for one in LAYOUTS if one.least <= max(cells, 0))


class Look(NamedTuple):
    """How a row is drawn."""

    cells: int
    glyphs: Glyphs
    marked: bool


def _drawn(row: Cells, look: Look) -> Line:
    columns, glyphs = _columns(look.cells), look.glyphs
    line = _marks(row.mark, columns.marks, look)
    if columns.name:
        colour, name = row.name
        room = columns.name - width(row.more)
        cut = pad_line(
            [(colour, name)], min(width(name), room), colour, glyphs.ellipsis
        )
        line += _cell([*cut, (colour, row.more)], columns.name, glyphs)
    for texts, colour, cells in (
        (row.sent, row.sent_colour, columns.sent),
        (row.read, row.read_colour, columns.read),
    ):
        if cells:
            line += _cell([(colour, _fitting(texts, cells))], cells, glyphs)
    return _finished([*line, *row.subject], look)


def _marks(mark: Span, cells: int, look: Look) -> Line:
    """What stands in front: room for the focus, state, whether the row is marked."""
    gap = " " if cells == WIDE_MARKS else ""
    blank = " " + gap
    # A blank has the colour of what is before it: each change of colour takes time.
    behind = ("text", look.glyphs.marked + gap) if look.marked else (mark[0], blank)
    return [("text", blank), mark, behind] if cells else []


def _finished(line: Line, look: Look) -> Line:
    room = look.cells - margin(look.cells)
    colour = line[-1][0] if line else "text"
    line = pad_line(line, room, colour, look.glyphs.ellipsis)
    return [*line, (colour, " " * margin(look.cells))]


def _cell(line: Line, cells: int, glyphs: Glyphs) -> Line:
    """A line in exactly so many cells, and a blank.

    Blanks have the colour of what is before them: a change of colour takes time.
    """
    colour = line[-1][0]
    return [*pad_line(line, cells, colour, glyphs.ellipsis), (colour, " ")]


def _fitting(texts: Sequence[str], cells: int) -> str:
    """The first text that fits, or the last."""
    return next((text for text in texts if width(text) <= cells), [*texts, ""][-1])
