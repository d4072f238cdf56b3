"""A private link that stands: texts between two clients, and no server between them.

Nothing of a link is stored or logged, and no error holds what was said on it.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from nimsg.client.address import Address
from nimsg.errors import ProtocolFault, Refusal, Unreachable
from nimsg.protocol.constants import HEADER_BYTES, limit
from nimsg.protocol.framing import encode_frame, frame_length
from nimsg.protocol.rules import check_message
from nimsg.protocol.strict import JsonObject, dumps, loads


Factory = Callable[[], asyncio.StreamReaderProtocol]
Connect = Callable[
    [Factory], Awaitable[tuple[asyncio.Transport, asyncio.StreamReaderProtocol]]
]

# Each method, and the one member of its params.
METHODS = {"hello": "token", "text": "body", "bye": None}
READ_BUFFER = 65_536
SEND_S = 60.0
END_S = 2.0
# A peer that vanished is found within a minute, with and without unsent texts (tcp(7)).
KEEPALIVE = {
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 60_000,
}


class Ending(StrEnum):
    """What the other side ended a link by; `NONE` where it did not."""

    NONE = ""
    BYE = "bye"
    LOST = "lost"
    FAULT = "fault"


class Note(NamedTuple):
    """One frame: its method, and the token or the body it carries."""

    method: str
    text: str

    def __repr__(self) -> str:
        return f"<Note {self.method}>"


class StreamEnd(asyncio.StreamReader):
    """A reader to which a broken connection has ended: what came before is read."""

    def set_exception(self, exc: Exception) -> None:  # noqa: ARG002
        """End the stream."""
        self.feed_eof()


class Frames:
    """The frames of one connection. Until it is proven they have 4 KiB at most."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limit = limit("frame_bytes_before_login")
        self._length = 0

    def __repr__(self) -> str:
        return "<Frames>"

    @property
    def certificate(self) -> bytes:
        """The other side's certificate (DER), empty where it has shown none."""
        tls = self._writer.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) or b""

    @property
    def closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._writer.is_closing()

    def prove(self) -> None:
        """The other side is known: take frames of the usual length."""
        self._limit = limit("frame_bytes")

    def write(self, note: Note) -> None:
        """Queue a frame."""
        key = METHODS[note.method]
        params = {} if key is None else {key: note.text}
        message = {"jsonrpc": "2.0", "method": note.method, "params": params}
        self._writer.write(encode_frame(dumps(message)))

    async def written(self) -> None:
        """Wait for room. Raises `OSError` where the connection is lost."""
        await self._writer.drain()

    async def read(self) -> Note | None:
        """The next frame, None where the stream ends; giving up loses no byte.

        The length is checked before the payload is read. Raises `ProtocolFault`.
        """
        try:
            if not self._length:
                header = await self._reader.readexactly(HEADER_BYTES)
                self._length = frame_length(header, self._limit)
            payload = await self._reader.readexactly(self._length)
        except asyncio.IncompleteReadError:
            return None
        self._length = 0
        note = _note(payload)
        if note is None:
            raise ProtocolFault("invalid_request", "no frame of a link", fatal=True)
        return note

    async def read_token(self) -> str | None:
        """The token that is shown; empty for another frame, None at the end."""
        try:
            note = await self.read()
        except ProtocolFault:
            return ""
        if note is None:
            return None
        return note.text if note.method == "hello" else ""

    def close(self) -> None:
        """Hang up once all is written."""
        self._writer.close()

    async def closed(self) -> None:
        """Wait for the end of `close`. Raises `OSError` for a bad one."""
        await self._writer.wait_closed()

    def abort(self) -> None:
        """Hang up at once, whatever is unsent."""
        self._writer.transport.abort()


async def frames_over(connect: Connect) -> Frames:
    """The frames of the connection that `connect` makes for a protocol.

    Raises what it raises.
    """
    loop = asyncio.get_running_loop()
    reader = StreamEnd(READ_BUFFER, loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await connect(lambda: protocol)
    with suppress(OSError):  # it may be lost already, which the first read tells
        _keep_alive(transport.get_extra_info("socket"))
    return Frames(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


class PeerLink:
    """A link to `peer`, proven on both sides. Whoever gets one calls `end` on it.

    `ended_by` tells what the other side ended it by, once `receive` gave None.
    """

    def __init__(self, frames: Frames, peer: str, address: Address) -> None:
        frames.prove()
        self._frames = frames
        self._peer = peer
        self._turn = asyncio.Lock()
        self._at_end = False
        self._said_bye = False
        self.peer_address = address
        self.ended_by = Ending.NONE

    def __repr__(self) -> str:
        return f"<PeerLink to {self._peer}'s client at {self.peer_address}>"

    async def send(self, text: str, timeout_s: float = SEND_S) -> None:
        """Say a text; it waits while the other side does not read.

        Raises `Refusal` for a text that cannot be sent, `Unreachable` once the link
        is over or the time, which ends it.
        """
        _check(text)
        if self._said_bye:
            raise Unreachable(f"the link to {self._peer}'s client was ended here")
        if self._at_end or self._frames.closing:
            raise self._gone()
        self._frames.write(Note("text", text))
        try:
            async with asyncio.timeout(timeout_s):
                await self._frames.written()
        except OSError:
            self._frames.abort()
            raise self._gone() from None

    async def receive(self) -> str | None:
        """The next text; None once the link is over. It can be given up and repeated.

        What comes after this side's bye is dropped.
        """
        async with self._turn:
            while not self._at_end:
                text = await self._next_text()
                if text is not None and not self._said_bye:
                    return text
        return None

    async def end(self, timeout_s: float = END_S) -> None:
        """Say bye, and wait until the other side has read it and hung up.

        Where it has not in `timeout_s`, it is hung up on. Texts that nobody has
        received are dropped. It can be repeated.
        """
        if not (self._said_bye or self._at_end or self._frames.closing):
            self._frames.write(Note("bye", ""))
        self._said_bye = True
        try:
            # Closed over unread bytes, TCP resets the connection, and the reset may
            # overtake the bye (RFC 1122, section 4.2.2.13).
            with suppress(OSError):
                async with asyncio.timeout(timeout_s):
                    await self.receive()
                    await self._frames.closed()
        finally:
            self.cut_off()

    def cut_off(self) -> None:
        """Hang up at once, without a bye."""
        self._frames.abort()

    async def _next_text(self) -> str | None:
        try:
            note = await self._frames.read()
        except ProtocolFault:
            self._over(Ending.FAULT)
            return None
        if note is None:
            self._over(Ending.LOST)
        elif note.method == "bye":
            self._over(Ending.BYE)
        elif note.method == "text" and _can_be_sent(note.text):
            return note.text
        else:
            self._over(Ending.FAULT)
        return None

    def _over(self, ending: Ending) -> None:
        self._at_end = True
        if not self._said_bye:
            self.ended_by = ending
        if ending is Ending.FAULT:
            self._frames.abort()
        else:
            self._frames.close()

    def _gone(self) -> Unreachable:
        return Unreachable(f"{self._peer}'s client is gone from {self.peer_address}")


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _check(text: str) -> None:
    try:
        check_message("", text)
    except Refusal as refusal:
        refusal.__context__ = None  # where it has one, that holds the text
        raise


def _can_be_sent(text: str) -> bool:
    try:
        check_message("", text)
    except Refusal:
        return False
    return True


def _note(payload: bytes) -> Note | None:
    """What a frame says; None where it is none of ours, and no error that quotes it."""
    try:
        message = loads(payload)
    except ProtocolFault:
        return None
    method, params = message.get("method"), message.get("params")
    if (
        message.keys() != {"jsonrpc", "method", "params"}
        or message["jsonrpc"] != "2.0"
        or not isinstance(method, str)
        or not isinstance(params, dict)
    ):
        return None
    return _typed(method, params)


def _typed(method: str, params: JsonObject) -> Note | None:
    if method not in METHODS:
        return None
    key = METHODS[method]
    if key is None:
        return None if params else Note(method, "")
    text = params.get(key)
    if len(params) != 1 or not isinstance(text, str):
        return None
    return Note(method, text)
