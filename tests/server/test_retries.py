"""The same message sent twice, on purpose or because an answer was lost."""

import asyncio
from pathlib import Path

import pytest

from tests.support.office import office, people
from tests.support.post import refused
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import logged_in


async def test_a_retry_gives_the_same_message(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        first = await a.send("bob", "nobody", client_id="once")
        again = await a.send("nobody", "bob", client_id="once")
        page = await b.inbox()

    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.id, again.sent_at, again.position) == (
        first.id,
        first.sent_at,
        first.position,
    )
    assert (again.to, again.refused) == (first.to, first.refused)
    assert (again.digest, again.hash) == (first.digest, first.hash)
    assert [row.id for row in page.inbox] == [first.id]


# What makes another message of it; `reply_to` has a test of its own.
OTHER: dict[str, dict[str, object]] = {
    "body": {"body": "other"},
    "subject": {"subject": "other"},
    "to": {"to": ["bob", "carol"]},
}


@pytest.mark.parametrize("case", OTHER)
async def test_another_message_under_the_client_id_is_a_conflict(
    tmp_path: Path, case: str
) -> None:
    params = {"to": ["bob"], "client_id": "once", "body": "hello"}
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob", "carol") as (a, b, _),
    ):
        await a.client.call("mail.send", **params)
        with refused("client_id_conflict") as caught:
            await a.client.call("mail.send", **{**params, **OTHER[case]})
        page = await b.inbox()

    assert caught.value.data == {"client_id": "once"}
    assert len(page.inbox) == 1


async def test_another_reply_under_the_client_id_is_a_conflict(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        first = await b.send("alice")
        await a.send("bob", client_id="once")
        with refused("client_id_conflict"):
            await a.send("bob", client_id="once", reply_to=first.id)


async def test_a_client_id_is_the_senders_own(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        one = await a.send("bob", client_id="once")
        other = await b.send("alice", client_id="once", body="other")

    assert not other.duplicate
    assert one.id != other.id


async def test_a_retry_after_the_sender_deleted_it_stores_nothing(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        first = await a.send("bob", client_id="once")
        await a.delete(first.id)
        again = await a.send("bob", client_id="once")
        page = await b.inbox()

    assert (again.id, again.duplicate) == (first.id, True)
    assert len(page.inbox) == 1


async def test_a_retry_on_the_next_server_gives_the_same_message(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        first = await a.send("bob", client_id="once")
    async with office(tmp_path) as server, people(server, "alice") as (a,):
        again = await a.send("bob", client_id="once")

    assert (again.id, again.duplicate) == (first.id, True)


async def test_retries_at_the_same_instant_store_one_message(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "alice", "bob") as (one, other, b),
    ):
        answers = await asyncio.gather(
            *(one.send("bob", client_id="once") for _ in range(8)),
            *(other.send("bob", client_id="once") for _ in range(8)),
        )
        page = await b.inbox()

    assert {answer.id for answer in answers} == {page.inbox[0].id}
    assert sorted(answer.duplicate for answer in answers) == [False] + [True] * 15
    assert len(page.inbox) == 1


async def test_s1_18_a_retry_after_the_connection_was_cut_before_the_answer(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    params = {"to": ["bob"], "client_id": "once", "body": "hello"}
    async with (
        office(tmp_path, store=store) as server,
        people(server, "alice", "bob") as (a, b),
    ):
        store.before = gate = Gate("file")
        async with logged_in(server.port, "alice") as wire:
            wire.send("mail.send", params)
            await gate.reached.wait()
            wire.writer.transport.abort()
        gate.open()
        again = await a.send("bob", client_id="once")
        page = await b.inbox()

    assert again.duplicate
    assert [row.id for row in page.inbox] == [again.id]
