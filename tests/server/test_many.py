"""Many clients at once, and many messages after each other."""

import asyncio
import gc
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from nimsg.protocol.constants import limit
from nimsg.protocol.results import InboxRow, Page
from tests.support.aioclient import connected
from tests.support.office import Person, office, people


# The same lines run over and over, which others count.
pytestmark = pytest.mark.no_cover

CLIENTS = 500
# As many requests as one connection may have in flight.
ROUND = limit("requests_in_flight")
WARM_UP, ROUNDS = 30, 65


async def test_s0_3_c8_500_connections_send_and_list_at_once(tmp_path: Path) -> None:
    everybody_is_there = asyncio.Barrier(CLIENTS)

    async def one(port: int, number: int) -> list[InboxRow]:
        """To the next one in the ring; and back to who is before in it."""
        async with connected(port) as client:
            person = Person(f"user{number}", client)
            await client.call("auth.login", user=person.name)
            await everybody_is_there.wait()
            await person.send(f"user{(number + 1) % CLIENTS}", body=f"{number}")
            await everybody_is_there.wait()
            page = await person.ask(Page, "mail.list", box="inbox")
            return page.inbox

    async with (
        office(tmp_path, auth="open") as server,
        asyncio.TaskGroup() as tasks,
    ):
        inboxes = [
            tasks.create_task(one(server.port, number)) for number in range(CLIENTS)
        ]

    senders = [[row.sender for row in inbox.result()] for inbox in inboxes]
    assert senders == [[f"user{(n - 1) % CLIENTS}"] for n in range(CLIENTS)]


async def correspond(sender: Person, reader: Person) -> None:
    """A round of messages that are sent, listed, opened and acknowledged."""
    sends = [sender.send(reader.name, body="x" * 2000) for _ in range(ROUND)]
    ids = [sent.id for sent in await asyncio.gather(*sends)]
    await reader.inbox(limit=ROUND)
    await asyncio.gather(*map(reader.open, ids))
    await asyncio.gather(*map(reader.ack, ids))


def structs() -> Counter[str]:
    """The structs that are alive, by their kind."""
    gc.collect()
    return Counter(
        type(found).__qualname__
        for found in gc.get_objects()
        if isinstance(found, msgspec.Struct)
    )


async def test_s0_14_no_message_stays_in_memory(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        for _ in range(WARM_UP):
            await correspond(a, b)
        before, blocks = structs(), sys.getallocatedblocks()
        for _ in range(ROUNDS):
            await correspond(a, b)
        after, more = structs(), sys.getallocatedblocks() - blocks
        page = await b.inbox()

    messages = ROUNDS * ROUND
    assert (page.total, page.new) == ((WARM_UP + ROUNDS) * ROUND, 0)
    # The last round may still be in the hands of the committing threads.
    assert max((after - before).values(), default=0) <= ROUND, after - before
    assert more < messages, "not even one object for each message"
