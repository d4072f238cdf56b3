"""Bob of the demo, whom a real client writes to over a real wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from nimsg.cli import demotexts
from nimsg.cli.demofriend import Company, Pace, visit
from nimsg.client import answers, people_answers
from nimsg.client.acts_session import Way
from nimsg.client.address import Address, Security
from nimsg.client.aio import AioClient, connect
from nimsg.client.answers import InboxRow, OutboxRow
from nimsg.client.events import parse
from nimsg.client.mailwords import new_client_id
from nimsg.client.peer import Tokens, reach
from nimsg.client.people_answers import RoomMessage
from nimsg.errors import Unreachable
from nimsg.protocol.constants import CopyState
from nimsg.protocol.strict import JsonObject
from tests.support.process import HANG_S, ServerProcess, environment
from tests.support.serving import quick_config, serving


Row = TypeVar("Row", InboxRow, OutboxRow)

AT_ONCE = Pace(noticing=0.0, thinking=0.0)
WAIT_MS = 5000


def way_to(port: int) -> Way:
    return Way(Address("127.0.0.1", port), Security(), HANG_S, 0.0)


class Ann:
    """She looks until there is what she looks for."""

    def __init__(self, client: AioClient) -> None:
        self.call = client.call
        self.event = client.event

    async def sends(self, **more: object) -> str:
        """A message to Bob; its id."""
        letter: JsonObject = {"to": ["bob"], "body": "text", **more}
        letter["client_id"] = new_client_id()
        return answers.identifier(await self.call("mail.send", letter))

    async def sent(self, id_: str, is_so: Callable[[OutboxRow], bool]) -> OutboxRow:
        """The row of the outbox, when it is so."""
        return await self._look("outbox", answers.outbox_row, id_, is_so)

    async def received(self, is_so: Callable[[InboxRow], bool]) -> InboxRow:
        """The row of the inbox of which it is so."""
        return await self._look("inbox", answers.inbox_row, None, is_so)

    async def hears(self) -> str:
        """What is said next in a room, by somebody."""
        while True:
            said = parse(await self.event())
            if isinstance(said, RoomMessage) and said.notice is None:
                return said.body

    async def _look(
        self,
        box: str,
        read: Callable[[JsonObject], Row],
        id_: str | None,
        is_so: Callable[[Row], bool],
    ) -> Row:
        page = await self.call("mail.list", {"box": box, "all": True, "limit": 50})
        while True:
            for row in answers.rows(page, box, read):
                if id_ in (None, row.id) and is_so(row):
                    return row
            news = {"since": page["cursor"], "wait_ms": WAIT_MS}
            page = await self.call("mail.changes", news, HANG_S)


@asynccontextmanager
async def bob_and_ann(folder: Path) -> AsyncIterator[Ann]:
    """Bob has greeted, and Ann comes and is welcomed."""
    config = quick_config(folder / "var", auth="open")
    async with serving(config) as server:
        way, ready = way_to(server.port), asyncio.Event()
        bob = asyncio.create_task(visit(way, "bob", "ann", AT_ONCE, ready.set))
        async with asyncio.timeout(HANG_S):
            await ready.wait()
        client = await connect(*way[:3])
        await client.call("auth.login", {"user": "ann", "device": "tui"})
        ann = Ann(client)
        try:
            async with asyncio.timeout(HANG_S):
                assert await ann.hears() == demotexts.WELCOME
                yield ann
        finally:
            bob.cancel()
            with pytest.raises(asyncio.CancelledError):
                await bob
            await client.close()


def has_subject(subject: str, row: InboxRow) -> bool:
    return row.subject == subject


async def test_what_is_sent_is_opened_acknowledged_and_answered(tmp_path: Path) -> None:
    async with bob_and_ann(tmp_path) as ann:
        for number, text in enumerate(demotexts.LETTERS):
            id_ = await ann.sends(subject=f"letter {number}")
            row = await ann.sent(id_, lambda row: row.receipts[0].state == "acked")
            subject = f"Re: letter {number}"
            answer = await ann.received(partial(has_subject, subject))
            letter = answers.letter(await ann.call("mail.open", {"id": answer.id}))

            assert row.receipts[0].opened_at is not None
            assert letter.body == text
            assert letter.reply_to == id_


async def test_what_is_recalled_is_not_answered_and_the_next_one_is(
    tmp_path: Path,
) -> None:
    async with bob_and_ann(tmp_path) as ann:
        first = await ann.sends(subject="first")
        await ann.call("mail.recall", {"id": first})
        second = await ann.sends(subject="second")
        await ann.received(lambda row: row.subject == "Re: second")
        row = await ann.sent(second, lambda row: row.receipts[0].state == "acked")

        assert row.receipts[0].state == CopyState.ACKED


async def test_he_greets_and_says_that_his_greeting_was_opened(tmp_path: Path) -> None:
    async with bob_and_ann(tmp_path) as ann:
        greeting = await ann.received(lambda row: row.subject == demotexts.SUBJECT)
        letter = answers.letter(await ann.call("mail.open", {"id": greeting.id}))

        assert letter.body == demotexts.GREETING.format(user="bob")
        assert await ann.hears() == demotexts.OPENED


async def test_he_answers_in_the_lobby_and_never_runs_out_of_words(
    tmp_path: Path,
) -> None:
    async with bob_and_ann(tmp_path) as ann:
        for text in (*demotexts.TALK, demotexts.TALK[-1]):
            said: JsonObject = {"room": "lobby", "body": "hello"}
            said["client_id"] = new_client_id()
            await ann.call("room.post", said)
            heard = await ann.hears()
            assert (heard if heard != "hello" else await ann.hears()) == text


async def test_he_agrees_to_a_private_link_and_answers_there(tmp_path: Path) -> None:
    async with bob_and_ann(tmp_path) as ann:
        offer = people_answers.offer(
            await ann.call("private.invite", {"user": "bob"}, HANG_S)
        )
        link = await reach(
            Address(offer.host, offer.port),
            offer.fingerprint,
            Tokens(offer.mine, offer.theirs),
            HANG_S,
            peer="bob",
        )
        first = await link.receive()
        await link.send("psst")
        second = await link.receive()
        await link.end()

        assert [first, second] == list(demotexts.WHISPERS[:2])


def test_in_a_thread_he_is_there_as_long_as_the_block_lasts(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", "--auth", "open", env=env) as server:
        with Company(way_to(server.port), "bob", "ann", AT_ONCE):
            assert asyncio.run(is_online("bob", server.port))
        assert not asyncio.run(is_online("bob", server.port))


async def is_online(name: str, port: int) -> bool:
    client = await connect(*way_to(port)[:3])
    await client.call("auth.login", {"user": "ann"})
    row = await client.call("presence.seen", {"user": name})
    await client.close()
    return people_answers.seen_row(row).online


def test_who_cannot_come_is_told_of_at_the_door() -> None:
    with pytest.raises(Unreachable), Company(way_to(1), "bob", "ann", AT_ONCE):
        pass
