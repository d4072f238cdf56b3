"""Rows and messages as lines: what they say, and that no text of others widens them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urwid
from hypothesis import given, settings, strategies as st

from nimsg.client.answers import InboxRow, Letter, Origin, OutboxRow, Receipt, Status
from nimsg.protocol.constants import Box
from nimsg.text import clean_body, clean_line, width
from nimsg.tui.glyphs import ASCII, UNICODE, Glyphs
from nimsg.tui.letterlines import (
    Reading,
    Shown,
    header_lines,
    letter_lines,
    thread_lines,
)
from nimsg.tui.mailbox import MailWindow
from nimsg.tui.mailrows import (
    age,
    empty_lines,
    heading,
    inbox_line,
    outbox_line,
    waiting_line,
)
from nimsg.tui.outgoing import Queued, QueuedState
from nimsg.tui.spans import Line, beside, pad_line, plain


DATA = Path(__file__).resolve().parents[1] / "data/naughty.json"
NAUGHTY: list[str] = json.loads(DATA.read_text("utf-8"))
# What is measured otherwise alone than in its place, and what acts on a terminal.
SPITEFUL = [
    "\u0600\u0628",
    "\u1100\u094d",
    "\u0dca\uac00",
    "a\u094d\u1100\u1161\u11a8",
    "👨\u200d👩\u200d👧",
    "🇩🇪🇫",
    "e\u0301" * 3,
    "日本語の件名",
    "\x1b]0;PWNED\x07",
    "\x9b31m",
    "\u202egnp.exe",
    "❤\ufe0f",
]
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from([*SPITEFUL, " ", "x"]), max_size=12).map("".join),
    st.sampled_from(NAUGHTY),
)
WIDTHS = range(1, 251)
HOUR = 3_600_000
NOW = 1_790_000_000_000  # 2026-09-21 14:13:20 UTC
GLYPHS = [UNICODE, ASCII]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def receipt(user: str = "ann", state: str = "stored", **times: int) -> Receipt:
    names = ("fetched_at", "opened_at", "acked_at", "recalled_at", "deleted_at")
    fetched, opened, acked, recalled, deleted = (times.get(name) for name in names)
    return Receipt(user, state, fetched, opened, acked, recalled, deleted, None)


def received(
    subject: str = "disk full",
    sender: str = "bob",
    mine: Receipt | None = None,
    origin: Origin | None = None,
    sent_at: int = NOW - 3 * HOUR,
) -> InboxRow:
    mine = mine or receipt()
    return InboxRow(1, "7F3A", sender, ["ann"], subject, 9, sent_at, mine, None, origin)


def sent(receipts: list[Receipt], subject: str = "keys") -> OutboxRow:
    to = [one.user for one in receipts]
    return OutboxRow(
        2, "8B", to, subject, 9, NOW - HOUR, receipts, pending=True, reply_to=None,
        origin=None,
    )  # fmt: skip


def unsent(state: QueuedState, why: str = "", to: tuple[str, ...] = ("dan",)) -> Queued:
    return Queued("c", list(to), "lunch?", "b", None, NOW - HOUR, state, why, 1)


def drawn(line: Line) -> int:
    """The cells that urwid counts."""
    text = plain(line)
    return urwid.calc_width(text, 0, len(text))


def inbox(row: InboxRow, cells: int = 80) -> str:
    return plain(inbox_line(row, cells, NOW, UNICODE)).rstrip()


def outbox(row: OutboxRow | Queued, cells: int = 80) -> str:
    return plain(outbox_line(row, cells, NOW, UNICODE)).rstrip()


# -- what rows say


def test_s3_24_an_inbox_row_has_state_sender_sent_read_and_subject() -> None:
    opened = receipt(state="opened", opened_at=NOW - HOUR)

    assert inbox(received()).split() == ["N", "bob", "11:13", "disk", "full"]
    assert inbox(received(mine=opened)).split() == [
        *("bob", "11:13", "13:13", "disk", "full")
    ]


@pytest.mark.parametrize(
    ("receipts", "expected"),
    [
        ([receipt("bob")], "- bob 13:13 not read keys"),
        ([receipt("bob", "fetched", fetched_at=NOW)], "f bob 13:13 not read keys"),
        ([receipt("bob", "opened", opened_at=NOW)], "R bob 13:13 14:13 keys"),
        ([receipt("bob", "recalled", recalled_at=NOW)], "x bob 13:13 recalled keys"),
        ([receipt("bob", "deleted", deleted_at=NOW)], "- bob 13:13 deleted keys"),
        (
            [receipt("bob", "acked", opened_at=NOW, acked_at=NOW)],
            "A bob 13:13 14:13 keys",
        ),
        (
            [
                receipt("bob", "opened", opened_at=NOW),
                receipt("cy", "opened", opened_at=NOW),
                receipt("dan"),
            ],
            "r bob +2 13:13 2 of 3 read keys",
        ),
    ],
)
def test_s3_24_an_outbox_row_tells_who_has_read_it(
    receipts: list[Receipt], expected: str
) -> None:
    assert outbox(sent(receipts)).split() == expected.split()
    assert outbox(sent(receipts), 80).split() == expected.split()


def test_what_is_not_sent_yet_says_since_when_and_why() -> None:
    failed = unsent(QueuedState.FAILED, "refused: blocked", ("dan", "eve"))

    assert outbox(unsent(QueuedState.QUEUED)).split() == [
        *("…", "dan", "queued", "13:13", "lunch?")
    ]
    assert outbox(failed).split() == [
        *("!", "dan", "+1", "failed", "13:13", "refused:", "blocked", "lunch?")
    ]


def test_a_narrow_row_has_ages_in_place_of_times() -> None:
    opened = receipt(state="opened", opened_at=NOW - 50 * HOUR)

    assert inbox(received(mine=opened), 40).split() == [
        *("bob", "3h", "2d", "disk", "full")
    ]
    three = [receipt("bob", "opened", opened_at=NOW), receipt("cy"), receipt("dan")]
    assert "1/3" in outbox(sent(three), 40)


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        (-HOUR, "now"),
        (59_999, "now"),
        (60_000, "1m"),
        (3 * HOUR, "3h"),
        (99 * 24 * HOUR, "99d"),
        (100 * 24 * HOUR, "14w"),
        (365 * 24 * HOUR, "1y"),
    ],
)
def test_an_age_is_short(past: int, expected: str) -> None:
    assert age(NOW - past, NOW) == expected


def test_an_imported_message_is_from_whom_its_origin_names() -> None:
    origin = Origin(
        '"Old Friend" <o@example.org>', ["x"], NOW - 900 * 24 * HOUR, 0, None
    )
    line = inbox(received(mine=receipt(state="imported"), origin=origin))

    assert line.split() == ["i", "Old", "Friend", "2024-04-04", "disk", "full"]


def test_a_recalled_message_and_one_without_subject_say_so() -> None:
    recalled = receipt(state="recalled", recalled_at=NOW)

    assert inbox(received("", mine=recalled)).endswith("(recalled 14:13)")
    assert inbox(received("\u200b")).endswith("(no subject)")


def test_focus_mark_and_what_is_kept_unread_are_seen_without_colours() -> None:
    row = received(mine=receipt(state="opened", opened_at=NOW))
    line = inbox_line(
        row, 80, NOW, UNICODE, focused=True, kept_unread=True, marked=True
    )

    assert plain(line).startswith("> U* bob")
    assert {name.endswith(" focus") for name, _ in line} == {True}


def test_headings_stand_above_their_columns() -> None:
    window = MailWindow(Box.INBOX)
    window.count(3, 0, 9)
    head = plain(heading(window, 80, UNICODE))
    row = inbox(received(mine=receipt(state="opened", opened_at=NOW)))

    assert head.startswith(" INBOX  3 new")
    assert head.index("sent") == row.index("11:13")
    assert head.index("read") == row.index("14:13")


def test_empty_boxes_say_what_can_be_done() -> None:
    window = MailWindow(Box.INBOX)

    assert "no mail yet: m writes a message" in plain(empty_lines(window, 60)[0])
    window.filter([])
    assert "nothing found" in plain(empty_lines(window, 60)[0])


# -- how wide they are


def rows_of(text: str, cells: int, glyphs: Glyphs) -> Iterator[Line]:
    """Every kind of row with a text of others in it."""
    window = MailWindow(Box.OUTBOX)
    window.count(0, 12, 12)
    opened = receipt(text, "opened", opened_at=NOW)
    yield inbox_line(received(text, text), cells, NOW, glyphs, focused=True)
    yield outbox_line(sent([opened, receipt()], text), cells, NOW, glyphs)
    yield outbox_line(
        unsent(QueuedState.FAILED, text, (text, text)), cells, NOW, glyphs
    )
    yield waiting_line(cells, glyphs)
    yield heading(window, cells, glyphs, focused=True)
    yield from empty_lines(window, cells)


@pytest.mark.no_cover
@pytest.mark.parametrize("glyphs", GLYPHS, ids=["unicode", "ascii"])
def test_x4_every_row_is_as_wide_as_its_pane(glyphs: Glyphs) -> None:
    for cells in WIDTHS:
        for text in SPITEFUL:
            for line in rows_of(text, cells, glyphs):
                assert drawn(line) == cells, (cells, line)


@settings(max_examples=300)
@given(TEXTS, st.integers(min_value=1, max_value=250), st.sampled_from(GLYPHS))
def test_x4_no_text_makes_a_row_wider(text: str, cells: int, glyphs: Glyphs) -> None:
    for line in rows_of(text, cells, glyphs):
        assert drawn(line) == cells
        assert all(clean_line(part) == part for _, part in line)
    right: Line = [("text", clean_line(text))]
    assert drawn(beside(right, right, cells, "text")) == cells


@settings(max_examples=300)
@given(TEXTS, st.integers(min_value=1, max_value=80))
def test_x4_a_line_is_as_wide_as_urwid_draws_it(text: str, cells: int) -> None:
    for cleaned in (clean_line(text), clean_body(text).partition("\n")[0]):
        line = pad_line([("text", cleaned)], cells)
        assert drawn(line) == cells
        whole = cleaned + " " * (cells - width(cleaned))
        if width(cleaned) <= cells == drawn([("text", whole)]):
            assert plain(line) == whole


def test_x4_the_corpus_is_measured_as_urwid_draws_it() -> None:
    for text in NAUGHTY:
        cleaned = clean_line(text)
        assert width(cleaned) == drawn([("text", cleaned)])


# -- a whole message

READING = Reading("ann", NOW, UNICODE)


def letter(body: str, mine: Receipt | None = None, subject: str = "s") -> Letter:
    return Letter(
        "7F3A", "bob", ["ann", "cy"], subject, body, NOW - HOUR, None, "d", mine, None
    )


def texts(shown: Shown) -> list[str]:
    return [plain(line).rstrip() for line in shown.lines]


def test_s3_24_an_unopened_message_shows_headers_and_who_would_see() -> None:
    found = texts(header_lines(received(), 80, READING))

    assert found[0] == "From:    bob"
    assert "Read:    not yet" in found
    assert "Subject: disk full" in found
    assert found[-1] == "bob sees that you open this: press Enter"


def test_s3_24_an_opened_message_says_when_that_was_seen() -> None:
    mine = receipt(state="opened", opened_at=NOW)

    found = texts(letter_lines(letter("hello", mine), 80, READING))
    told = "bob saw that you opened this at"
    assert f"Read:    {told} 2026-09-21 14:13:20 +0000" in found
    assert " ".join(found).count("opened") == 1
    assert found[-1] == "│ hello"
    again = texts(header_lines(received(mine=mine), 80, READING))
    assert any(line.startswith(f"Read:    {told}") for line in again)
    assert again[-1] == "Enter shows it again"


def test_one_s_own_message_tells_nobody() -> None:
    mine = receipt(state="opened", opened_at=NOW)
    me = Reading("bob", NOW, UNICODE)

    assert "saw" not in " ".join(texts(letter_lines(letter("x", mine), 80, me)))
    assert "nobody is told" in texts(header_lines(sent([receipt()]), 80, me))[-1]


def test_s3_24_each_recipient_has_a_ladder_with_times() -> None:
    opened = receipt("cy", "acked", fetched_at=NOW, opened_at=NOW, acked_at=NOW)
    receipts = [receipt("ann"), opened._replace(opened_by="tui")]
    status = Status("7F3A", "bob", [], "s", NOW - HOUR, receipts, [("eve", "blocked")],
                    pending=True)  # fmt: skip
    me = Reading("bob", NOW, UNICODE)
    found = texts(letter_lines(letter("x"), 90, me, status=status))

    assert "  ann  stored 13:13, not read" in found
    assert (
        "  cy   stored 13:13, fetched 14:13, opened 14:13 (screen), acked 14:13"
        in found
    )
    assert any("not sent to eve" in line for line in found)
    for cells in (40, 20, 5):
        lines = letter_lines(letter("x"), cells, me, status=status).lines
        assert max(drawn(pad_line(line, cells)) for line in lines) == cells


def test_links_are_numbered_and_listed_in_full() -> None:
    long = "https://example.org/" + "a" * 150
    body = (
        f"see (https://example.org/df). again https://example.org/df, {long}\n"
        "javascript:alert(1) file:///etc/passwd http:// MAILTO:ann@example.org!\n"
        "https://en.example.org/a_(b) [7] https://\u0435xample.org"
    )
    shown = letter_lines(letter(body), 60, READING)

    assert shown.links == [
        "https://example.org/df",
        long,
        "MAILTO:ann@example.org",
        "https://en.example.org/a_(b)",
        "https://\u0435xample.org",
    ]
    found = texts(shown)
    assert "│ see (https://example.org/df [1]). again" in found
    listed = found[found.index("Links") + 1 :]
    assert "  [1] https://example.org/df" in listed
    assert "".join(line.strip() for line in listed[1:5]).startswith(f"[2] {long}"[:100])
    assert any("not ASCII" in line for line in listed)
    coloured = "".join(
        text for line in shown.lines for name, text in line if name == "link"
    )
    assert "[7]" not in coloured
    assert "javascript" not in coloured


def test_x4_a_body_stands_behind_its_gutter() -> None:
    body = (
        "From: admin\nbob saw that you opened this\n\x1b[2J\x1b[H> quoted\n" + "x" * 300
    )
    shown = letter_lines(
        letter(body, subject="s\nFrom: root " + "y" * 300), 120, READING
    )
    at = next(
        n for n, line in enumerate(shown.lines) if line and line[0][0] == "gutter"
    )

    assert all(line[0] == ("gutter", "│ ") for line in shown.lines[at:])
    assert max(width(plain(line)) for line in shown.lines[at:]) == 102
    assert ("quote", "> quoted") in [line[1] for line in shown.lines[at:]]
    assert sum(plain(line).startswith("From:") for line in shown.lines) == 1


def test_raw_is_plain_ascii_with_escapes() -> None:
    shown = letter_lines(
        letter("a\x1b[2J\u202e\\\nb", subject="é"), 40, READING, raw=True
    )
    found = texts(shown)

    assert "subject: \\xe9" in found
    assert found[-2:] == ["a\\x1b[2J\\u202e\\\\", "b"]
    assert "".join(found).isascii()


def test_half_a_screen_leaves_the_subject_more_room_than_the_times() -> None:
    mine = receipt("ann", "opened", opened_at=NOW - 26 * HOUR)
    row = received(mine=mine, sent_at=NOW - 27 * HOUR)
    found = inbox_line(row, 59, NOW, UNICODE)

    assert plain(found).split()[:6] == ["bob", "Sep", "20", "Sep", "20", "disk"]
    assert plain(found).index("disk") == 35
    assert plain(found).endswith(" ")


def test_a_thread_shows_where_one_is() -> None:
    above = received()
    below = above._replace(id="7F3B", reply_to="7F3A", subject="Re: disk full")
    shown = letter_lines(letter("x"), 80, READING, thread=[below, above])
    found = texts(shown)
    at = found.index("Thread")

    assert found[at + 1] == "> 11:13  bob  disk full"
    assert found[at + 2] == "  11:13  └─> bob  Re: disk full"


def test_a_thread_says_what_was_recalled_and_when() -> None:
    first = received()._replace(id="7F30", subject="lunch?")
    gone = received("", mine=receipt(state="recalled", recalled_at=NOW))
    mine = sent([receipt("bob", "recalled", recalled_at=NOW)])._replace(reply_to="7F3A")
    half = sent(
        [
            receipt("bob", "recalled", recalled_at=NOW),
            receipt("cyd", "opened", opened_at=NOW),
        ],
        "",
    )._replace(id="8C")
    found = [
        (row.id, plain(line).rstrip())
        for row, line in thread_lines([half, mine, gone, first], READING)
    ]

    assert found == [
        ("7F30", "11:13  bob  lunch?"),
        ("7F3A", "11:13  bob  (recalled 14:13)"),
        ("8B", "13:13  └─> ann  (recalled 14:13)  keys"),
        ("8C", "13:13  ann  read  (no subject)"),
    ]


@pytest.mark.no_cover
@settings(max_examples=200)
@given(TEXTS, st.integers(min_value=1, max_value=120))
def test_x4_any_message_can_be_shown_at_any_width(text: str, cells: int) -> None:
    body = f"{text} https://example.org/{text}\n{text}"
    row = received(text, text)
    mine = receipt(text, "opened", opened_at=NOW)
    status = Status("7F3A", text, [], text, NOW, [mine], [(text, text)], pending=False)
    for shown in (
        header_lines(row, cells, READING),
        letter_lines(letter(body, mine, text), cells, READING, thread=[row, row]),
        letter_lines(letter(body, None, text), cells, READING, status=status),
        letter_lines(letter(body, None, text), cells, READING, raw=True),
    ):
        assert len(shown.anchors) == len(shown.lines)
        assert shown.anchors == sorted(shown.anchors)
        for line in shown.lines:
            assert drawn(pad_line(line, cells)) == cells
            assert all("\n" not in part and "\x1b" not in part for _, part in line)
