"""The server's codec: it refuses what the strict one refuses, and more."""

import pytest
from msgspec import Raw

from nimsg.errors import ProtocolFault
from nimsg.protocol import codec, envelope, framing, strict
from nimsg.protocol.methods import METHODS, Activity
from nimsg.protocol.requests import ListMail, Send
from tests.support.json_corners import BROKEN, PLACES, SOUND, TRAILING, TYPES, Sound
from tests.support.requests_table import MINIMAL, request, request_with


ANY_REFUSAL = {"parse_error", "invalid_request", "invalid_params", "method_not_found"}
WHOLE = request("mail.send", MINIMAL["mail.send"])


def decode(payload: bytes) -> codec.Request:
    return codec.decode_params(codec.decode_envelope(payload), payload)


def kind_of(payload: bytes) -> str:
    with pytest.raises(ProtocolFault) as caught:
        decode(payload)
    assert not caught.value.fatal
    return caught.value.kind


@pytest.mark.parametrize("corner", BROKEN.values(), ids=BROKEN)
def test_t12_both_codecs_refuse_a_broken_value(corner: bytes) -> None:
    for place in PLACES.values():
        payload = place % corner

        assert kind_of(payload) in ANY_REFUSAL
        with pytest.raises(ProtocolFault):
            strict.loads(payload)


@pytest.mark.parametrize("corner", SOUND.values(), ids=SOUND)
def test_t12_both_codecs_take_a_sound_value(corner: Sound) -> None:
    text = isinstance(corner.value, str)
    payload = PLACES["a text, active"] % corner.text

    assert strict.loads(payload)
    if text:
        params = decode(payload).params
        assert isinstance(params, Send)
        assert params.subject == corner.value
    else:
        assert kind_of(payload) == "invalid_params"


@pytest.mark.parametrize("after", TRAILING.values(), ids=TRAILING)
def test_t12_both_codecs_refuse_trailing_bytes(after: bytes) -> None:
    assert kind_of(WHOLE + after) == "parse_error"
    with pytest.raises(ProtocolFault):
        strict.loads(WHOLE + after)


def test_t12_white_space_around_a_request_is_taken_by_both() -> None:
    payload = b" \r\n\t" + WHOLE + b"\n "

    assert strict.loads(payload)
    assert decode(payload) == decode(WHOLE)


@pytest.mark.parametrize("name", TYPES)
def test_t12_every_type_at_the_top_is_refused_by_the_server(name: str) -> None:
    assert kind_of(TYPES[name]) == "invalid_request"


@pytest.mark.parametrize(
    "payload", [b"\xef\xbb\xbf" + WHOLE, WHOLE.decode().encode("utf-16")]
)
def test_t12_other_encodings_are_refused_by_both(payload: bytes) -> None:
    assert kind_of(payload) == "parse_error"
    with pytest.raises(ProtocolFault):
        strict.loads(payload)


def test_t12_the_connection_lives_on_after_every_corner() -> None:
    corners = [
        place % corner for place in PLACES.values() for corner in BROKEN.values()
    ]
    small = [corner for corner in corners if 0 < len(corner) <= 1_048_576]
    decoder = framing.FrameDecoder(1_048_576)

    for corner in small:
        broken, whole = decoder.feed(
            framing.encode_frame(corner) + framing.encode_frame(WHOLE)
        )
        assert kind_of(broken) in ANY_REFUSAL
        assert decode(whole).method.name == "mail.send"


@pytest.mark.parametrize(
    ("id_", "taken"),
    [
        (b"0", True),
        (b"-0", True),
        (b"9007199254740992", True),
        (b"9007199254740993", False),
        (b"-1", False),
        (b"1.0", False),
        (b"1.5", False),
        (b"1e2", False),
        (b'"1"', False),
        (b"true", False),
        (b"null", False),
        (b"[1]", False),
        (b"{}", False),
    ],
)
def test_s1_5_an_id_is_an_integer_from_0_to_2_53(id_: bytes, taken: bool) -> None:
    payload = PLACES["the id"] % id_

    if taken:
        assert decode(payload).id == int(id_)
    else:
        assert kind_of(payload) == "invalid_request"


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b'{"id":1,"method":"session.ping"}',
        b'{"jsonrpc":"2.0","method":"session.ping"}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"1.0","id":1,"method":"session.ping"}',
        b'{"jsonrpc":2.0,"id":1,"method":"session.ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":7}',
        b'{"jsonrpc":"2.0","id":1,"method":"session.ping","extra":1}',
        b'{"jsonrpc":"2.0","id":1,"result":{}}',
        b'[{"jsonrpc":"2.0","id":1,"method":"session.ping"}]',
    ],
)
def test_sec_14_what_is_no_request_is_refused(payload: bytes) -> None:
    assert kind_of(payload) == "invalid_request"


def test_s3_23_an_unknown_method_is_named_and_cut() -> None:
    with pytest.raises(ProtocolFault) as caught:
        decode(request("x" * 3000, {}))

    assert caught.value.kind == "method_not_found"
    assert caught.value.data == {"method": "x" * 64}
    assert not caught.value.fatal


@pytest.mark.parametrize("name", METHODS)
def test_sec_14_a_key_that_stands_twice_is_refused_in_active_methods(name: str) -> None:
    once = request(name, MINIMAL[name])
    twice = once[:-1] + b',"id":1}'

    assert decode(once).id == 1
    if METHODS[name].activity is Activity.ACTIVE:
        assert kind_of(twice) == "parse_error"
    else:
        assert decode(twice) == decode(once)


def test_sec_14_a_parameter_that_stands_twice_is_refused_in_active_methods() -> None:
    assert (
        kind_of(request_with("auth.begin", b'{"user":"a","user":"b"}')) == "parse_error"
    )

    params = decode(request_with("mail.list", b'{"limit":1,"limit":2}')).params

    assert isinstance(params, ListMail)
    assert params.limit == 2


@pytest.mark.parametrize("params", [b"[" * 200_000, b"[}", b'{"user":"\xff"}'])
def test_sec_1_parameters_are_not_trusted_to_have_been_scanned(params: bytes) -> None:
    unscanned = codec.Envelope("2.0", 1, "auth.begin", Raw(params))

    with pytest.raises(ProtocolFault):
        codec.decode_params(unscanned, b"{}")


def test_sec_1_depth_beyond_the_stack_is_a_parse_error() -> None:
    deep = b'{"jsonrpc":"2.0","id":1,"method":"auth.begin","params":%s}'

    assert kind_of(deep % (b"[" * 500_000)) == "parse_error"


@pytest.mark.parametrize("name", MINIMAL)
def test_s2_7_what_the_client_encodes_the_server_decodes(name: str) -> None:
    payload = envelope.encode_request(42, name, MINIMAL[name])

    got = decode(payload)

    assert (got.id, got.method) == (42, METHODS[name])
    assert type(got.params) is METHODS[name].params
