"""Drafts over the wire: on the server, and so on each of their writer's clients."""

from pathlib import Path

import pytest

from nimsg.protocol.constants import limit
from nimsg.protocol.drafts import DraftRow, Drafts, DraftSaved
from nimsg.protocol.results import Done
from nimsg.server.app import Server
from tests.support.guests import guest, guests, timed_office
from tests.support.office import Person, office, people
from tests.support.post import refused
from tests.support.requests_table import ID
from tests.support.virtualtime import START_MS, VirtualTime
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import told


async def save(one: Person, client_id: str, **texts: object) -> DraftSaved:
    return await one.ask(DraftSaved, "draft.save", client_id=client_id, **texts)


async def delete(one: Person, client_id: str) -> Done:
    return await one.ask(Done, "draft.delete", client_id=client_id)


async def page(one: Person, **query: object) -> Drafts:
    return await one.ask(Drafts, "draft.list", **query)


async def bodies(one: Person) -> dict[str, str]:
    return {row.client_id: row.body for row in (await page(one)).drafts}


def least_free(server: Server, least: int) -> None:
    """So much of the disk must be free for new texts."""
    store = server.services.store
    assert hasattr(store, "_min_free_bytes")
    store._min_free_bytes = least


async def test_x10_a_draft_is_saved_changed_listed_and_deleted(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guest(server, "ann") as ann:
        first = await save(ann, "d1")
        time.advance(1)
        retried = await save(ann, "d1")
        other = await save(ann, "d2", body="b")
        time.advance(1)
        later = await save(
            ann, "d1", to="bob, nobo", subject="Hi", body="te", reply_to=ID
        )
        listed = await page(ann)
        ends = [await delete(ann, "d1") for _ in range(2)]
        left = await bodies(ann)

    assert first == retried == DraftSaved("d1", START_MS)
    assert (other.saved_at, later.saved_at) == (START_MS + 1000, START_MS + 2000)
    assert listed == Drafts(
        [
            DraftRow("d1", "bob, nobo", "Hi", "te", ID, START_MS + 2000),
            DraftRow("d2", "", "", "b", None, START_MS + 1000),
        ],
        next=None,
    )
    assert ends == [Done(), Done()]
    assert left == {"d2": "b"}


async def test_x10_drafts_are_on_every_client_of_their_writer_and_on_no_other(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, guests(server, "ann", "bob") as (ann, bob):
        await save(ann, "d", body="of ann")
        await save(bob, "d", body="of bob")
        async with people(server, "ann") as (script,):
            seen = await bodies(script)
        others = await bodies(bob)
        await delete(bob, "d")
        kept = await bodies(ann)

    assert seen == kept == {"d": "of ann"}
    assert others == {"d": "of bob"}


async def test_x10_drafts_stand_behind_a_restart(tmp_path: Path) -> None:
    async with office(tmp_path) as server, guest(server, "ann") as ann:
        await save(ann, "d1", body="not yet")
        await save(ann, "d2", body="never")
        await delete(ann, "d2")
    async with office(tmp_path) as server, guest(server, "ann") as ann:
        found = await bodies(ann)

    assert found == {"d1": "not yet"}


async def test_x10_drafts_come_in_pages(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guest(server, "ann") as ann:
        for number in range(5):
            await save(ann, f"d{number}", body="\x01" * limit("body_bytes"))
            time.advance(1)
        found: list[str] = []
        after, sizes = None, []
        while True:
            one = await page(ann, after=after, limit=2)
            found += [row.client_id for row in one.drafts]
            sizes.append(len(one.drafts))
            after = one.next
            if after is None:
                break

    assert found == [f"d{number}" for number in range(5)]
    assert sizes == [1] * 5, "two of these are too long for a page"


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ({"to": "x" * 2201}, "invalid_params"),
        ({"subject": "x" * 201}, "subject_invalid"),
        ({"subject": "a\nb"}, "subject_invalid"),
        ({"body": "x" * 65_537}, "body_too_large"),
        ({"reply_to": "x"}, "invalid_params"),
        ({"client_id": "a b"}, "invalid_params"),
    ],
)
async def test_s0_18_a_draft_that_no_message_could_hold_is_refused(
    tmp_path: Path, texts: dict[str, object], kind: str
) -> None:
    async with office(tmp_path) as server, guest(server, "ann") as ann:
        with refused(kind):
            await ann.client.call("draft.save", **{"client_id": "d", **texts})
        found = await bodies(ann)

    assert found == {}


async def test_sec_11_an_account_keeps_100_drafts(tmp_path: Path) -> None:
    async with office(tmp_path) as server, guest(server, "ann") as ann:
        for number in range(limit("drafts")):
            await save(ann, f"d{number}")
        with refused("too_many"):
            await save(ann, "one-more")
        await save(ann, "d0", body="changed")
        await delete(ann, "d1")
        await save(ann, "one-more")
        found = await bodies(ann)

    assert len(found) == limit("drafts")
    assert found["d0"] == "changed"


async def test_x10_a_draft_is_answered_when_it_is_on_the_disk(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        office(tmp_path, store=store) as server,
        guest(server, "ann") as ann,
    ):
        store.before = gate = Gate("file")
        saving = ann.client.start("draft.save", {"client_id": "d"})
        await gate.reached.wait()
        await ann.ping()
        early = saving.done()
        gate.open()
        answer = await saving

    assert not early
    assert answer.refusal is None


async def test_a_full_disk_takes_no_new_texts_and_deletes(tmp_path: Path) -> None:
    async with office(tmp_path) as server, guest(server, "ann") as ann:
        await save(ann, "d1", body="one")
        least_free(server, 2**62)
        for client_id in ("d1", "d2"):
            with refused("disk_full"):
                await save(ann, client_id, body="two")
        await save(ann, "d1", body="one")
        await delete(ann, "d1")
        left = await bodies(ann)
        least_free(server, 0)
        await save(ann, "d2", body="two")
        taken = await bodies(ann)

    assert (left, taken) == ({}, {"d2": "two"})


async def test_a_closed_account_leaves_no_drafts(tmp_path: Path) -> None:
    drafts = tmp_path / "var" / "drafts"
    async with office(tmp_path) as server, guests(server, "ann", "bob") as (ann, bob):
        await save(ann, "d")
        await save(bob, "d")
        before = len(list(drafts.iterdir()))
        end = await told(server.config.var, "users.remove", {"user": "ann"})
        after = len(list(drafts.iterdir()))
        found = await bodies(bob)

    assert (end, before, after, found) == ("done", 2, 1, {"d": ""})
