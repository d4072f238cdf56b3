"""A connection as frames and bytes, for what no client of ours would send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from nimsg.errors import Data
from nimsg.protocol.constants import HEADER_BYTES
from nimsg.protocol.framing import FrameDecoder, encode_frame
from nimsg.protocol.strict import JsonObject, loads
from nimsg.socketpath import short_socket_path
from tests.support.aioclient import PASSWORD
from tests.support.requests_table import request


ANY_LENGTH = 2**31


class Wire:
    """One connection. `heard` holds every payload as it came."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.heard: list[bytes] = []

    def send(self, method: str, params: Data, id_: object = 1) -> None:
        """A request, whatever it is."""
        self.send_payload(request(method, params, id_))

    def send_payload(self, payload: bytes) -> None:
        """A frame, whatever is in it."""
        self.writer.write(encode_frame(payload))

    async def frame(self) -> JsonObject:
        """The next frame."""
        header = await self.reader.readexactly(HEADER_BYTES)
        self.heard.append(await self.reader.readexactly(int.from_bytes(header, "big")))
        return loads(self.heard[-1])

    async def call(self, method: str, params: Data, id_: object = 1) -> JsonObject:
        """Send a request; the next frame, which answers it."""
        self.send(method, params, id_)
        return await self.frame()

    async def rest(self) -> list[str]:
        """What is said up to the end of the stream, which is no middle of a frame."""
        decoder = FrameDecoder(ANY_LENGTH)
        payloads = list(decoder.feed(await self.reader.read()))
        decoder.end()
        self.heard += payloads
        return [said(loads(payload)) for payload in payloads]


def said(frame: JsonObject) -> str:
    """A frame in short: `hello`, `closing faults`, `7 done` or `7 not_found`."""
    match frame:
        case {"method": method, "params": {"reason": reason}}:
            return f"{method} {reason}"
        case {"method": method}:
            return str(method)
        case {"id": id_, "error": {"data": {"kind": kind}}}:
            return f"{id_} {kind}"
        case {"id": id_, "result": dict()}:
            return f"{id_} done"
        case _:
            raise AssertionError(frame)


@asynccontextmanager
async def wired(
    port: int, host: str = "127.0.0.1", address: str | None = None
) -> AsyncIterator[Wire]:
    """A connection, from an address if given, of which nothing has been read yet."""
    local = (address, 0) if address else None
    reader, writer = await asyncio.open_connection(host, port, local_addr=local)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def greeted(port: int, address: str | None = None) -> AsyncIterator[Wire]:
    """A connection whose hello has been read."""
    async with wired(port, address=address) as wire:
        assert said(await wire.frame()) == "hello"
        yield wire


@asynccontextmanager
async def logged_in(port: int, user: str) -> AsyncIterator[Wire]:
    """A connection that is an account made by `AioClient.register`."""
    async with greeted(port) as wire:
        login = {"user": user, "password": PASSWORD}
        assert said(await wire.call("auth.login", login)) == "1 done"
        yield wire


@asynccontextmanager
async def at_the_machine(var: Path) -> AsyncIterator[Wire]:
    """A greeted connection by var/admin.sock."""
    with short_socket_path(var / "admin.sock") as short:
        reader, writer = await asyncio.open_unix_connection(short)
    wire = Wire(reader, writer)
    try:
        assert said(await wire.frame()) == "hello"
        yield wire
    finally:
        writer.close()


async def told(var: Path, method: str, params: Data) -> str:
    """What one request of the machine's owner comes to: `done` or a kind."""
    async with at_the_machine(var) as wire:
        return said(await wire.call(method, params)).split()[1]
