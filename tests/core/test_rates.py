"""Token buckets: what they let through, when there is more, what they remember."""

import pytest
from hypothesis import given, strategies as st

from nimsg.core.rates import Buckets, Rate


def taken(buckets: Buckets[str], key: str, now_s: float, tries: int) -> int:
    """How many of so many tries at one moment are let through."""
    count = 0
    for _ in range(tries):
        if buckets.wait_s(key, now_s) == 0:
            buckets.take(key, now_s)
            count += 1
    return count


def test_sec_11_so_many_at_once_and_then_as_time_passes() -> None:
    buckets = Buckets[str](Rate(6, 60.0))

    at_once = taken(buckets, "ann", 100.0, 9)
    after = [taken(buckets, "ann", now_s, 9) for now_s in (105.0, 110.0, 130.0)]

    assert at_once == 6
    assert after == [0, 1, 2]


def test_sec_11_who_waits_as_long_as_is_said_gets_one() -> None:
    buckets = Buckets[str](Rate(3, 60.0))
    taken(buckets, "ann", 7.0, 3)

    wait_s = buckets.wait_s("ann", 7.0)

    assert wait_s == pytest.approx(20.0)
    assert buckets.wait_s("ann", 7.0 + wait_s - 0.001) > 0
    assert buckets.wait_s("ann", 7.0 + wait_s) == pytest.approx(0.0)


def test_sec_11_tries_that_are_refused_cost_nothing() -> None:
    buckets = Buckets[str](Rate(1, 10.0))
    taken(buckets, "ann", 0.0, 1000)

    assert taken(buckets, "ann", 10.0, 1000) == 1


def test_sec_11_each_key_has_a_bucket_of_its_own() -> None:
    buckets = Buckets[str](Rate(2, 60.0))

    assert [taken(buckets, key, 0.0, 5) for key in ("ann", "bob", "ann")] == [2, 2, 0]


def test_a_count_of_0_is_no_limit() -> None:
    buckets = Buckets[str](Rate(0, 60.0))

    assert taken(buckets, "ann", 0.0, 1000) == 1000
    assert len(buckets) == 0


def test_sec_11_of_too_many_keys_the_emptier_are_remembered() -> None:
    buckets = Buckets[str](Rate(5, 60.0), most=10)
    taken(buckets, "greedy", 0.0, 5)
    for number in range(1000):
        taken(buckets, f"passer-by {number}", 0.0, 1)
        assert len(buckets) <= 10

    assert buckets.wait_s("greedy", 0.0) > 0


def test_buckets_that_are_full_are_forgotten_first() -> None:
    buckets = Buckets[str](Rate(1, 1.0), most=10)
    for number in range(10):
        taken(buckets, f"{number}", 0.0, 1)
    taken(buckets, "last", 9.0, 1)

    assert len(buckets) == 1


@given(
    count=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_sec_11_no_window_lets_more_than_twice_the_count_through(
    count: int, pauses: list[float]
) -> None:
    buckets, now_s, at = Buckets[str](Rate(count, 60.0)), 0.0, list[float]()
    for pause_s in pauses:
        now_s += pause_s
        at += [now_s] * taken(buckets, "ann", now_s, 3)

    for begin_s in at:
        within = [one for one in at if begin_s <= one < begin_s + 60.0]
        assert len(within) <= 2 * count
