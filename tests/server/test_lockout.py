"""Wrong passwords: who is locked out, for how long, and who is not (C6, SEC-4)."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec import convert

from nimsg.errors import Refusal
from nimsg.protocol.results import Done, Users
from nimsg.protocol.results_people import Logins, Unlocked
from nimsg.protocol.strict import loads
from nimsg.server.app import Server
from nimsg.server.lockouts import STANDINGS_MOST, Key, Lockouts
from nimsg.store.base import Lock
from tests.support.aioclient import PASSWORD
from tests.support.guests import caller, guest, timed_office
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import START_MS, VirtualTime
from tests.support.wire import Wire, at_the_machine, greeted, said, told


BLOCK_S = 60
HERE, THERE = "127.0.0.1", "127.0.0.2"
WRONG = "wrong " + PASSWORD
BAD, LOCKED, DONE = "bad_credentials", "account_locked", "done"
YEAR_S = 365 * 86_400


class Login(NamedTuple):
    """Who tries to log in, by what, from where."""

    password: str = WRONG
    user: str = "bob"
    address: str = HERE


async def attempt(server: Server, login: Login) -> Wire:
    """Try once, on a connection of its own; what was heard."""
    async with greeted(server.port, login.address) as wire:
        params = {"user": login.user, "password": login.password}
        await wire.call("auth.login", params)
    return wire


async def attempts(server: Server, *logins: Login) -> list[str]:
    """What tries come to, one after the other: `done` or the kind of the refusal."""
    wires = [await attempt(server, login) for login in logins]
    return [said(loads(wire.heard[-1])).split()[1] for wire in wires]


async def lock(server: Server, user: str = "bob", address: str = HERE) -> None:
    kinds = await attempts(server, *[Login(WRONG, user, address)] * 3)
    assert kinds == [BAD, BAD, LOCKED]


async def unlock(server: Server, user: str) -> int:
    """Free a name; how many counts of failures were forgotten."""
    async with at_the_machine(server.config.var) as wire:
        answer = await wire.call("users.unlock", {"user": user})
    return convert(answer["result"], Unlocked).failures


def disk_full(_: object) -> None:
    """A committer that takes nothing."""
    raise Refusal("disk_full")


RIGHT = Login(PASSWORD)


async def test_c6_three_wrong_passwords_in_a_row_lock_the_name_for_a_while(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        kinds = await attempts(server, Login(), Login(), Login(), RIGHT)
        time.advance(BLOCK_S - 0.001)
        kinds += await attempts(server, RIGHT, Login())
        time.advance(0.001)
        kinds += await attempts(server, RIGHT)

    assert kinds == [BAD, BAD, LOCKED, LOCKED, LOCKED, LOCKED, DONE]


async def test_c6_what_is_left_is_told_of_tries_and_of_time(tmp_path: Path) -> None:
    time = VirtualTime()
    found = []
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        for _ in range(4):
            async with caller(server, "bob") as bob:
                answer = await bob.client.start(
                    "auth.login", {"user": "bob", "password": WRONG}
                )
            assert answer.refusal is not None
            found.append(dict(answer.refusal.data))
            time.advance(2.5)

    assert found == [
        {"attempts_left": 2},
        {"attempts_left": 1},
        {"retry_after_ms": 60_000},
        {"retry_after_ms": 57_500},
    ]


async def test_c6_a_locked_name_that_failed_again_has_three_new_tries(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        await lock(server)
        time.advance(BLOCK_S)
        kinds = await attempts(server, Login(), Login(), Login(), RIGHT)

    assert kinds == [BAD, BAD, LOCKED, LOCKED]


async def test_c6_a_login_forgives_what_came_before(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        kinds = await attempts(server, Login(), Login(), RIGHT, Login(), Login(), RIGHT)

    assert kinds == [BAD, BAD, DONE, BAD, BAD, DONE]


async def test_c6_a_name_is_locked_from_every_address_and_others_are_not(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    tries = [Login(address=address) for address in (HERE, THERE, HERE)]
    async with timed_office(tmp_path, time) as server, people(server, "bob", "eve"):
        await attempts(server, *tries)
        kinds = await attempts(
            server, Login(PASSWORD, address="127.0.0.3"), Login(PASSWORD, "eve")
        )

    assert kinds == [LOCKED, DONE]


async def test_c6_under_scope_address_only_that_address_is_locked(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, lockout_scope="address") as server,
        people(server, "bob"),
    ):
        await attempts(server, Login(address=THERE))
        await lock(server)
        kinds = await attempts(
            server, RIGHT, Login(PASSWORD, address=THERE), Login(address=THERE)
        )

    assert kinds == [LOCKED, DONE, BAD]


async def test_c6_tries_at_once_are_decided_one_after_the_other(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        async with AsyncExitStack() as stack:
            wires = [
                await stack.enter_async_context(greeted(server.port)) for _ in range(10)
            ]
            wrong = {"user": "bob", "password": WRONG}
            answers = await asyncio.gather(
                *(wire.call("auth.login", wrong) for wire in wires)
            )
        time.advance(BLOCK_S)
        async with guest(server, "bob") as bob:
            judged = bob.welcome.failures
        turns = len(server.services.lockouts._turns)

    kinds = sorted(said(answer).split()[1] for answer in answers)
    assert kinds == [LOCKED] * 8 + [BAD] * 2
    assert judged == 3
    assert turns == 0, "nobody is left in a queue"


async def test_sec_5_known_and_unknown_names_get_equal_bytes_on_their_way(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob", "gone"):
        await told(server.config.var, "users.add", {"user": "mute"})
        await told(server.config.var, "users.remove", {"user": "gone"})
        heard = []
        for user in ("bob", "nobody", "gone", "mute", "with space"):
            wires = [await attempt(server, Login(user=user)) for _ in range(5)]
            heard.append([wire.heard[1] for wire in wires])

    assert heard[1:] == heard[:1] * 4
    assert len(set(heard[0])) == 3


@pytest.mark.parametrize(
    ("restarted_s", "left_s"),
    [(20, 40), (59, 1), (0, 60), (-3600, 60), (-10 * YEAR_S, 60)],
)
async def test_c6_sec_4_a_lock_survives_a_restart_and_never_grows(
    tmp_path: Path, restarted_s: int, left_s: int
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        await lock(server)
    time = VirtualTime(START_MS + restarted_s * 1000)
    async with timed_office(tmp_path, time) as server:
        kinds = await attempts(server, RIGHT)
        time.advance(left_s - 0.001)
        kinds += await attempts(server, RIGHT)
        time.advance(0.001)
        kinds += await attempts(server, RIGHT)

    assert kinds == [LOCKED, LOCKED, DONE]


async def test_sec_4_failures_before_a_restart_count_behind_it(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        before = await attempts(server, Login(), Login())
    async with timed_office(tmp_path, time) as server:
        after = await attempts(server, Login(), RIGHT)

    assert before + after == [BAD, BAD, LOCKED, LOCKED]


async def test_sec_4_what_was_forgiven_before_a_restart_is_forgiven_behind_it(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        await attempts(server, Login(), Login(), RIGHT)
    async with timed_office(tmp_path, time) as server:
        kinds = await attempts(server, Login(), Login(), RIGHT)

    assert kinds == [BAD, BAD, DONE]


async def test_sec_4_a_lock_that_has_ended_comes_back_by_no_clock(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        await lock(server)
        time.advance(BLOCK_S)
        kinds = await attempts(server, RIGHT)
    async with timed_office(tmp_path, VirtualTime()) as server:
        kinds += await attempts(server, RIGHT)

    assert kinds == [DONE, DONE]


async def test_a_clock_that_is_set_changes_no_lock(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, people(server, "bob"):
        await lock(server)
        time.jump(YEAR_S)
        kinds = await attempts(server, RIGHT)
        time.jump(-2 * YEAR_S)
        time.advance(BLOCK_S)
        kinds += await attempts(server, RIGHT)

    assert kinds == [LOCKED, DONE]


@pytest.mark.parametrize("scope", ["account", "address"])
async def test_c6_the_owner_of_the_machine_unlocks_a_name(
    tmp_path: Path, scope: str
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, lockout_scope=scope) as server,
        people(server, "bob"),
    ):
        for address in (HERE, THERE):
            await attempts(server, *[Login(address=address)] * 3)
        await lock(server, "nobody")
        unlocked = [await unlock(server, user) for user in ("bob", "bob", "nobody")]
        again = await told(server.config.var, "users.unlock", {"user": "nobody"})
        kinds = await attempts(
            server, RIGHT, Login(PASSWORD, address=THERE), Login(user="nobody")
        )
    async with timed_office(tmp_path, time, lockout_scope=scope) as server:
        kinds += await attempts(server, RIGHT)

    assert kinds == [DONE, DONE, BAD, DONE]
    assert unlocked == [2 if scope == "address" else 1, 0, 1]
    assert again == "unknown_user"


async def test_c6_sec_17_it_is_said_and_told_where_no_name_was_locked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    time = VirtualTime()
    freed = []
    async with timed_office(tmp_path, time) as server, people(server, "bob", "eve"):
        await attempts(server, Login(WRONG))
        await lock(server, "eve")
        async with at_the_machine(server.config.var) as wire:
            for user in ("bob", "bob", "eve"):
                answer = await wire.call("users.unlock", {"user": user})
                freed.append(answer["result"])
            await lock(server, "eve")
            time.advance(BLOCK_S)
            answer = await wire.call("users.unlock", {"user": "eve"})
            freed.append(answer["result"])

    told = [line for line in caplog.messages if "users.unlock" in line]
    assert freed == [
        {"failures": 1, "locked": False},
        {"failures": 0, "locked": False},
        {"failures": 1, "locked": True},
        {"failures": 1, "locked": False},
    ]
    assert [line.partition("users.unlock ")[2] for line in told] == [
        "user=bob outcome=not_locked",
        "user=bob outcome=not_locked",
        "user=eve outcome=done",
        "user=eve outcome=not_locked",
    ]


async def test_c6_a_name_stays_locked_where_its_freeing_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        people(server, "bob"),
    ):
        await lock(server)
        with monkeypatch.context() as patch:
            patch.setattr(server.services.committer, "submit", disk_full)
            asked = {"user": "bob"}
            freed = await told(server.config.var, "users.unlock", asked)
        kinds = await attempts(server, RIGHT)

    assert (freed, kinds) == ("disk_full", [LOCKED])


def log_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of wrong passwords."""
    lines = [f"{one.levelname} {one.getMessage()}" for one in caplog.records]
    return [line for line in lines if "failed" in line or "locked" in line]


async def test_c6_n8_the_log_tells_of_wrong_passwords_and_of_a_lock(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "nimsg")
    forged = "a b\nroot logged in"
    async with timed_office(tmp_path, VirtualTime()) as server, people(server, "bob"):
        await lock(server)
        await attempts(server, RIGHT, Login(user=forged))

    failed = f"login as bob from {HERE} failed: "
    assert log_of(caplog) == [
        *[f"INFO {failed}{BAD}"] * 3,
        f"WARNING logins as bob are locked for 60 s by wrong passwords, the last "
        f"from {HERE}",
        f"INFO {failed}{LOCKED}",
        f'INFO login as "a b\\nroot logged in" from {HERE} failed: {BAD}',
    ]
    assert WRONG not in caplog.text


async def test_n8_the_log_tells_of_tokens_and_old_passwords_that_are_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "nimsg")
    async with timed_office(tmp_path, VirtualTime()) as server:
        async with people(server, "bob") as (bob,):
            for _try in range(3):
                with pytest.raises(Refusal):
                    await bob.client.call("auth.passwd", old=WRONG, new=PASSWORD)
            async with at_the_machine(server.config.var) as wire:
                listed = await wire.call("users.list", {})
        async with greeted(server.port) as wire:
            await wire.call("auth.token", {"token": "nimsg_none"})

    changing = f"INFO password change as bob from {HERE} failed: {BAD}"
    assert log_of(caplog) == [
        *[changing] * 3,
        "WARNING password changes as bob are locked for 60 s by wrong passwords, the "
        f"last from {HERE}",
        f"INFO login by token from {HERE} failed",
    ]
    assert convert(listed["result"], Users).users[0].locked_until is None


@pytest.mark.parametrize("scope", ["account", "address"])
async def test_c6_n8_the_list_shows_until_when_a_name_is_locked(
    tmp_path: Path, scope: str
) -> None:
    time, found = VirtualTime(), []
    async with (
        timed_office(tmp_path, time, lockout_scope=scope) as server,
        people(server, "ann", "bob"),
        at_the_machine(server.config.var) as wire,
    ):
        await attempts(server, Login(user="ann"))
        for address in (HERE, THERE):
            await attempts(server, *[Login(address=address)] * 3)
            time.advance(1)
        for seconds in (0, BLOCK_S):
            time.advance(seconds)
            answer = await wire.call("users.list", {})
            rows = convert(answer["result"], Users).users
            found.append({row.user: row.locked_until for row in rows})

    last = START_MS + (BLOCK_S + (scope == "address")) * 1000
    assert found == [{"ann": None, "bob": last}, {"ann": None, "bob": None}]


async def test_c1_c6_with_a_duration_of_0_nothing_is_ever_locked(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, block_duration_s=0) as server,
        people(server, "bob"),
    ):
        kinds = await attempts(server, *[Login()] * 7, RIGHT)
        async with guest(server, "bob") as bob:
            failures = bob.welcome.failures

    assert kinds == [BAD] * 7 + [DONE]
    assert failures == 7


async def test_sec_4_an_attacker_from_100_addresses_disturbs_nobody_who_is_there(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guest(server, "bob") as bob,
        people(server, "eve") as (eve,),
    ):
        token = (await bob.make_token()).token
        tries = [Login(address=f"127.0.1.{n}") for n in range(1, 101)]
        kinds = await attempts(server, *tries)
        sent = await bob.send("eve")
        await eve.ping()
        async with caller(server, "bob") as script:
            await script.enter("auth.token", token=token)
        async with caller(server, "bob") as again:
            await again.resume(bob.welcome.resume)
            await again.open(sent.id)
        locked = await attempts(server, RIGHT)

    assert kinds == [BAD, BAD] + [LOCKED] * 98
    assert locked == [LOCKED]


async def test_s2_16_tries_that_failed_are_in_the_journal_and_told_at_login(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guest(server, "bob") as bob:
        await bob.logout()
        await attempts(server, Login(address=THERE), Login())
        async with guest(server, "bob") as back:
            told_ = back.welcome
            await back.told()
            rows = (await back.ask(Logins, "auth.logins")).logins

    assert told_.failures == 2
    assert told_.last_login is not None
    assert (told_.last_login.address, told_.last_login.refused) == (HERE, False)
    assert [(row.refused, row.address) for row in rows] == [
        (False, HERE),
        (True, HERE),
        (True, THERE),
        (False, HERE),
    ]


async def test_c6_wrong_old_passwords_are_counted_and_lock_nobody_out(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guest(server, "bob") as bob:
        for kind in (BAD, BAD, LOCKED, LOCKED):
            with refused(kind):
                await bob.ask(Done, "auth.passwd", old=WRONG, new="another password")
        kinds = await attempts(server, RIGHT, *[Login(WRONG)] * 3)
        time.advance(BLOCK_S / 2)
        with refused(LOCKED):
            await bob.ask(Done, "auth.passwd", old=PASSWORD, new="another password")
        time.advance(BLOCK_S / 2)
        await bob.ask(Done, "auth.passwd", old=PASSWORD, new="another password")

    assert kinds == [DONE, BAD, BAD, LOCKED]


def test_sec_4_no_more_than_100_000_names_are_remembered() -> None:
    lockouts = Lockouts(VirtualTime(), BLOCK_S, "account")
    first = [Lock(f"user{n}", "", 1, None) for n in range(STANDINGS_MOST)]
    lockouts.load(first, START_MS)
    lockouts.failed(Key("one more", ""), 1, "wrong")

    assert len(lockouts._standings) == STANDINGS_MOST
    assert not lockouts.forgive(Key("user0", ""))
    assert lockouts.forgive(Key("user1", ""))
    assert lockouts.forgive(Key("one more", ""))


def test_sec_4_a_locked_name_is_remembered_before_others() -> None:
    time = VirtualTime()
    lockouts = Lockouts(time, BLOCK_S, "account")
    lockouts.failed(Key("ended", ""), 3, "wrong")
    time.advance(BLOCK_S)
    lockouts.failed(Key("locked", ""), 3, "wrong")
    for n in range(STANDINGS_MOST):
        lockouts.failed(Key(f"user{n}", ""), 1, "wrong")

    with pytest.raises(Refusal):
        lockouts.check(Key("locked", ""))
    assert not lockouts.forgive(Key("ended", ""))
    assert not lockouts.forgive(Key("user0", ""))
    assert lockouts.forgive(Key("user1", ""))
