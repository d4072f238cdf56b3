"""T19: SIGTERM at any moment: what was taken is answered, what was answered stands.

A moment is the answer of a number, so that no clock says when it is.
"""

import asyncio
import random
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nimsg.errors import Exit
from nimsg.store.check import check_store
from tests.support.aioclient import connected
from tests.support.crowd import Crowd
from tests.support.folders import quick_folder
from tests.support.office import office
from tests.support.process import ServerProcess, environment
from tests.support.soaking import Soak
from tests.support.stopping import LANES, Work, kept
from tests.support.wire import said, wired


POINTS = range(1, 51)
REAL_POINTS = (1, 19, 50)
SHUTDOWN = "shutdown"
# How a request ends that comes when the server stops.
REFUSED = {SHUTDOWN, "shutting_down"}
STOP_S = 10
STUCK = 1000
# So much waits for who does not read, and they are not cut off yet.
BODY = "all the same " * 5000
QUEUED = 5
TRIES = 3


def ended_in_order(work: Work) -> None:
    """Everybody was told, and nobody waits for an answer."""
    assert set(work.goodbyes) == {SHUTDOWN}
    assert set(work.ends) <= REFUSED
    assert work.ends.total() == LANES


async def stopped_at(folder: Path, point: int) -> Work:
    """A server in this process that is asked to end at an answer."""
    async with office(folder, auth="open") as server:
        work = Work(f"at{point}", point, server.services.countdown.terminate)
        await work.run(server.port)
    ended_in_order(work)
    return work


async def test_t19_s3_26_sigterm_at_50_points_loses_nothing_that_was_answered(
    tmp_path: Path,
) -> None:
    with quick_folder(tmp_path) as folder:
        works = [await stopped_at(folder, point) for point in POINTS]
        assert check_store(folder / "var").problems == []
        async with office(folder, auth="open") as server:
            found = await kept(server.port)

    assert [found.faults(work, in_order=True) for work in works] == [[]] * len(POINTS)
    assert sum(len(work.told.sent) for work in works) > len(POINTS)


class Process:
    """Real servers, each behind the other, on one folder."""

    def __init__(self, folder: Path) -> None:
        self.var = folder / "var"
        self._env = environment(folder)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ServerProcess]:
        """One of them, which has nothing to complain about."""
        with ServerProcess(self.var, "--auth", "open", env=self._env) as server:
            yield server
            if server.process.returncode is None:
                await asyncio.to_thread(server.stop)
        assert server.complaints == ""

    async def ended_at(self, name: str, point: int) -> Work:
        """Work that one is sent SIGTERM in the midst of."""
        async with self.serving() as server:
            work = Work(name, point, server.process.terminate)
            await work.run(server.port)
            assert await end_of(server) == Exit.DONE
        ended_in_order(work)
        return work


async def end_of(server: ServerProcess) -> int:
    """The exit code of a server that is ending."""
    return await asyncio.to_thread(server.wait)


@pytest.mark.slow
async def test_t19_s3_26_sigterm_ends_a_real_server_in_order(tmp_path: Path) -> None:
    process = Process(tmp_path)
    works = [await process.ended_at(f"at{point}", point) for point in REAL_POINTS]
    assert check_store(process.var).problems == []
    async with process.serving() as server:
        found = await kept(server.port)

    assert [found.faults(work, in_order=True) for work in works] == [[]] * 3


@pytest.mark.slow
async def test_t19_a_second_sigterm_ends_at_once_and_loses_nothing(
    tmp_path: Path,
) -> None:
    process = Process(tmp_path)
    works: list[Work] = []
    codes = [0]
    while codes[-1] != Exit.INTERRUPTED and len(works) < TRIES:
        async with process.serving() as server, wired(server.port) as stays:
            assert said(await stays.frame()) == "hello"
            works.append(Work(f"try{len(works)}", 20, server.process.terminate))
            await works[-1].run(server.port)
            # Who does not hang up holds the end up for two seconds.
            assert said(await stays.frame()) == "closing shutdown"
            server.process.terminate()
            codes.append(await end_of(server))
    assert check_store(process.var).problems == []
    async with process.serving() as server:
        found = await kept(server.port)

    assert codes[-1] == Exit.INTERRUPTED
    assert [found.faults(work, in_order=True) for work in works] == [[]] * len(works)


async def end_among_the_stuck(folder: Path, count: int) -> float:
    """Seconds from SIGTERM to the end; so many do not read, as many do not listen."""
    process = Process(folder)
    async with process.serving() as server, connected(server.port) as ann:
        await ann.call("auth.login", user="ann")
        with Crowd(
            server.port, mute=count, silent=count // 2, dribble=count // 2
        ) as crowd:
            await asyncio.to_thread(crowd.ready)
            for number in range(QUEUED):
                post = {"body": BODY, "client_id": f"{number}"}
                await ann.call("room.post", room="lobby", **post)
            begun = time.monotonic()
            server.process.terminate()
            assert await end_of(server) == Exit.DONE
            took_s = time.monotonic() - begun
        await ann.closed.wait()
        assert ann.session.closing == SHUTDOWN
    assert check_store(process.var).problems == []
    return took_s


@pytest.mark.slow
async def test_t19_stuck_peers_do_not_keep_a_server_from_its_end(
    tmp_path: Path,
) -> None:
    await end_among_the_stuck(tmp_path, 40)


@pytest.mark.soak
async def test_t19_soak_sigterm_at_random(tmp_path: Path, soak: Soak) -> None:
    chance = random.Random(soak.seed)  # noqa: S311 - moments
    works: list[Work] = []
    with quick_folder(tmp_path) as folder:
        while soak.going():
            process = Process(folder)
            works = [
                await process.ended_at(f"{number}", chance.randrange(1, 2000))
                for number in range(10)
            ]
            soak.count("stops", len(works))
            soak.count("letters", sum(len(work.told.sent) for work in works))
            assert check_store(process.var).problems == []
            async with process.serving() as server:
                found = await kept(server.port)
            assert [found.faults(work, in_order=True) for work in works] == [[]] * 10
            shutil.rmtree(process.var)


@pytest.mark.soak
async def test_t19_soak_1000_stuck_peers_hold_an_end_up_no_longer_than_10_s(
    tmp_path: Path, soak: Soak
) -> None:
    while soak.going():
        took_s = await end_among_the_stuck(tmp_path, STUCK)
        soak.count("stops")
        soak.count("ms of stopping", int(took_s * 1000))
        assert took_s <= STOP_S
        shutil.rmtree(tmp_path / "var")
