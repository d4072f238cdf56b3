"""Recall: certain, against an opening that comes at the same instant too."""

from pathlib import Path

from nimsg.protocol.constants import CopyState
from tests.support.office import office, people
from tests.support.post import refused


RACES = 60


async def test_n7_a_recall_withdraws_what_nobody_opened(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob", subject="oops", body="never mind")
        await b.inbox()
        recalled = await a.recall(sent.id)
        with refused("recalled"):
            await b.ack(sent.id)
        with refused("recalled") as caught:
            await b.open(sent.id)
        [row] = (await b.inbox(all=True)).inbox
        status = await b.status(sent.id)
        own = await a.open(sent.id)

    assert recalled.complete
    at = recalled.receipts[0].recalled_at
    assert caught.value.data == {"recalled_at": at}
    assert (row.receipt.state, row.subject, row.size) == (CopyState.RECALLED, "", 0)
    assert (status.subject, status.size, status.pending) == ("", 0, False)
    assert (own.subject, own.body) == ("oops", "never mind"), "the sender keeps it"


async def test_n7_a_recall_says_who_opened_before_it_and_when(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob", "carol") as (a, b, c),
    ):
        sent = await a.send("bob", "carol")
        opened = (await b.open(sent.id)).receipt
        recalled = await a.recall(sent.id)
        again = await a.recall(sent.id)
        body = (await b.open(sent.id)).body
        with refused("recalled"):
            await c.open(sent.id)

    assert not recalled.complete
    assert recalled.receipts[0] == opened
    assert recalled.receipts[1].state is CopyState.RECALLED
    assert again == recalled
    assert body == "hello"


async def test_n7_only_the_sender_recalls(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob", "carol") as (a, b, c),
    ):
        sent = await a.send("bob")
        with refused("not_sender"):
            await b.recall(sent.id)
        with refused("not_found"):
            await c.recall(sent.id)
        opened = await b.open(sent.id)

    assert opened.body == "hello"


async def test_n7_of_a_recall_and_an_opening_exactly_one_wins(tmp_path: Path) -> None:
    won = []
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        for race in range(RACES):
            sent = await a.send("bob", body="now or never")
            opening = b.client.start("mail.open", {"id": sent.id})
            for _ in range(race % 3):
                await a.ping()
            recall = (await a.client.start("mail.recall", {"id": sent.id})).result
            opened = await opening
            [told] = (await a.status(sent.id)).receipts
            if opened.refusal is None:
                assert opened.result["body"] == "now or never"
                assert (told.state, recall["complete"]) == (CopyState.OPENED, False)
            else:
                assert opened.refusal.kind == "recalled"
                assert (told.state, recall["complete"]) == (CopyState.RECALLED, True)
            won.append(told.state)

    assert len(won) == RACES
