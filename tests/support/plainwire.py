"""A connection as bytes and frames without an event loop: what is said, as it comes."""

import json
import socket
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Self

from nimsg.protocol.framing import FrameDecoder, encode_frame
from nimsg.protocol.strict import JsonObject, loads
from nimsg.socketpath import short_socket_path
from tests.support.process import HANG_S
from tests.support.wire import ANY_LENGTH, said


READ_BYTES = 65_536


class PlainWire:
    """One connection. Use in `with`; `address` is a port here, or a socket's path.

    Events that are `unheard` are passed over.
    """

    def __init__(
        self, address: int | Path, unheard: Collection[str] = frozenset()
    ) -> None:
        self._unheard = unheard
        if isinstance(address, Path):
            self._socket = socket.socket(socket.AF_UNIX)
            with short_socket_path(address) as short:
                self._socket.connect(short)
        else:
            self._socket = socket.create_connection(("127.0.0.1", address))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(HANG_S)
        self._decoder = FrameDecoder(ANY_LENGTH)
        self._heard: deque[JsonObject] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self._socket.sendall(data)

    def end(self) -> None:
        """Say that nothing more comes; what is said can still be heard."""
        self._socket.shutdown(socket.SHUT_WR)

    def next(self) -> JsonObject | None:
        """The next frame, None at the end of the stream."""
        while not self._heard:
            data = self._socket.recv(READ_BYTES)
            if not data:
                self._decoder.end()
                return None
            frames = map(loads, self._decoder.feed(data))
            self._heard += [f for f in frames if f.get("method") not in self._unheard]
        return self._heard.popleft()

    def rest(self) -> list[JsonObject]:
        """All frames up to the end of the stream."""
        frames: list[JsonObject] = []
        while (frame := self.next()) is not None:
            frames.append(frame)
        return frames

    def greeted(self) -> Self:
        """Hear the hello."""
        frame = self.next()
        assert frame is not None
        assert said(frame) == "hello"
        return self

    def call(self, method: str, **params: object) -> JsonObject:
        """The result of a method; the next frame must be its answer."""
        request = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
        self.send(encode_frame(json.dumps(request).encode()))
        frame = self.next()
        assert frame is not None
        result = frame.get("result")
        assert isinstance(result, dict), (method, frame)
        return result
