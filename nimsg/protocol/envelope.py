"""The JSON-RPC 2.0 members around every request, answer and event, client side."""

from nimsg.errors import ProtocolFault, Refusal
from nimsg.protocol.answer import (
    Answer as Answer,
    JsonObject,
    ServerEvent as ServerEvent,
)
from nimsg.protocol.strict import dumps, loads


# Of what a server says to people; nobody reads more of it.
SAID_CHARS = 500


def encode_request(id: int, method: str, params: JsonObject) -> bytes:  # noqa: A002
    """The payload of one request."""
    return dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params})


def decode_from_server(payload: bytes) -> Answer | ServerEvent:
    """Read what a server sent.

    Raises `ProtocolFault` where it is neither an answer nor an event: a client
    trusts a server no more than the reverse.
    """
    message = loads(payload)
    if message.get("jsonrpc") != "2.0":
        raise _fault('a message without "jsonrpc": "2.0"')
    if "method" in message:
        return _event(message)
    id_ = message.get("id")
    if id_ is not None and type(id_) is not int:
        raise _fault("an answer whose id is no integer")
    if "error" in message:
        return Answer(id_, {}, _refusal(message["error"]))
    result = message.get("result")
    if id_ is None or not isinstance(result, dict):
        raise _fault("an answer without id and result")
    return Answer(id_, result, None)


def _event(message: JsonObject) -> ServerEvent:
    method, params = message["method"], message.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise _fault("an event that is none")
    return ServerEvent(method, params)


def _refusal(error: object) -> Refusal:
    if not isinstance(error, dict):
        raise _fault("an error that is no object")
    data = error.get("data")
    if not isinstance(data, dict):
        raise _fault("an error without data")
    kind, detail = data.get("kind"), error.get("message")
    if not isinstance(kind, str) or not isinstance(detail, str) or not kind:
        raise _fault("an error without kind and message")
    facts = {key: value for key, value in data.items() if key != "kind"}
    return Refusal(kind[:SAID_CHARS], detail[:SAID_CHARS], facts)


def _fault(why: str) -> ProtocolFault:
    return ProtocolFault("invalid_request", f"the server sent {why}", fatal=True)
