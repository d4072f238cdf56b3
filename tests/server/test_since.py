"""Who was online in the last seconds: borders, blocks, restarts, crashes (C16)."""

import shutil
from pathlib import Path

import pytest

from nimsg.protocol.results_people import SeenRow, SeenSince
from tests.support.guests import Guest, guest, guests, timed_office
from tests.support.office import people
from tests.support.virtualtime import START_MS, VirtualTime


async def visit(server_guest: Guest, name: str) -> None:
    """Come and go at once."""
    async with guest(server_guest.server, name) as one:
        await one.logout()
    await server_guest.told()


async def test_c16_whoelsesince_names_those_who_were_there_and_not_oneself(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann") as (ann,),
        people(server, "never"),
    ):
        await visit(ann, "bob")
        time.advance(180)
        await visit(ann, "cyd")
        time.advance(120)
        async with guests(server, "dee"):
            found = {t: await ann.since(t) for t in (0, 119, 120, 200, 300, 500)}

    assert found == {
        0: ["dee"],
        119: ["dee"],
        120: ["cyd", "dee"],
        200: ["cyd", "dee"],
        300: ["bob", "cyd", "dee"],
        500: ["bob", "cyd", "dee"],
    }


@pytest.mark.parametrize(("later_s", "found"), [(60, ["bob"]), (60.001, [])])
async def test_c16_the_border_is_exact(
    tmp_path: Path, later_s: float, found: list[str]
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guests(server, "ann") as (ann,):
        await visit(ann, "bob")
        time.advance(later_s)
        seen = await ann.since(60)

    assert seen == found


async def test_c16_each_is_listed_once_with_when_they_were_last_seen(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guests(server, "ann") as (ann,):
        for _ in range(3):
            await visit(ann, "bob")
            await visit(ann, "cyd")
            time.advance(10)
        async with guests(server, "cyd"):
            found = await ann.ask(SeenSince, "presence.since", seconds=100)

    assert found == SeenSince(
        [
            SeenRow("bob", online=False, seen_at=START_MS + 20_000),
            SeenRow("cyd", online=True, seen_at=START_MS + 30_000),
        ],
        since_at=START_MS - 70_000,
    )


async def test_c16_c17_who_blocks_the_asker_was_never_there(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        async with guest(server, "bob") as bob:
            await bob.block("eve")
            online = [await ann.since(10), await eve.since(10)]
            await bob.logout()
        await ann.told()
        offline = [await ann.since(10), await eve.since(10)]
        async with guest(server, "bob") as bob:
            await bob.unblock("eve")
        again = await eve.since(10)

    assert online == [["bob", "eve"], ["ann"]]
    assert offline == [["bob", "eve"], ["ann"]]
    assert again == ["ann", "bob"]


async def test_c16_c15_what_was_is_known_behind_a_restart(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guests(server, "ann") as (ann,):
        await visit(ann, "bob")
        time.advance(10)
    time.advance(30)
    async with timed_office(tmp_path, time) as server, guests(server, "cyd") as (cyd,):
        found = [await cyd.since(t) for t in (29, 30, 39, 40)]
        online = await cyd.online()

    assert found == [[], ["ann"], ["ann"], ["ann", "bob"]]
    assert online == []


@pytest.mark.parametrize(
    ("killed_s", "known_s"), [(0, 0), (59, 0), (60, 60), (150, 120), (600, 600)]
)
async def test_c16_who_was_there_at_a_kill_was_lost_when_the_server_last_was_alive(
    tmp_path: Path, killed_s: int, known_s: int
) -> None:
    time, copy = VirtualTime(), tmp_path / "after"
    async with timed_office(tmp_path, time) as server, guests(server, "bob") as (bob,):
        for _ in range(killed_s // 30):
            time.advance(30)
            await bob.told()
        time.advance(killed_s % 30)
        await bob.told()
        # What the disk holds is what a kill leaves. A journal may go while it is
        # copied; what is searched is made anew from the files.
        ignored = shutil.ignore_patterns("*.sock", "search.db*")
        shutil.copytree(tmp_path / "var", copy / "var", ignore=ignored)
    time.advance(1000)
    async with timed_office(copy, time) as server, guests(server, "ann") as (ann,):
        await ann.told()
        seen = await ann.seen("bob")
        back = killed_s + 1000 - known_s
        found = [await ann.since(back - 1), await ann.since(back)]

    assert (seen.online, seen.seen_at) == (False, START_MS + known_s * 1000)
    assert found == [[], ["bob"]]


async def test_c16_nobody_beats_while_nobody_is_there(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server:
        async with guest(server, "bob") as bob:
            await bob.logout()
            await bob.goodbye()
        time.advance(3600)
        await server.services.committer.drained()
        armed = [timer for _, _, timer in time._due if timer.callback is not None]
        async with guests(server, "ann") as (ann,):
            time.advance(90)
            await ann.told()
            beating = server.services.people._beat is not None

    assert armed == []
    assert beating
