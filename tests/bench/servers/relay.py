"""The least a room can cost: what one connection sends is written to all others.

    python -m tests.bench.servers.relay MODE PORT

A frame is 4 bytes of length and a text; `join` joins the only room, and is answered
with a frame `ok`. Nothing is decoded and nothing kept. Modes:

    each    one write for each frame and member
    joined  the frames that came in one read go out in one write for each member
"""

import asyncio
import sys
from typing import cast

from tests.bench.proc import HOST


JOINED = b"\0\0\0\2ok"


class Connection(asyncio.Protocol):
    """Somebody, who may be a member."""

    def __init__(self, members: "set[Connection]", *, joined: bool) -> None:
        self._members = members
        self._joined = joined
        self._buffer = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._members.discard(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._buffer += data
        frames = self._frames()
        for frame in [b"".join(frames)] if self._joined and frames else frames:
            for member in self._members:
                if member is not self and member.transport is not None:
                    member.transport.write(frame)

    def _frames(self) -> list[bytes]:
        found, at, buffer = [], 0, self._buffer
        while len(buffer) - at >= 4:
            end = at + 4 + int.from_bytes(buffer[at : at + 4], "big")
            if len(buffer) < end:
                break
            frame = bytes(buffer[at:end])
            at = end
            if frame[4:] == b"join":
                self._join()
            else:
                found.append(frame)
        del buffer[:at]
        return found

    def _join(self) -> None:
        assert self.transport is not None
        self._members.add(self)
        self.transport.write(JOINED)


async def serve(mode: str, port: int) -> None:
    """Serve for ever."""
    members: set[Connection] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(members, joined=mode == "joined"), HOST, port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
