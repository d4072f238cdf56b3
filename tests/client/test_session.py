"""The client's session without any network: bytes in, answers and events out."""

import json

import pytest
from hypothesis import given, strategies as st

from nimsg.client.session import ClientSession
from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import limit
from nimsg.protocol.envelope import Answer, ServerEvent
from nimsg.protocol.framing import FOREIGN, encode_frame
from tests.support.examples import few
from tests.support.fakeserver import event, frame, hello, refusal, result
from tests.support.faults import fault_of


def greeted() -> ClientSession:
    session = ClientSession()
    session.receive(hello())
    return session


def test_s3_16_requests_are_numbered_frames() -> None:
    session = greeted()
    first, data = session.request("mail.status", {"id": "x"})
    second, _ = session.request("mail.status", {"id": "x"})

    assert first != second
    assert json.loads(data[4:]) == {
        "jsonrpc": "2.0",
        "id": first,
        "method": "mail.status",
        "params": {"id": "x"},
    }


def test_s1_17_answers_are_matched_by_id_in_any_order() -> None:
    session = greeted()
    first, _ = session.request("a", {})
    second, _ = session.request("b", {})
    answers = session.receive(result(second, {"n": 2}) + result(first, {"n": 1}))

    assert answers == [Answer(second, {"n": 2}, None), Answer(first, {"n": 1}, None)]


def test_s4_3_the_hello_is_kept() -> None:
    session = ClientSession()
    (said,) = session.receive(hello(auth="password"))

    assert isinstance(said, ServerEvent)
    assert session.hello["auth"] == "password"


@given(st.lists(st.integers(1, 40), max_size=40))
@few
def test_s4_16_it_matters_not_how_the_stream_is_cut(cuts: list[int]) -> None:
    session = ClientSession()
    id_, _ = session.request("a", {})
    stream = hello() + result(id_, {"n": 1}) + event("closing", {"reason": "shutdown"})
    got = []
    for size in cuts:
        chunk, stream = stream[:size], stream[size:]
        got += session.receive(chunk)
    got += session.receive(stream)

    assert [type(message) for message in got] == [ServerEvent, Answer, ServerEvent]
    assert session.closing == "shutdown"


@pytest.mark.parametrize("reason", [None, 5, ["x"], {"a": 1}])
def test_term_4_a_closing_without_a_reason_still_closes(reason: object) -> None:
    session = greeted()
    session.receive(event("closing", {"reason": reason}))

    assert session.closing == "unknown"


def test_an_event_of_a_later_release_is_passed_on() -> None:
    (said,) = greeted().receive(event("weather", {"sun": True}))

    assert said == ServerEvent("weather", {"sun": True})


def test_the_stream_may_end_between_frames_only() -> None:
    greeted().end()
    session = greeted()
    session.receive(hello()[:7])

    with pytest.raises(ProtocolFault) as caught:
        session.end()

    assert caught.value.kind == "truncated_frame"


def broken(*messages: bytes) -> ProtocolFault:
    """The fault that a greeted session with request 1 finds in these bytes."""
    session = greeted()
    session.request("a", {})
    with pytest.raises(ProtocolFault) as caught:
        session.receive(b"".join(messages))
    return caught.value


def answer(**members: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, **members}


def error(**members: object) -> dict[str, object]:
    return answer(error={"code": 1, **members})


NEITHER: list[object] = [
    *(None, True, 1, "x", [], {}, {"jsonrpc": "1.0"}, {"jsonrpc": "2.0"}),
    *(answer(), answer(result=None), answer(result=1), answer(result="x")),
    *(answer(result=[]), answer(id=None, result={}), answer(id="1", result={})),
    *(answer(id=1.5, result={}), answer(id=True, result={}), answer(id=[], result={})),
    *(answer(method=None), answer(method=1), answer(method=[], params={})),
    *(answer(method="x", params=None), answer(method="x", params="x")),
    *(answer(error=None), answer(error=1), answer(error="x"), answer(error=[])),
    *(error(), error(message="no"), error(data={"kind": "x"})),
    *(error(message="no", data={"kind": 1}), error(message=1, data={"kind": "x"})),
]


@pytest.mark.parametrize("message", NEITHER)
def test_term_4_what_is_neither_answer_nor_event_is_a_fault(message: object) -> None:
    assert broken(frame(message)).kind in ("invalid_request", "parse_error")


def test_term_4_an_answer_nobody_asked_for_is_a_fault() -> None:
    assert "nobody asked" in str(broken(result(2, {})))
    assert "nobody asked" in str(broken(refusal(77, "busy")))


def test_term_4_a_second_answer_to_one_request_is_a_fault() -> None:
    assert "nobody asked" in str(broken(result(1, {}), result(1, {})))


def test_term_4_a_second_hello_is_a_fault() -> None:
    assert broken(hello()).kind == "invalid_request"


@pytest.mark.parametrize("versions", [[], [2], [0, 2], "1", 1, None, ["1"], {"1": 1}])
def test_term_4_a_server_of_another_version_is_named(versions: object) -> None:
    session = ClientSession()
    with pytest.raises(ProtocolFault, match="use a client of its release"):
        session.receive(hello(versions=versions))

    assert session.hello == {}


def test_sec_1_a_length_beyond_the_limit_is_refused_before_its_bytes_come() -> None:
    most = limit("frame_bytes")

    assert broken((most + 1).to_bytes(4, "big")).kind == "frame_too_large"
    assert broken((2**31).to_bytes(4, "big")).kind == "frame_too_large"
    assert broken(bytes(4)).kind == "invalid_request"
    assert greeted().receive(most.to_bytes(4, "big")) == []


@pytest.mark.parametrize(
    ("header", "name"),
    [*FOREIGN.items(), (b"\x16\x03\x01\x02", "TLS"), (b"220 ", "text")],
)
def test_s3_15_a_foreign_server_is_named(header: bytes, name: str) -> None:
    with pytest.raises(ProtocolFault) as caught:
        ClientSession().receive(header)

    assert caught.value.kind == "foreign_protocol"
    assert caught.value.data == {"looks_like": name}


@given(st.binary(max_size=300))
@few
def test_t11_any_bytes_are_answers_or_a_typed_fault(data: bytes) -> None:
    session = greeted()
    fault = fault_of(lambda: session.receive(data))

    assert fault is None or str(fault)


@given(st.binary(max_size=300))
@few
def test_t11_any_payload_is_an_answer_or_a_typed_fault(payload: bytes) -> None:
    session = greeted()
    fault = fault_of(lambda: session.receive(encode_frame(payload or b"x")))

    assert fault is None or str(fault)
