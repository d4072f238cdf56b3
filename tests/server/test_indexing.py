"""When new messages are taken into the full text."""

import asyncio
from pathlib import Path

import pytest

from nimsg.server.indexing import RUSH, Indexing
from tests.support.office import HANG_S
from tests.support.watchedstore import Gate, WatchedStore


PAUSE_S = 0.001


class Traffic:
    """Counts commands: so many more each time it is asked; `looks` are awaited."""

    def __init__(self, more: int) -> None:
        self.more = more
        self._count = 0
        self._looks = asyncio.Semaphore(0)

    def __call__(self) -> int:
        self._count += self.more
        self._looks.release()
        return self._count

    async def looked_at(self, times: int) -> None:
        for _ in range(times):
            await self._looks.acquire()


async def index(
    store: WatchedStore, traffic: Traffic
) -> tuple[Indexing, asyncio.Task[None]]:
    indexing = Indexing(store, PAUSE_S, traffic, store.fail)
    return indexing, asyncio.create_task(indexing.run())


async def stop(store: WatchedStore, indexing: Indexing, run: asyncio.Task[None]) -> int:
    run.cancel()
    await asyncio.wait([run])
    indexing.close()
    store.close()
    return store.calls["index_text"]


async def test_s2_16_nothing_is_taken_in_during_a_rush(tmp_path: Path) -> None:
    store, traffic = WatchedStore(tmp_path), Traffic(RUSH + 1)
    async with asyncio.timeout(HANG_S):
        indexing, run = await index(store, traffic)
        await traffic.looked_at(20)
        count = await stop(store, indexing, run)

    assert count == 0


@pytest.mark.parametrize("more", [0, RUSH])
async def test_s2_16_little_traffic_is_no_rush(tmp_path: Path, more: int) -> None:
    store, traffic = WatchedStore(tmp_path), Traffic(more)
    store.before = gate = Gate("index_text")
    async with asyncio.timeout(HANG_S):
        indexing, run = await index(store, traffic)
        await gate.reached.wait()
        gate.open()
        count = await stop(store, indexing, run)

    assert count == 1


async def test_s2_16_a_search_waits_for_no_pause(tmp_path: Path) -> None:
    store, traffic = WatchedStore(tmp_path), Traffic(RUSH + 1)
    async with asyncio.timeout(HANG_S):
        indexing, run = await index(store, traffic)
        await indexing.caught_up(HANG_S)
        count = await stop(store, indexing, run)

    assert count == 1
