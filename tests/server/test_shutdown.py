"""The announced end: told at each step, taken back, brought forward (S3-20..S3-26)."""

import asyncio
import os
from pathlib import Path

import pytest

from nimsg.core.countdown import StopState
from nimsg.protocol.constants import CloseReason, Departure, Notice
from nimsg.protocol.results import Done
from nimsg.protocol.results_people import (
    Presence,
    PrivateInvited,
    ShuttingDown,
)
from nimsg.protocol.results_rooms import RoomMessage
from nimsg.server.app import Server
from tests.support.guests import Guest, guest, guests, notices, timed_office
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import START_MS, VirtualTime
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import told


async def make_admin(server: Server, user: str) -> None:
    role = {"user": user, "role": "admin"}
    assert await told(server.config.var, "users.role", role) == "done"


async def announce(one: Guest, **delay: int) -> ShuttingDown:
    return await one.ask(ShuttingDown, "server.shutdown", **delay)


async def steps_of(one: Guest) -> list[tuple[int | None, int]]:
    """What somebody was told of the end: seconds left, and at which second."""
    heard = await one.told_of(ShuttingDown)
    return [(step.left_s, (step.at - START_MS) // 1000) for step in heard]


STEPS: dict[int, list[tuple[int | None, int]]] = {
    60: [(60, 0), (30, 30), (15, 45), (3, 57), (2, 58), (1, 59)],
    90: [(90, 0), (60, 30), (30, 60), (15, 75), (3, 87), (2, 88), (1, 89)],
    30: [(30, 0), (15, 15), (3, 27), (2, 28), (1, 29)],
    5: [(5, 0), (3, 2), (2, 3), (1, 4)],
    3: [(3, 0), (2, 1), (1, 2)],
    1: [(1, 0)],
}


@pytest.mark.parametrize("delay_s", STEPS)
async def test_s3_20_s3_22_s3_26_an_admin_announces_the_end_and_it_comes(
    tmp_path: Path, delay_s: int
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "chief", "bob") as (chief, bob),
        people(server, "eve") as (script,),
    ):
        await make_admin(server, "chief")
        said = await announce(chief, delay_s=delay_s)
        time.advance(delay_s - 0.001)
        steps = [await steps_of(one) for one in (chief, bob)]
        serving = server.services.countdown.state
        time.advance(0.001)
        goodbyes = [await one.goodbye() for one in (chief, bob)]
        await script.client.closed.wait()

    assert said == ShuttingDown(delay_s, START_MS)
    assert steps == [STEPS[delay_s]] * 2
    assert serving is StopState.COUNTING
    assert goodbyes == [CloseReason.SHUTDOWN] * 2
    assert server.services.countdown.state is StopState.STOPPING


async def test_s3_22_the_delay_is_60_s_where_none_is_given(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "chief") as (chief,),
    ):
        await make_admin(server, "chief")
        said = await announce(chief)

    assert said.left_s == 60


async def test_s3_25_announcements_and_cancels_are_kept_in_the_lobby(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "chief", "bob") as (chief, bob),
    ):
        await make_admin(server, "chief")
        await announce(chief, delay_s=60)
        heard = await bob.told_of(RoomMessage)
        time.advance(10)
        await chief.ask(Done, "server.cancel")
        heard += await bob.told_of(RoomMessage)
        kept = (await bob.history()).messages

    assert heard == kept
    assert notices(kept) == [
        ("Server shutting down in 60 seconds...", Notice.SHUTDOWN),
        ("The shutdown was canceled", Notice.CANCELED),
    ]
    assert [one.sent_at - START_MS for one in kept] == [0, 10_000]
    assert {one.about for one in kept} == {None}


async def test_s3_22_what_was_canceled_does_not_come(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "chief", "bob") as (chief, bob),
    ):
        await make_admin(server, "chief")
        with refused("no_shutdown"):
            await chief.ask(Done, "server.cancel")
        await announce(chief, delay_s=60)
        time.advance(59)
        await chief.ask(Done, "server.cancel")
        time.advance(3600)
        steps = await steps_of(bob)
        with refused("no_shutdown"):
            await chief.ask(Done, "server.cancel")

    assert steps[-2:] == [(1, 59), (None, 59)]


async def test_s3_22_a_second_announcement_takes_the_place_of_the_first(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "chief", "bob") as (chief, bob),
    ):
        await make_admin(server, "chief")
        await announce(chief, delay_s=20)
        time.advance(10)
        await announce(chief, delay_s=60)
        time.advance(59)
        steps = await steps_of(bob)
        time.advance(1)
        await bob.goodbye()

    assert steps == [
        (20, 0),
        (15, 5),
        (60, 10),
        (30, 40),
        (15, 55),
        (3, 67),
        (2, 68),
        (1, 69),
    ]


async def test_s4_10_k6_an_interrupt_gives_five_seconds_and_tells_everybody(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "bob") as (bob,),
    ):
        server.services.countdown.interrupt()
        time.advance(4.999)
        steps = await steps_of(bob)
        kept = notices((await bob.history()).messages)
        time.advance(0.001)
        goodbye = await bob.goodbye()

    assert steps == STEPS[5]
    assert kept == [("Server shutting down in 5 seconds...", Notice.SHUTDOWN)]
    assert goodbye == CloseReason.SHUTDOWN


@pytest.mark.parametrize(("announced", "left"), [(600, 5), (3, 3)])
async def test_s4_10_an_interrupt_makes_an_announced_end_come_sooner(
    tmp_path: Path, announced: int, left: int
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "bob") as (bob,),
    ):
        server.services.countdown.announce(announced)
        server.services.countdown.interrupt()
        time.advance(left - 0.001)
        steps = await steps_of(bob)
        time.advance(0.001)
        goodbye = await bob.goodbye()

    assert steps == [(announced, 0), *STEPS[left]]
    assert goodbye == CloseReason.SHUTDOWN


@pytest.mark.parametrize("signals", ["interrupt interrupt", "terminate", "long"])
async def test_s4_10_a_second_interrupt_and_a_terminate_end_at_once(
    tmp_path: Path, signals: str
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "bob") as (bob,),
    ):
        countdown = server.services.countdown
        if signals == "long":
            countdown.announce(3600)
            countdown.interrupt()
            countdown.interrupt()
        elif signals == "terminate":
            countdown.terminate()
        else:
            countdown.interrupt()
            countdown.interrupt()
        goodbye = await bob.goodbye()

    assert goodbye == CloseReason.SHUTDOWN


@pytest.mark.parametrize("first", ["interrupt", "terminate"])
async def test_a_signal_while_it_ends_breaks_off_and_a_cancel_comes_too_late(
    tmp_path: Path, first: str
) -> None:
    time, aborted = VirtualTime(), asyncio.Event()
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, time, store=store) as server,
        guests(server, "chief") as (chief,),
    ):
        await make_admin(server, "chief")
        countdown = server.services.countdown
        countdown.abort = aborted.set
        store.before = gate = Gate("page")
        listing = chief.client.start("mail.list", {})
        await gate.reached.wait()
        countdown.terminate()
        with refused("shutting_down"):
            await chief.ask(Done, "server.cancel")
        with refused("shutting_down"):
            countdown.announce(1)
        getattr(countdown, first)()
        gate.open()
        answer = await listing
        await chief.goodbye()

    assert aborted.is_set()
    assert answer.refusal is None
    assert countdown.state is StopState.ABORTED


async def test_s3_26_what_is_in_flight_is_answered_and_everybody_is_told_why(
    tmp_path: Path,
) -> None:
    time, store = VirtualTime(), WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, time, store=store) as server,
        guests(server, "ann", "bob") as (ann, bob),
        people(server, "cyd") as (script,),
    ):
        store.before = gate = Gate("file")
        sending = asyncio.create_task(ann.send("bob"))
        posting = asyncio.create_task(ann.post())
        poll = await script.park(await script.cursor())
        await gate.reached.wait()
        server.services.countdown.announce(1)
        time.advance(1)
        assert (await poll).refusal is None
        reason = await bob.goodbye()
        waits = not (sending.done() or posting.done())
        gate.open()
        sent, posted = await sending, await posting
        reasons = [reason, await ann.goodbye()]
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "bob") as (bob,),
    ):
        opened, page = await bob.open(sent.id), await bob.history()

    assert waits
    assert reasons == [CloseReason.SHUTDOWN] * 2
    assert opened.body == "hello"
    assert posted.id in [one.id for one in page.messages]


async def test_s3_21_s3_26_the_end_is_in_the_journal_and_no_flood_of_goodbyes(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        before = [len(one.client.events) for one in (ann, bob)]
        server.services.countdown.terminate()
        await ann.goodbye()
        await bob.goodbye()
        heard = [
            [event.method for event in one.client.events[start:]]
            for one, start in zip((ann, bob), before, strict=True)
        ]
    async with timed_office(tmp_path, time) as server, guest(server, "ann") as ann:
        last = ann.welcome.last_login
        kept = notices((await ann.history()).messages)

    assert heard == [["closing"], ["closing"]]
    assert last is not None
    assert last.reason is Departure.SHUTDOWN
    assert kept == []


async def test_c21_s3_26_an_end_answers_who_waits_for_somebodys_consent(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        question = ann.client.start("private.invite", {"user": "bob"})
        await bob.hears(PrivateInvited)
        server.services.countdown.terminate()
        await bob.goodbye()
        await ann.goodbye()
        left = list(server.services.privates._links)

    refusal = question.result().refusal
    assert refusal is not None
    assert refusal.kind == "user_offline"
    assert left == []


# -- who may -------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["password", "nick", "open"])
async def test_s3_22_sec_17_the_owner_of_the_machine_announces_and_cancels(
    tmp_path: Path, auth: str
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, auth=auth) as server,
        guests(server, "bob") as (bob,),
    ):
        var = server.config.var
        kinds = [
            await told(var, "server.shutdown", {"delay_s": 30}),
            await told(var, "server.cancel", {}),
            await told(var, "server.cancel", {}),
            await told(var, "server.shutdown", {"delay_s": 0}),
        ]
        steps = await steps_of(bob)
        time.advance(0)
        goodbye = await bob.goodbye()

    assert kinds == ["done", "done", "no_shutdown", "done"]
    assert steps == [(30, 0), (None, 0), (0, 0)]
    assert goodbye == CloseReason.SHUTDOWN


@pytest.mark.parametrize("auth", ["nick", "open"])
async def test_s3_22_where_a_name_proves_nothing_no_admin_may(
    tmp_path: Path, auth: str
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth=auth) as server,
        guests(server, "chief") as (chief,),
    ):
        await make_admin(server, "chief")
        with refused("not_permitted"):
            await announce(chief)
        server.services.countdown.announce(60)
        with refused("not_permitted"):
            await chief.ask(Done, "server.cancel")
        state = server.services.countdown.state

    assert state is StopState.COUNTING


async def test_s3_22_sec_17_a_role_counts_from_when_it_is_given_to_when_it_is_taken(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "chief") as (chief,),
        people(server, "chief") as (script,),
    ):
        with refused("not_permitted"):
            await announce(chief)
        await make_admin(server, "chief")
        await script.ask(ShuttingDown, "server.shutdown", delay_s=60)
        role = {"user": "chief", "role": "user"}
        await told(server.config.var, "users.role", role)
        with refused("not_permitted"):
            await chief.ask(Done, "server.cancel")


async def test_sec_17_who_announces_and_cancels_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "nimsg")
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "chief") as (chief,),
    ):
        await make_admin(server, "chief")
        await announce(chief, delay_s=30)
        await chief.ask(Done, "server.cancel")
        await told(server.config.var, "server.shutdown", {"delay_s": 30})
        await told(server.config.var, "server.cancel", {})

    lines = [line for line in caplog.messages if "method=server." in line]
    ends = ["method=server.shutdown delay_s=30 outcome=done"]
    ends.append("method=server.cancel outcome=done")
    chief_ = [f"who=chief from=127.0.0.1 {end}" for end in ends]
    owner = [f"who=uid:{os.getuid()} from=local {end}" for end in ends]
    assert lines == chief_ + owner


@pytest.mark.parametrize(
    ("signals", "told"),
    [
        (["terminate"], ["SIGTERM"]),
        (["interrupt", "interrupt"], ["SIGINT delay_s=5", "SIGINT"]),
        (["interrupt", "terminate"], ["SIGINT delay_s=5", "SIGTERM"]),
    ],
)
async def test_sec_17_a_stop_by_signal_is_logged(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    signals: list[str],
    told: list[str],
) -> None:
    async with timed_office(tmp_path, VirtualTime()) as server:
        for name in signals:
            getattr(server.services.countdown, name)()

    stop = "who=signal method=server.stop signal="
    assert caplog.messages == [f"{stop}{one} outcome=done" for one in told]


async def test_who_arrives_while_it_counts_is_served(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guest(server, "ann") as ann:
        server.services.countdown.announce(60)
        time.advance(20)
        async with guest(server, "bob") as bob:
            await ann.hears(Presence)
            time.advance(10)
            steps = await steps_of(bob)
            kept = notices((await bob.history()).messages)

    assert steps == [(30, 30)]
    assert kept == [("Server shutting down in 60 seconds...", Notice.SHUTDOWN)]
