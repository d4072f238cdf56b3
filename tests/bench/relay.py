"""The least a room can cost: what one connection sends is written to all others.

    python -m tests.bench.relay PORT

A frame is 4 bytes of length and a body. Nothing is decoded and nothing kept.
"""

import asyncio
import sys
from contextlib import suppress

from nimsg.cli.server import loop_factory
from tests.bench.room import WELCOME
from tests.bench.subjects import HEADER


class Relay:
    """Who is connected."""

    def __init__(self) -> None:
        self._writers: set[asyncio.StreamWriter] = set()

    async def take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on what one sends, until it hangs up."""
        self._writers.add(writer)
        writer.write(HEADER.pack(len(WELCOME)) + WELCOME)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header = await reader.readexactly(HEADER.size)
                frame = header + await reader.readexactly(*HEADER.unpack(header))
                for other in self._writers:
                    if other is not writer:
                        other.write(frame)
        self._writers.discard(writer)
        writer.close()


async def serve(port: int) -> None:
    """Serve for ever."""
    server = await asyncio.start_server(Relay().take, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(int(sys.argv[1])))
