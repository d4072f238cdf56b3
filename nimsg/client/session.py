"""The client's side of a connection without any input or output: bytes to answers."""

from nimsg.errors import ProtocolFault
from nimsg.protocol.connection import Connection, Event
from nimsg.protocol.constants import PROTOCOL_VERSION, limit
from nimsg.protocol.envelope import (
    SAID_CHARS,
    Answer,
    ServerEvent,
    decode_from_server,
    encode_request,
)
from nimsg.protocol.framing import FrameDecoder, encode_frame
from nimsg.protocol.strict import JsonObject


class ClientSession:
    """Numbers requests, cuts the stream, matches answers. Any shell can drive it."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder(limit("frame_bytes"))
        self._connection = Connection()
        self._next_id = 1
        self._waiting: set[int] = set()
        self.hello: JsonObject = {}
        self.closing = ""

    def request(self, method: str, params: JsonObject) -> tuple[int, bytes]:
        """The id of a new request, and the bytes to send for it."""
        id_ = self._next_id
        self._next_id += 1
        self._waiting.add(id_)
        return id_, encode_frame(encode_request(id_, method, params))

    def receive(self, data: bytes) -> list[Answer | ServerEvent]:
        """What these bytes complete: answers to what was asked, and events.

        Raises `ProtocolFault` where the server breaks the protocol.
        """
        return [self._take(payload) for payload in self._decoder.feed(data)]

    def end(self) -> None:
        """The stream has ended. Raises `ProtocolFault` inside a frame."""
        self._connection.fire(Event.CLOSE)
        self._decoder.end()

    def _take(self, payload: bytes) -> Answer | ServerEvent:
        message = decode_from_server(payload)
        if isinstance(message, ServerEvent):
            self._note(message)
        elif message.id is not None:
            if message.id not in self._waiting:
                raise ProtocolFault(
                    "invalid_request",
                    "the server answered what nobody asked",
                    fatal=True,
                )
            self._waiting.discard(message.id)
        return message

    def _note(self, event: ServerEvent) -> None:
        if event.method == "hello":
            self._connection.fire(Event.HELLO)
            versions = event.params.get("versions")
            if not isinstance(versions, list) or PROTOCOL_VERSION not in versions:
                raise ProtocolFault(
                    "invalid_request",
                    f"the server speaks versions {versions!s:.100} of the protocol, "
                    f"and this client version {PROTOCOL_VERSION}; use a client of its "
                    "release",
                    fatal=True,
                )
            self.hello = event.params
        elif event.method == "closing":
            reason = event.params.get("reason")
            self.closing = reason[:SAID_CHARS] if isinstance(reason, str) else "unknown"
