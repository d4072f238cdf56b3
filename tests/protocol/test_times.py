"""Times: whole ms UTC, written as RFC 3339 for people and files."""

import re

import pytest
from hypothesis import given, strategies as st

from nimsg.protocol.times import parse_rfc3339, rfc3339
from tests.support.examples import many


YEAR_1 = -62_135_596_800_000
YEAR_9999 = 253_402_300_799_999
FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_192_385_123, "2026-11-20T16:33:05.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (YEAR_1, "0001-01-01T00:00:00.000Z"),
        (YEAR_9999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_s0_6_a_time_and_its_text(at_ms: int, text: str) -> None:
    assert rfc3339(at_ms) == text
    assert parse_rfc3339(text) == at_ms


@many
@given(st.integers(YEAR_1, YEAR_9999))
def test_s0_6_every_time_is_read_back(at_ms: int) -> None:
    text = rfc3339(at_ms)

    assert FORM.fullmatch(text)
    assert parse_rfc3339(text) == at_ms


@many
@given(st.integers(YEAR_1, YEAR_9999), st.integers(YEAR_1, YEAR_9999))
def test_s0_6_texts_are_in_the_order_of_their_times(a: int, b: int) -> None:
    assert (rfc3339(a) < rfc3339(b)) == (a < b)


@pytest.mark.parametrize("at_ms", [YEAR_9999 + 1, 2**53, 10**40])
def test_term_4_a_time_beyond_the_calendar_is_its_last(at_ms: int) -> None:
    assert rfc3339(at_ms) == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize("at_ms", [YEAR_1 - 1, -(2**53), -(10**40)])
def test_term_4_a_time_before_the_calendar_is_its_first(at_ms: int) -> None:
    assert rfc3339(at_ms) == "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-20",
        "2026-11-20T16:33:05.123",
        "2026-11-20T16:33:05Z",
        "2026-11-20T16:33:05.123456Z",
        "2026-11-20T16:33:05.123+01:00",
        "2026-11-20T16:33:05.123+00:00",
        "2026-11-20 16:33:05.123Z",
        "2026-11-20T16:33:05,123Z",
        "2026-11-20t16:33:05.123z",
        "2026-W47-5T16:33:05.123Z",
        "2026-02-29T00:00:00.000Z",
        "2026-11-20T16:33:60.000Z",
        "2026-11-20T16:33:05.123Z\n",
        "10000-01-01T00:00:00.000Z",
        "\u0662\u0660\u0662\u0666-11-20T16:33:05.123Z",
    ],
)
def test_s0_6_a_text_that_nimsg_would_not_write_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


@many
@given(st.text(max_size=30))
def test_t11_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        assert rfc3339(parse_rfc3339(text)) == text
    except ValueError:
        return
