"""What is to be done to the files, decided without a disk."""

from pathlib import Path

import pytest

from nimsg.core.commands import Act
from nimsg.errors import StorageFailure
from nimsg.store.base import JournalRow
from nimsg.store.layout import Layout
from nimsg.store.ledger import Day, End, encode_event, extended
from nimsg.store.plan import (
    Append,
    Cut,
    Drop,
    Forget,
    Note,
    Put,
    RowKind,
    Seen,
    filing,
    recovery,
)
from nimsg.store.schema import GENESIS
from tests.support.post import DAY, START


LAYOUT = Layout(Path("var"))
ID = "01M7Q5CYARTHSNWEH6BRBEXR1Z"
FOLDER = Path("var/messages/2026/11/18")
DAY_1, DAY_2 = LAYOUT.ledger_day("2026-11-18"), LAYOUT.ledger_day("2026-11-19")
NOTHING = Seen([], {})


def row(n: int, kind: RowKind, name: str = "", data: bytes = b"data") -> JournalRow:
    """A row of the journal."""
    return JournalRow(n, kind, name, data)


def event(n: int, at_ms: int = START) -> JournalRow:
    """A row that becomes a line."""
    return row(n, RowKind.EVENT, "", encode_event(Act.OPENED, "bob", [ID], at_ms))


FIRST, HEAD = extended(End(), [(1, event(1).data)])
SETTLED = FIRST["2026-11-18"]


@pytest.mark.parametrize(
    ("kind", "name", "steps"),
    [
        (RowKind.MESSAGE, ID, [Put(f"{FOLDER}/{ID}.json", b"data")]),
        (RowKind.ACCOUNT, "7", [Put(LAYOUT.users / "00000007.json", b"data")]),
        (RowKind.INVITATION, ID, [Put(LAYOUT.invitation(ID), b"data")]),
        (RowKind.ROOM, ID, [Put(LAYOUT.room(ID), b"data")]),
        (RowKind.DRAFT, ID, [Put(LAYOUT.draft(ID), b"data")]),
        (RowKind.DRAFT_END, ID, [Drop(LAYOUT.draft(ID))]),
        (
            RowKind.REMOVAL,
            ID,
            [Note(FOLDER / "removed.jsonl", b"data"), Forget(FOLDER / f"{ID}.json")],
        ),
    ],
)
def test_each_kind_of_row_has_its_steps(
    kind: RowKind, name: str, steps: list[object]
) -> None:
    plan = filing(LAYOUT, [row(4, kind, name)], End(2, "head", "day"))

    assert plan == (steps, 4, End(2, "head", "day"))


def test_lines_come_behind_the_files_and_the_chain_goes_on() -> None:
    lines, end = extended(HEAD, [(2, event(2).data), (4, event(4, START + DAY).data)])
    rows = [event(2), row(3, RowKind.ACCOUNT, "7"), event(4, START + DAY)]

    plan = filing(LAYOUT, rows, HEAD)

    assert [type(step) for step in plan.steps] == [Put, Append, Append]
    assert plan.steps[1:] == [
        Append(DAY_1, lines["2026-11-18"]),
        Append(DAY_2, lines["2026-11-19"]),
    ]
    assert (plan.n, plan.end) == (4, end)


def test_nothing_is_to_be_done_where_nothing_waits() -> None:
    seen = Seen([Day(DAY_1, SETTLED, len(SETTLED))], {})

    assert recovery(LAYOUT, [], HEAD.head, seen) == ([], 0, HEAD)
    assert recovery(LAYOUT, [], GENESIS, NOTHING) == ([], 0, End())


@pytest.mark.parametrize("left", [b"", b'{"dev', bytes(9), b"\n", b"{}\n", b"\xff\n"])
def test_what_stands_behind_the_settled_line_is_cut_and_written_anew(
    left: bytes,
) -> None:
    lines, end = extended(HEAD, [(2, event(2).data)])
    tail = [Day(DAY_2, left, 0), Day(DAY_1, SETTLED + left, len(SETTLED))]

    plan = recovery(LAYOUT, [event(2)], HEAD.head, Seen(tail, {}))

    cuts = [Cut(DAY_2, 0), Cut(DAY_1, len(SETTLED))] if left else []
    assert plan.steps == [*cuts, Append(DAY_1, lines["2026-11-18"])]
    assert plan.end == end


def test_lines_of_rows_that_wait_are_cut_and_others_are_named() -> None:
    lines, _ = extended(HEAD, [(2, event(2).data)])
    seen = Seen([Day(DAY_1, SETTLED + lines["2026-11-18"], len(SETTLED))], {})

    assert recovery(LAYOUT, [event(2)], HEAD.head, seen).steps[0] == Cut(
        DAY_1, len(SETTLED)
    )
    with pytest.raises(
        StorageFailure, match="jsonl line 2 is not as the index knows it"
    ):
        recovery(LAYOUT, [event(3)], HEAD.head, seen)
    with pytest.raises(
        StorageFailure, match="jsonl line 2 is not as the index knows it"
    ):
        recovery(LAYOUT, [], HEAD.head, seen)


def test_a_tail_that_is_torn_is_named_where_no_line_waits() -> None:
    seen = Seen([Day(DAY_1, SETTLED + b"{}\n", len(SETTLED))], {})

    with pytest.raises(StorageFailure, match="line 2 cannot be read"):
        recovery(LAYOUT, [], HEAD.head, seen)


def test_a_list_of_removed_messages_is_cut_where_its_lines_wait() -> None:
    path = FOLDER / "removed.jsonl"
    torn = Seen([], {path: b"torn"})

    steps = recovery(LAYOUT, [row(4, RowKind.REMOVAL, ID)], GENESIS, torn).steps
    new = recovery(LAYOUT, [row(4, RowKind.REMOVAL, ID)], GENESIS, NOTHING).steps

    assert steps == [Cut(path, 0), *new]
    assert [type(step) for step in new] == [Note, Forget]
