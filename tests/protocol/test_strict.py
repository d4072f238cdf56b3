"""Strict JSON has one reading or none: the client's codec by itself."""

import json

import pytest
from hypothesis import given, strategies as st

from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import limit
from nimsg.protocol.strict import dumps, loads
from tests.support import faults
from tests.support.examples import many
from tests.support.json_corners import (
    BROKEN,
    SOUND,
    TRAILING,
    TYPES,
    Sound,
    nested,
    nested_objects,
)


text = st.text(st.characters(codec="utf-8"), max_size=12)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)
    ),
    max_leaves=12,
)


def fault_of(data: bytes) -> ProtocolFault:
    with pytest.raises(ProtocolFault) as caught:
        loads(data)
    assert caught.value.kind == "parse_error"
    assert not caught.value.fatal
    return caught.value


@pytest.mark.parametrize("corner", BROKEN.values(), ids=BROKEN)
def test_t12_a_broken_value_is_a_parse_error(corner: bytes) -> None:
    fault = fault_of(b'{"a":%s}' % corner)

    assert fault.detail.startswith("not strict JSON: ")
    assert len(fault.detail) < 200


@pytest.mark.parametrize("corner", SOUND.values(), ids=SOUND)
def test_t12_a_sound_value_is_read(corner: Sound) -> None:
    assert loads(b'{"a":%s}' % corner.text) == {"a": corner.value}


@pytest.mark.parametrize("after", TRAILING.values(), ids=TRAILING)
def test_t12_bytes_after_the_object_are_refused(after: bytes) -> None:
    fault_of(b"{}" + after)


@pytest.mark.parametrize("name", TYPES)
def test_t12_only_an_object_may_stand_at_the_top(name: str) -> None:
    if name == "object":
        assert loads(TYPES[name]) == {}
    else:
        assert "the top of a frame" in fault_of(TYPES[name]).detail


@pytest.mark.parametrize(
    "data",
    [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'{"b":[{"a":1,"c":2,"a":3}]}'],
)
def test_sec_14_a_key_that_stands_twice_is_refused(data: bytes) -> None:
    assert 'the key "a" stands twice' in fault_of(data).detail


@pytest.mark.parametrize(
    "data",
    ['{"a":1}'.encode("utf-16"), b"\xef\xbb\xbf{}", b"\xff{}", b"{\xff}"],
)
def test_t12_other_encodings_are_refused(data: bytes) -> None:
    fault_of(data)


def test_sec_1_depth_is_counted_from_the_top() -> None:
    deepest = limit("json_depth")

    assert loads(nested_objects(deepest))
    assert loads(b'{"a":%s}' % nested(deepest - 1))
    assert "deeper than 16" in fault_of(nested_objects(deepest + 1)).detail
    assert "deeper than 16" in fault_of(b'{"a":%s}' % nested(deepest)).detail


@pytest.mark.parametrize("depth", [10, 16, 17, 100, 10_000, 1_000_000])
def test_sec_1_depth_at_every_scale(depth: int) -> None:
    data = b'{"a":%s}' % nested(depth - 1)

    if depth <= 16:
        assert loads(data)
    else:
        fault_of(data)


def test_sec_1_a_mebibyte_of_lists_is_refused() -> None:
    fault_of(b'{"a":[' + b"[]," * 349_000 + b"[[" * 20)


@many
@given(st.dictionaries(text, values, max_size=4))
def test_what_dumps_writes_loads_reads(value: dict[str, object]) -> None:
    written = dumps(value)

    assert loads(written) == value
    assert written.decode("utf-8") == json.dumps(
        value, ensure_ascii=False, separators=(",", ":")
    )


@many
@given(st.binary(max_size=64))
def test_t11_random_bytes_are_an_object_or_a_parse_error(data: bytes) -> None:
    fault = faults.fault_of(lambda: loads(data))

    assert fault is None or fault.kind == "parse_error"


@pytest.mark.parametrize(
    "value",
    ["\ud800", {"\udfff": 1}, [float("nan")], float("inf"), -float("inf")],
)
def test_sec_14_dumps_writes_nothing_that_loads_refuses(value: object) -> None:
    with pytest.raises(ProtocolFault) as caught:
        dumps(value)

    assert caught.value.kind == "parse_error"
