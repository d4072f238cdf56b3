"""Message ids: their form, their order, and the time within."""

import pytest
from hypothesis import given, strategies as st

from nimsg.core.ulid import ALPHABET, RANDOM_BYTES, ulid, ulid_time
from nimsg.protocol.rules import is_id
from tests.support.examples import many


LAST_MS = 2**48 - 1
times = st.integers(0, LAST_MS)
randoms = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@pytest.mark.parametrize(
    ("at_ms", "random", "id_"),
    [
        (0, bytes(10), "0" * 26),
        (LAST_MS, b"\xff" * 10, "7" + "Z" * 25),
        (1, bytes(10), "0000000001" + "0" * 16),
        (0, bytes(9) + b"\x01", "0" * 25 + "1"),
        # the example of the ULID specification's own time
        (1_469_918_176_385, bytes(10), "01ARYZ6S41" + "0" * 16),
    ],
)
def test_x14_an_id_is_26_characters(at_ms: int, random: bytes, id_: str) -> None:
    assert ulid(at_ms, random) == id_
    assert ulid_time(id_) == at_ms


@many
@given(times, randoms)
def test_x14_an_id_holds_its_time_and_has_the_form_of_one(
    at_ms: int, random: bytes
) -> None:
    id_ = ulid(at_ms, random)

    assert ulid_time(id_) == at_ms
    assert is_id(id_)
    assert set(id_) <= set(ALPHABET)


@many
@given(times, randoms, times, randoms)
def test_ids_are_in_the_order_of_time_and_then_of_chance(
    at_a: int, random_a: bytes, at_b: int, random_b: bytes
) -> None:
    a, b = ulid(at_a, random_a), ulid(at_b, random_b)

    assert (a < b) == ((at_a, random_a) < (at_b, random_b))
    assert (a == b) == ((at_a, random_a) == (at_b, random_b))
