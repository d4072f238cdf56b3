"""An orderly end: what was taken is answered, nothing new is, all are told."""

import asyncio
import socket
from pathlib import Path

import pytest

from nimsg.errors import ConfigError, Unavailable
from nimsg.server.app import Server
from nimsg.store.local import LocalStore
from tests.support.office import HANG_S, office, people
from tests.support.post import refused
from tests.support.serving import quick_config
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import Wire, logged_in, said, wired


async def test_s3_26_what_is_in_flight_is_answered_and_nothing_new_is_taken(
    tmp_path: Path,
) -> None:
    store, stop = WatchedStore(tmp_path / "var"), asyncio.Event()
    async with office(tmp_path, store=store, stop=stop) as server:
        async with (
            people(server, "alice", "bob") as (a, _),
            logged_in(server.port, "bob") as idle,
        ):
            store.before = gate = Gate("file")
            sending = asyncio.create_task(a.send("bob"))
            await gate.reached.wait()
            stop.set()
            told = await idle.rest()
            with refused("shutting_down"):
                await a.ping()
            waits = not sending.done()
            gate.open()
            sent = await sending
            await a.client.closed.wait()
        assert a.client.session.closing == "shutdown"
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        opened = await b.open(sent.id)

    assert told == ["closing shutdown"]
    assert waits
    assert opened.body == "hello"


async def test_s3_26_who_waits_in_a_poll_is_answered_and_told(tmp_path: Path) -> None:
    stop = asyncio.Event()
    async with (
        office(tmp_path, stop=stop) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        wire.send("mail.changes", {"wait_ms": 60_000}, 1)
        wire.send("mail.changes", {"wait_ms": 60_000}, 2)
        taken = said(await wire.call("session.ping", {}, 3))
        stop.set()
        rest = await wire.rest()

    assert taken == "3 done"
    assert sorted(rest[:2]) == ["1 done", "2 done"]
    assert rest[2:] == ["closing shutdown"]


async def test_who_comes_while_it_stops_is_told_so(tmp_path: Path) -> None:
    async with office(tmp_path) as server:
        server.services.stopping = True
        async with wired(server.port) as wire:
            rest = await wire.rest()

    assert rest == ["hello", "closing shutdown"]


async def test_a_peer_that_never_hangs_up_holds_up_no_end(tmp_path: Path) -> None:
    beyond_the_guard = 10 * HANG_S
    async with office(tmp_path, stop_deadline_s=beyond_the_guard) as server:
        stays = await asyncio.open_connection("127.0.0.1", server.port)
    rest = await Wire(*stays).rest()
    stays[1].close()

    assert rest == ["hello", "closing shutdown"]


async def test_a_request_that_never_ends_is_cut_off_at_the_deadline(
    tmp_path: Path,
) -> None:
    store, stop = WatchedStore(tmp_path / "var"), asyncio.Event()
    async with (
        office(tmp_path, store=store, stop=stop, stop_deadline_s=0.2) as server,
        people(server, "alice") as (a,),
    ):
        store.before = gate = Gate("page")
        listing = a.client.start("mail.list", {})
        await gate.reached.wait()
        stop.set()
        await a.client.closed.wait()
        gate.open()

    assert isinstance(listing.exception(), ConnectionError)


async def test_s0_11_everything_answered_is_there_after_a_restart(
    tmp_path: Path,
) -> None:
    bodies = [f"number {n}" for n in range(20)]
    for _ in range(3):
        async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
            for body in bodies:
                await a.send("bob", body=body, client_id=body.replace(" ", "-"))
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        page = await b.inbox()
        read = [(await b.open(row.id)).body for row in reversed(page.inbox)]

    assert read == bodies


async def test_a_port_in_use_is_named_and_leaves_the_store_free(tmp_path: Path) -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = taken.getsockname()[1]
    config = quick_config(tmp_path / "var", port=port)
    with pytest.raises(Unavailable, match=f"port {port}: Address already in use"):
        await Server(config, LocalStore(config.var)).serve(
            asyncio.Event(), lambda: None
        )
    taken.close()

    LocalStore(config.var).close()


async def test_a_host_that_is_none_is_named(tmp_path: Path) -> None:
    config = quick_config(tmp_path / "var", host="no such host")
    with pytest.raises(ConfigError, match="no such host"):
        async with asyncio.timeout(HANG_S):
            await Server(config, LocalStore(config.var)).serve(
                asyncio.Event(), lambda: None
            )
