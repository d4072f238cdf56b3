"""Five hundred in one room: nothing is lost, and all see one order (S3-1, SEC-12)."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from nimsg.protocol.constants import HEADER_BYTES, limit
from nimsg.protocol.results_rooms import RoomMessage
from nimsg.protocol.strict import loads
from tests.support.guests import guest, guests, timed_office
from tests.support.virtualtime import VirtualTime
from tests.support.wire import Wire, wired


# The same lines run over and over, which others count.
pytestmark = pytest.mark.no_cover

MEMBERS, MESSAGES = 500, 300
AT_ONCE = limit("requests_in_flight")
MARK = b'"method":"room.message"'


async def hear(wire: Wire) -> list[bytes]:
    """So many messages of a room as they came; whatever else comes is passed over."""
    heard: list[bytes] = []
    while len(heard) < MESSAGES:
        header = await wire.reader.readexactly(HEADER_BYTES)
        payload = await wire.reader.readexactly(int.from_bytes(header, "big"))
        if MARK in payload:
            heard.append(payload)
    return heard


async def test_s3_1_k4_sec_12_500_members_hear_all_of_one_author_in_one_order(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="open") as server,
        guest(server, "author") as author,
        AsyncExitStack() as stack,
    ):
        wires = []
        for number in range(MEMBERS):
            wire = await stack.enter_async_context(wired(server.port))
            login = {"user": f"user{number}", "device": "line"}
            wire.send("auth.login", login)
            wires.append(wire)
        async with asyncio.TaskGroup() as tasks:
            listening = [tasks.create_task(hear(wire)) for wire in wires]
            while len(server.services.people) <= MEMBERS:
                await author.ping()
            turns = asyncio.Semaphore(AT_ONCE - 1)

            async def say(number: int) -> int:
                async with turns:
                    return (await author.post(f"message {number}")).position

            positions = await asyncio.gather(*map(say, range(MESSAGES)))

    heard = [listener.result() for listener in listening]
    assert sorted(positions) == list(range(1, MESSAGES + 1))
    assert all(messages == heard[0] for messages in heard[1:])
    params = [loads(payload)["params"] for payload in heard[0]]
    assert [p["position"] for p in params if isinstance(p, dict)] == sorted(positions)


async def test_s3_1_k4_many_authors_are_heard_in_one_order_by_everybody(
    tmp_path: Path,
) -> None:
    names = [f"user{n}" for n in range(20)]
    async with (
        timed_office(tmp_path, VirtualTime(), auth="open") as server,
        guests(server, *names) as everybody,
    ):
        posts = [one.post(f"{one.name} {n}") for n in range(10) for one in everybody]
        sent = await asyncio.gather(*posts)
        heard = [await one.told_of(RoomMessage) for one in everybody]

    order = [post.id for post in sorted(sent, key=lambda post: post.position)]
    for name, messages in zip(names, heard, strict=True):
        mine = {
            post.id
            for post, author in zip(sent, names * 10, strict=True)
            if author == name
        }
        assert [one.id for one in messages] == [id_ for id_ in order if id_ not in mine]
