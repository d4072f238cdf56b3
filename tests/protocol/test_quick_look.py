"""The quick look at a request lets nothing pass that the strict reading refuses."""

import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import example, given, strategies as st
from msgspec import inspect

from nimsg.errors import ProtocolFault
from nimsg.protocol import codec, strict
from nimsg.protocol.constants import limit
from nimsg.protocol.methods import METHODS, Activity
from tests.support.examples import few
from tests.support.faults import fault_of
from tests.support.json_corners import BROKEN, PLACES, SOUND
from tests.support.requests_table import MINIMAL


ACTIVE = sorted(
    name for name, row in METHODS.items() if row.activity is Activity.ACTIVE
)
INTEGER_MAX = limit("integer_max")
CORNERS = [
    corner
    for corner in (*BROKEN.values(), *(sound.text for sound in SOUND.values()))
    if len(corner) < 10_000
]
SPACE = st.sampled_from(["", "", " ", "\n\t", "\r "])
# Keys and texts that look like keys, colons and ends of strings.
TEXTS = st.sampled_from(
    ["to", "body", "params", "id", '"', '":', '"body" :', "\\", '\\"', ',"id":1', "é😀"]
) | st.text(st.characters(codec="utf-8"), max_size=12)


def one_by_one(text: str) -> str:
    """A string of nothing but escapes."""
    units = text.encode("utf-16-be")
    pairs = zip(units[::2], units[1::2], strict=True)
    return '"' + "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs) + '"'


@st.composite
def spelled(draw: st.DrawFn, text: str) -> str:
    """A string, in one of the ways it can be written."""
    ways = (
        json.dumps(text),
        json.dumps(text, ensure_ascii=False),
        one_by_one(text),
        json.dumps(text).replace("/", "\\/"),
    )
    return draw(st.sampled_from(ways))


@st.composite
def written(draw: st.DrawFn, value: object) -> str:
    """A value as somebody may write it: white space, escapes, keys that stand twice."""
    space = draw(SPACE)
    if isinstance(value, dict):
        items = list(value.items())
        if items and draw(st.integers(0, 5)) == 0:
            items.append(draw(st.sampled_from(items)))
        members = [
            f"{draw(spelled(key))}{space}:{space}{draw(written(item))}"
            for key, item in items
        ]
        return "{" + space + f"{space},".join(members) + space + "}"
    if isinstance(value, list):
        return "[" + f",{space}".join(draw(written(item)) for item in value) + "]"
    if isinstance(value, str):
        return draw(spelled(value))
    return json.dumps(value)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Requests of methods that change something, written in any way."""
    method = draw(st.sampled_from([*ACTIVE, *["mail.send"] * 20]))
    params = dict(MINIMAL[method])
    if method == "mail.send":
        params |= {
            "to": draw(st.lists(TEXTS, min_size=1, max_size=3)),
            "subject": draw(TEXTS),
            "body": draw(TEXTS),
            "reply_to": draw(st.sampled_from([None, "x", 7])),
        }
    id_ = draw(st.integers(0, 2**53 + 2))
    whole = {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}
    order = draw(st.permutations(list(whole)))
    return draw(written({key: whole[key] for key in order})).encode()


def typed(payload: bytes) -> None:
    """What is refused though it may be strict JSON."""
    envelope = codec.decode_envelope(payload)
    codec.PARAMS[envelope.method].decode(envelope.params)


def check_agrees(payload: bytes) -> None:
    """The codec takes what the types and the strict reading take, and nothing else."""
    full = fault_of(lambda: strict.loads(payload))
    try:
        typed(payload)
    except (ProtocolFault, msgspec.MsgspecError, KeyError, ValueError):
        return
    quick = fault_of(
        lambda: codec.decode_params(codec.decode_envelope(payload), payload)
    )

    assert (quick and quick.detail) == (full and full.detail)
    assert not (full and codec.surely_strict(payload))


@few
@given(requests())
@example(
    b'{"jsonrpc":"2.0","id":1,"method":"block.add","params":{"user":"a","user":"a"}}'
)
@example(b'{"jsonrpc":"2.0","id":1,"method":"block.add","params":{"user":"a"},"id":1}')
@example(
    b'{"jsonrpc":"2.0","id":1,"method":"block.add",'
    b'"params":{"user":"b","\\u0075ser" :"a"}}'
)
@example(
    b'{"jsonrpc":"2.0","id":1,"method":"block.add",'
    b'"params":123456789012345678901234567890,"params":{"user":"a"}}'
)
@example(
    b'{"jsonrpc":"2.0","id":1,"method":"block.add",'
    b'"params":"\\ud800\xff","params":{"user":"a"}}'
)
def test_sec_14_the_quick_look_and_the_strict_reading_agree(payload: bytes) -> None:
    check_agrees(payload)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_t12_the_quick_look_passes_no_corner(place: bytes) -> None:
    for corner in CORNERS:
        check_agrees(place % corner)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("name", ACTIVE)
def test_what_clients_usually_write_needs_no_second_reading(
    name: str, separators: tuple[str, str]
) -> None:
    whole = {"jsonrpc": "2.0", "id": 7, "method": name, "params": MINIMAL[name]}
    text = json.dumps(whole, ensure_ascii=False, separators=separators)

    assert codec.surely_strict(text.encode())


def parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    """What a type is made of."""
    match kind:
        case inspect.StructType(fields=fields):
            yield from (field.type for field in fields)
        case inspect.ListType(item_type=item):
            yield item
        case inspect.UnionType(types=types):
            yield from types
        case _:
            pass


def depth(kind: inspect.Type) -> int:
    """How deep a value of a type nests; what is not known is as good as endless."""
    assert isinstance(
        kind,
        inspect.StructType
        | inspect.ListType
        | inspect.UnionType
        | inspect.StrType
        | inspect.IntType
        | inspect.BoolType
        | inspect.EnumType
        | inspect.NoneType,
    )
    if isinstance(kind, inspect.IntType):
        assert kind.ge is not None
        assert kind.le is not None
        assert -INTEGER_MAX <= kind.ge <= kind.le <= INTEGER_MAX
    if isinstance(kind, inspect.StructType):
        assert kind.forbid_unknown_fields
    nests = isinstance(kind, inspect.StructType | inspect.ListType)
    return nests + max((depth(part) for part in parts(kind)), default=0)


@pytest.mark.parametrize("name", ACTIVE)
def test_sec_1_the_types_bound_depth_and_integers(name: str) -> None:
    envelope_depth = 1

    assert envelope_depth + depth(inspect.type_info(METHODS[name].params)) < limit(
        "json_depth"
    )


@pytest.mark.parametrize(
    "payload", [b"{", b"\xff", b'"\\ud800"', b"1e999", b"[" * 100_000]
)
def test_sec_1_a_quick_look_at_what_cannot_be_read_shows_nothing(
    payload: bytes,
) -> None:
    assert not codec.surely_strict(payload)
