"""The client's side of the envelope: a server is trusted no more than a client."""

import json

import pytest
from hypothesis import given, strategies as st

from nimsg.errors import KINDS, Exit, ProtocolFault
from nimsg.protocol.envelope import (
    Answer,
    ServerEvent,
    decode_from_server,
    encode_request,
)
from tests.support.examples import many
from tests.support.json_corners import BROKEN, TYPES


REFUSED = {"code": -32030, "message": "no", "data": {"kind": "not_found", "id": "x"}}


def answer(**members: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, **members}).encode()


def event(**members: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **members}).encode()


def read_answer(payload: bytes) -> Answer:
    got = decode_from_server(payload)
    assert isinstance(got, Answer)
    return got


HOSTILE: dict[str, bytes] = {
    "no version": b'{"id":1,"result":{}}',
    "another version": b'{"jsonrpc":"1.0","id":1,"result":{}}',
    "a version that is a number": b'{"jsonrpc":2.0,"id":1,"result":{}}',
    "neither result nor error": answer(),
    "a result without an id": b'{"jsonrpc":"2.0","result":{}}',
    "a result whose id is null": answer(id=None, result={}),
    "an id that is a string": answer(id="1", result={}),
    "an id that is a real": answer(id=1.0, result={}),
    "an id that is true": answer(id=True, result={}),
    "an id that is a list": answer(id=[1], result={}),
    "an error whose id is a string": answer(id="1", error=REFUSED),
    "a result that is null": answer(result=None),
    "a result that is a list": answer(result=[]),
    "a result that is a string": answer(result="x"),
    "an error that is null": answer(error=None),
    "an error that is a string": answer(error="x"),
    "an error that is a list": answer(error=[]),
    "an error without data": answer(error={"code": 1, "message": "no"}),
    "an error whose data is null": answer(error={**REFUSED, "data": None}),
    "an error whose data is a list": answer(error={**REFUSED, "data": ["kind"]}),
    "an error without a kind": answer(error={**REFUSED, "data": {}}),
    "an error whose kind is a number": answer(error={**REFUSED, "data": {"kind": 1}}),
    "an error without a message": answer(error={"data": {"kind": "x"}}),
    "an error whose message is a list": answer(error={**REFUSED, "message": []}),
    "an event whose method is a number": event(method=1, params={}),
    "an event whose method is null": event(method=None),
    "an event whose parameters are a list": event(method="hello", params=[]),
    "an event whose parameters are null": event(method="hello", params=None),
    "a list of answers": b'[{"jsonrpc":"2.0","id":1,"result":{}}]',
    "a key that stands twice": b'{"jsonrpc":"2.0","id":1,"id":2,"result":{}}',
    "a number that is none": b'{"jsonrpc":"2.0","id":1,"result":{"new":1e999}}',
    "a lone surrogate": rb'{"jsonrpc":"2.0","id":1,"result":{"user":"\ud800"}}',
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_term_4_a_hostile_message_is_a_protocol_fault(payload: bytes) -> None:
    with pytest.raises(ProtocolFault) as caught:
        decode_from_server(payload)

    assert caught.value.exit is Exit.PROTOCOL


@pytest.mark.parametrize("corner", BROKEN.values(), ids=BROKEN)
def test_t12_a_broken_value_from_a_server_is_a_protocol_fault(corner: bytes) -> None:
    with pytest.raises(ProtocolFault):
        decode_from_server(b'{"jsonrpc":"2.0","id":1,"result":{"a":%s}}' % corner)


@pytest.mark.parametrize("type_", TYPES)
def test_t12_every_type_at_the_top_is_a_protocol_fault(type_: str) -> None:
    with pytest.raises(ProtocolFault):
        decode_from_server(TYPES[type_])


def test_s3_16_a_result_is_an_answer() -> None:
    assert read_answer(answer(id=7, result={"a": 1})) == Answer(7, {"a": 1}, None)


def test_s3_16_an_event_has_a_method_and_no_id() -> None:
    got = decode_from_server(event(method="closing", params={"reason": "logout"}))

    assert got == ServerEvent("closing", {"reason": "logout"})
    assert decode_from_server(event(method="x")) == ServerEvent("x", {})


def test_s3_16_a_refusal_is_raised_again_with_its_facts() -> None:
    got = read_answer(answer(error=REFUSED))

    assert (got.id, got.result) == (1, {})
    assert got.refusal is not None
    assert (got.refusal.kind, got.refusal.detail) == ("not_found", "no")
    assert got.refusal.data == {"id": "x"}
    assert got.refusal.exit is Exit.REFUSED


def test_s3_16_a_refusal_of_what_had_no_id_has_none_either() -> None:
    assert read_answer(answer(id=None, error=REFUSED)).id is None


def test_a_kind_of_a_newer_server_is_an_ordinary_refusal() -> None:
    data = {"kind": "tomorrow", "n": 1}
    got = read_answer(answer(error={"code": 1, "message": "wait", "data": data}))

    assert "tomorrow" not in KINDS
    assert got.refusal is not None
    assert (got.refusal.kind, got.refusal.exit) == ("tomorrow", Exit.REFUSED)
    assert (got.refusal.detail, got.refusal.data) == ("wait", {"n": 1})


def test_members_of_a_newer_server_are_passed_over() -> None:
    assert read_answer(answer(result={"later": 1}, later=2)).result == {"later": 1}


def test_s2_7_a_request_has_four_members_and_named_parameters() -> None:
    assert encode_request(3, "mail.ack", {"id": "x"}) == (
        b'{"jsonrpc":"2.0","id":3,"method":"mail.ack","params":{"id":"x"}}'
    )


def test_s0_18_the_client_encodes_no_lone_surrogate() -> None:
    with pytest.raises(ProtocolFault):
        encode_request(3, "mail.send", {"body": "\udcff"})


@many
@given(
    st.dictionaries(
        st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error"]),
        st.sampled_from(["2.0", 1, None, True, {}, [], "x", REFUSED, {"data": {}}]),
    )
)
def test_t11_any_object_is_read_or_is_a_protocol_fault(
    members: dict[str, object],
) -> None:
    payload = json.dumps({"jsonrpc": "2.0", **members}).encode()

    try:
        got = decode_from_server(payload)
    except ProtocolFault:
        return
    assert isinstance(got, Answer | ServerEvent)
    if isinstance(got, Answer) and got.refusal is None:
        assert type(got.id) is int
