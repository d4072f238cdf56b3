"""What a session has begun ends with it, and nothing of it is left."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimsg.server.errands import Errands
from nimsg.server.session import Session
from tests.support.office import HANG_S, office, people
from tests.support.wire import logged_in, said


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_what_is_given_up_has_ended_before_that_returns() -> None:
    errands, ended = Errands(), list[str]()

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    for name in ("one", "other"):
        errands.start(work(name))
    await asyncio.sleep(0)
    await errands.give_up()

    assert ended == ["one", "other"]


async def test_what_has_ended_is_not_kept() -> None:
    errands = Errands()
    for _ in range(3):
        errands.start(asyncio.sleep(0))
    while errands._tasks:  # noqa: ASYNC110
        await asyncio.sleep(0)

    await errands.give_up()


@pytest.mark.usefixtures("_no_collector")
async def test_a_session_that_ended_leaves_nothing_to_the_collector(
    tmp_path: Path,
) -> None:
    async with (
        asyncio.timeout(HANG_S),
        office(tmp_path) as server,
        people(server, "bob"),
    ):
        for end in ("auth.logout", "session.ping"):
            async with logged_in(server.port, "bob") as wire:
                wire.send("mail.changes", {"wait_ms": 60_000}, 7)
                assert said(await wire.call(end, {})).endswith("done")
        while sessions() > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        left = len(server.services.registry)

    assert left == 1, "bob's own"


def sessions() -> int:
    """How many there are, in use or not."""
    return sum(isinstance(one, Session) for one in gc.get_objects())
