"""Pages of a box, and what changed since a cursor."""

from pathlib import Path

import pytest

from nimsg.protocol.constants import CopyState
from nimsg.protocol.results import InboxRow, OutboxRow
from tests.support.aioclient import connected
from tests.support.office import Person, office, people
from tests.support.post import refused


async def send_many(sender: Person, to: str, count: int) -> list[str]:
    """The ids of so many messages, in the order of their positions."""
    return [(await sender.send(to, subject=str(n))).id for n in range(count)]


async def pages(person: Person, box: str, limit: int) -> list[list[str]]:
    """The ids on every page of a box, the newest page first."""
    found, before = [], None
    listing = person.inbox if box == "inbox" else person.outbox
    while True:
        page = await listing(all=True, limit=limit, before=before)
        rows: list[InboxRow] | list[OutboxRow] = page.inbox or page.outbox
        found.append([row.id for row in rows])
        if page.next is None:
            return found
        before = page.next


@pytest.mark.parametrize("box", ["inbox", "outbox"])
@pytest.mark.parametrize("limit", [1, 3, 7, 8])
async def test_s0_13_a_box_comes_in_pages_the_newest_first(
    tmp_path: Path, box: str, limit: int
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        ids = (await send_many(a, "bob", 7))[::-1]
        found = await pages(b if box == "inbox" else a, box, limit)

    assert found == [ids[start : start + limit] for start in range(0, 7, limit)]


async def test_s0_13_mail_that_comes_meanwhile_moves_no_page(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        ids = await send_many(a, "bob", 4)
        first = await b.inbox(limit=2)
        await send_many(a, "bob", 3)
        second = await b.inbox(limit=2, before=first.next)

    assert [row.id for row in (*first.inbox, *second.inbox)] == ids[::-1]


async def test_s0_13_a_listing_is_what_is_new_or_all(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        unread, opened, acked, deleted, recalled = await send_many(a, "bob", 5)
        await b.open(opened)
        await b.ack(acked)
        await b.delete(deleted)
        await a.recall(recalled)
        new, every = await b.inbox(), await b.inbox(all=True)
        pending, sent = await a.outbox(), await a.outbox(all=True)

    assert [row.id for row in new.inbox] == [unread]
    assert [row.id for row in every.inbox] == [recalled, acked, opened, unread]
    assert (new.new, new.total) == (1, 4)
    assert [row.id for row in pending.outbox] == [unread]
    assert len(sent.outbox) == 5
    assert (pending.pending, pending.total) == (1, 5)


async def test_positions_have_no_gap(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob", "carol") as (a, b, c),
    ):
        for sender in (a, b, a, a, b):
            await sender.send("carol")
            with refused("all_refused"):
                await sender.send("nobody")
        inbox, outbox = await c.inbox(), await a.outbox()

    assert [row.position for row in inbox.inbox] == [5, 4, 3, 2, 1]
    assert [row.position for row in outbox.outbox] == [3, 2, 1]


async def test_s1_13_login_says_how_much_is_waiting(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        ids = await send_many(a, "bob", 3)
        await b.open(ids[0])
        async with connected(server.port) as one, connected(server.port) as other:
            alice, bob = await one.login("alice"), await other.login("bob")

    assert (alice["new"], alice["pending"]) == (0, 2)
    assert (bob["new"], bob["pending"]) == (2, 0)


async def test_a_large_page_ends_by_its_bytes(tmp_path: Path) -> None:
    subject = "\U0001f4ec" * 200
    async with (
        office(tmp_path, auth="open") as server,
        people(server, "alice", "bob") as (a, b),
    ):
        for _ in range(20):
            await a.send(*[f"recipient-number-{n:02}" for n in range(63)], "bob")
        first = await a.outbox(limit=500)
        rest = await a.outbox(limit=500, before=first.next)
        await a.send("bob", subject=subject)
        [row] = (await b.inbox(limit=1)).inbox

    assert first.next is not None
    assert 0 < len(first.outbox) < 20
    assert len(first.outbox) + len(rest.outbox) == 20
    assert row.subject == subject


# -- changes -------------------------------------------------------------------


async def test_s3_9_changes_hold_everything_once_and_then_nothing(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        ids = await send_many(a, "bob", 7)
        cursor, found, more = None, [], True
        while more:
            page = await b.changes(cursor, limit=3)
            cursor, more = page.cursor, page.more
            found += [row.id for row in page.inbox]
        await a.until(ids[-1], CopyState.FETCHED)
        again = await b.changes(cursor, limit=500)
        nothing = await b.changes(again.cursor)

    assert found[:7] == ids
    assert {row.id for row in again.inbox} <= set(ids), "receipts may repeat a row"
    assert (nothing.inbox, nothing.outbox, nothing.more) == ([], [], False)


async def test_s3_10_each_client_has_its_own_cursor(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob", "bob") as (a, phone, desk),
    ):
        [first] = await send_many(a, "bob", 1)
        early = await phone.changes()
        [second] = await send_many(a, "bob", 1)
        late = await phone.changes(early.cursor)
        both = await desk.changes()

    assert second in {row.id for row in late.inbox}
    assert [row.id for row in both.inbox] == [first, second]


async def test_s0_7_a_receipt_is_a_change_for_the_sender(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        [one] = await send_many(a, "bob", 1)
        cursor = await a.cursor()
        await b.open(one)
        [row] = (await a.changes(cursor)).outbox

    assert row.receipts[0].state is CopyState.OPENED
    assert not row.pending


async def test_a_page_gives_the_cursor_to_go_on_from(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        await send_many(a, "bob", 2)
        page = await b.outbox()
        [later] = await send_many(a, "bob", 1)
        after = await b.changes(page.cursor)

    assert [row.id for row in after.inbox] == [later]


@pytest.mark.parametrize("since", ["", "x", "0-0-0-0", "a-b-c-d", "\u0661"])
async def test_a_cursor_that_is_none_is_refused(tmp_path: Path, since: str) -> None:
    async with office(tmp_path) as server, people(server, "alice") as (a,):
        with refused("cursor_invalid"):
            await a.changes(since)


async def test_a_cursor_with_a_number_beyond_all_is_refused(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice") as (a,):
        epoch = (await a.cursor()).partition("-")[0]
        with refused("cursor_invalid"):
            await a.changes(f"{epoch}-{'9' * 40}-0-0")
