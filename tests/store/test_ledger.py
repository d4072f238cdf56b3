"""The ledger: numbered lines, each carrying the digest of the one before."""

import json
from pathlib import Path

import pytest

from nimsg.core.commands import Act
from nimsg.errors import StorageFailure
from nimsg.protocol.constants import Device
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout
from nimsg.store.ledger import (
    Ledger,
    day_files,
    decode_line,
    encode_event,
    line_digest,
    parse_line,
    read_lines,
)
from nimsg.store.schema import GENESIS
from tests.support.post import DAY, START


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A place with nothing but a ledger."""
    layout = Layout(tmp_path)
    layout.ledger.mkdir()
    return layout


def event(at_ms: int, user: str = "bob") -> bytes:
    """Something that happened."""
    return encode_event(Act.OPENED, user, ["id1", "id2"], at_ms, Device.TUI)


def test_n2_a_line_says_who_did_what_when_and_what_was_before(layout: Layout) -> None:
    ledger = Ledger(RealDisk(), layout)
    ledger.append([(3, event(START)), (5, event(START + 1))])

    (path,) = day_files(layout)
    first, second = path.read_bytes().splitlines()

    assert path.name == "2026-11-18.jsonl"
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
    assert (ledger.last_n, ledger.head) == (5, line_digest(second))


def test_n2_the_chain_goes_on_over_days_and_starts(layout: Layout) -> None:
    ledger = Ledger(RealDisk(), layout)
    written = ledger.append([(1, event(START)), (2, event(START + DAY))])
    again = Ledger(RealDisk(), layout)
    again.recover(ledger.head, frozenset())
    again.append([(3, event(START + DAY + 1))])

    lines = [decode_line(line) for _, _, line in read_lines(layout)]

    assert [path.name for path in written] == ["2026-11-18.jsonl", "2026-11-19.jsonl"]
    assert [line.n for line in lines] == [1, 2, 3]
    assert lines[2].prev == ledger.head
    assert [number for _, number, _ in read_lines(layout)] == [1, 1, 2]


def test_a_clock_set_back_opens_no_earlier_day(layout: Layout) -> None:
    ledger = Ledger(RealDisk(), layout)
    ledger.append([(1, event(START + DAY))])
    ledger.append([(2, event(START))])

    (path,) = day_files(layout)

    assert path.name == "2026-11-19.jsonl"
    assert len(path.read_bytes().splitlines()) == 2


def test_lines_that_stand_are_not_written_again(layout: Layout) -> None:
    ledger = Ledger(RealDisk(), layout)
    ledger.append([(1, event(START)), (2, event(START))])

    assert ledger.append([(1, event(START)), (2, event(START))]) == []
    assert ledger.append([]) == []
    assert len(list(read_lines(layout))) == 2


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"\xff", b'{"n": 1}', b"null"], ids=repr
)
def test_what_is_no_line_is_named(line: bytes) -> None:
    with pytest.raises(
        StorageFailure, match=r"x\.jsonl line 7 cannot be read\. .*--rebuild makes"
    ):
        parse_line(line, Path("x.jsonl"), 7)


def test_a_line_has_a_time_as_nimsg_writes_it(layout: Layout) -> None:
    Ledger(RealDisk(), layout).append([(1, event(START))])
    ((_, _, line),) = read_lines(layout)

    with pytest.raises(ValueError, match="not a time"):
        decode_line(line.replace(b".000Z", b"Z"))
