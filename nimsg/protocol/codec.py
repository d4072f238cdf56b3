"""The server's side of the envelope: requests in, answers and events out."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from nimsg.errors import KINDS, ProtocolFault, Refusal
from nimsg.protocol import strict
from nimsg.protocol.framing import encode_frame
from nimsg.protocol.methods import METHODS, Activity, Method
from nimsg.protocol.packed import PackedPage
from nimsg.protocol.requests import INTEGER_MAX, Params
from nimsg.protocol.results import Result


RequestId = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
EMPTY = Raw(b"{}")
WHY_CHARS = 200


class Envelope(Struct, frozen=True, forbid_unknown_fields=True):
    """The members of a JSON-RPC 2.0 request (its section 4); `id` is required."""

    jsonrpc: Literal["2.0"]
    id: RequestId
    method: str
    params: Raw = EMPTY


class Request(Struct, frozen=True):
    """One request, decoded and checked against its row."""

    id: int
    method: Method
    params: Params


class _Answer(Struct, frozen=True):
    id: int
    result: Result | PackedPage
    jsonrpc: str = "2.0"


class _Event(Struct, frozen=True):
    method: str
    params: Result
    jsonrpc: str = "2.0"


ENVELOPE = msgspec.json.Decoder(Envelope)
PARAMS = {row.name: msgspec.json.Decoder(row.params) for row in METHODS.values()}
ENCODER = msgspec.json.Encoder()
ANYTHING = msgspec.json.Decoder()
COMPACT = -1


def decode_envelope(payload: bytes) -> Envelope:
    """The envelope of one request.

    Raises `ProtocolFault` with `parse_error` where the payload is no JSON and
    `invalid_request` where it is no request.
    """
    try:
        return ENVELOPE.decode(payload)
    except msgspec.ValidationError as error:
        raise ProtocolFault("invalid_request", _why(error), fatal=False) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _parse_error(error) from None
    except RecursionError:
        raise _parse_error("nested too deeply") from None


def decode_params(envelope: Envelope, payload: bytes) -> Request:
    """The request in an envelope, its parameters typed.

    Raises `ProtocolFault` with `method_not_found`, `invalid_params`, or for an
    active method `parse_error` where the payload is JSON of two readings.
    """
    method = METHODS.get(envelope.method)
    if method is None:
        raise ProtocolFault(
            "method_not_found",
            data={"method": envelope.method[:64]},
            fatal=False,
        )
    try:
        params = PARAMS[method.name].decode(envelope.params)
    except msgspec.ValidationError as error:
        raise ProtocolFault("invalid_params", _why(error), fatal=False) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _parse_error(error) from None
    if method.activity is Activity.ACTIVE and not surely_strict(payload):
        strict.loads(payload)
    return Request(envelope.id, method, params)


def surely_strict(payload: bytes) -> bool:
    """Whether a quick look at a decoded request shows that it is strict JSON.

    Then it is, but for white space, what would be written of its value: a key that
    stands twice would be written once. Types bound its depth and its integers.
    """
    try:
        written = ENCODER.encode(ANYTHING.decode(payload))
        return written in (payload, msgspec.json.format(payload, indent=COMPACT))
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return False


def encode_answer(
    id: int,  # noqa: A002 - the wire's name
    result: Result | PackedPage,
) -> bytes:
    """The frame of a result."""
    return encode_frame(ENCODER.encode(_Answer(id, result)))


def encode_refusal(id: int | None, refusal: Refusal) -> bytes:  # noqa: A002
    """The frame of an error answer; `id` is null where the request had none."""
    kind = KINDS[refusal.kind]
    error = {
        "code": kind.code,
        "message": refusal.detail,
        "data": {"kind": refusal.kind, **refusal.data},
    }
    return encode_frame(ENCODER.encode({"jsonrpc": "2.0", "id": id, "error": error}))


def encode_event(method: str, params: Result) -> bytes:
    """The frame of an event."""
    return encode_frame(ENCODER.encode(_Event(method, params)))


def _why(error: Exception) -> str:
    """What an error says. It may name what the peer has sent, of any length."""
    return str(error)[:WHY_CHARS]


def _parse_error(why: object) -> ProtocolFault:
    return ProtocolFault("parse_error", f"not strict JSON: {why}", fatal=False)
