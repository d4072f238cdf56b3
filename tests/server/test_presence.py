"""Who comes and goes: one notice to each who may know, and the lobby's memory."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from nimsg.protocol.constants import CloseReason, Departure, Device, Notice
from nimsg.protocol.results_people import Kicked, Online, OnlineRow, Presence, Seen
from nimsg.protocol.results_rooms import RoomMessage
from nimsg.server.app import Server
from tests.support.aioclient import PASSWORD, connected_locally
from tests.support.guests import (
    Guest,
    caller,
    guest,
    guests,
    timed_office,
)
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import START_MS, VirtualTime
from tests.support.wire import greeted, logged_in, said, told


TIMEOUT_S = 120


def came(name: str, at: int = START_MS) -> Presence:
    return Presence(name, online=True, reason=None, at=at)


def went(name: str, reason: Departure, at: int = START_MS) -> Presence:
    return Presence(name, online=False, reason=reason, at=at)


# -- coming --------------------------------------------------------------------


async def test_c10_everybody_else_is_told_who_has_come_and_when(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        time.advance(5)
        async with guest(server, "cyd") as cyd:
            told_ = [await one.told() for one in (ann, bob, cyd)]

    assert told_[:2] == [[came("cyd", START_MS + 5000)]] * 2
    assert not any(isinstance(one, Presence) for one in told_[2])


async def test_x2_headless_sessions_are_seen_by_nobody_and_told_nothing(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann") as (ann,),
    ):
        async with (
            people(server, "bob", "bob", "ann") as (bob, _, _),
            guest(server, "cyd"),
        ):
            online = await ann.online()
            events = [event.method for event in bob.client.events]
        heard = await ann.told_of(Presence)

    assert online == ["cyd"]
    assert events == ["hello"]
    assert [one.user for one in heard if one.online] == ["cyd"]
    assert "bob" not in [one.user for one in heard]


@pytest.mark.parametrize("device", ["line", "tui"])
async def test_c7_a_second_interactive_login_is_refused_from_anywhere(
    tmp_path: Path, device: str
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
        caller(server, "bob") as again,
    ):
        with refused("duplicate_login"):
            await again.arrive(device)
        with refused("login_required"):
            await again.ping()
        await again.arrive("headless")
        told_ = await ann.told()
        await bob.ping()

    assert again.welcome.resume is None
    assert told_ == []


async def test_c7_of_two_logins_at_once_one_is_refused(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        people(server, "bob"),
        guests(server, "ann") as (ann,),
        caller(server, "bob") as one,
        caller(server, "bob") as other,
    ):
        ends = await asyncio.gather(
            one.arrive(), other.arrive(), return_exceptions=True
        )
        heard = await ann.told_of(Presence)

    assert sorted(str(end) for end in ends) == [
        "None",
        "this name is logged in already, at another client",
    ]
    assert heard == [came("bob")]


async def test_nothing_is_said_to_who_comes_before_they_are_welcomed(
    tmp_path: Path,
) -> None:
    async with timed_office(tmp_path, VirtualTime()) as server:
        async with people(server, "bob"):
            pass
        async with guests(server, "ann") as (ann,), greeted(server.port) as wire:
            for number in range(30):
                ann.client.begin(
                    "room.post",
                    {"room": "lobby", "client_id": f"{number}", "body": "hello"},
                )
            login = {"user": "bob", "password": PASSWORD, "device": "line"}
            first = said(await wire.call("auth.login", login))

    assert first == "1 done"


async def test_c7_a_name_is_free_again_behind_a_logout(tmp_path: Path) -> None:
    async with timed_office(tmp_path, VirtualTime()) as server:
        for _ in range(3):
            async with guest(server, "bob") as bob:
                await bob.logout()


# -- going ---------------------------------------------------------------------


async def leave_by(departure: Departure, time: VirtualTime, *others: Guest) -> None:
    """Have bob come, and go in some way; the others stay."""
    server = others[0].server
    async with guest(server, "bob") as bob:
        if departure is not Departure.TIMEOUT:
            time.advance(5)
        match departure:
            case Departure.LOGOUT:
                await bob.logout()
                assert await bob.goodbye() == CloseReason.LOGOUT
            case Departure.LOST:
                bob.client.writer.transport.abort()
            case Departure.TIMEOUT:
                time.advance(TIMEOUT_S - 1)
                for one in others:
                    await one.touch()
                time.advance(1)
                assert await bob.goodbye() == CloseReason.TIMEOUT
            case _:
                await kick(server, "bob")
                assert await bob.goodbye() == CloseReason.KICKED


async def kick(server: Server, user: str) -> int:
    """How many sessions it ended."""
    async with connected_locally(server.config.var) as local:
        found = await local.call("users.kick", user=user)
    return msgspec.convert(found, Kicked).sessions


KEPT = {
    Departure.LOGOUT: ("User bob disconnected", Notice.LEFT),
    Departure.TIMEOUT: ("User bob was logged out for inactivity", Notice.TIMEOUT),
    Departure.LOST: ("User bob unexpectedly disconnected", Notice.LOST),
    Departure.KICKED: ("User bob was disconnected by an admin", Notice.KICKED),
}


@pytest.mark.parametrize("departure", KEPT)
async def test_c10_s3_18_s3_21_s3_25_a_departure_is_told_once_and_kept(
    tmp_path: Path, departure: Departure
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server,
        guests(server, "ann") as (ann,),
    ):
        tasks = len(asyncio.all_tasks())
        await leave_by(departure, time, ann)
        arrived = await ann.hears(Presence)
        left, kept = await ann.hears(Presence), await ann.hears(RoomMessage)
        more = await ann.told()
        page = await ann.history()
        while len(asyncio.all_tasks()) > tasks:
            await ann.ping()
        sessions = len(server.services.registry)

    assert arrived == came("bob")
    assert left == went("bob", departure, time())
    assert (kept.body, kept.notice) == KEPT[departure]
    assert (kept.sender, kept.about, kept.sent_at) == ("", "bob", time())
    assert more == []
    assert page.messages == [kept]
    assert sessions == 1


@pytest.mark.parametrize("departure", KEPT)
async def test_c11_s3_25_nobody_whom_they_block_hears_of_it_now_or_later(
    tmp_path: Path, departure: Departure
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        async with guest(server, "bob") as bob:
            await bob.block("eve")
            time.advance(5)
            await bob.logout()
        time.advance(5)
        for one in (ann, eve):
            await one.touch()
        await ann.told()
        await eve.told()
        seen_by_eve = (await eve.history()).last
        await leave_by(departure, time, ann, eve)
        heard = [type(await ann.hears(Presence)) for _ in range(2)]
        kept = await ann.hears(RoomMessage)
        silence = await eve.told()
        hidden = (await eve.history(after=seen_by_eve)).messages
        page = (await ann.history(after=seen_by_eve)).messages
        everything = (await eve.history()).messages

    assert heard == [Presence, Presence]
    assert silence == []
    assert hidden == []
    assert page == [kept]
    assert everything == []


async def test_c11_who_is_blocked_learns_nothing_and_who_blocks_hears_all(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "bob", "eve") as (bob, eve),
    ):
        await bob.block("eve")
        unseen = await eve.seen("bob")
        listed = await eve.online()
        time.advance(5)
        await eve.logout()
        left = await bob.hears(Presence)
        time.advance(5)
        async with guest(server, "eve"):
            back = await bob.hears(Presence)

    assert unseen == Seen("bob", online=False, seen_at=None)
    assert listed == []
    assert [(one.user, one.online) for one in (left, back)] == [
        ("eve", False),
        ("eve", True),
    ]


async def test_s3_21_a_fault_of_the_peers_is_a_connection_lost(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        time.advance(5)
        bob.client.writer.write(b"\xff" * 4)
        goodbye = await bob.goodbye()
        left = await ann.hears(Presence)

    assert goodbye == CloseReason.FAULTS
    assert left.reason is Departure.LOST


async def test_s3_21_a_revoked_session_was_kicked_and_a_headless_one_left_no_trace(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
        people(server, "bob"),
    ):
        time.advance(5)
        await told(
            server.config.var,
            "users.passwd",
            {"user": "bob", "password": "another password"},
        )
        goodbye = await bob.goodbye()
        heard = await ann.told_of(Presence)

    assert goodbye == CloseReason.REVOKED
    assert [one.reason for one in heard] == [Departure.KICKED]


async def test_s2_9_a_kick_ends_all_sessions_and_neither_password_nor_tokens(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guest(server, "bob") as bob,
        people(server, "bob", "ann") as (script, ann),
    ):
        token = (await bob.make_token()).token
        async with logged_in(server.port, "bob") as wire:
            ended = await kick(server, "bob")
            rest = await wire.rest()
        reasons = [await bob.goodbye()]
        await script.client.closed.wait()
        async with caller(server, "bob") as back:
            with refused("bad_resume"):
                await back.resume(bob.welcome.resume)
            await back.enter("auth.token", token=token)
        async with guest(server, "bob"):
            none = await kick(server, "ann")
        await ann.client.closed.wait()

    assert (ended, none) == (3, 1)
    assert rest == ["closing kicked"]
    assert reasons == ["kicked"]


# -- who is online -------------------------------------------------------------


async def test_c15_whoelse_names_the_others_by_name_with_since_and_device(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guest(server, "cyd") as cyd:
        time.advance(1)
        async with guest(server, "ann", "tui"), guest(server, "bob") as bob:
            await bob.block("cyd")
            rows = (await cyd.ask(Online, "presence.list")).users
            all_ = await bob.online()

    assert rows == [OnlineRow("ann", START_MS + 1000, Device.TUI)]
    assert all_ == ["ann", "cyd"]


async def test_c15_nobody_else_is_an_empty_list(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guest(server, "ann") as ann,
    ):
        online = await ann.online()

    assert online == []


async def test_a_headless_asker_sees_their_own_client_no_more_than_others_do(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob"),
        people(server, "ann") as (script,),
    ):
        rows = (await script.ask(Online, "presence.list")).users

    assert [row.user for row in rows] == ["bob"]


async def test_presence_seen_says_now_then_never_or_unknown(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann") as (ann,),
        people(server, "cyd"),
    ):
        async with guest(server, "bob") as bob:
            time.advance(7)
            now = await ann.seen("bob")
            await bob.logout()
        await ann.told()
        time.advance(7)
        then, never = await ann.seen("bob"), await ann.seen("cyd")
        with refused("unknown_user"):
            await ann.seen("nobody")

    assert now == Seen("bob", online=True, seen_at=START_MS + 7000)
    assert then == Seen("bob", online=False, seen_at=START_MS + 7000)
    assert never == Seen("cyd", online=False, seen_at=None)


async def test_c19_a_logout_is_answered_before_the_goodbye(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        answer = said(await wire.call("auth.logout", {}))
        rest = await wire.rest()

    assert (answer, rest) == ("1 done", ["closing logout"])
