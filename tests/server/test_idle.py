"""Logged out for inactivity: what counts as an act, and what does not (C9, X7)."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from nimsg.errors import Refusal
from nimsg.protocol.constants import CloseReason, Departure
from nimsg.protocol.methods import METHODS, Activity, Needs
from nimsg.protocol.results import Done
from nimsg.protocol.results_people import Presence
from nimsg.protocol.strict import JsonObject
from tests.support.guests import Guest, caller, guest, guests, timed_office
from tests.support.office import people
from tests.support.requests_table import MINIMAL, request_with
from tests.support.virtualtime import VirtualTime
from tests.support.wire import greeted, said


TIMEOUT_S = 120
FOR_PEOPLE = {
    name: row
    for name, row in METHODS.items()
    if row.needs in (Needs.USER, Needs.INTERACTIVE) and name != "auth.logout"
}
# What bob asks without a refusal, where the fewest parameters are not enough.
ASKED: dict[str, JsonObject] = {
    "mail.send": {"to": ["ann"], "client_id": "c1", "body": "hello"},
}


async def call(one: Guest, method: str) -> None:
    """Call a method, whatever it comes to."""
    one.client.begin(method, {**MINIMAL[method], **ASKED.get(method, {})})
    await one.ping()


async def lives(one: Guest, time: VirtualTime) -> bool:
    """Whether a session that came half a timeout ago outlives the other half."""
    time.advance(TIMEOUT_S / 2)
    try:
        await one.ping()
    except (ConnectionError, Refusal):
        return False
    return True


@pytest.mark.parametrize("method", FOR_PEOPLE)
async def test_c9_x7_s2_19_active_methods_keep_a_session_and_passive_ones_do_not(
    tmp_path: Path, method: str
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server,
        guest(server, "bob") as bob,
    ):
        time.advance(TIMEOUT_S / 2)
        await call(bob, method)
        lived = await lives(bob, time)

    assert lived is (FOR_PEOPLE[method].activity is Activity.ACTIVE)


async def test_c9_s1_14_the_clock_is_exact_and_an_act_begins_it_anew(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server,
        guest(server, "bob") as bob,
    ):
        for _ in range(5):
            time.advance(TIMEOUT_S - 0.001)
            await bob.touch()
        time.advance(TIMEOUT_S - 0.001)
        await bob.ping()
        time.advance(0.001)
        goodbye = await bob.goodbye()

    assert bob.welcome.timeout_s == TIMEOUT_S
    assert goodbye == CloseReason.TIMEOUT


async def receive(bob: Guest, ann: Guest) -> None:
    """Be told of a message in a room, a broadcast and a private invitation."""
    await ann.post()
    await ann.broadcast()
    ann.client.begin("private.invite", {"user": "bob"})
    await ann.send("bob")
    await bob.told()


async def unknown_method(bob: Guest, _: Guest) -> None:
    bob.client.begin("fly", {})
    await bob.ping()


async def bad_params(bob: Guest, _: Guest) -> None:
    bob.client.begin("mail.send", {"to": []})
    await bob.ping()


async def not_permitted(bob: Guest, _: Guest) -> None:
    bob.client.begin("server.shutdown", {})
    bob.client.begin("users.list", {})
    bob.client.begin("auth.login", {"user": "bob"})
    await bob.ping()


async def no_request(bob: Guest, _: Guest) -> None:
    payload = request_with("session.touch", b"{", 1)
    bob.client.writer.write(len(payload).to_bytes(4) + payload)
    await bob.ping()


async def changed_clock(_: Guest, ann: Guest) -> None:
    assert isinstance(ann.server.services.timers, VirtualTime)
    ann.server.services.timers.jump(-3600)


@pytest.mark.parametrize(
    "happens",
    [receive, unknown_method, bad_params, not_permitted, no_request, changed_clock],
)
async def test_c9_c20_s2_19_what_others_send_and_what_is_no_command_does_not_count(
    tmp_path: Path, happens: Callable[[Guest, Guest], Awaitable[None]]
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        time.advance(TIMEOUT_S / 2)
        await ann.touch()
        await happens(bob, ann)
        lived = await lives(bob, time)

    assert not lived


async def test_c9_a_command_that_is_refused_for_what_it_names_is_an_act(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server,
        guest(server, "bob") as bob,
    ):
        time.advance(TIMEOUT_S / 2)
        answer = await bob.client.start("block.add", {"user": "nobody"})
        lived = await lives(bob, time)

    assert answer.refusal is not None
    assert lived


async def test_c9_c10_a_parked_poll_is_cut_off_and_the_others_are_told(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        poll = await bob.park(await bob.cursor())
        time.advance(TIMEOUT_S - 1)
        await ann.touch()
        time.advance(1)
        goodbye = await bob.goodbye()
        left = await ann.hears(Presence)
        await ann.told()
        [notice] = (await ann.history()).messages
        online = await ann.online()

    assert goodbye == CloseReason.TIMEOUT
    assert isinstance(poll.exception(), ConnectionError)
    assert left.reason is Departure.TIMEOUT
    assert notice.body == "User bob was logged out for inactivity"
    assert online == []


async def test_x2_headless_sessions_and_the_owner_of_the_machine_never_time_out(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(
            tmp_path,
            time,
            idle_timeout_s=TIMEOUT_S,
            login_deadline_s=2000 * TIMEOUT_S,
        ) as server,
        people(server, "bob") as (script,),
        greeted(server.port) as nobody,
    ):
        time.advance(1000 * TIMEOUT_S)
        await script.ping()
        begun = said(await nobody.call("auth.begin", {"user": "bob"}))

    assert begun == "1 done"


async def test_x13_c1_with_a_timeout_of_0_nobody_is_ever_logged_out(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, idle_timeout_s=0) as server,
        guest(server, "bob") as bob,
    ):
        time.advance(2 * 86_400)
        await bob.ping()

    assert bob.welcome.timeout_s == 0


async def test_c9_who_was_logged_out_logs_in_again_and_begins_anew(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server:
        for _ in range(3):
            async with guest(server, "bob") as bob:
                time.advance(TIMEOUT_S)
                assert await bob.goodbye() == CloseReason.TIMEOUT


async def test_x2_who_comes_back_begins_anew_and_who_was_replaced_ends_nothing(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(
            tmp_path,
            time,
            idle_timeout_s=TIMEOUT_S,
            login_deadline_s=TIMEOUT_S,
        ) as server,
        guest(server, "bob") as bob,
        caller(server, "bob") as back,
    ):
        time.advance(TIMEOUT_S - 1)
        await back.resume(bob.welcome.resume)
        time.advance(TIMEOUT_S - 1)
        await back.ping()
        time.advance(1)
        goodbye = await back.goodbye()

    assert goodbye == CloseReason.TIMEOUT


async def test_no_timer_is_left_behind_by_who_has_gone(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time, idle_timeout_s=TIMEOUT_S) as server:
        for _ in range(5):
            async with guest(server, "bob") as bob:
                await bob.ask(Done, "auth.logout")
                await bob.goodbye()
        time.advance(10)
        armed = [timer for _, _, timer in time._due if timer.callback is not None]

    assert len(armed) <= 1, "the beat alone"
