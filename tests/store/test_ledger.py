"""The ledger: numbered lines, each carrying the digest of the one before."""

import json
from pathlib import Path

import pytest

from nimsg.core.commands import Act
from nimsg.errors import StorageFailure
from nimsg.protocol.constants import Device
from nimsg.store.layout import Layout
from nimsg.store.ledger import (
    Day,
    End,
    decode_line,
    encode_event,
    extended,
    line_digest,
    parse_line,
    read_tail,
    settled,
)
from nimsg.store.schema import GENESIS
from tests.support.post import DAY, START


LEDGER = Path("ledger")
DAY_1 = LEDGER / "2026-11-18.jsonl"


def event(at_ms: int, user: str = "bob") -> bytes:
    """Something that happened."""
    return encode_event(Act.OPENED, user, ["id1", "id2"], at_ms, Device.TUI)


def test_n2_a_line_says_who_did_what_when_and_what_was_before() -> None:
    days, end = extended(End(), [(3, event(START)), (5, event(START + 1))])

    assert list(days) == ["2026-11-18"]
    first, second = days["2026-11-18"].splitlines()
    assert json.loads(first) == {
        "n": 3,
        "event": "opened",
        "user": "bob",
        "ids": ["id1", "id2"],
        "time": "2026-11-18T11:06:40.000Z",
        "device": "tui",
        "prev": GENESIS,
    }
    assert decode_line(second).prev == line_digest(first)
    assert end == End(5, line_digest(second), "2026-11-18")


def test_n2_the_chain_goes_on_over_days_and_starts(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.ledger.mkdir()
    days, before = extended(End(), [(1, event(START)), (2, event(START + DAY))])
    for day, data in days.items():
        layout.ledger_day(day).write_bytes(data)
    tail = read_tail(layout, before.head)
    end = settled(tail, before.head, frozenset(), layout.ledger)
    more, after = extended(end, [(3, event(START + DAY + 1))])

    assert [(day.path.stem, day.settled) for day in tail] == [
        ("2026-11-19", len(days["2026-11-19"]))
    ]
    assert end == before
    assert list(more) == ["2026-11-19"]
    assert decode_line(more["2026-11-19"][:-1]).prev == before.head
    assert after.n == 3


def test_a_clock_set_back_opens_no_earlier_day() -> None:
    _, end = extended(End(), [(1, event(START + DAY))])
    days, end = extended(end, [(2, event(START))])

    assert list(days) == ["2026-11-19"]
    assert end.day == "2026-11-19"


def test_lines_that_stand_are_not_written_again() -> None:
    days, end = extended(End(), [(1, event(START)), (2, event(START))])

    assert days["2026-11-18"].count(b"\n") == 2
    assert extended(end, [(1, event(START)), (2, event(START))]) == ({}, end)
    assert extended(end, []) == ({}, end)


def test_a_tail_without_the_settled_line_has_lost_lines() -> None:
    with pytest.raises(StorageFailure, match="ledger has lost lines"):
        settled([], "no such digest", frozenset(), LEDGER)
    with pytest.raises(StorageFailure, match="ledger has lost lines"):
        settled([Day(DAY_1, b"torn", 0)], "no such digest", frozenset({1}), LEDGER)


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"\xff", b'{"n": 1}', b"null"], ids=repr
)
def test_what_is_no_line_is_named(line: bytes) -> None:
    with pytest.raises(
        StorageFailure,
        match=r"x\.jsonl line 7 cannot be read\. .*--rebuild --var z",
    ):
        parse_line(line, Path("z/ledger/x.jsonl"), 7)


def test_a_line_has_a_time_as_nimsg_writes_it() -> None:
    days, _ = extended(End(), [(1, event(START))])
    line = days["2026-11-18"][:-1]

    with pytest.raises(ValueError, match="not a time"):
        decode_line(line.replace(b".000Z", b"Z"))
