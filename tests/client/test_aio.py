"""S1-6, S2-12: the asyncio shell: many calls at once, events, deadlines, an end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nimsg.client import aio
from nimsg.client.address import Address, Security
from nimsg.client.aio import AioClient, connect
from nimsg.errors import (
    ConfigError,
    ProtocolFault,
    Refusal,
    Unreachable,
    Untrusted,
)
from nimsg.protocol.framing import encode_frame
from nimsg.protocol.strict import JsonObject, dumps
from nimsg.server.app import Server
from tests.support.certificates import make_certificate
from tests.support.serving import quick_config, serving


HERE = "127.0.0.1"
PLAIN = Security()
HELLO: JsonObject = {"versions": [1], "auth": "open"}


def frame(message: JsonObject) -> bytes:
    return encode_frame(dumps({"jsonrpc": "2.0", **message}))


def event(method: str, params: JsonObject) -> bytes:
    return frame({"method": method, "params": params})


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


async def arrive(server: Server, user: str = "", timeout_s: float = 10) -> AioClient:
    """Connect, and log in where there is a name."""
    client = await connect(Address(HERE, server.port), PLAIN, timeout_s)
    if user:
        await client.call("auth.login", {"user": user, "device": "line"})
    return client


class Script:
    """A server that says what it is told, whatever it is asked."""

    def __init__(self, *says: bytes, hangs_up: bool = False) -> None:
        self._says = says
        self._hangs_up = hangs_up
        self.writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Address:
        self._server = await asyncio.start_server(self._serve, HERE, 0)
        port = self._server.sockets[0].getsockname()[1]
        return Address(HERE, port)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self.writers:
            writer.close()

    async def _serve(
        self, _: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.writers.append(writer)
        for data in self._says:
            writer.write(data)
        if self._hangs_up:
            writer.close()


# -- calls


async def test_s2_12_many_calls_wait_at_once_and_one_does_not_hold_another(
    server: Server,
) -> None:
    client = await arrive(server, "ann")
    cursor = (await client.call("mail.changes", {}))["cursor"]
    parked: JsonObject = {"since": cursor, "wait_ms": 60_000}
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(client.call("mail.changes", parked))
        pings = [tasks.create_task(client.call("session.ping", {})) for _ in range(20)]
        await asyncio.gather(*pings)
        assert not waiting.done()
        await client.call(
            "mail.send", {"to": ["bob"], "client_id": "1", "body": "hello"}
        )
        assert (await waiting)["outbox"]
    await client.close()


async def test_a_refusal_is_raised_as_the_server_says_it(server: Server) -> None:
    client = await arrive(server)
    with pytest.raises(Refusal, match="log in first") as raised:
        await client.call("mail.list", {})
    assert raised.value.kind == "login_required"
    await client.close()


async def test_a_call_has_its_own_deadline_and_a_late_answer_harms_nothing(
    server: Server,
) -> None:
    client = await arrive(server, "ann")
    cursor = (await client.call("mail.changes", {}))["cursor"]
    parked: JsonObject = {"since": cursor, "wait_ms": 200}
    with pytest.raises(Unreachable, match="does not answer in time"):
        await client.call("mail.changes", parked, 0.01)
    await asyncio.sleep(0.3)
    assert await client.call("session.ping", {}) == {}
    await client.close()


async def test_events_come_in_their_order(server: Server) -> None:
    ann, bob = await arrive(server, "ann"), await arrive(server, "bob")
    came = await ann.event()
    assert (came.method, came.params["user"]) == ("presence", "bob")
    for body in ("one", "two"):
        await bob.call("broadcast.send", {"body": body})
    assert [(await ann.event()).params["body"] for _ in range(2)] == ["one", "two"]
    assert ann.local_host == HERE
    await ann.close()
    await bob.close()


# -- the end


async def test_the_reason_of_the_server_is_kept(server: Server) -> None:
    client = await arrive(server, "ann")
    await client.call("auth.logout", {})
    with pytest.raises(Unreachable, match="was lost: logout"):
        await client.event()
    with pytest.raises(Unreachable, match="was lost: logout"):
        await client.call("session.ping", {})
    assert client.closing == "logout"
    await client.close()
    await client.close()


async def test_all_who_wait_are_told_of_the_end() -> None:
    async with Script(event("hello", HELLO)) as address:
        client = await connect(address, PLAIN, 5)
        async with asyncio.TaskGroup() as tasks:
            calls = [
                tasks.create_task(failure(client.call("session.ping", {})))
                for _ in range(3)
            ]
            calls.append(tasks.create_task(failure(client.event())))
            await asyncio.sleep(0)
            client.abort()
        assert {str(call.result()) for call in calls} == {
            f"the connection to {address} was lost"
        }
        await client.close()


async def failure(work: object) -> Unreachable:
    with pytest.raises(Unreachable) as raised:
        await work  # type: ignore[misc]
    return raised.value


async def test_who_never_connected_can_be_closed() -> None:
    client = AioClient(Address(HERE, 1), 1)
    await client.close()
    client.abort()
    with pytest.raises(Unreachable):
        await client.call("session.ping", {})


# -- servers that are none


async def test_where_nobody_listens_it_is_said_how_to_start_one() -> None:
    with socket.create_server((HERE, 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(Unreachable, match=r"no server listens at 127\.0\.0\.1"):
        await connect(Address(HERE, port), PLAIN, 1)


async def test_who_says_nothing_is_given_up() -> None:
    async with Script() as address:
        with pytest.raises(Unreachable, match="says nothing: if it wants TLS"):
            await connect(address, PLAIN, 0.05)


async def test_who_speaks_something_else_is_told_apart() -> None:
    async with Script(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        with pytest.raises(ProtocolFault, match="no nimsg server"):
            await connect(address, PLAIN, 5)


async def test_a_hello_of_another_version_is_refused() -> None:
    async with Script(event("hello", {"versions": [99]})) as address:
        with pytest.raises(ProtocolFault, match="speaks versions"):
            await connect(address, PLAIN, 5)


async def test_a_refusal_in_place_of_the_hello_is_raised() -> None:
    full: JsonObject = {
        "id": None,
        "error": {
            "code": -32006,
            "message": "the server is full",
            "data": {"kind": "too_many_clients"},
        },
    }
    async with Script(frame(full), hangs_up=True) as address:
        with pytest.raises(Refusal, match="the server is full"):
            await connect(address, PLAIN, 5)


async def test_an_answer_that_nobody_asked_for_ends_the_connection() -> None:
    unasked = frame({"id": 7, "result": {}})
    async with Script(event("hello", HELLO), unasked) as address:
        client = await connect(address, PLAIN, 5)
        with pytest.raises(ProtocolFault, match="answered what nobody asked"):
            await client.event()
        await client.close()


async def test_a_frame_that_breaks_off_is_a_loss() -> None:
    whole = event("hello", HELLO)
    async with Script(whole, whole[:9], hangs_up=True) as address:
        client = await connect(address, PLAIN, 5)
        with pytest.raises(Unreachable, match="was lost"):
            await client.event()
        await client.close()


async def test_events_that_nobody_reads_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aio, "EVENTS_MOST", 3)
    noise = event("noise", {})
    async with Script(event("hello", HELLO), noise * 4) as address:
        client = await connect(address, PLAIN, 5)
        for _ in range(3):
            assert (await client.event()).method == "noise"
        with pytest.raises(Unreachable, match="says more than is read here"):
            await client.event()
        await client.close()


# -- TLS


async def test_tls_is_refused_by_who_does_not_speak_it(server: Server) -> None:
    with pytest.raises(Untrusted, match="does not speak TLS"):
        await connect(Address(HERE, server.port), Security(tls=True), 5)


async def test_sec_11_tls_that_is_hung_up_on_is_to_try_later() -> None:
    async with Script(hangs_up=True) as address:
        with pytest.raises(Unreachable, match="it may be full: try again later"):
            await connect(address, Security(tls=True), 5)


async def test_a_ca_file_that_is_none_is_told(server: Server, tmp_path: Path) -> None:
    missing = Security(ca=str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigError, match="cannot be used as a CA file"):
        await connect(Address(HERE, server.port), missing, 5)


@pytest.mark.parametrize("host", [HERE, "::1"], ids=["v4", "v6"])
async def test_s2_11_a_server_is_known_by_its_ca_or_its_fingerprint(
    tmp_path: Path, host: str
) -> None:
    shown = make_certificate(tmp_path, HERE, "::1")
    config = quick_config(
        tmp_path / "var", host=host, tls_cert=shown.cert, tls_key=shown.key
    )
    async with serving(config) as server:
        address = Address(host, server.port)
        ways = (
            Security(ca=str(shown.cert)),
            Security(fingerprint=shown.fingerprint),
        )
        for security in ways:
            client = await connect(address, security, 10)
            assert client.local_host == host
            await client.close()
        with pytest.raises(Untrusted, match="is not trusted"):
            await connect(address, Security(tls=True), 10)
        with pytest.raises(Untrusted, match="is not the server that was meant"):
            await connect(address, Security(fingerprint="0" * 64), 10)
