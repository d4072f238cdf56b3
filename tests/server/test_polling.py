"""Polls that wait: who wakes them, and when."""

from pathlib import Path

from nimsg.protocol.constants import CopyState
from tests.support.office import office, page_of, people


async def test_x6_a_parked_poll_of_the_recipient_wakes_on_a_send(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        poll = await b.park(await b.cursor())
        parked = not poll.done()
        sent = await a.send("bob")
        page = await page_of(poll)

    assert parked
    assert [row.id for row in page.inbox] == [sent.id]


async def test_s0_7_n4_a_parked_poll_of_the_sender_wakes_at_each_rung(
    tmp_path: Path,
) -> None:
    seen = []
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob")
        cursor = await a.cursor()
        for act in (b.inbox, lambda: b.open(sent.id), lambda: b.ack(sent.id)):
            poll = await a.park(cursor)
            await act()
            page = await page_of(poll)
            cursor = page.cursor
            seen += [receipt.state for receipt in page.outbox[0].receipts]

    assert seen == [CopyState.FETCHED, CopyState.OPENED, CopyState.ACKED]


async def test_n7_a_parked_poll_of_the_recipient_wakes_on_a_recall(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob", subject="secret")
        await b.inbox()
        await a.until(sent.id, CopyState.FETCHED)
        poll = await b.park(await b.cursor())
        await a.recall(sent.id)
        [row] = (await page_of(poll)).inbox

    assert (row.receipt.state, row.subject) == (CopyState.RECALLED, "")


async def test_a_change_wakes_every_connection_of_an_account(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob", "bob") as (a, phone, desk),
    ):
        polls = [await person.park(await person.cursor()) for person in (phone, desk)]
        sent = await a.send("bob")
        woken = [(await page_of(poll)).inbox[0].id for poll in polls]

    assert woken == [sent.id, sent.id]


async def test_s4_12_a_change_of_others_wakes_nobody(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob", "carol") as (a, b, c),
    ):
        poll = await c.park(await c.cursor())
        sent = await a.send("bob")
        await b.open(sent.id)
        await c.ping()
        parked = not poll.done()
        mine = await a.send("carol")
        page = await page_of(poll)

    assert parked
    assert [row.id for row in page.inbox] == [mine.id]


async def test_s3_8_a_plain_poll_is_answered_at_once(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        cursor = await b.cursor()
        page = await b.changes(cursor)

    assert (page.cursor, page.inbox, page.outbox) == (cursor, [], [])


async def test_what_is_there_already_is_not_waited_for(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        cursor = await b.cursor()
        sent = await a.send("bob")
        page = await b.changes(cursor, wait_ms=60_000)

    assert [row.id for row in page.inbox] == [sent.id]


async def test_x6_a_parked_poll_ends_empty_when_its_time_is_over(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        cursor = await b.cursor()
        page = await b.changes(cursor, wait_ms=20)
        left = len(server.services.parking._parked)

    assert (page.cursor, page.inbox, page.outbox) == (cursor, [], [])
    assert left == 0, "its ticket was given back"


async def test_a_poll_whose_client_left_is_forgotten(tmp_path: Path) -> None:
    async with office(tmp_path) as server:
        async with people(server, "bob") as (b,):
            poll = await b.park(await b.cursor())
            waited = len(server.services.parking._parked)
        await server.services.registry.emptied()
        left = len(server.services.parking._parked)

    assert (waited, left) == (1, 0)
    assert not poll.done()


async def test_s1_6_a_connection_sends_while_it_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        poll = await a.park(await a.cursor())
        sent = await a.send("bob")
        page = await page_of(poll)

    assert [row.id for row in page.outbox] == [sent.id]
