"""When the disk fails: everybody who waits is told, and the server ends."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from nimsg.errors import StorageFailure
from nimsg.server.app import Server
from tests.support.office import HANG_S, office, people
from tests.support.post import refused
from tests.support.serving import quick_config
from tests.support.watchedstore import Gate, WatchedStore


class Failing(NamedTuple):
    """A server that is expected to fail, and how it does."""

    server: Server
    ended: asyncio.Task[StorageFailure]


@asynccontextmanager
async def about_to_fail(store: WatchedStore, var: Path) -> AsyncIterator[Failing]:
    server = Server(quick_config(var), store)
    ready = asyncio.Event()

    async def end() -> StorageFailure:
        with pytest.raises(StorageFailure) as caught:
            await server.serve(asyncio.Event(), ready.set)
        return caught.value

    async with asyncio.timeout(HANG_S), asyncio.TaskGroup() as tasks:
        ended = tasks.create_task(end())
        await ready.wait()
        yield Failing(server, ended)


@pytest.mark.parametrize("operation", ["commit", "file"])
async def test_a_failure_is_told_to_all_who_wait_and_ends_the_server(
    tmp_path: Path, operation: str
) -> None:
    var = tmp_path / "var"
    store = WatchedStore(var)
    async with (
        about_to_fail(store, var) as failing,
        people(failing.server, "alice", "eve", "bob") as (a, b, _),
    ):
        store.before = gate = Gate(operation)
        sends = [a.client.start("mail.send", message(n)) for n in range(3)]
        await gate.reached.wait()
        sends += [b.client.start("mail.send", message(n)) for n in range(3)]
        await b.ping()
        gate.open(failure="no space for the truth")
        answers = [await send for send in sends]
        failure = await failing.ended
        await a.client.closed.wait()

    kinds = {answer.refusal and answer.refusal.kind for answer in answers}
    assert kinds == {"storage_failed"}
    assert str(failure) == "no space for the truth"


def message(number: int) -> dict[str, object]:
    return {"to": ["bob"], "client_id": str(number), "body": "hello"}


@pytest.mark.parametrize(("operation", "stood"), [("commit", False), ("file", True)])
async def test_the_same_client_id_finds_out_what_stood(
    tmp_path: Path, operation: str, stood: bool
) -> None:
    var = tmp_path / "var"
    store = WatchedStore(var)
    async with (
        about_to_fail(store, var) as failing,
        people(failing.server, "alice", "bob") as (a, _),
    ):
        store.before = gate = Gate(operation)
        send = a.client.start("mail.send", message(1))
        await gate.reached.wait()
        gate.open(failure="gone")
        answer = await send
        await failing.ended
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        again = await a.send("bob", client_id="1")
        page = await b.inbox()

    assert answer.refusal is not None
    assert answer.refusal.kind == "storage_failed"
    assert again.duplicate is stood
    assert [row.id for row in page.inbox] == [again.id]


async def test_a_settling_that_fails_ends_the_server(tmp_path: Path) -> None:
    var = tmp_path / "var"
    store = WatchedStore(var)
    async with (
        about_to_fail(store, var) as failing,
        people(failing.server, "alice", "bob") as (a, _),
    ):
        store.before = gate = Gate("settle")
        sent = await a.send("bob")
        await gate.reached.wait()
        poll = await a.park(await a.cursor())
        gate.open(failure="the last sync")
        failure = await failing.ended
        await a.client.closed.wait()
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        opened = await b.open(sent.id)

    assert str(failure) == "the last sync"
    assert isinstance(poll.exception(), ConnectionError)
    assert opened.body == "hello", "it was answered, so it stands"


async def test_a_read_of_a_damaged_index_is_told_once_and_ends_the_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    var = tmp_path / "var"
    store = WatchedStore(var)
    async with (
        about_to_fail(store, var) as failing,
        people(failing.server, "alice", "bob") as (a, b),
    ):
        store.before = malformed
        asks = [one.client.start("mail.list", {"box": "inbox"}) for one in (a, b)]
        answers = [await ask for ask in asks]
        failure = await failing.ended
        with pytest.raises(StorageFailure):
            store.commit([], 0)

    kinds = {answer.refusal and answer.refusal.kind for answer in answers}
    assert kinds == {"storage_failed"}
    assert f"{var}/index.db is damaged (malformed); make it anew" in str(failure)
    assert not [line for line in caplog.records if line.levelname == "ERROR"]


async def test_a_search_that_meets_a_damaged_index_ends_the_server(
    tmp_path: Path,
) -> None:
    def damaged(operation: str) -> None:
        if operation == "search":
            raise failed("malformed", sqlite3.SQLITE_CORRUPT)

    var = tmp_path / "var"
    store = WatchedStore(var)
    async with (
        about_to_fail(store, var) as failing,
        people(failing.server, "bob") as (bob,),
    ):
        store.before = damaged
        answer = await bob.client.start("mail.search", {"words": "x"})
        failure = await failing.ended

    assert answer.refusal is not None
    assert answer.refusal.kind == "storage_failed"
    assert f"{var}/index.db is damaged (malformed)" in str(failure)


async def test_an_indexer_that_meets_a_damaged_index_ends_the_server(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with about_to_fail(store, tmp_path / "var") as failing:
        gate = store.before = Gate("index_text")
        failing.server.services.indexing.note()
        await gate.reached.wait()
        gate.open(failure="index.db is damaged")
        failure = await failing.ended

    assert str(failure) == "index.db is damaged"


def malformed(operation: str) -> None:
    if operation in {"page", "page_at_hand", "locks"}:
        raise failed("malformed", sqlite3.SQLITE_CORRUPT_INDEX)


def failed(words: str, code: int) -> sqlite3.DatabaseError:
    """What SQLite raises."""
    error = sqlite3.DatabaseError(words)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "error",
    [
        failed("string or blob too big", sqlite3.SQLITE_TOOBIG),
        failed("syntax error", sqlite3.SQLITE_ERROR),
        sqlite3.ProgrammingError("no such parameter"),
    ],
    ids=str,
)
async def test_a_question_that_is_wrong_ends_nothing(
    tmp_path: Path, error: sqlite3.Error
) -> None:
    def once(operation: str) -> None:
        if operation == "page":
            store.before = lambda _: None
            raise error

    store = WatchedStore(tmp_path / "var")
    async with (
        office(tmp_path, store=store) as server,
        people(server, "alice", "bob") as (_, bob),
    ):
        store.before = once
        with refused("internal_error"):
            await bob.inbox()
        assert (await bob.inbox()).total == 0


async def test_damage_that_is_met_before_it_listens_is_named(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path / "var", malformed)

    with pytest.raises(StorageFailure, match=r"index\.db is damaged \(malformed\)"):
        Server(quick_config(tmp_path / "var"), store)
    store.close()


async def test_a_full_disk_ends_nothing_and_is_told(tmp_path: Path) -> None:
    below = 2**62
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        store = server.services.store
        sent = await a.send("bob")
        assert hasattr(store, "_min_free_bytes")
        store._min_free_bytes = below
        with refused("disk_full"):
            await a.send("bob")
        opened = await b.open(sent.id)
        await b.delete(sent.id)
        async with people(server, "bob") as (again,):
            await again.ping()
        store._min_free_bytes = 0
        later = await a.send("bob")

    assert opened.body == "hello"
    assert not later.duplicate
