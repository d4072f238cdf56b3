"""Tables that fit, times as people read them, JSON lines, and nothing unsafe."""

import io
import json
import os
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
from hypothesis import given, strategies as st

from nimsg.cli import account, invitation, show, user
from nimsg.client import mailtables, peopletables, tables
from nimsg.client.tables import Column, amount
from nimsg.text import clean_line, width
from tests.support.examples import few


TABLES: dict[str, Sequence[Column]] = {
    "search": mailtables.HIT_COLUMNS,
    "inbox": mailtables.INBOX_COLUMNS,
    "outbox": mailtables.OUTBOX_COLUMNS,
    "receipts": mailtables.RECEIPT_COLUMNS,
    "tokens": account.TOKEN_COLUMNS,
    "users": user.COLUMNS,
    "invitations": invitation.COLUMNS,
    "online": peopletables.ONLINE_COLUMNS,
    "logins": peopletables.LOGIN_COLUMNS,
    "rooms": peopletables.ROOM_COLUMNS,
}
CELLS = (40, 80, 160)
LONG = {
    "ascii": "wanderlust" * 30,
    "words": "a few words " * 20,
    "wide": "東京都の天気予報" * 20,
    "emoji": "👩‍👩‍👧‍👦👍🏽🇩🇪❤️" * 20,
    "marks": "e\u0301\u0323" * 60,
    "mixed": "a東e\u0301👍" * 40,
    "hostile": "\x1b[31mred\x07\u202egnp\u2066x" * 10,
}
every_table = pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES)


def full(columns: Sequence[Column], text: str) -> list[str]:
    return [text for _ in columns]


# -- tables


@every_table
@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_no_line_of_a_table_is_wider_than_the_terminal(
    columns: Sequence[Column], cells: int, text: str
) -> None:
    lines = tables.table(columns, [full(columns, text), full(columns, "x")], cells)

    assert len(lines) == 3
    assert all(width(line) <= cells for line in lines), lines


@every_table
@given(data=st.data(), cells=st.integers(show.NARROW, 200))
@few
def test_no_texts_make_a_line_wider(
    columns: Sequence[Column], data: st.DataObject, cells: int
) -> None:
    row = [data.draw(st.text(max_size=40)) for _ in columns]
    lines = tables.table(columns, [row], cells)

    assert all(width(line) <= cells for line in lines)


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_pipe_gets_everything(text: str) -> None:
    (_, line) = tables.table(
        mailtables.INBOX_COLUMNS, [["N", "i1", text, "", "", "s"]], None
    )

    assert clean_line(text) in line


def test_columns_stand_below_their_headings() -> None:
    rows = [
        ["N", "i2", "東京", "16:33", "-", "one"],
        ["", "i10", "bo", "Nov 1", "", ""],
    ]
    lines = tables.table(mailtables.INBOX_COLUMNS, rows, 80)

    assert lines == [
        "   No   From  Sent   Read  Subject",
        "N  i2   東京  16:33  -     one",
        "   i10  bo    Nov 1",
    ]


def test_what_is_left_of_the_line_is_the_subjects() -> None:
    row = ["N", "i1", "ann", "16:33", "-", "s" * 200]
    (_, line) = tables.table(mailtables.INBOX_COLUMNS, [row], 80)

    assert width(line) == 80
    assert line.endswith("s…")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (80, "N  i12  alexandrina.long  Nov 19 18:02  Nov 20 09:15  " + "s" * 25 + "…"),
        (60, "N  i12  alexandrina.long  Nov 19 18:02  " + "s" * 19 + "…"),
        (40, "N  i12  alexandrina.long  " + "s" * 13 + "…"),
    ],
)
@pytest.mark.parametrize("columns", [mailtables.INBOX_COLUMNS, mailtables.HIT_COLUMNS])
def test_a_narrow_terminal_has_room_for_the_subject_before_the_times(
    columns: Sequence[Column], cells: int, expected: str
) -> None:
    row = ["N", "i12", "alexandrina.long", "Nov 19 18:02", "Nov 20 09:15", "s" * 99]
    heading, line = tables.table(columns, [row], cells)

    assert line == expected
    assert ("Sent" in heading, "Read" in heading) == (cells > 40, cells > 60)


def test_a_narrow_terminal_shows_times_that_are_short() -> None:
    row = ["N", "i1", "ann", "16:33", "-", "Subject"]

    assert tables.table(mailtables.INBOX_COLUMNS, [row], 40)[1] == (
        "N  i1  ann   16:33  -     Subject"
    )


def test_an_empty_table_is_its_headings() -> None:
    assert tables.table(mailtables.OUTBOX_COLUMNS, [], 40) == [
        "No  To  Sent  State  Read  Subject"[:40]
    ]


def test_term_1_nothing_unsafe_is_in_a_table() -> None:
    columns = mailtables.INBOX_COLUMNS
    (_, line) = tables.table(columns, [full(columns, LONG["hostile"])], 160)

    assert not set(line) & set("\x1b\x07\u202e\u2066\n")


# -- times


@pytest.fixture(params=["UTC", "Asia/Kathmandu", "America/St_Johns"])
def zone(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def local_ms(*when: int) -> int:
    return int(datetime(*when).timestamp() * 1000)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ((2026, 11, 20, 16, 33, 5), "16:33"),
        ((2026, 11, 20, 0, 0), "00:00"),
        ((2026, 11, 20, 23, 59, 59), "23:59"),
        ((2026, 11, 19, 23, 59, 59), "Nov 19 23:59"),
        ((2026, 1, 2, 3, 4), "Jan 02 03:04"),
        ((2025, 12, 31, 23, 59), "2025-12-31"),
        ((2027, 1, 1, 0, 0), "2027-01-01"),
    ],
)
def test_s0_6_a_short_time_says_what_today_does_not(
    when: tuple[int, ...], shown: str
) -> None:
    now = local_ms(2026, 11, 20, 12, 0)

    assert tables.short_time(local_ms(*when), now) == shown


@pytest.mark.usefixtures("zone")
def test_s0_6_a_long_time_says_everything() -> None:
    shown = tables.long_time(local_ms(2026, 11, 20, 16, 33, 5))

    assert shown.startswith("2026-11-20 16:33:05 ")
    assert shown[-5] in "+-"


def test_no_time_is_a_dash() -> None:
    assert tables.short_time(None, 0) == tables.long_time(None) == "-"


@pytest.mark.parametrize("at_ms", [0, -1, 2**53, -(2**53), 253_402_300_800_000])
def test_term_4_no_time_that_the_wire_can_carry_raises(at_ms: int) -> None:
    assert tables.short_time(at_ms, 0)
    assert tables.short_time(0, at_ms)
    assert tables.long_time(at_ms)
    assert show.json_line("x", {"sent_at": at_ms})


# -- JSON


def test_a_json_line_has_a_schema_and_readable_times() -> None:
    line = show.json_line(
        "inbox",
        {
            "id": "X",
            "sent_at": 1_795_192_385_123,
            "acked_at": None,
            "position": 1_795_192_385_123,
            "receipt": {"opened_at": 0},
            "receipts": [{"opened_at": 1}, {"user": "bob"}],
        },
    )

    assert json.loads(line) == {
        "schema": "nimsg.inbox/1",
        "id": "X",
        "sent_at": "2026-11-20T16:33:05.123Z",
        "acked_at": None,
        "position": 1_795_192_385_123,
        "receipt": {"opened_at": "1970-01-01T00:00:00.000Z"},
        "receipts": [{"opened_at": "1970-01-01T00:00:00.001Z"}, {"user": "bob"}],
    }


@given(st.text())
@few
def test_term_2_a_json_line_is_printable_ascii_and_loses_nothing(text: str) -> None:
    line = show.json_line("message", {"body": text})

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["body"] == text


# -- printing


class Stream(io.TextIOWrapper):
    """A text stream of some encoding, which raises for what it cannot hold."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict")

    def bytes(self) -> bytes:
        self.flush()
        held = self.buffer
        assert isinstance(held, io.BytesIO)
        return held.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_term_2_every_stream_takes_every_line(encoding: str, text: str) -> None:
    out = Stream(encoding)
    show.say(text, out)

    assert out.bytes().endswith(b"\n")
    assert not set(out.bytes().decode(encoding)) & set("\x1b\x07\x9b\u202e")


def test_what_a_stream_lacks_is_a_question_mark() -> None:
    out = Stream("ascii")
    show.say("Grüße", out)

    assert out.bytes() == b"Gr??e\n"


@given(st.text())
@few
def test_term_2_a_line_that_is_clean_is_printed_as_it_is(text: str) -> None:
    for clean in (clean_line(text), *show.paragraphs(text, 40)):
        out = Stream("utf-8")
        show.say(clean, out)

        assert out.bytes().decode() == f"{clean}\n"


def test_a_body_is_wrapped_on_a_terminal_only() -> None:
    body = "word " * 30 + "\n\nend"

    assert show.paragraphs(body, None) == [("word " * 30), "", "end"]
    assert max(map(len, show.paragraphs(body, 40))) <= 40


@pytest.mark.parametrize(
    ("cells", "wide"), [(0, 80), (1, 40), (39, 40), (40, 40), (200, 200)]
)
def test_a_terminal_has_a_usable_width(
    cells: int, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = os.terminal_size((cells, 24))
    monkeypatch.setattr(os, "get_terminal_size", lambda _: size)
    with open(os.devnull, encoding="utf-8") as stream:  # noqa: PTH123
        assert show.terminal_width(stream) == wide


def test_a_pipe_has_no_width() -> None:
    assert show.terminal_width(io.StringIO()) is None
    with open(os.devnull, encoding="utf-8") as stream:  # noqa: PTH123
        assert show.terminal_width(stream) is None


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (3_355_443, "3.2 MiB"),
        (64 * 2**20, "64 MiB"),
        (5 * 2**40, "5120 GiB"),
    ],
)
def test_n8_an_amount_is_told_in_a_unit_that_fits(count: int, shown: str) -> None:
    assert amount(count) == shown
