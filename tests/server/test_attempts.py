"""SEC-17: what is tried by those who may not is told, and fills no log."""

import pytest

from nimsg.logs import AUDIT
from nimsg.server.attempts import TOLD_MOST, Attempts
from nimsg.server.bounded import ADDRESSES_MOST, WINDOW_S
from tests.support.virtualtime import VirtualTime


HERE, THERE = "10.0.0.1", "10.0.0.2"


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines since this was asked the last time."""
    lines = [line.message for line in caplog.records if line.levelno == AUDIT]
    caplog.clear()
    return lines


def test_sec_17_the_first_of_each_kind_is_told_and_the_others_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    time = VirtualTime()
    attempts = Attempts(time)

    first = [attempts.is_new(HERE, what) for what in "aababbb"]
    elsewhere = attempts.is_new(THERE, "a")
    assert told(caplog) == []
    time.advance(WINDOW_S)

    assert first == [True, False, True, False, False, False, False]
    assert elsewhere
    assert told(caplog) == [f"from={HERE} outcome=not_permitted more=5"]


def test_sec_17_who_goes_on_is_told_of_once_a_minute_and_who_stops_is_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    time = VirtualTime()
    attempts = Attempts(time)
    attempts.is_new(HERE, "a")

    for minute in range(1, 4):
        assert not any(attempts.is_new(HERE, "a") for _ in range(minute))
        time.advance(WINDOW_S)
    counts = [int(line.rpartition("=")[2]) for line in told(caplog)]
    assert counts == [1, 2, 3]

    time.advance(WINDOW_S)
    assert attempts.is_new(HERE, "a")
    time.advance(WINDOW_S)
    assert told(caplog) == []


def test_sec_17_an_address_has_so_many_lines_whatever_it_tries(
    caplog: pytest.LogCaptureFixture,
) -> None:
    time = VirtualTime()
    attempts = Attempts(time)

    network = [attempts.is_new(f"2001:db8::{n}", n) for n in range(TOLD_MOST + 7)]
    time.advance(WINDOW_S)

    assert network == [True] * TOLD_MOST + [False] * 7
    assert told(caplog) == ["from=2001:db8::/64 outcome=not_permitted more=7"]


def test_sec_17_of_too_many_addresses_the_last_are_told_as_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    time = VirtualTime()
    attempts = Attempts(time)

    for n in range(ADDRESSES_MOST):
        assert attempts.is_new(f"10.1.{n // 256}.{n % 256}", "a")
    others = [attempts.is_new(f"10.2.0.{n}", "a") for n in range(5)]
    time.advance(WINDOW_S)

    assert others == [True, False, False, False, False]
    assert told(caplog) == ["from=others outcome=not_permitted more=4"]


def test_sec_17_at_the_end_nothing_is_left_untold(
    caplog: pytest.LogCaptureFixture,
) -> None:
    time = VirtualTime()
    attempts = Attempts(time)
    for _ in range(3):
        attempts.is_new(HERE, "a")

    attempts.close()
    time.advance(WINDOW_S)

    assert told(caplog) == [f"from={HERE} outcome=not_permitted more=2"]
