"""S2-16, X16, S0-14 over a real server: search, threads, imports, removal."""

from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from nimsg.errors import Data, Refusal
from nimsg.protocol.constants import CopyState
from nimsg.protocol.results import Done, Hits, Letters, Sent, Thread
from nimsg.protocol.strict import JsonObject
from nimsg.server.retention import purge
from tests.support.office import Person, office, page_of, people
from tests.support.post import DAY, refused
from tests.support.requests_table import ORIGIN
from tests.support.watchedstore import WatchedStore
from tests.support.wire import at_the_machine, said


NOW = 1_795_000_000_000


async def search(asker: Person, /, words: str = "", **query: object) -> Hits:
    return await asker.ask(Hits, "mail.search", words=words, **query)


async def take(person: Person, **more: object) -> Sent:
    fields = {"client_id": "old", "origin": ORIGIN, "body": "an old needle"} | more
    return await person.ask(Sent, "mail.import", **fields)


async def test_s2_16_what_was_just_sent_is_found(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        found = []
        for number in range(5):
            sent = await a.send("bob", body=f"needle number{number}")
            found.append((await search(b, f"number{number}")).hits[0].inbox)
            assert found[-1] is not None
            assert found[-1].id == sent.id
        nothing = await search(b, "hay")

    assert nothing.hits == []
    assert nothing.unindexed == 0


async def test_s2_16_what_is_listed_becomes_fetched(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        one = await a.send("bob", body="needle")
        two = await a.send("bob", body="hay")
        old = await take(b)
        hits = (await search(b, "needle")).hits
        assert [hit.snippet for hit in hits] == ["an old needle", None]
        await a.until(one.id, CopyState.FETCHED)
        [still] = (await a.status(two.id)).receipts
        thread = await b.ask(Thread, "mail.thread", id=two.id)
        await a.until(two.id, CopyState.FETCHED)
        [own] = (await b.status(old.id)).receipts

    assert still.state is CopyState.STORED
    assert [row.id for row in thread.inbox] == [two.id]
    assert own.state is CopyState.IMPORTED


def spoil(path: Path) -> None:
    path.write_bytes(b"\xa5" * 9999)


async def test_s2_16_a_full_text_damaged_in_use_is_made_anew_behind_busy(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with office(tmp_path, store=store) as server, people(server, "bob") as (b,):
        await search(b)
        spoil(tmp_path / "var" / "search.db")
        found = None
        for _ in range(20):
            with suppress(Refusal):
                found = await search(b)

    assert found is not None
    assert found.hits == []


async def test_s2_16_odd_words_are_refused_and_end_no_session(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        with refused("invalid_params"):
            await search(b, "?")
        with refused("not_found"):
            await search(b, before="01ARZ3NDEKTSV4RRFFQ69G5FAV")
        for person in ("\0", '"', "who:s1"):
            assert (await search(b, person=person)).hits == []
        await b.ping()


# -- mail of other systems


async def test_x16_an_import_wakes_nobody(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        poll = await b.park(await b.cursor())
        async with at_the_machine(server.config.var) as wire:
            params: Data = {
                "user": "alice",
                "to": ["alice", "bob"],
                "client_id": "1",
                "origin": ORIGIN,
                "body": "old",
            }
            assert said(await wire.call("users.import", params)) == "1 done"
        await a.ping()
        assert not poll.done()
        await a.send("bob")
        rows = (await page_of(poll)).inbox

    assert [row.receipt.state for row in rows] == [
        CopyState.IMPORTED,
        CopyState.STORED,
    ]


async def test_x16_an_import_is_a_message_to_oneself(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice") as (a,):
        sent = await take(a, subject="Hi")
        again = await take(a, subject="Hi")
        reply = await take(a, client_id="new", references=["gone", "old"])
        inbox = (await a.inbox(all=True)).inbox
        outbox = (await a.outbox(all=True)).outbox
        with refused("not_permitted"):
            await a.recall(sent.id)
        opened = await a.open(sent.id)

    assert (again.id, again.duplicate) == (sent.id, True)
    assert [row.reply_to for row in inbox if row.id == reply.id] == [sent.id]
    assert outbox == []
    assert opened.receipt is not None
    assert opened.receipt.state is CopyState.OPENED
    assert opened.origin is not None
    assert opened.origin.sender == ORIGIN["from"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"from": "a\nb"}, "invalid_params"),
        ({"from": "a\rb"}, "invalid_params"),
        ({"to": ["a\nb"]}, "invalid_params"),
        ({"message_id": "a\n"}, "invalid_params"),
        ({"date": 253_402_300_800_000}, "invalid_params"),
        ({"date": -62_135_596_800_001}, "invalid_params"),
    ],
)
async def test_x16_sec_14_an_origin_is_lines_and_a_date(
    tmp_path: Path, changes: JsonObject, kind: str
) -> None:
    async with office(tmp_path) as server, people(server, "alice") as (a,):
        with refused(kind):
            await take(a, origin={**ORIGIN, **changes})
        assert (await a.inbox(all=True)).inbox == []
        await a.ping()


@pytest.mark.parametrize("date", [253_402_300_799_999, -62_135_596_800_000, 0, None])
async def test_x16_any_year_is_kept(tmp_path: Path, date: int | None) -> None:
    async with office(tmp_path) as server, people(server, "alice") as (a,):
        sent = await take(a, origin={**ORIGIN, "date": date, "zone": -1439})
        opened = await a.open(sent.id)
        found = await search(a, since=date, until=None if date is None else date + 1)

    assert opened.origin is not None
    assert opened.origin.date == date
    assert len(found.hits) == 1


# -- by whoever owns the machine


async def test_x16_a_mailbox_is_read_at_the_machine_only(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob", body="secret")
        for method, params in (
            ("users.mail", {"user": "bob"}),
            (
                "users.import",
                {"user": "bob", "to": ["bob"], "client_id": "1", "origin": ORIGIN},
            ),
        ):
            with refused("not_permitted"):
                await b.client.call(method, **params)
        async with at_the_machine(server.config.var) as wire:
            frame = await wire.call("users.mail", {"user": "bob"})
            letters = msgspec.convert(frame["result"], Letters)
            nobody = await wire.call("users.mail", {"user": "eve"})
            twice: Data = {
                "user": "bob",
                "to": ["bob", "bob"],
                "client_id": "1",
                "origin": ORIGIN,
                "body": "x",
            }
            wrong = await wire.call("users.import", twice)
        [receipt] = (await a.status(sent.id)).receipts

    assert [letter.body for letter in letters.letters] == ["secret"]
    assert receipt.state is CopyState.STORED
    assert said(nobody) == "1 unknown_user"
    assert said(wrong) == "1 invalid_params"


# -- removal


async def test_s0_14_texts_are_removed_when_their_time_has_come(tmp_path: Path) -> None:
    now = NOW
    async with (
        office(tmp_path, clock=lambda: now) as server,
        people(server, "alice", "bob") as (a, b),
    ):
        sent = await a.send("bob", body="needle", client_id="once")
        path = server.services.store.layout.message(sent.id)  # type: ignore[attr-defined]
        for person in (a, b):
            await person.ask(Done, "mail.delete", id=sent.id)
        early = await purge(server.services)
        now += int(server.config.retention_days * DAY) - 1
        just = await purge(server.services)
        stood = path.exists()
        now += 1
        due = await purge(server.services)
        found = (await search(a, "needle")).hits
        again = await a.send("bob", body="needle", client_id="once")

    assert (early, just, due) == (0, 0, 1)
    assert stood
    assert not path.exists()
    assert found == []
    assert (again.id, again.duplicate) == (sent.id, True)


async def test_s0_14_the_server_looks_by_itself(tmp_path: Path) -> None:
    now = NOW
    async with (
        office(tmp_path, clock=lambda: now) as server,
        people(server, "alice", "bob") as (a, b),
    ):
        ids = []
        for _ in range(3):
            ids.append((await a.send("bob")).id)
            for person in (a, b):
                await person.ask(Done, "mail.delete", id=ids[-1])
    now += int(server.config.retention_days * DAY)
    var = tmp_path / "var"
    async with (
        office(tmp_path, clock=lambda: now) as server,
        people(server, "alice", "bob") as (a, _),
    ):
        await a.send("bob")

    assert [path for id_ in ids for path in var.rglob(f"{id_}.json")] == []
