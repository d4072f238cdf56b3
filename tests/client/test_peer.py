"""Private links over real sockets: proven by both sides, and kept by nobody."""

import asyncio
import datetime
import logging
import os
import socket
import ssl
import stat
import struct
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from nimsg.client.address import Address
from nimsg.client.ephemeral import new_identity
from nimsg.client.peer import GUESTS, Listener, Tokens, listen, reach
from nimsg.client.peerlink import Note, PeerLink
from nimsg.errors import (
    ConfigError,
    NimsgError,
    Refusal,
    Unavailable,
    Unreachable,
    Untrusted,
)
from nimsg.protocol.constants import HEADER_BYTES, limit
from nimsg.protocol.framing import encode_frame
from nimsg.protocol.strict import dumps, loads
from tests.support.process import HANG_S


SOON_S = 0.2
LOOPBACK = "127.0.0.1"
ALICES = Tokens("shown-by-alice", "shown-by-bob")
BOBS = Tokens("shown-by-bob", "shown-by-alice")
NOW = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def has_ipv6() -> bool:
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


HOSTS = [
    LOOPBACK,
    pytest.param(
        "::1", marks=pytest.mark.skipif(not has_ipv6(), reason="there is no ::1 here")
    ),
]


async def reached(listener: Listener, tokens: Tokens = ALICES) -> PeerLink:
    """Alice's end of a link to whoever listens."""
    address = Address(LOOPBACK, listener.port)
    return await reach(address, listener.fingerprint, tokens, HANG_S, peer="bob")


@asynccontextmanager
async def listening(
    deadline_s: float = HANG_S, proof_s: float = HANG_S
) -> AsyncIterator[tuple[Listener, asyncio.Task[PeerLink]]]:
    """Bob's listener, waiting for Alice; and what it comes to."""
    listener = await listen(LOOPBACK, 0)
    async with asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(
            listener.accept(BOBS, deadline_s, peer="alice", proof_s=proof_s)
        )
        try:
            yield listener, accepting
        finally:
            accepting.cancel()


@asynccontextmanager
async def linked(host: str = LOOPBACK) -> AsyncIterator[tuple[PeerLink, PeerLink]]:
    """A link: Alice's end and Bob's."""
    listener = await listen(host, 0)
    address = Address(host, listener.port)
    ends = await asyncio.gather(
        reach(address, listener.fingerprint, ALICES, HANG_S, peer="bob"),
        listener.accept(BOBS, HANG_S, peer="alice"),
    )
    try:
        yield ends
    finally:
        for end in ends:
            end.cut_off()


def careless() -> ssl.SSLContext:
    """TLS with anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def frame(method: str, **params: object) -> bytes:
    return encode_frame(dumps({"jsonrpc": "2.0", "method": method, "params": params}))


class Raw(NamedTuple):
    """A connection of somebody who keeps to nothing."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def heard(self) -> dict[str, object]:
        header = await self.reader.readexactly(HEADER_BYTES)
        return loads(await self.reader.readexactly(int.from_bytes(header, "big")))

    async def rest(self) -> bytes:
        """What else is said, until the end."""
        with suppress(ConnectionError):
            async with asyncio.timeout(HANG_S / 2):
                return await self.reader.read()
        return b""


@asynccontextmanager
async def raw(port: int, *, tls: bool = True) -> AsyncIterator[Raw]:
    context = careless() if tls else None
    streams = await asyncio.open_connection(LOOPBACK, port, ssl=context)
    try:
        yield Raw(*streams)
    finally:
        streams[1].transport.abort()


@asynccontextmanager
async def half_raw() -> AsyncIterator[tuple[PeerLink, Raw]]:
    """Bob's end of a link, and Alice, who keeps to nothing once she is known."""
    async with listening() as (listener, accepting), raw(listener.port) as alice:
        alice.say(frame("hello", token=ALICES.mine))
        bob = await accepting
        assert (await alice.heard())["params"] == {"token": BOBS.mine}
        try:
            yield bob, alice
        finally:
            bob.cut_off()


Behaviour = Callable[[Raw], Awaitable[None]]


@asynccontextmanager
async def impostor(
    behave: Behaviour, *, tls: bool = True
) -> AsyncIterator[tuple[Address, str]]:
    """Somebody at Bob's address, with a certificate that is known or without."""
    identity = new_identity(datetime.datetime.now(datetime.UTC))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await behave(Raw(reader, writer))
        finally:
            writer.transport.abort()

    context = identity.context if tls else None
    server = await asyncio.start_server(serve, LOOPBACK, 0, ssl=context)
    try:
        address = Address(*server.sockets[0].getsockname())
        yield address, identity.fingerprint
    finally:
        server.close()


async def failure(address: Address, fingerprint: str, timeout_s: float) -> NimsgError:
    """What reaching Bob there comes to."""
    with pytest.raises((Unreachable, Untrusted)) as caught:
        await reach(address, fingerprint, ALICES, timeout_s, peer="bob")
    assert f"bob's client at {address}" in str(caught.value)
    assert "Errno" not in str(caught.value)
    assert says_nothing(caught.value)
    return caught.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that it came from."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


def says_nothing(error: BaseException) -> bool:
    """Whether neither a token nor a text is in the error or behind it."""
    held = "".join(f"{link!r} {vars(link)}" for link in chain(error))
    held += "".join(str(getattr(link, "object", "")) for link in chain(error))
    return not any(word in held for word in ("shown-by", "secret"))


# -- texts


@pytest.mark.parametrize("host", HOSTS)
async def test_c22_texts_go_both_ways(host: str) -> None:
    async with linked(host) as (alice, bob):
        await alice.send("Is it you?")
        await bob.send("It is.\n\tÄ \U0001f642")
        await alice.send("Good.")

        assert await bob.receive() == "Is it you?"
        assert await bob.receive() == "Good."
        assert await alice.receive() == "It is.\n\tÄ \U0001f642"
        assert alice.peer_address.host == bob.peer_address.host == host


@pytest.mark.parametrize("char", ["x", "\x01", '"'])
async def test_c22_the_longest_text_arrives(char: str) -> None:
    text = char * limit("body_bytes")

    async with linked() as (alice, bob), asyncio.TaskGroup() as tasks:
        tasks.create_task(alice.send(text))
        assert await bob.receive() == text


async def test_c22_many_texts_arrive_in_order() -> None:
    texts = [f"{number} " + "x" * 5000 for number in range(200)]

    async def say_all(link: PeerLink) -> None:
        for text in texts:
            await link.send(text)
        await link.end()

    async with linked() as (alice, bob), asyncio.TaskGroup() as tasks:
        tasks.create_task(say_all(alice))
        assert [await bob.receive() for _ in texts] == texts
        assert await bob.receive() is None
        assert bob.ended_by == "bye"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "body_empty"),
        ("secret" * 20_000, "body_too_large"),
        ("secret \ud800", "text_invalid"),
    ],
)
async def test_c22_a_text_that_cannot_be_sent_is_refused(text: str, kind: str) -> None:
    async with linked() as (alice, bob):
        with pytest.raises(Refusal) as caught:
            await alice.send(text)
        await alice.send("another")

        assert caught.value.kind == kind
        assert says_nothing(caught.value)
        assert await bob.receive() == "another"


async def test_c22_receiving_can_be_given_up_within_a_frame() -> None:
    text = frame("text", body="whole")

    async with half_raw() as (bob, alice):
        for piece in (text[:2], text[2:10], text[10:]):
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON_S / 4):
                    await bob.receive()
                    pytest.fail("a piece was taken for a text")
            alice.say(piece)
        assert await bob.receive() == "whole"


# -- ends


async def all_texts(link: PeerLink) -> list[str]:
    """What a link says until it is over."""
    texts = []
    while (text := await link.receive()) is not None:
        texts.append(text)
    return texts


@pytest.mark.parametrize("first", [0, 1])
async def test_c23_either_side_ends_it_and_the_other_is_told(first: int) -> None:
    async with linked() as ends:
        here, there = ends[first], ends[1 - first]
        await here.send("Farewell.")
        heard, _ = await asyncio.gather(all_texts(there), here.end(HANG_S))

        assert heard == ["Farewell."]
        assert await there.receive() is None
        assert (there.ended_by, here.ended_by) == ("bye", "")


async def test_c23_the_bye_comes_to_who_is_just_speaking() -> None:
    """The texts that cross it are dropped, and the bye is not lost over them."""

    async def speak(link: PeerLink) -> None:
        with suppress(Unreachable):
            while True:
                await link.send("x" * 60_000)

    async with linked() as (alice, bob), asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(speak(bob))
        await alice.receive()
        _, said = await asyncio.gather(alice.end(HANG_S), bob.receive())
        await speaking

        assert (said, bob.ended_by) == (None, "bye")


async def test_c23_who_ends_it_says_one_bye_and_waits_until_it_has_been_read() -> None:
    """Closed at once, the connection would be reset by what still comes."""
    async with half_raw() as (bob, alice), asyncio.TaskGroup() as tasks:
        ending = tasks.create_task(bob.end(HANG_S))
        tasks.create_task(bob.end(HANG_S))
        assert await alice.heard() == loads(frame("bye")[HEADER_BYTES:])
        alice.say(frame("text", body="x" * 60_000) * 50)
        await alice.writer.drain()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON_S):
                await asyncio.shield(ending)
        alice.writer.close()
        assert await alice.rest() == b""


async def test_c23_both_may_end_it_at_once_and_again() -> None:
    async with linked() as ends:
        for _ in range(2):
            await asyncio.gather(*(end.end(HANG_S) for end in ends))
        assert [await end.receive() for end in ends] == [None, None]
        assert [end.ended_by for end in ends] == ["", ""]


async def test_c23_who_waits_for_a_text_is_woken_by_its_own_end() -> None:
    async with linked() as (alice, bob):
        waiting = asyncio.gather(alice.receive(), bob.receive())
        await alice.end(HANG_S)

        assert set(await waiting) == {None}
        with pytest.raises(Unreachable, match="the link to bob's client was ended"):
            await alice.send("secret")


async def test_c23_ending_does_not_wait_for_a_peer_that_does_not_read() -> None:
    async with half_raw() as (bob, alice):
        alice.writer.transport.pause_reading()  # type: ignore[attr-defined]
        with suppress(TimeoutError):
            async with asyncio.timeout(SOON_S):
                while True:
                    await bob.send("x" * 60_000)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await bob.end(SOON_S)

        assert SOON_S / 2 < loop.time() - began < HANG_S / 2
        assert await bob.receive() is None


async def test_c22_a_peer_that_does_not_read_ends_the_link_in_time() -> None:
    async def send_all(link: PeerLink) -> None:
        while True:
            await link.send("secret" * 10_000, SOON_S)

    async with half_raw() as (bob, alice):
        alice.writer.transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(Unreachable, match="alice's client is gone from") as caught:
            await send_all(bob)

        assert says_nothing(caught.value)
        assert await bob.receive() is None
        assert bob.ended_by == "lost"


async def test_c22_a_peer_that_is_gone_is_named_with_its_address() -> None:
    async with linked() as (alice, bob):
        await bob.send("the last")
        bob.cut_off()

        assert await alice.receive() == "the last"
        assert await alice.receive() is None
        assert alice.ended_by == "lost"
        with pytest.raises(Unreachable) as caught:
            await alice.send("secret")
        assert str(caught.value) == f"bob's client is gone from {alice.peer_address}"


async def test_c22_what_came_before_a_reset_is_still_read() -> None:
    async with half_raw() as (bob, alice):
        # What is said at once is one record of TLS, and arrives at once.
        alice.say(frame("text", body="the first") + frame("text", body="the last"))
        assert await bob.receive() == "the first"
        sock = alice.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        alice.writer.transport.abort()
        with pytest.raises(ConnectionResetError):
            await bob._frames.closed()

        assert await bob.receive() == "the last"
        assert await bob.receive() is None
        assert bob.ended_by == "lost"


async def test_c22_a_link_that_ends_within_a_frame_is_lost() -> None:
    async with half_raw() as (bob, alice):
        alice.say(frame("text", body="secret")[:-1])
        alice.writer.close()

        assert await bob.receive() is None
        assert bob.ended_by == "lost"


@pytest.mark.parametrize(
    "said",
    [
        frame("hello", token=ALICES.mine),
        frame("text"),
        frame("text", body=""),
        frame("text", body=1),
        frame("text", body="x", more="y"),
        frame("text", body="x" * (limit("body_bytes") + 1)),
        frame("bye", body="x"),
        frame("moon", body="x"),
        encode_frame(b"{]"),
        encode_frame(b"\xff"),
        encode_frame(b'{"jsonrpc":"2.0","method":"text","params":{"body":"\\ud800"}}'),
        encode_frame(b'{"jsonrpc":"2.0","method":"text","params":["x"]}'),
        encode_frame(b'{"jsonrpc":"2.0","method":"bye","params":{},"id":1}'),
        encode_frame(b'{"jsonrpc":"1.0","method":"bye","params":{}}'),
        encode_frame(b'{"jsonrpc":"2.0","method":7,"params":{}}'),
        bytes(4),
        (limit("frame_bytes") + 1).to_bytes(4, "big"),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_s1_15_a_peer_that_breaks_the_protocol_ends_the_link(said: bytes) -> None:
    async with half_raw() as (bob, alice):
        alice.say(frame("text", body="still well") + said + frame("text", body="x"))

        assert await bob.receive() == "still well"
        assert await bob.receive() is None
        assert bob.ended_by == "fault"
        assert await alice.rest() == b""


# -- strangers at the door


async def silence(_: Raw) -> None:
    pass


async def farewell(stranger: Raw) -> None:
    stranger.writer.close()


def saying(data: bytes) -> Behaviour:
    async def behave(stranger: Raw) -> None:
        stranger.say(data)

    return behave


STRANGERS = {
    "silence": silence,
    "going away": farewell,
    "another token": saying(frame("hello", token="guessed")),
    "the listener's own token": saying(frame("hello", token=BOBS.mine)),
    "a part of the token": saying(frame("hello", token=ALICES.mine[:-1])),
    "an empty token": saying(frame("hello", token="")),
    "a token beyond ASCII": saying(frame("hello", token="tökén")),
    "no token": saying(frame("hello")),
    "a number": saying(frame("hello", token=0)),
    "a text": saying(frame("text", body="let me in")),
    "the token as a text": saying(frame("text", body=ALICES.mine)),
    "a bye": saying(frame("bye")),
    "a part of a frame": saying(frame("hello", token=ALICES.mine)[:-1]),
    "an empty frame": saying(bytes(4)),
    "garbage": saying(b"\xde\xad\xbe\xef" * 5000),
    "a frame that is too long": saying(encode_frame(b" " * 4096 + dumps({}))),
}


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "in the clear"])
@pytest.mark.parametrize("behave", STRANGERS.values(), ids=STRANGERS)
async def test_x9_a_stranger_without_the_token_is_dropped_and_keeps_nobody_out(
    behave: Behaviour, *, tls: bool
) -> None:
    async with listening() as (listener, accepting):
        async with raw(listener.port, tls=tls) as stranger:
            await behave(stranger)
            alice = await reached(listener)
            bob = await accepting
            await alice.send("It is me.")

            assert BOBS.mine.encode() not in await stranger.rest()
            assert await bob.receive() == "It is me."
        await asyncio.gather(alice.end(), bob.end())


@pytest.mark.parametrize(
    "said",
    [
        frame("hello", token="guessed"),
        frame("text", body=ALICES.mine),
        (limit("frame_bytes_before_login") + 1).to_bytes(4, "big"),
        b"\xde\xad\xbe\xef",
    ],
)
async def test_x9_a_stranger_is_hung_up_on_without_a_word(said: bytes) -> None:
    """Of a frame that is too long nothing but its length is waited for."""
    async with listening() as (listener, accepting), raw(listener.port) as stranger:
        stranger.say(said)

        assert await stranger.rest() == b""
        assert not accepting.done()


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "in the clear"])
async def test_x9_a_stranger_who_is_silent_is_hung_up_on_in_time(*, tls: bool) -> None:
    async with (
        listening(proof_s=SOON_S) as (listener, accepting),
        raw(listener.port, tls=tls) as stranger,
    ):
        assert await stranger.rest() == b""
        assert not accepting.done()


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "in the clear"])
async def test_x9_a_crowd_at_the_door_keeps_nobody_out(*, tls: bool) -> None:
    """None of them says a word, and each has all the time there is."""
    async with listening() as (listener, accepting):
        async with AsyncExitStack() as crowd:
            strangers = [
                await crowd.enter_async_context(raw(listener.port, tls=tls))
                for _ in range(GUESTS + 10)
            ]
            assert await strangers[0].rest() == b""
            alice = await reached(listener)
            bob = await accepting
            for stranger in strangers:
                assert await stranger.rest() == b""
        await asyncio.gather(alice.end(), bob.end())


async def test_x9_the_listener_is_closed_once_the_link_stands() -> None:
    async with listening() as (listener, accepting), raw(listener.port) as stranger:
        alice = await reached(listener)
        bob = await accepting

        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, listener.port)
        assert await stranger.rest() == b""
        await asyncio.gather(alice.end(), bob.end())


async def test_x9_a_token_opens_one_link_and_no_second() -> None:
    async with listening() as (listener, accepting):
        tries = [reached(listener) for _ in range(5)]
        found = await asyncio.gather(*tries, return_exceptions=True)
        bob = await accepting
        links = [end for end in found if isinstance(end, PeerLink)]

        assert len(links) == 1
        for end in found:
            assert isinstance(end, PeerLink | Unreachable | Untrusted)
        with pytest.raises(Unreachable, match="agree on a new link"):
            await reached(listener)
        await asyncio.gather(links[0].end(), bob.end())


async def test_x9_of_two_who_show_the_token_at_once_one_is_taken() -> None:
    """The third is there to tell that the others are in."""
    async with (
        listening() as (listener, accepting),
        raw(listener.port) as first,
        raw(listener.port) as second,
        raw(listener.port),
    ):
        for comer in (first, second):
            comer.say(frame("hello", token=ALICES.mine))
        bob = await accepting
        bob.cut_off()
        heard = [await comer.rest() for comer in (first, second)]

    assert sorted(heard) == [b"", frame("hello", token=BOBS.mine)]


async def test_x9_the_listener_closes_when_nobody_came() -> None:
    listener = await listen(LOOPBACK, 0)
    with pytest.raises(Unreachable, match=r"alice's client did not come.*open"):
        await listener.accept(BOBS, SOON_S, peer="alice")

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOOPBACK, listener.port)
    with pytest.raises(Unreachable):
        await listener.accept(BOBS, HANG_S, peer="alice")


async def test_x9_a_listener_can_be_closed_at_any_time_and_again() -> None:
    async def close_it(listener: Listener) -> None:
        async with raw(listener.port) as stranger:
            await listener.close()
            await listener.close()
            assert await stranger.rest() == b""

    listener = await listen(LOOPBACK, 0)
    accepted, closed = await asyncio.gather(
        listener.accept(BOBS, HANG_S, peer="alice"),
        close_it(listener),
        return_exceptions=True,
    )

    assert (type(accepted), closed) == (Unreachable, None)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOOPBACK, listener.port)


async def test_x9_who_gives_up_accepting_leaves_nothing_open() -> None:
    listener = await listen(LOOPBACK, 0)
    async with asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(listener.accept(BOBS, HANG_S, peer="alice"))
        async with raw(listener.port) as stranger:
            accepting.cancel()
            assert await stranger.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOOPBACK, listener.port)


async def test_x9_who_gives_up_as_the_link_comes_hangs_up_on_it() -> None:
    """A second one is at the door: that it is gone is waited for before the link."""
    async with (
        listening() as (listener, accepting),
        raw(listener.port) as alice,
        raw(listener.port),
    ):
        alice.say(frame("hello", token=ALICES.mine))
        await listener._over.wait()
        accepting.cancel()

        assert await alice.heard()
        assert await alice.rest() == b""


async def test_x9_who_comes_at_the_last_moment_is_not_left_waiting() -> None:
    listener = await listen(LOOPBACK, 0)
    async with asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(listener.accept(BOBS, HANG_S, peer="alice"))
        await asyncio.sleep(0)
        with socket.create_connection((LOOPBACK, listener.port)) as late:
            # The next turn of the loop takes both the connection and the end.
            await asyncio.sleep(0)
            accepting.cancel()
            with suppress(asyncio.CancelledError):
                await accepting

            late.settimeout(HANG_S)
            assert late.recv(1) == b""


# -- reaching somebody else


def overheard(server: socket.socket, context: ssl.SSLContext) -> bytes:
    """The first thing that one comer says over TLS."""
    connection, _ = server.accept()
    with suppress(OSError), context.wrap_socket(connection, server_side=True) as tls:
        return tls.recv(4096)
    return b""


async def test_x9_another_certificate_is_not_trusted_and_sees_no_token() -> None:
    identity = new_identity(NOW)
    identity.context.num_tickets = 0  # unread, they would reset what was said

    with socket.create_server((LOOPBACK, 0)) as server:
        address = Address(*server.getsockname())
        heard, error = await asyncio.gather(
            asyncio.to_thread(overheard, server, identity.context),
            failure(address, "ab" * 32, HANG_S),
        )

    assert isinstance(error, Untrusted)
    assert f"fingerprint {identity.fingerprint}" in str(error)
    assert heard == b""


async def test_x9_a_token_that_is_not_the_right_one_is_not_taken() -> None:
    async with listening() as (listener, accepting):
        with pytest.raises(Untrusted, match=r"bob's client at .* hung up") as caught:
            await reached(listener, ALICES._replace(mine="shown-by-mallory"))

        assert says_nothing(caught.value)
        assert not accepting.done()


@pytest.mark.parametrize(
    "said",
    [
        frame("hello", token="guessed"),
        frame("hello", token=ALICES.mine),
        frame("hello", token=""),
        frame("text", body=ALICES.theirs),
        frame("bye"),
        encode_frame(b'{"token": "shown-by-bob'),
        bytes(4),
        (limit("frame_bytes_before_login") + 1).to_bytes(4, "big"),
    ],
)
async def test_x9_a_listener_that_shows_another_token_is_not_trusted(
    said: bytes,
) -> None:
    heard: list[object] = []

    async def answer(alice: Raw) -> None:
        heard.append((await alice.heard())["params"])
        alice.say(said)
        await alice.rest()

    async with impostor(answer) as (address, fingerprint):
        error = await failure(address, fingerprint, HANG_S)

    assert isinstance(error, Untrusted)
    assert "its token is wrong" in str(error)
    assert heard == [{"token": ALICES.mine}]


async def test_x9_an_empty_token_proves_nothing() -> None:
    async def answer(alice: Raw) -> None:
        await alice.heard()
        alice.say(frame("hello", token=""))
        await alice.rest()

    async with impostor(answer) as (address, fingerprint):
        with pytest.raises(Untrusted, match="its token is wrong"):
            await reach(address, fingerprint, Tokens("a", ""), HANG_S, peer="bob")


async def test_c22_who_says_nothing_is_given_up_in_time() -> None:
    async def wait(alice: Raw) -> None:
        await alice.rest()

    for tls in (True, False):
        async with impostor(wait, tls=tls) as (address, fingerprint):
            error = await failure(address, fingerprint, SOON_S)
            assert isinstance(error, Unreachable)
            assert "no answer in time" in str(error)


async def test_c22_who_speaks_no_tls_is_not_trusted() -> None:
    async def greet(alice: Raw) -> None:
        alice.say(b"220 mail.example ESMTP\r\n")
        await alice.rest()

    async with impostor(greet, tls=False) as (address, fingerprint):
        error = await failure(address, fingerprint, HANG_S)

    assert isinstance(error, Untrusted)
    assert "does not speak TLS" in str(error)


@pytest.mark.parametrize(
    ("tls", "kind"), [(True, Untrusted), (False, Unreachable)], ids=["tls", "clear"]
)
async def test_c22_who_hangs_up_at_once_is_named(
    kind: type[NimsgError], *, tls: bool
) -> None:
    async with impostor(silence, tls=tls) as (address, fingerprint):
        error = await failure(address, fingerprint, HANG_S)

    assert isinstance(error, kind)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (Address("no.such.host.invalid", 1), "cannot reach"),
        (Address("a..b", 1), "this is no address"),
        (Address("", 1), "this is no address"),
        (Address(LOOPBACK, 70_000), "this is no address"),
        (Address("/run/bob.sock", 1), "cannot reach"),
    ],
)
async def test_c22_an_address_that_cannot_be_is_named(
    address: Address, words: str
) -> None:
    error = await failure(address, "ab" * 32, HANG_S)

    assert isinstance(error, Unreachable)
    assert words in str(error)


async def test_c22_nobody_at_the_address_is_said_with_what_to_do() -> None:
    listener = await listen(LOOPBACK, 0)
    await listener.close()
    error = await failure(
        Address(LOOPBACK, listener.port), listener.fingerprint, HANG_S
    )

    assert isinstance(error, Unreachable)
    assert "nobody listens there any more" in str(error)


# -- listening


async def test_c21_a_port_in_use_is_said_with_what_to_do() -> None:
    listener = await listen(LOOPBACK, 0)
    try:
        with pytest.raises(Unavailable) as caught:
            await listen(LOOPBACK, listener.port)
    finally:
        await listener.close()

    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{listener.port}: Address already in use; "
        "choose another port, or 0 to let the system choose"
    )


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("192.0.2.1", 0, "192.0.2.1:0: this machine has no such address"),
        ("localhost", 0, "this is no IPv4 or IPv6 address"),
        ("a" * 80, 0, "this is no IPv4 or IPv6 address"),
        (LOOPBACK, 65_536, "0 to 65535"),
        (LOOPBACK, -1, "0 to 65535"),
    ],
)
async def test_c21_what_cannot_be_listened_on_is_named(
    host: str, port: int, words: str
) -> None:
    with pytest.raises(Unavailable, match=words):
        await listen(host, port)


# -- nothing of it is kept


async def test_x9_nothing_of_a_link_is_shown_or_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    shown = []

    async with listening() as (listener, accepting):
        alice = await reached(listener)
        bob = await accepting
        await alice.send("secret")
        assert await bob.receive() == "secret"
        await bob.send("secret")
        for thing in (listener, alice, bob, accepting, alice._frames, bob._frames):
            shown += [repr(thing), str(thing)]
        await asyncio.gather(alice.end(), bob.receive())
        await bob.end()
    shown += [repr(ALICES), f"{ALICES}", repr(Note("text", "secret"))]

    said = "\n".join([*shown, caplog.text, *capfd.readouterr()])
    assert caplog.text
    assert "bob's client at 127.0.0.1:" in said
    for word in (*ALICES, "secret"):
        assert word not in said


async def test_s2_11_a_link_is_tls_1_3_and_never_below_1_2() -> None:
    async with linked() as (alice, _):
        tls = alice._frames._writer.get_extra_info("ssl_object")
        assert tls.version() == "TLSv1.3"
    assert new_identity(NOW).context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_s2_11_each_certificate_is_new_and_good_for_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pems: list[bytes] = []

    def load(_: ssl.SSLContext, path: str) -> None:
        pems.append(Path(path).read_bytes())

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    identities = [new_identity(NOW) for _ in range(2)]
    certificates = [x509.load_pem_x509_certificate(pem) for pem in pems]

    hour = datetime.timedelta(hours=1)
    for identity, certificate in zip(identities, certificates, strict=True):
        assert identity.fingerprint == certificate.fingerprint(SHA256()).hex()
        assert certificate.not_valid_before_utc == NOW - hour
        assert certificate.not_valid_after_utc == NOW + 24 * hour
    assert len({certificate.serial_number for certificate in certificates}) == 2
    assert len({identity.fingerprint for identity in identities}) == 2


@pytest.mark.parametrize("memory", [True, False], ids=["in memory", "in a folder"])
def test_s2_11_the_key_is_not_left_on_a_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, memory: bool
) -> None:
    paths: list[Path] = []
    modes: list[int] = []
    load_cert_chain = ssl.SSLContext.load_cert_chain

    def load(context: ssl.SSLContext, path: str) -> None:
        paths.append(Path(path))
        modes.append(stat.S_IMODE(paths[-1].stat().st_mode))
        modes.append(stat.S_IMODE(paths[-1].parent.stat().st_mode))
        load_cert_chain(context, path)

    if not memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    files = len(list(Path("/proc/self/fd").iterdir()))
    new_identity(NOW)

    (path,) = paths
    assert path.is_relative_to(Path("/proc/self/fd") if memory else tmp_path)
    assert memory or modes == [0o600, 0o700]
    assert not list(tmp_path.iterdir())
    assert len(list(Path("/proc/self/fd").iterdir())) == files


def test_s2_11_a_key_that_cannot_be_handed_over_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))

    with pytest.raises(ConfigError, match="No such file"):
        new_identity(NOW)


async def test_s2_11_without_the_library_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)

    with pytest.raises(ConfigError, match="pip install cryptography"):
        await listen(LOOPBACK, 0)
