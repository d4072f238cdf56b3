"""Points in time as people type them."""

from datetime import datetime

import pytest

from nimsg.cli.when import ending_ms, when_ms
from nimsg.errors import UsageError


NOW = 1_795_000_000_000
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "ms"), [("2h", NOW - 2 * HOUR), ("1d", NOW - 24 * HOUR), ("0s", NOW)]
)
def test_a_duration_is_so_long_ago(text: str, ms: int) -> None:
    assert when_ms(text, NOW) == ms


@pytest.mark.parametrize(
    "text", ["2026-11-20", "2026-11-20T16:30", "2026-11-20 16:30:05"]
)
def test_a_date_is_of_this_zone(text: str) -> None:
    at = datetime.fromisoformat(text).astimezone()
    assert when_ms(text, NOW) == int(at.timestamp() * 1000)


def test_a_zone_may_be_given() -> None:
    assert when_ms("1970-01-01T01:00+01:00", NOW) == 0


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7w", "2026-13-01", "-1d"])
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        when_ms(text, NOW)


@pytest.mark.parametrize(
    ("text", "ms"), [("12h", NOW + 12 * HOUR), ("7d", NOW + 7 * 24 * HOUR)]
)
def test_what_lasts_so_long_ends_then(text: str, ms: int) -> None:
    assert ending_ms(text, NOW) == ms


@pytest.mark.parametrize("text", ["", "soon", "7w", "-1d", "0x"])
def test_how_long_something_lasts_can_be_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        ending_ms(text, NOW)


@pytest.mark.parametrize("text", ["7", "0"])
def test_how_long_something_lasts_has_a_unit(text: str) -> None:
    with pytest.raises(UsageError, match=f"'{text}' has no unit: write {text}h or "):
        ending_ms(text, NOW)
