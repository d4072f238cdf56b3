"""When a wait is over, and how long it may last."""

import pytest

from nimsg.cli.wait import duration_s, judge
from nimsg.client.answers import Receipt, Status
from nimsg.errors import Exit, UsageError


OPEN = None
DONE, ENDED = Exit.DONE, Exit.ENDED


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, float("inf")),
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("0.5s", 0.5),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86_400),
        ("1.5h", 5400),
    ],
)
def test_n4_a_time_is_a_number_and_a_unit(text: str | None, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "s", "x", "2w", "-1", "-5s", "nan", "nans", "inf", "infd", "1h30m", "1e999"],
)
def test_n4_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="90s, 30m, 2h or 1d"):
        duration_s(text)


@pytest.mark.parametrize("text", ["11575d", "999999999d", "1000000000m"])
def test_n4_what_is_longer_than_a_life_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="longer than nimsg can think"):
        duration_s(text)


def receipt(state: str) -> Receipt:
    """A receipt as the server fills it: a higher rung fills those below it."""
    rungs = ("fetched", "opened", "acked")
    base, _, end = state.partition("+")
    reached = rungs[: rungs.index(base) + 1] if base in rungs else ()
    at = {rung: 5 if rung in reached else None for rung in rungs}
    return Receipt(
        user="bob",
        state=end or base,
        fetched_at=at["fetched"],
        opened_at=at["opened"],
        acked_at=at["acked"],
        recalled_at=5 if "recalled" in state else None,
        deleted_at=5 if "deleted" in state else None,
        opened_by=None,
    )


@pytest.mark.parametrize(
    ("states", "rung", "all_", "any_"),
    [
        (["stored"], "fetched", OPEN, OPEN),
        (["fetched"], "fetched", DONE, DONE),
        (["fetched"], "opened", OPEN, OPEN),
        (["opened"], "fetched", DONE, DONE),
        (["opened"], "opened", DONE, DONE),
        (["opened"], "acked", OPEN, OPEN),
        (["acked"], "opened", DONE, DONE),
        (["recalled"], "opened", ENDED, ENDED),
        (["deleted"], "opened", ENDED, ENDED),
        (["fetched+recalled"], "fetched", DONE, DONE),
        (["opened+deleted"], "opened", DONE, DONE),
        (["opened+deleted"], "acked", ENDED, ENDED),
        (["opened", "stored"], "opened", OPEN, DONE),
        (["opened", "opened"], "opened", DONE, DONE),
        (["opened", "recalled"], "opened", ENDED, DONE),
        (["stored", "recalled"], "opened", ENDED, OPEN),
        (["deleted", "recalled"], "opened", ENDED, ENDED),
    ],
)
def test_n4_a_wait_is_for_all_or_for_any(
    states: list[str], rung: str, all_: Exit | None, any_: Exit | None
) -> None:
    receipts = [receipt(state) for state in states]
    status = Status("id", "ann", ["bob"], "", 1, receipts, [], pending=False)

    assert judge(status, rung, any_=False) is all_
    assert judge(status, rung, any_=True) is any_
