"""What the server encodes with msgspec, the client reads with the standard json."""

import msgspec
import pytest

from nimsg.errors import KINDS, ProtocolFault, Refusal
from nimsg.protocol import codec, envelope, framing, methods, results
from nimsg.protocol.constants import CopyState, limit
from tests.support.results_table import EVENTS, RESULTS, TEXT


def from_server(frame: bytes) -> envelope.Answer | envelope.ServerEvent:
    (payload,) = framing.FrameDecoder(limit("frame_bytes")).feed(frame)
    return envelope.decode_from_server(payload)


def refusal_of(frame: bytes) -> Refusal:
    got = from_server(frame)
    assert isinstance(got, envelope.Answer)
    assert got.refusal is not None
    return got.refusal


def test_s2_7_the_tables_hold_every_result_and_every_event() -> None:
    seen = {type(value) for value in RESULTS}
    seen |= {type(value) for values in EVENTS.values() for value in values}

    assert EVENTS.keys() == methods.EVENTS.keys()
    assert seen == set(results.Result.__subclasses__())
    assert all({type(v) for v in EVENTS[n]} == {methods.EVENTS[n][0]} for n in EVENTS)


@pytest.mark.parametrize("result", RESULTS, ids=lambda value: type(value).__name__)
def test_s2_7_a_result_arrives_as_it_left(result: results.Result) -> None:
    got = from_server(codec.encode_answer(2**53, result))

    assert isinstance(got, envelope.Answer)
    assert (got.id, got.refusal) == (2**53, None)
    assert got.result == msgspec.to_builtins(result)
    assert msgspec.convert(got.result, type(result)) == result


@pytest.mark.parametrize(
    ("name", "params"),
    [(name, value) for name in EVENTS for value in EVENTS[name]],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_s2_7_an_event_arrives_as_it_left(name: str, params: results.Result) -> None:
    got = from_server(codec.encode_event(name, params))

    assert isinstance(got, envelope.ServerEvent)
    assert got.method == name
    assert msgspec.convert(got.params, methods.EVENTS[name][0]) == params


@pytest.mark.parametrize("kind", KINDS)
def test_s1_4_every_kind_of_refusal_arrives_as_it_left(kind: str) -> None:
    sent = Refusal(kind, TEXT, {"user": "bob", "n": 2**53, "rows": [{"kind": "x"}]})

    for id_ in (None, 0, 7):
        got = from_server(codec.encode_refusal(id_, sent))

        assert isinstance(got, envelope.Answer)
        assert got.id == id_
        assert got.refusal is not None
        assert (got.refusal.kind, got.refusal.detail) == (kind, TEXT)
        assert (got.refusal.data, got.refusal.exit) == (sent.data, KINDS[kind].exit)


@pytest.mark.parametrize("kind", KINDS)
def test_s1_4_a_refusal_says_its_own_text_where_nothing_better_is_known(
    kind: str,
) -> None:
    assert refusal_of(codec.encode_refusal(1, Refusal(kind))).detail == KINDS[kind].text


def test_s1_4_a_refusal_carries_the_code_of_its_kind() -> None:
    frame = codec.encode_refusal(1, ProtocolFault("parse_error", fatal=False))

    assert b'"code":-32700,' in frame


def test_n1_a_receipt_leaves_out_what_is_not_known() -> None:
    stored = results.Receipt("bob", CopyState.STORED)

    assert msgspec.to_builtins(stored) == {"user": "bob", "state": "stored"}
