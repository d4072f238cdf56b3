"""TERM-4: what a server sends without an end fills no memory of a client's."""

import tracemalloc
from collections.abc import Iterable, Iterator

import pytest

from nimsg.client import aio
from nimsg.client.address import Address, Security
from nimsg.client.session import ClientSession
from nimsg.errors import ProtocolFault, Unreachable
from nimsg.protocol.constants import limit
from tests.support.fakeserver import FakeServer, event, hello, saying_and_staying


CHUNK = 65_536
MIB = 1024 * 1024
# A frame as it came, as text, as an object, and some room beside.
FEW_FRAMES = 10 * MIB
LARGE = event("weather", {"sun": "x" * (MIB - 100)})


def cut(data: bytes) -> Iterator[bytes]:
    """The data as a socket gives it."""
    for at in range(0, len(data), CHUNK):
        yield data[at : at + CHUNK]


def peak(session: ClientSession, chunks: Iterable[bytes]) -> int:
    """The most memory that a session takes while these come, in bytes."""
    tracemalloc.start()
    try:
        for chunk in chunks:
            session.receive(chunk)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_term_4_events_of_a_mebibyte_without_an_end_take_the_room_of_a_few() -> None:
    session = ClientSession()
    session.receive(hello())

    assert (
        peak(session, (chunk for _ in range(64) for chunk in cut(LARGE))) < FEW_FRAMES
    )


def test_term_4_a_length_that_is_not_allowed_takes_no_room() -> None:
    session = ClientSession()
    session.receive(hello())
    with pytest.raises(ProtocolFault) as caught:
        peak(session, [(2**31).to_bytes(4, "big"), bytes(MIB)])

    assert caught.value.data == {"length": 2**31, "limit": limit("frame_bytes")}


async def test_term_4_events_that_nobody_reads_are_bounded_in_bytes_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aio, "EVENTS_BYTES", 3 * len(LARGE))
    with FakeServer(saying_and_staying(hello(), *[LARGE] * 5)) as server:
        client = await aio.connect(Address("127.0.0.1", server.port), Security(), 10)
        with pytest.raises(Unreachable, match="says more than is read here"):
            await client.call("session.ping", {})
        kept = [(await client.event()).method for _ in range(2)]
        await client.close()

    assert kept == ["weather"] * 2


async def test_term_4_bytes_are_counted_only_while_events_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aio, "EVENTS_BYTES", 2 * len(LARGE))
    with FakeServer(saying_and_staying(hello(), *[LARGE] * 5)) as server:
        client = await aio.connect(Address("127.0.0.1", server.port), Security(), 10)
        heard = [(await client.event()).method for _ in range(5)]
        await client.close()

    assert heard == ["weather"] * 5
