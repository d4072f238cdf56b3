"""The blocking shell against servers that are none: readable errors, and in time."""

import random
import socket
import struct
import threading
import time

import pytest

from nimsg.client.address import Address, Security
from nimsg.client.blocking import BlockingClient, connect
from nimsg.errors import NimsgError, ProtocolFault, Refusal, Unreachable
from nimsg.protocol.constants import limit
from nimsg.protocol.framing import encode_frame
from tests.support.fakeserver import (
    Behaviour,
    FakeServer,
    answering,
    event,
    frame,
    hello,
    obliging,
    read_request,
    refusal,
    result,
    saying,
    saying_and_staying,
)
from tests.support.process import HANG_S


SOON_S = 0.2


def reach(server: FakeServer, timeout_s: float = HANG_S) -> BlockingClient:
    return connect(Address("127.0.0.1", server.port), Security(), timeout_s=timeout_s)


def failure(
    behave: Behaviour, timeout_s: float = HANG_S, call_s: float = HANG_S
) -> NimsgError:
    """What one call comes to at a server that behaves so."""
    with (
        FakeServer(behave) as server,
        pytest.raises(NimsgError) as caught,
        reach(server, timeout_s) as client,
    ):
        client.call("session.ping", {}, call_s)
    assert "Errno" not in str(caught.value)
    assert str(caught.value)
    return caught.value


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


# -- TLS


def reads_and_ends(connection: socket.socket) -> None:
    connection.recv(65_536)


def resets(connection: socket.socket) -> None:
    connection.recv(1)
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


@pytest.mark.parametrize("behave", [reads_and_ends, resets])
def test_sec_11_tls_that_is_hung_up_on_is_to_try_later(behave: Behaviour) -> None:
    with FakeServer(behave) as server:
        at = Address("127.0.0.1", server.port)
        with pytest.raises(Unreachable, match="it may be full: try again later"):
            connect(at, Security(tls=True), timeout_s=HANG_S)


# -- the good case


def test_what_is_to_be_done_meanwhile_is_done_before_each_wait() -> None:
    done: list[bool] = []
    behave = obliging({"session.ping": {}})

    with (
        FakeServer(behave) as server,
        connect(
            Address("127.0.0.1", server.port),
            Security(),
            timeout_s=HANG_S,
            meanwhile=lambda: done.append(True),
        ) as client,
    ):
        before_hello = len(done)
        client.call("session.ping", {})

    assert 0 < before_hello < len(done)


def test_s0_12_a_call_gets_its_result() -> None:
    behave = obliging({"session.ping": {"n": 1}})

    with FakeServer(behave) as server, reach(server) as client:
        assert client.hello["auth"] == "open"
        assert client.call("session.ping", {}) == {"n": 1}
        assert client.call("session.ping", {}) == {"n": 1}


def test_s1_5_a_refusal_comes_with_its_kind_and_its_words() -> None:
    caught = failure(answering(lambda request: refusal(request["id"], "busy", "later")))

    assert isinstance(caught, Refusal)
    assert (caught.kind, str(caught)) == ("busy", "later")


def test_a_refusal_of_a_later_release_is_raised_as_it_is() -> None:
    caught = failure(answering(lambda request: refusal(request["id"], "moon", "full")))

    assert isinstance(caught, Refusal)
    assert (caught.kind, str(caught), caught.exit) == ("moon", "full", 4)


def test_s1_6_events_between_request_and_answer_are_passed_over() -> None:
    def reply(request: dict[str, object]) -> bytes:
        return event("weather", {}) + result(request["id"], {"n": 1})

    with FakeServer(answering(reply)) as server, reach(server) as client:
        assert client.call("session.ping", {}) == {"n": 1}


# -- servers that lie


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "looks like HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "looks like SSH"),
        (b"220 mail.example ESMTP\r\n", "looks like text"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "352518"),
        (b"\xde\xad\xbe\xef", "3735928559 bytes"),
        ((limit("frame_bytes") + 1).to_bytes(4, "big"), "1048577 bytes"),
        (bytes(4), "empty frame"),
        (encode_frame(b"\xff\xfe"), "UTF-8"),
        (encode_frame(b"{]"), "JSON"),
        (encode_frame(b"[" * 500), "JSON"),
        (encode_frame(b'{"a":NaN}'), "NaN"),
        (encode_frame(b'{"a":1,"a":2}'), "twice"),
        (hello(versions=[2, 3]), "versions [2, 3]"),
        (hello() + hello(), "hello"),
        (hello() + result(5, {}), "nobody asked"),
        (hello() + frame([]), "object"),
    ],
)
def test_term_4_a_server_that_speaks_otherwise_is_named(
    said: bytes, words: str
) -> None:
    caught = failure(saying_and_staying(said))

    assert isinstance(caught, ProtocolFault)
    assert str(caught).startswith("127.0.0.1:")
    assert words in str(caught)
    assert caught.exit == 76


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (saying(), "was lost"),
        (saying(hello()), "was lost"),
        (saying(hello()[:2]), "2 bytes into a frame"),
        (saying(hello()[:-1]), "bytes into a frame"),
        (saying(hello() + event("closing", {"reason": "shutdown"})), "shutdown"),
    ],
)
def test_term_4_a_server_that_hangs_up_is_reported(
    behave: Behaviour, words: str
) -> None:
    caught = failure(behave)

    assert isinstance(caught, Unreachable)
    assert words in str(caught)
    assert caught.exit == 69


def test_s3_5_a_server_that_says_no_at_once_is_believed() -> None:
    caught = failure(saying(refusal(None, "too_many_clients", "full")))

    assert isinstance(caught, Refusal)
    assert (caught.kind, caught.exit) == ("too_many_clients", 75)


def test_a_refusal_without_an_id_ends_the_call() -> None:
    caught = failure(answering(lambda _: refusal(None, "frame_too_large", "too long")))

    assert isinstance(caught, Refusal)
    assert str(caught) == "too long"


# -- servers that are slow


def test_term_4_silence_before_the_hello_times_out_and_hints_at_tls() -> None:
    caught = failure(saying_and_staying(), SOON_S)

    assert isinstance(caught, Unreachable)
    assert "--tls" in str(caught)


def test_term_4_silence_instead_of_an_answer_times_out() -> None:
    caught = failure(saying_and_staying(hello()), call_s=SOON_S)

    assert isinstance(caught, Unreachable)
    assert "in time" in str(caught)


def flooding(chunk: bytes) -> Behaviour:
    """Greet, then say one thing for ever, which answers nothing."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(hello())
        read_request(connection)
        while True:
            connection.sendall(chunk)

    return behave


def test_term_4_a_flood_of_events_buys_no_time() -> None:
    caught = failure(flooding(event("weather", {"sun": True}) * 100), call_s=SOON_S)

    assert isinstance(caught, Unreachable)
    assert "in time" in str(caught)


def test_term_4_a_server_that_dribbles_buys_no_time() -> None:
    pace = threading.Event()

    def behave(connection: socket.socket) -> None:
        for byte in hello():
            connection.sendall(bytes([byte]))
            pace.wait(SOON_S / 4)

    caught = failure(behave, SOON_S)

    assert isinstance(caught, Unreachable)


def test_term_4_a_server_that_does_not_read_times_out() -> None:
    def behave(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(hello())
        while not over.wait(SOON_S):
            pass

    over = threading.Event()
    with FakeServer(behave) as server, reach(server) as client:
        try:
            with pytest.raises(Unreachable, match="in time"):
                client.call("mail.send", {"body": "x" * 50_000_000}, SOON_S)
        finally:
            over.set()


def test_each_call_has_the_whole_time() -> None:
    behave = obliging({"session.ping": {}})

    with FakeServer(behave) as server, reach(server) as client:
        with pytest.raises(Unreachable):
            client.call("session.ping", {}, timeout_s=0.0)
        assert client.call("session.ping", {}) == {}


# -- servers that are not there yet


def test_s1_1_no_server_is_said_with_what_to_do(free_port: int) -> None:
    with pytest.raises(Unreachable, match="nimsg server"):
        connect(Address("127.0.0.1", free_port), Security(), timeout_s=HANG_S)


@pytest.mark.parametrize("host", ["a..b", "x" * 300, "no.such.host.invalid", "\udcff"])
def test_c2_a_host_that_cannot_be_is_said(host: str) -> None:
    with pytest.raises(Unreachable, match="cannot reach"):
        connect(Address(host, 1), Security(), timeout_s=HANG_S)


def test_s1_1_a_server_that_starts_later_is_reached(free_port: int) -> None:
    """The client comes first; it is heard to have tried before the server starts."""
    refused = threading.Event()
    found: list[BlockingClient] = []

    def try_patiently() -> None:
        try:
            connect(Address("127.0.0.1", free_port), Security(), timeout_s=HANG_S)
        except Unreachable:
            refused.set()
        address = Address("127.0.0.1", free_port)
        found.append(connect(address, Security(), timeout_s=HANG_S, patience_s=HANG_S))

    thread = threading.Thread(target=try_patiently)
    thread.start()
    assert refused.wait(HANG_S)
    with FakeServer(obliging({"session.ping": {}}), free_port):
        thread.join(HANG_S)
        (client,) = found
        with client:
            assert client.call("session.ping", {}) == {}


def test_s1_1_a_server_that_hangs_up_is_tried_again() -> None:
    def behave(connection: socket.socket) -> None:
        if server.connections > 2:
            obliging({})(connection)

    with FakeServer(behave) as server:
        address = Address("127.0.0.1", server.port)
        client = connect(address, Security(), timeout_s=HANG_S, patience_s=HANG_S)
        client.close()
        assert server.connections == 3


def test_s1_1_patience_ends(free_port: int) -> None:
    address = Address("127.0.0.1", free_port)

    with pytest.raises(Unreachable):
        connect(address, Security(), timeout_s=HANG_S, patience_s=SOON_S)


def test_s1_1_pauses_grow_and_are_never_the_same(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands still but for the pauses, which are written down."""
    now, pauses = [0.0], list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", pause)
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)
    with pytest.raises(Unreachable):
        connect(Address("127.0.0.1", free_port), Security(), timeout_s=9, patience_s=30)

    assert pauses[:4] == pytest.approx([0.075, 0.15, 0.3, 0.6])
    assert max(pauses) == pytest.approx(3.75)
    assert sum(pauses) <= 30


def test_a_connection_that_nobody_accepts_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address(*listener.getsockname())
        with pytest.raises(Unreachable):
            connect(address, Security(), timeout_s=SOON_S)
