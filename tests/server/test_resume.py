"""Coming back to a session: once, by its own token, for a day (X2, SEC-3)."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from nimsg.errors import Refusal
from nimsg.protocol.constants import CloseReason
from nimsg.protocol.results import Done
from nimsg.protocol.results_people import (
    Presence,
    PrivateEnded,
    PrivateInvited,
    ShuttingDown,
)
from nimsg.protocol.results_rooms import Joined, RoomMessage
from nimsg.server.resumes import KEPT_MOST, Resumes
from tests.support.aioclient import PASSWORD
from tests.support.guests import Guest, caller, guest, guests, timed_office
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import VirtualTime
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import told


DAY_S = 24 * 3600
OTHER = "a wholly other password"


async def lose(one: Guest, witness: Guest) -> None:
    """Cut somebody's connection, and wait until the server knows and has said so."""
    time = witness.server.services.timers
    assert isinstance(time, VirtualTime)
    time.advance(10)
    one.client.writer.transport.abort()
    while (await witness.hears(Presence)).user != one.name:
        pass
    await witness.told()


async def comes_to(server_guest: Guest, token: str | None) -> str:
    """What a resume comes to on a new connection: `done`, or the refusal's kind."""
    async with caller(server_guest.server, "bob") as back:
        try:
            await back.resume(token)
        except Refusal as refusal:
            return refusal.kind
    return "done"


async def test_x2_s3_21_a_resume_takes_the_place_of_a_session_that_still_lives(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
        caller(server, "bob") as back,
    ):
        await ann.create("garden")
        await bob.join("garden")
        await back.resume(bob.welcome.resume)
        goodbye = await bob.goodbye()
        silence = await ann.told()
        posted = await ann.post("still there?", "garden")
        heard = await back.hears(RoomMessage)
        kept = (await ann.history()).messages
        online = await ann.online()

    assert goodbye == CloseReason.REPLACED
    assert silence == [], "nobody came and nobody went"
    assert heard.id == posted.id
    assert kept == []
    assert online == ["bob"]


async def test_x2_a_resume_behind_a_lost_connection_is_a_new_coming(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await lose(bob, ann)
        time.advance(5)
        async with caller(server, "bob") as back:
            await back.resume(bob.welcome.resume)
            came = await ann.hears(Presence)
            posted = await ann.post()
            heard = await back.hears(RoomMessage)

    assert (came.user, came.online) == ("bob", True)
    assert heard.id == posted.id


async def test_x2_x9_an_open_link_stays_and_a_question_ends(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "cyd") as (ann, bob, cyd),
        caller(server, "bob") as back,
    ):
        opening = ann.client.start("private.invite", {"user": "bob"})
        await bob.accept((await bob.hears(PrivateInvited)).invitation)
        assert (await opening).refusal is None
        asking = bob.client.start("private.invite", {"user": "cyd"})
        await cyd.hears(PrivateInvited)
        await back.resume(bob.welcome.resume)
        ended = await cyd.hears(PrivateEnded)
        quiet = await ann.told_of(PrivateEnded)
        await ann.stop("bob")
        stopped = await back.hears(PrivateEnded)
        await bob.goodbye()

    assert (ended.user, ended.reason) == ("bob", "offline")
    assert asking.exception() or asking.result().refusal is not None
    assert quiet == []
    assert (stopped.user, stopped.reason) == ("ann", "stopped")


async def test_x2_both_sides_of_an_open_link_may_come_back(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "cyd") as (ann, bob, cyd),
        caller(server, "ann") as ann_again,
        caller(server, "bob") as bob_again,
    ):
        for one in (bob, cyd):
            opening = ann.client.start("private.invite", {"user": one.name})
            await one.accept((await one.hears(PrivateInvited)).invitation)
            assert (await opening).refusal is None
        await bob_again.resume(bob.welcome.resume)
        await ann_again.resume(ann.welcome.resume)
        await bob_again.stop("ann")
        await cyd.stop("ann")
        stopped = await ann_again.told_of(PrivateEnded)

    assert [(one.user, one.reason) for one in stopped] == [
        ("bob", "stopped"),
        ("cyd", "stopped"),
    ]


async def test_x2_a_token_is_good_once_and_each_resume_gives_a_new_one(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        tokens = [bob.welcome.resume]
        for _ in range(3):
            async with caller(server, "bob") as back:
                await back.resume(tokens[-1])
                tokens.append(back.welcome.resume)
                await lose(back, ann)
        again = [await comes_to(ann, token) for token in tokens[:-1]]
        last = await comes_to(ann, tokens[-1])

    assert len(set(tokens)) == 4
    assert again == ["bad_resume"] * 3
    assert last == "done"


async def test_x2_of_two_resumes_at_once_one_is_taken(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        guests(server, "ann", "bob") as (ann, bob),
        caller(server, "bob") as one,
        caller(server, "bob") as other,
    ):
        store.before = gate = Gate("arrival")
        first = asyncio.create_task(one.resume(bob.welcome.resume))
        second = asyncio.create_task(other.resume(bob.welcome.resume))
        await gate.reached.wait()
        await ann.online()
        gate.open()
        ends = await asyncio.gather(first, second, return_exceptions=True)

    kinds = sorted(end.kind if isinstance(end, Refusal) else "done" for end in ends)
    assert kinds == ["bad_resume", "done"]


async def test_x2_a_resume_on_its_way_does_not_outlive_a_logout(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        guest(server, "bob") as bob,
        caller(server, "bob") as back,
    ):
        store.before = gate = Gate("arrival")
        coming = asyncio.create_task(back.resume(bob.welcome.resume))
        await gate.reached.wait()
        await bob.logout()
        gate.open()
        with refused("bad_resume"):
            await coming
        with refused("login_required"):
            await back.ping()


async def test_sec_3_a_token_is_its_own_accounts_and_no_script_token(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
        caller(server, "ann") as back,
    ):
        script = (await bob.make_token()).token
        await back.resume(bob.welcome.resume)
        kinds = [await comes_to(ann, token) for token in (script, "", "\u20ac")]
        async with caller(server, "bob") as other:
            with refused("bad_token"):
                await other.enter("auth.token", token=back.welcome.resume)

    assert back.welcome.user == "bob"
    assert kinds == ["bad_resume"] * 3


async def test_x2_only_an_interactive_client_has_a_token_and_comes_back_by_one(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guest(server, "bob") as bob,
        caller(server, "bob") as back,
    ):
        with refused("interactive_only"):
            await back.resume(bob.welcome.resume, "headless")
        await back.arrive("headless")

    assert back.welcome.resume is None


@pytest.mark.parametrize("how", ["logout", "timeout", "kick", "passwd", "remove"])
async def test_sec_3_sec_9_a_token_ends_with_its_session_or_password(
    tmp_path: Path, how: str
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=60) as server,
        guests(server, "ann", "bob") as (ann, bob),
        people(server, "bob") as (script,),
    ):
        var = server.config.var
        match how:
            case "logout":
                await bob.logout()
            case "timeout":
                time.advance(59)
                await ann.touch()
                time.advance(1)
            case "kick":
                await told(var, "users.kick", {"user": "bob"})
            case "passwd":
                await script.ask(Done, "auth.passwd", old=PASSWORD, new=OTHER)
            case _:
                await told(var, "users.remove", {"user": "bob"})
        await bob.goodbye()
        kind = await comes_to(ann, bob.welcome.resume)

    assert kind == "bad_resume"


async def test_sec_9_who_changes_the_password_keeps_the_own_token(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guest(server, "bob") as bob,
        caller(server, "bob") as back,
    ):
        await bob.ask(Done, "auth.passwd", old=PASSWORD, new=OTHER)
        await back.resume(bob.welcome.resume)


@pytest.mark.parametrize(
    ("later_s", "kind"), [(DAY_S - 1, "done"), (DAY_S, "bad_resume")]
)
async def test_sec_3_a_token_is_good_for_a_day_from_when_the_session_was_lost(
    tmp_path: Path, later_s: int, kind: str
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        time.advance(3 * DAY_S)
        await lose(bob, ann)
        time.advance(later_s)
        found = await comes_to(ann, bob.welcome.resume)

    assert found == kind


async def test_x2_a_session_that_still_lives_is_taken_over_however_old_it_is(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, login_deadline_s=4 * DAY_S) as server,
        guest(server, "bob") as bob,
        caller(server, "bob") as back,
    ):
        time.advance(3 * DAY_S)
        await back.resume(bob.welcome.resume)
        goodbye = await bob.goodbye()

    assert goodbye == CloseReason.REPLACED


async def test_sec_16_behind_a_restart_a_password_is_asked_for(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guest(server, "bob") as bob:
        token = bob.welcome.resume
    async with timed_office(tmp_path, time) as server, guest(server, "ann") as ann:
        kind = await comes_to(ann, token)
    kept = [path for path in (tmp_path / "var").rglob("*") if path.is_file()]

    assert token is not None
    assert kind == "bad_resume"
    assert not any(token.encode() in path.read_bytes() for path in kept)


async def test_sec_3_resumes_need_no_hash_of_a_password_and_wait_for_no_write(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        guest(server, "bob") as bob,
        AsyncExitStack() as stack,
    ):
        await bob.told()
        # From here on a password would never be hashed, and nothing is written.
        server.services.passwords.close()
        store.before = gate = Gate("commit")
        token = bob.welcome.resume
        for _ in range(300):
            back = await stack.enter_async_context(caller(server, "bob"))
            await back.resume(token)
            token = back.welcome.resume
        online = server.services.people.names()
        gate.open()

    assert online == ["bob"]


async def test_s4_12_a_room_that_was_left_on_the_way_in_is_not_heard(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        guests(server, "ann") as (ann,),
        people(server, "bob") as (script,),
        caller(server, "bob") as bob,
    ):
        await ann.create("garden")
        store.before = gate = Gate("arrival")
        coming = asyncio.create_task(bob.arrive())
        await gate.reached.wait()
        await script.ask(Done, "room.leave", room="lobby")
        await script.ask(Joined, "room.join", room="garden")
        gate.open()
        await coming
        await ann.post("in the lobby")
        await ann.post("in the garden", "garden")
        heard = await bob.told_of(RoomMessage)

    assert [one.body for one in heard] == ["in the garden"]


async def test_sec_17_a_role_that_was_taken_on_the_way_in_is_not_had(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        people(server, "bob"),
        caller(server, "bob") as bob,
    ):
        var = server.config.var
        await told(var, "users.role", {"user": "bob", "role": "admin"})
        store.before = gate = Gate("arrival")
        coming = asyncio.create_task(bob.arrive())
        await gate.reached.wait()
        await told(var, "users.role", {"user": "bob", "role": "user"})
        gate.open()
        await coming
        with refused("not_permitted"):
            await bob.ask(ShuttingDown, "server.shutdown")

    assert bob.welcome.role == "user"


def test_sec_3_no_more_than_100_000_tokens_are_kept() -> None:
    resumes = Resumes(VirtualTime())
    for number in range(KEPT_MOST + 1):
        resumes.keep(f"token {number}", 1)

    with refused("bad_resume"):
        resumes.holder("token 0")
    assert resumes.holder("token 1") == 1
    assert resumes.holder(f"token {KEPT_MOST}") == 1
