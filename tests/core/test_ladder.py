"""N1: the receipt ladder. Rungs are set once, in order, and ends are final."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from nimsg.core import ladder
from nimsg.core.ladder import Copy
from nimsg.protocol.constants import CopyState, Device
from nimsg.protocol.results import Receipt
from tests.support.examples import many


TUI, LINE, HEADLESS = Device
S = CopyState

Act = Callable[[Copy, int], Copy]
ACTS: dict[str, Act] = {
    "fetch": lambda copy, now: ladder.fetched(copy, now, TUI),
    "open": lambda copy, now: ladder.opened(copy, now, TUI),
    "ack": lambda copy, now: ladder.acked(copy, now, TUI),
    "recall": ladder.recalled,
    "delete": ladder.deleted,
}

STORED = Copy()
FETCHED = Copy(10, LINE)
OPENED = Copy(10, LINE, 20, LINE)
ACKED = Copy(10, LINE, 20, LINE, 30, LINE)
COPIES: dict[str, Copy] = {
    "stored": STORED,
    "fetched": FETCHED,
    "opened": OPENED,
    "acked": ACKED,
    "recalled": Copy(recalled_at=40),
    "fetched, recalled": Copy(10, LINE, recalled_at=40),
    "deleted": Copy(deleted_at=40),
    "fetched, deleted": Copy(10, LINE, deleted_at=40),
    "opened, deleted": Copy(10, LINE, 20, LINE, deleted_at=40),
    "acked, deleted": Copy(10, LINE, 20, LINE, 30, LINE, deleted_at=40),
    "recalled, deleted": Copy(recalled_at=40, deleted_at=50),
    "imported": Copy(imported=True),
    "imported, opened": Copy(20, LINE, 20, LINE, imported=True),
    "imported, deleted": Copy(deleted_at=40, imported=True),
}

# The state of every copy, and its state after every act upon it.
TABLE: dict[str, tuple[CopyState, dict[str, CopyState]]] = {
    "stored": (
        S.STORED,
        {
            "fetch": S.FETCHED,
            "open": S.OPENED,
            "ack": S.ACKED,
            "recall": S.RECALLED,
            "delete": S.DELETED,
        },
    ),
    "fetched": (
        S.FETCHED,
        {
            "fetch": S.FETCHED,
            "open": S.OPENED,
            "ack": S.ACKED,
            "recall": S.RECALLED,
            "delete": S.DELETED,
        },
    ),
    "opened": (S.OPENED, dict.fromkeys(ACTS, S.OPENED) | {"ack": S.ACKED}),
    "acked": (S.ACKED, dict.fromkeys(ACTS, S.ACKED)),
    "recalled": (S.RECALLED, dict.fromkeys(ACTS, S.RECALLED)),
    "fetched, recalled": (S.RECALLED, dict.fromkeys(ACTS, S.RECALLED)),
    "deleted": (S.DELETED, dict.fromkeys(ACTS, S.DELETED)),
    "fetched, deleted": (S.DELETED, dict.fromkeys(ACTS, S.DELETED)),
    "opened, deleted": (S.OPENED, dict.fromkeys(ACTS, S.OPENED) | {"ack": S.ACKED}),
    "acked, deleted": (S.ACKED, dict.fromkeys(ACTS, S.ACKED)),
    "recalled, deleted": (S.RECALLED, dict.fromkeys(ACTS, S.RECALLED)),
    "imported": (
        S.IMPORTED,
        {
            "fetch": S.IMPORTED,
            "open": S.OPENED,
            "ack": S.ACKED,
            "recall": S.IMPORTED,
            "delete": S.DELETED,
        },
    ),
    "imported, opened": (S.OPENED, dict.fromkeys(ACTS, S.OPENED) | {"ack": S.ACKED}),
    "imported, deleted": (S.DELETED, dict.fromkeys(ACTS, S.DELETED)),
}

ENDS = {"recalled_at", "deleted_at"}

times = st.integers(0, 100)
acts = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), times), max_size=12)


def climbed(steps: list[tuple[str, int]], start: Copy = STORED) -> list[Copy]:
    """The copy at the start and after every act."""
    copies = [start]
    for act, now in steps:
        copies.append(ACTS[act](copies[-1], now))
    return copies


def rungs(copy: Copy) -> list[int]:
    """The times that are set, from the lowest rung up."""
    times = (copy.fetched_at, copy.opened_at, copy.acked_at)
    return [at for at in times if at is not None]


def fields(copy: Copy) -> dict[str, object]:
    return {
        name: getattr(copy, name)
        for name in copy.__struct_fields__
        if getattr(copy, name) is not None
    }


def test_n1_the_table_knows_every_copy_and_every_act() -> None:
    assert TABLE.keys() == COPIES.keys()
    assert all(after.keys() == ACTS.keys() for _, after in TABLE.values())
    assert {state for state, _ in TABLE.values()} == set(CopyState)


@pytest.mark.parametrize("name", COPIES)
def test_n1_a_copy_is_in_one_state(name: str) -> None:
    assert COPIES[name].state is TABLE[name][0]


@pytest.mark.parametrize("name", COPIES)
def test_n1_only_what_was_never_opened_nor_ended_is_new(name: str) -> None:
    assert COPIES[name].is_new is (name in {"stored", "fetched"})


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", COPIES)
def test_n1_every_act_upon_every_copy(name: str, act: str) -> None:
    before = COPIES[name]
    after = ACTS[act](before, 100)

    assert after.state is TABLE[name][1][act]
    assert fields(before).items() <= fields(after).items()


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", COPIES)
def test_n1_an_act_done_twice_is_done_once(name: str, act: str) -> None:
    once = ACTS[act](COPIES[name], 100)

    assert ACTS[act](once, 200) is once


def test_n1_a_higher_rung_fills_those_below() -> None:
    assert ladder.acked(STORED, 7, LINE) == Copy(7, LINE, 7, LINE, 7, LINE)
    assert ladder.opened(STORED, 7, LINE) == Copy(7, LINE, 7, LINE)
    assert ladder.acked(FETCHED, 15, TUI) == Copy(10, LINE, 15, TUI, 15, TUI)


def test_n1_every_rung_keeps_the_kind_of_its_own_device() -> None:
    copy = ladder.fetched(STORED, 1, HEADLESS)
    copy = ladder.opened(copy, 2, TUI)
    copy = ladder.acked(copy, 3, LINE)

    assert (copy.fetched_by, copy.opened_by, copy.acked_by) == (HEADLESS, TUI, LINE)


def test_n1_no_rung_is_before_the_one_below_when_the_clock_jumps_back() -> None:
    assert ladder.opened(FETCHED, 3, TUI).opened_at == 10
    assert ladder.acked(OPENED, 3, TUI).acked_at == 20
    assert ladder.recalled(FETCHED, 3).recalled_at == 10
    assert ladder.deleted(FETCHED, 3).deleted_at == 10
    assert ladder.deleted(ACKED, 3).deleted_at == 30
    assert ladder.deleted(Copy(recalled_at=40), 3).deleted_at == 40


def test_x16_an_imported_copy_is_never_fetched_by_a_listing_nor_recalled() -> None:
    imported = COPIES["imported"]

    assert ladder.fetched(imported, 7, TUI) is imported
    assert ladder.recalled(imported, 7) is imported
    assert not imported.is_new
    assert imported.may_open
    assert ladder.acked(imported, 7, TUI) == Copy(7, TUI, 7, TUI, 7, TUI, imported=True)


def test_n7_an_opened_copy_is_not_recalled() -> None:
    assert ladder.recalled(OPENED, 100) is OPENED
    assert ladder.recalled(ACKED, 100) is ACKED


@pytest.mark.parametrize("name", ["recalled", "fetched, recalled", "deleted"])
def test_n7_an_ended_copy_is_never_opened(name: str) -> None:
    assert ladder.opened(COPIES[name], 100, TUI) is COPIES[name]
    assert ladder.acked(COPIES[name], 100, TUI) is COPIES[name]


@many
@given(acts, st.sampled_from([STORED, COPIES["imported"]]))
def test_n1_rungs_are_set_once_and_in_order_whatever_the_clock_does(
    steps: list[tuple[str, int]], start: Copy
) -> None:
    copies = climbed(steps, start)

    for before, after in pairwise(copies):
        assert fields(before).items() <= fields(after).items()
        assert rungs(after) == sorted(rungs(after))
        for end in (fields(after).keys() - fields(before).keys()) & ENDS:
            assert getattr(after, end) >= max(rungs(before), default=0)
        if after.acked_at is not None:
            assert after.opened_at is not None
        if after.opened_at is not None:
            assert after.fetched_at is not None
            assert after.recalled_at is None


@many
@given(acts)
def test_n1_a_time_and_its_device_are_set_together(
    steps: list[tuple[str, int]],
) -> None:
    copy = climbed(steps)[-1]

    assert (copy.fetched_at is None) == (copy.fetched_by is None)
    assert (copy.opened_at is None) == (copy.opened_by is None)
    assert (copy.acked_at is None) == (copy.acked_by is None)


@pytest.mark.parametrize("name", COPIES)
def test_n1_a_receipt_says_all_that_a_copy_knows(name: str) -> None:
    copy = COPIES[name]
    shown = ladder.receipt("bob", copy)

    assert (shown.user, shown.state) == ("bob", copy.state)
    known = fields(copy).keys() - {"imported"}
    assert {name: getattr(shown, name) for name in known} == {
        name: getattr(copy, name) for name in known
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [("opened, deleted", None), ("acked, deleted", None)],
)
def test_s0_7_the_sender_does_not_see_what_a_reader_deletes_after_opening(
    name: str, shown: int | None
) -> None:
    seen = ladder.for_sender(ladder.receipt("bob", COPIES[name]))

    assert seen.deleted_at is shown
    assert seen.state is COPIES[name].state
    assert seen.opened_at == 20


@pytest.mark.parametrize("name", ["stored", "opened", "deleted", "recalled"])
def test_s0_7_the_sender_sees_everything_else(name: str) -> None:
    receipt: Receipt = ladder.receipt("bob", COPIES[name])

    assert ladder.for_sender(receipt) is receipt
