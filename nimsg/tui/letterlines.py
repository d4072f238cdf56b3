"""A message as lines: its headers, what became of it, its thread, its text, its links.

What others wrote is cleaned here, and never begins a line.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nimsg.client.answers import InboxRow, Letter, OutboxRow, Receipt, Status
from nimsg.client.mailtables import DEEPEST, Row, author, last_read, tree, written_at
from nimsg.client.mailwords import not_sent
from nimsg.client.tables import device_words, long_time, short_time
from nimsg.protocol.constants import CopyState
from nimsg.protocol.origin import Origin
from nimsg.text import clean_line, pad, width, wrap
from nimsg.tui.bodylines import body_lines
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.spans import Line, clip_line


LABEL = 9  # cells of `Subject: `
NAME = 16
GAP = "  "
FIRST_OF_TEXT = 10_000


class Reading(NamedTuple):
    """Who reads, and when (ms UTC), with which signs."""

    me: str
    now: int
    glyphs: Glyphs


class Shown(NamedTuple):
    """A message for one width. `links` are its URLs, the first is number 1.

    `anchors` tells for each line which part of the message it is of, in rising order:
    a line of the text has the same number at every width, whatever stands above.
    """

    lines: list[Line]
    links: list[str]
    anchors: list[int]


class Sheet:
    """Lines that are put together part by part."""

    def __init__(self, cells: int) -> None:
        self.cells = max(cells, 1)
        self.lines: list[Line] = []
        self.anchors: list[int] = []
        self._parts = 0

    def add(self, lines: Sequence[Line]) -> None:
        """Add the lines of one part."""
        self.lines += lines
        self.anchors += [self._parts] * len(lines)
        self._parts += 1

    def begin_text(self) -> None:
        """What is added now is the text, and what stands below it."""
        self._parts = FIRST_OF_TEXT

    def field(self, label: str, text: str, colour: str = "text") -> None:
        """Add a header; where it goes on it stands below itself, not below labels."""
        room = max(self.cells - LABEL, 1)
        front = [pad(f"{label}:", LABEL), *[" " * LABEL] * len(text)]
        rows = zip(front, wrap(text, room), strict=False)
        self.add([[("label", left), (colour, right)] for left, right in rows])

    def say(self, text: str, colour: str) -> None:
        """Add a sentence of our own."""
        self.add([[(colour, row)] for row in wrap(text, self.cells)])

    def blank(self) -> None:
        """Add an empty line."""
        self.add([[]])

    def shown(self, links: Sequence[str] = ()) -> Shown:
        """All of it."""
        return Shown(self.lines, list(links), self.anchors)


def header_lines(row: Row, cells: int, reading: Reading) -> Shown:
    """A message that is not opened here: nobody is told of anything."""
    sheet = Sheet(cells)
    received = isinstance(row, InboxRow)
    sender = row.sender if isinstance(row, InboxRow) else reading.me
    receipt = row.receipt if isinstance(row, InboxRow) else None
    _headers(sheet, row, sender, receipt, reading.me)
    sheet.blank()
    if isinstance(row, OutboxRow):
        _ladder(sheet, row.receipts, row.sent_at, reading)
        sheet.blank()
    sheet.say(_before_opening(row, reading), "dim" if not received else "system")
    return sheet.shown()


def letter_lines(
    letter: Letter,
    cells: int,
    reading: Reading,
    *,
    status: Status | None = None,
    thread: Sequence[Row] = (),
    raw: bool = False,
) -> Shown:
    """A message that was opened; `raw` shows all of it, escaped."""
    sheet = Sheet(cells)
    if raw:
        return _raw(sheet, letter)
    _headers(sheet, letter, letter.sender, letter.receipt, reading.me)
    if status is not None and letter.receipt is None:
        sheet.blank()
        _ladder(sheet, status.receipts, status.sent_at, reading)
        for user, kind in status.refused:
            sheet.say(f"{GAP}{clean_line(not_sent(user, clean_line(kind)))}", "bad")
    if len(thread) > 1:
        sheet.blank()
        _thread(sheet, thread, letter.id, reading)
    sheet.blank()
    links: list[str] = []
    sheet.begin_text()
    gutter = f"{reading.glyphs.vline} "
    for paragraph in body_lines(letter.body, sheet.cells, gutter, links):
        sheet.add(paragraph)
    _links(sheet, links)
    return sheet.shown(links)


# -- the parts


def _headers(
    sheet: Sheet,
    message: Letter | Row,
    sender: str,
    receipt: Receipt | None,
    me: str,
) -> None:
    origin = message.origin
    to = origin.to if origin and origin.to else message.to
    sheet.field("From", clean_line(origin.sender if origin else sender), "name")
    sheet.field("To", clean_line(", ".join(to)), "name")
    subject = clean_line(message.subject)
    sheet.field("Subject", subject or "(no subject)", "subject" if subject else "dim")
    sheet.field("Sent", _sent(message.sent_at, origin), "time")
    if origin:
        imported = f"{clean_line(sender)}, {long_time(message.sent_at)}"
        sheet.field("Import", imported, "time")
    if receipt is not None:
        sheet.field("Read", _own_rungs(receipt, "" if sender == me else sender), "time")
    answered = getattr(message, "answers", None) or message.reply_to
    if answered:
        sheet.field("Answers", clean_line(answered), "dim")
    sheet.field("Id", clean_line(message.id), "dim")


def _sent(sent_at: int, origin: Origin | None) -> str:
    if origin is None:
        return long_time(sent_at)
    return "not known" if origin.date is None else long_time(origin.date)


def _own_rungs(receipt: Receipt, seen_by: str) -> str:
    """When it was read and acknowledged, and who sees that."""
    if receipt.opened_at is None:
        text = "not yet"
    else:
        told = f"{clean_line(seen_by)} saw that you opened this at " if seen_by else ""
        text = f"{told}{long_time(receipt.opened_at)}"
    if receipt.acked_at is not None:
        text += f", acknowledged {long_time(receipt.acked_at)}"
    return text


def _before_opening(row: Row, reading: Reading) -> str:
    if isinstance(row, OutboxRow):
        return "Enter shows the text; nobody is told"
    mine, name = row.receipt, clean_line(row.sender)
    if mine.state == CopyState.RECALLED:
        at = short_time(mine.recalled_at, reading.now)
        return f"{name} recalled this at {at}: it cannot be opened any more"
    if row.sender == reading.me:
        return "Enter shows the text; nobody else is told"
    if mine.opened_at is None:
        return f"{name} sees that you open this: press Enter"
    return "Enter shows it again"


def _ladder(
    sheet: Sheet, receipts: Sequence[Receipt], sent_at: int, reading: Reading
) -> None:
    """What each recipient's copy has come to, with times."""
    longest = max((width(clean_line(one.user)) for one in receipts), default=0)
    name_room = min(NAME, longest, max(sheet.cells // 3, 1))
    front = len(GAP) + name_room + len(GAP)
    for receipt in receipts:
        rungs = _rungs(receipt, sent_at, reading.now)
        rows = _packed(rungs, max(sheet.cells - front, 1))
        name = pad(clean_line(receipt.user), name_room)
        colour = "good" if receipt.opened_at is not None else "dim"
        lines: list[Line] = []
        for row in rows:
            left = " " * name_room if lines else name
            line: Line = [("name", f"{GAP}{left}{GAP}"), (colour, row)]
            lines.append(clip_line(line, sheet.cells, reading.glyphs.ellipsis))
        sheet.add(lines)


def _rungs(receipt: Receipt, sent_at: int, now: int) -> list[str]:
    """The rungs that were reached, and whether the one that counts was not."""
    first = "imported" if receipt.state == CopyState.IMPORTED else "stored"
    times = (
        (first, sent_at),
        ("fetched", receipt.fetched_at),
        ("opened", receipt.opened_at),
        ("acked", receipt.acked_at),
        ("recalled", receipt.recalled_at),
        ("deleted", receipt.deleted_at),
    )
    rungs = [f"{what} {short_time(at, now)}" for what, at in times if at is not None]
    if receipt.opened_by and receipt.opened_at is not None:
        opened = f"opened {short_time(receipt.opened_at, now)}"
        by = f"{opened} ({device_words(receipt.opened_by)})"
        rungs[rungs.index(opened)] = by
    if receipt.state in {CopyState.STORED, CopyState.FETCHED}:
        rungs.append("not read")
    return rungs


def _packed(texts: Sequence[str], cells: int) -> list[str]:
    """Texts in rows, as many in one as fit; one that is too wide is broken."""
    rows = [""]
    for text in texts:
        longer = f"{rows[-1]}, {text}" if rows[-1] else text
        if width(longer) <= cells:
            rows[-1] = longer
        else:
            rows += wrap(text, cells)
    return [row for row in rows if row] or [""]


def thread_lines(thread: Sequence[Row], reading: Reading) -> Iterator[tuple[Row, Line]]:
    """The messages of a thread, each below the one it answers."""
    glyphs = reading.glyphs
    branch = f"{glyphs.bottom_left}{glyphs.hline}> "
    times = [short_time(written_at(row), reading.now) for row in thread]
    room = max(map(width, times), default=0)
    for row, depth in tree(thread):
        indent = " " * len(branch) * (min(depth, DEEPEST) - 1) + branch if depth else ""
        yield (
            row,
            [
                ("time", pad(short_time(written_at(row), reading.now), room) + GAP),
                ("gutter", indent),
                ("name", f"{clean_line(_author(row, reading.me))}{GAP}"),
                *_what_of_it(row, reading.now),
            ],
        )


def _thread(sheet: Sheet, thread: Sequence[Row], here: str, reading: Reading) -> None:
    """A thread, with a sign at the message that is read."""
    glyphs = reading.glyphs
    sheet.say("Thread", "label")
    for row, said in thread_lines(thread, reading):
        line: Line = [("text", f"{glyphs.focus if row.id == here else ' '} "), *said]
        sheet.add([clip_line(line, sheet.cells, glyphs.ellipsis)])


def _what_of_it(row: Row, now: int) -> Line:
    """Whether it was read or recalled, and what it is about."""
    receipts = row.receipts if isinstance(row, OutboxRow) else [row.receipt]
    recalled = [one.recalled_at for one in receipts if one.recalled_at is not None]
    subject = clean_line(row.subject)
    if len(recalled) == len(receipts) > 0:
        # Its readers do not get to know what it was about.
        said = f"(recalled {short_time(max(recalled), now)}){GAP}"
        return [("dim", said), ("subject", subject)]
    read = last_read(receipts)
    return [
        ("dim" if read is None else "good", "" if read is None else f"read{GAP}"),
        ("subject", subject) if subject else ("dim", "(no subject)"),
    ]


def _author(row: Row, me: str) -> str:
    if isinstance(row, OutboxRow):
        return me
    return author(row.origin) if row.origin else row.sender


def _links(sheet: Sheet, links: Sequence[str]) -> None:
    """All links in full: what is opened is what stands here."""
    if links:
        sheet.blank()
        sheet.say("Links", "label")
    for number, url in enumerate(links, 1):
        front = f"{GAP}[{number}] "
        rows = wrap(url, max(sheet.cells - len(front), 1))
        blank = " " * len(front)
        sheet.add(
            [
                [("label", blank if at else front), ("link", row)]
                for at, row in enumerate(rows)
            ]
        )
        if not url.isascii():
            sheet.say(f"{blank}(has characters that are not ASCII)", "bad")


# -- as it came


def _raw(sheet: Sheet, letter: Letter) -> Shown:
    """Every member of a message and its text, with escapes for all but plain ASCII."""
    fields = [
        ("id", letter.id),
        ("from", letter.sender),
        *(("to", name) for name in letter.to),
        ("sent_at", str(letter.sent_at)),
        ("reply_to", letter.reply_to or ""),
        ("digest", letter.digest),
        ("subject", letter.subject),
    ]
    if letter.origin:
        fields += [
            ("origin.from", letter.origin.sender),
            *(("origin.to", name) for name in letter.origin.to),
            ("origin.message_id", letter.origin.message_id or ""),
        ]
    for name, text in fields:
        _escaped(sheet, "label", f"{name}: {escaped(text)}")
    sheet.blank()
    sheet.begin_text()
    for line in letter.body.split("\n"):
        _escaped(sheet, "text", escaped(line))
    return sheet.shown()


def _escaped(sheet: Sheet, colour: str, text: str) -> None:
    chunks = [text[at : at + sheet.cells] for at in range(0, len(text), sheet.cells)]
    sheet.add([[(colour, chunk)] for chunk in chunks or [""]])


def escaped(text: str) -> str:
    r"""A text in plain ASCII: `\x1b` is an escape character, `\\` a backslash."""
    return text.encode("unicode_escape").decode("ascii")
