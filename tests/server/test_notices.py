"""Notices of one person: one in five seconds, the last state wins (SEC-12)."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from nimsg.protocol.constants import Departure
from nimsg.protocol.results_people import Presence
from nimsg.server.notices import Change, Notices
from tests.support.guests import Guest, caller, guest, guests, timed_office
from tests.support.virtualtime import VirtualTime


EVERY_S = 5.0
BOB = 2


class Witness:
    """What is told of bob, and to whom who came when."""

    def __init__(self) -> None:
        self.time = VirtualTime()
        self.told: list[tuple[float, bool, float | None]] = []
        self._notices = Notices(self.time, EVERY_S, self._tell)

    def bob(self, *, online: bool) -> None:
        reason = None if online else Departure.LOGOUT
        self._notices.note(Change(BOB, Presence("bob", online, reason, 0)))

    def _tell(self, change: Change, since_s: float | None) -> None:
        self.told.append((self.time.now_s(), change.event.online, since_s))


def test_sec_12_the_first_change_is_told_at_once() -> None:
    witness = Witness()
    witness.bob(online=True)
    witness.time.advance(EVERY_S)
    witness.bob(online=False)

    assert witness.told == [(0.0, True, None), (EVERY_S, False, None)]


def test_sec_12_what_follows_soon_waits_and_is_told_once() -> None:
    witness = Witness()
    witness.bob(online=True)
    for online in (False, True, False):
        witness.time.advance(1)
        witness.bob(online=online)
    witness.time.advance(60)

    assert witness.told == [(0.0, True, None), (EVERY_S, False, None)]


def test_sec_12_what_was_told_before_is_told_to_newcomers_alone() -> None:
    witness = Witness()
    witness.time.advance(3)
    witness.bob(online=True)
    witness.bob(online=False)
    witness.bob(online=True)
    witness.time.advance(60)

    assert witness.told == [(3.0, True, None), (8.0, True, 3.0)]


def test_nothing_is_kept_of_who_has_been_quiet() -> None:
    witness = Witness()
    witness.bob(online=True)
    witness.time.advance(2 * EVERY_S)

    assert witness._notices._told == {}


@given(st.lists(st.floats(0, 4), min_size=1, max_size=40))
def test_sec_12_a_storm_is_one_notice_in_five_seconds_and_ends_true(
    pauses: list[float],
) -> None:
    witness, online = Witness(), False
    for pause_s in pauses:
        online = not online
        witness.bob(online=online)
        witness.time.advance(pause_s)
    witness.time.advance(60)

    at = [one[0] for one in witness.told]
    assert witness.told[-1][1] is online
    assert all(b - a >= EVERY_S - 1e-9 for a, b in pairwise(at))


# -- at the server -------------------------------------------------------------


async def storm(ann: Guest, times: int) -> None:
    """Bob comes and goes, so many times."""
    for _ in range(times):
        async with guest(ann.server, "bob") as bob:
            await bob.logout()
            await bob.goodbye()


async def test_sec_12_others_hear_little_of_a_storm(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guests(server, "ann") as (ann,):
        await storm(ann, 20)
        at_once = await ann.told_of(Presence)
        time.advance(60)
        later = await ann.told_of(Presence)

    assert [one.online for one in at_once] == [True]
    assert [(one.online, one.reason) for one in later] == [(False, Departure.LOGOUT)]


@pytest.mark.parametrize("stays", [True, False])
async def test_sec_12_who_comes_into_a_storm_is_told_right_in_the_end(
    tmp_path: Path, *, stays: bool
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann") as (ann,),
        caller(server, "bob") as bob,
    ):
        await storm(ann, 2)
        async with guest(server, "cyd") as cyd:
            seen = await cyd.online()
            await bob.arrive()
            if not stays:
                await bob.logout()
                await bob.goodbye()
            time.advance(60)
            heard = [one.online for one in await cyd.told_of(Presence)]
            known = (["bob"] if (heard or [False])[-1] else []) + ["ann"]
            online = await cyd.online()

    assert seen == ["ann"]
    assert sorted(known) == online
