"""Threads for what blocks: in order, at once, cancelled, failed, ended."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from nimsg.server.threads import Threads


HANG_S = 10


@asynccontextmanager
async def working(count: int = 1) -> AsyncIterator[Threads]:
    threads = Threads(count, "test")
    async with asyncio.timeout(HANG_S):
        yield threads
    threads.close()


async def test_what_comes_first_is_done_first() -> None:
    done: list[int] = []
    async with working() as threads:
        await asyncio.gather(*(threads.call(done.append, n) for n in range(100)))

    assert done == list(range(100))


async def test_it_is_done_on_a_thread_of_their_own_with_their_name() -> None:
    async with working() as threads:
        thread = await threads.call(threading.current_thread)

    assert thread.name == "test_0"
    assert not thread.is_alive()


async def test_so_many_work_at_once_and_no_more_are_begun_than_have_work() -> None:
    def name() -> str:
        return threading.current_thread().name

    async with working(2) as threads:
        alone = {await threads.call(name) for _ in range(10)}
        both = threading.Barrier(2)
        await asyncio.gather(*(threads.call(both.wait, HANG_S) for _ in range(6)))

    assert alone == {"test_0"}


async def test_each_begins_with_what_is_asked_of_it() -> None:
    begun: list[str] = []
    threads = Threads(1, "test", lambda: begun.append("begun"))
    await asyncio.gather(*(threads.call(begun.append, "work") for _ in range(2)))
    threads.close()

    assert begun == ["begun", "work", "work"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
async def test_who_waits_is_told_of_an_error_and_the_thread_goes_on(
    error: BaseException,
) -> None:
    def fail() -> None:
        raise error

    async with working() as threads:
        future = threads.call(fail)
        await asyncio.wait([future])
        after = await threads.call(int, "7")

    assert future.exception() is error
    assert after == 7


async def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    held = threading.Event()
    done: list[str] = []
    async with working() as threads:
        first = threads.call(held.wait, HANG_S)
        second = threads.call(done.append, "second")
        second.cancel()
        held.set()
        await first
        await threads.call(done.append, "third")

    assert done == ["third"]


async def test_who_gives_up_in_the_middle_hears_nothing() -> None:
    begun, held = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        held.wait(HANG_S)

    async with working(2) as threads:
        future = threads.call(work)
        await threads.call(begun.wait, HANG_S)
        future.cancel()
        held.set()
        last = await threads.call(str, 1)

    assert future.cancelled()
    assert last == "1"


def test_an_end_waits_for_what_is_to_be_done_though_the_loop_is_gone() -> None:
    done: list[int] = []
    held = threading.Event()
    threads = Threads(1, "test")

    async def ask() -> None:
        _ = threads.call(held.wait, HANG_S)
        _ = threads.call(done.append, 1)

    asyncio.run(ask())
    held.set()
    threads.close()

    assert done == [1]
