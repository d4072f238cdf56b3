"""C6: three wrong passwords in a row lock a name for a while."""

import pytest

from nimsg.core.commands import Failures
from nimsg.core.lockout import FAILURES_MOST, decide_failure, left_ms


NOW = 1_000_000
BLOCK = 300_000


def test_c6_the_third_failure_locks() -> None:
    found = [decide_failure(before, NOW, BLOCK) for before in range(FAILURES_MOST)]

    assert found == [Failures(1), Failures(2), Failures(3, NOW + BLOCK)]


@pytest.mark.parametrize(
    ("at", "left"),
    [
        (NOW, BLOCK),
        (NOW + 1, BLOCK - 1),
        (NOW + BLOCK - 1, 1),
        (NOW + BLOCK, 0),
        (NOW + BLOCK + 1, 0),
        (NOW - BLOCK, BLOCK),
    ],
)
def test_c6_no_clock_that_is_set_back_makes_a_lock_longer(at: int, left: int) -> None:
    assert left_ms(NOW + BLOCK, at, BLOCK) == left
