"""Frames: a 4-byte big-endian length, then so many bytes of payload."""

from collections.abc import Iterator

from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import HEADER_BYTES


# First bytes of what people point at a port by mistake. Read as a length each of
# them is above every limit, so a frame of ours is never taken for one.
FOREIGN: dict[bytes, str] = {
    b"GET ": "HTTP",
    b"HEAD": "HTTP",
    b"POST": "HTTP",
    b"PUT ": "HTTP",
    b"DELE": "HTTP",
    b"OPTI": "HTTP",
    b"PATC": "HTTP",
    b"CONN": "HTTP",
    b"PRI ": "HTTP/2",
    b"HTTP": "HTTP",
    b"SSH-": "SSH",
    b"EHLO": "SMTP",
    b"HELO": "SMTP",
    b"NICK": "IRC",
    b"USER": "IRC",
    b"CAP ": "IRC",
    b"<?xm": "XMPP",
    b"<str": "XMPP",
}
TLS_HANDSHAKE = b"\x16\x03"
TEXT_BYTES = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}


def encode_frame(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


def frame_length(header: bytes, limit: int) -> int:
    """The payload's length in bytes, read from four header bytes.

    Raises a fatal `ProtocolFault` where it is above `limit` or zero, naming the
    protocol the bytes look like when they look like one.
    """
    length = int.from_bytes(header, "big")
    if 0 < length <= limit:
        return length
    foreign = foreign_protocol(header)
    if foreign:
        raise ProtocolFault(
            "foreign_protocol",
            f"this port speaks nimsg frames, and this looks like {foreign}",
            {"looks_like": foreign},
            fatal=True,
        )
    if length == 0:
        raise ProtocolFault("invalid_request", "an empty frame", fatal=True)
    raise ProtocolFault(
        "frame_too_large",
        f"a frame of {length} bytes; at most {limit} are taken here",
        {"length": length, "limit": limit},
        fatal=True,
    )


def foreign_protocol(header: bytes) -> str:
    """What a header that is no length looks like, or an empty string."""
    if header[:2] == TLS_HANDSHAKE:
        return "TLS"
    if header in FOREIGN:
        return FOREIGN[header]
    return "text" if TEXT_BYTES.issuperset(header) else ""


class FrameDecoder:
    """Cuts a stream of bytes into payloads, however it was split on the way.

    `limit` may change between two frames.
    """

    __slots__ = ("_buffer", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._buffer = bytearray()

    @property
    def partial(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each payload that `data` completes.

        Raises `ProtocolFault` as soon as a header is wrong, before its payload
        is kept.
        """
        buffer = self._buffer
        buffer += data
        while len(buffer) >= HEADER_BYTES:
            end = HEADER_BYTES + frame_length(bytes(buffer[:HEADER_BYTES]), self.limit)
            if len(buffer) < end:
                return
            payload = bytes(buffer[HEADER_BYTES:end])
            del buffer[:end]
            yield payload

    def end(self) -> None:
        """Say that no more bytes come.

        Raises `ProtocolFault` when the stream ends inside a frame.
        """
        if self._buffer:
            raise truncated(len(self._buffer))


def truncated(received: int) -> ProtocolFault:
    """The fault of a stream that ended `received` bytes into a frame."""
    return ProtocolFault(
        "truncated_frame",
        f"the connection ended {received} bytes into a frame",
        {"received": received},
        fatal=True,
    )
