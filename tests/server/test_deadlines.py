"""Deadlines that nothing puts off, by a clock that the test moves (SEC-7)."""

import asyncio
import socket
from pathlib import Path

import pytest

from nimsg.config import ServerConfig
from nimsg.protocol.constants import limit
from nimsg.protocol.framing import encode_frame
from nimsg.server.peer import KEEPALIVE
from tests.support.guests import timed_office
from tests.support.office import people
from tests.support.requests_table import request
from tests.support.virtualtime import VirtualTime
from tests.support.wire import greeted, logged_in, said


MS_PER_S = 1000
LATE = ["None deadline_passed", "closing deadline"]
PING = encode_frame(request("session.ping", {}))


def test_sec_7_the_deadlines_are_those_that_are_announced() -> None:
    config = ServerConfig(Path("var"))

    assert config.login_deadline_s * MS_PER_S == limit("login_deadline_ms") == 60_000
    assert config.frame_deadline_s * MS_PER_S == limit("frame_deadline_ms") == 30_000


def test_sec_7_a_peer_that_is_gone_is_found_within_a_minute() -> None:
    idle_s, each_s, tries = KEEPALIVE.values()

    assert idle_s + each_s * tries <= 60


async def test_sec_7_every_connection_is_asked_whether_it_lives(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        greeted(server.port) as _,
    ):
        [session] = server.services.registry
        sock = session._writer.get_extra_info("socket")  # type: ignore[attr-defined]
        asked = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        found = {
            name: sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in KEEPALIVE
        }

    assert asked
    assert found == KEEPALIVE


async def test_sec_7_a_login_has_a_minute_however_busy_its_client_is(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        greeted(server.port) as wire,
    ):
        for _ in range(59):
            time.advance(1)
            await wire.call("auth.begin", {"user": "bob"})
        time.advance(1)
        rest = await wire.rest()

    assert rest == LATE


async def test_sec_7_behind_the_login_no_deadline_is_left(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        people(server, "bob") as (bob,),
    ):
        time.advance(10_000)
        await bob.ping()


@pytest.mark.parametrize("sent", [1, 4, len(PING) - 1])
async def test_sec_7_a_frame_has_half_a_minute_however_it_dribbles(
    tmp_path: Path, sent: int
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        people(server, "bob") as (bob,),
        logged_in(server.port, "bob") as wire,
    ):
        armed = len(time._due)
        wire.writer.write(PING[:sent])
        while len(time._due) == armed:  # noqa: ASYNC110
            await asyncio.sleep(0)
        time.advance(29)
        wire.writer.write(PING[sent : sent + 1] if sent < len(PING) - 1 else b"")
        for _ in range(3):
            await bob.ping()
        time.advance(1)
        rest = await wire.rest()
        await bob.ping()

    assert rest == LATE


async def test_sec_7_a_frame_that_is_in_time_is_answered(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        armed = len(time._due)
        wire.writer.write(PING[:5])
        while len(time._due) == armed:  # noqa: ASYNC110
            await asyncio.sleep(0)
        time.advance(29)
        wire.writer.write(PING[5:])
        answer = said(await wire.frame())
        time.advance(3600)
        again = said(await wire.call("session.ping", {}))

    assert answer.endswith("done")
    assert again.endswith("done")


async def test_sec_7_a_frame_that_begins_behind_a_whole_one_has_to_end_too(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        armed = len(time._due)
        wire.writer.write(PING + PING[:5])
        first = said(await wire.frame())
        while len(time._due) == armed:  # noqa: ASYNC110
            await asyncio.sleep(0)
        time.advance(29)
        wire.writer.write(PING[5:] + PING[:5])
        second = said(await wire.frame())
        while len(time._due) == armed + 1:  # noqa: ASYNC110
            await asyncio.sleep(0)
        time.advance(30)
        rest = await wire.rest()

    assert (first, second) == ("1 done", "1 done")
    assert rest == LATE
