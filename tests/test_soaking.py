"""What soak tests are given: a seed, a time, and something to count."""

from itertools import takewhile

from tests.support.soaking import Soak


def test_a_soak_without_time_has_one_round_all_the_same() -> None:
    soak = Soak(0, seed=1)

    rounds = list(takewhile(lambda _: soak.going(), range(9)))

    assert rounds == [0]


def test_a_soak_goes_on_as_long_as_there_is_time() -> None:
    soak = Soak(3_600, seed=1)

    assert [soak.going() for _ in range(9)] == [True] * 9
