"""Too often, too many: what is refused, in which words, and until when (SEC-11)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from nimsg.config import ServerConfig
from nimsg.core.rates import KEYS_MOST, neighbours
from nimsg.errors import Exit, Refusal
from nimsg.logs import LOGGER
from nimsg.protocol.constants import ACCOUNT_LIMITS, ADDRESS_LIMITS, LIMITS, AuthMode
from nimsg.protocol.requests import Nothing
from nimsg.protocol.strict import loads
from nimsg.server.app import Server
from nimsg.server.bounded import WINDOW_S
from nimsg.server.dispatch import HANDLERS
from nimsg.server.floods import Floods
from nimsg.server.throttle import COUNTED, RULES, Caller, Throttle, limits_of
from tests.support.aioclient import PASSWORD
from tests.support.guests import caller, guest, guests
from tests.support.office import HANG_S, people
from tests.support.post import refused
from tests.support.serving import quick_config, serving
from tests.support.virtualtime import VirtualTime
from tests.support.wire import at_the_machine, greeted, said, wired


HERE, THERE = "127.0.0.1", "127.0.0.2"
ANN = 1


@asynccontextmanager
async def limited(
    folder: Path,
    time: VirtualTime,
    auth: AuthMode = AuthMode.PASSWORD,
    **limits: int,
) -> AsyncIterator[Server]:
    """A server with limits of its own."""
    config = quick_config(folder / "var", auth=auth, block_duration_s=0)
    config = config._replace(limits=limits)
    async with (
        asyncio.timeout(HANG_S),
        serving(config, clock=time, timers=time) as server,
    ):
        yield server


def until(refusal: Refusal) -> tuple[str, object, object]:
    """The kind, which limit, and when to try again."""
    data = refusal.data
    return refusal.kind, data["limit"], data["retry_after_ms"]


# -- tables --------------------------------------------------------------------


def test_every_limit_of_a_rate_has_its_rule_and_every_rule_its_limit() -> None:
    rates = {*ACCOUNT_LIMITS, *ADDRESS_LIMITS} - {"clients_per_address"}

    assert set(RULES) == rates
    assert {name for names in COUNTED.values() for name in names} <= rates
    assert set(COUNTED) <= set(HANDLERS)


def test_sec_11_a_refusal_for_a_rate_is_to_try_later() -> None:
    assert Refusal("rate_limited").exit is Exit.TRY_LATER


def test_the_usual_limits_are_those_of_the_protocol() -> None:
    usual = {name: row.value for name, row in LIMITS.items()}
    everywhere = ServerConfig(Path("var"), host="192.0.2.7")

    assert limits_of(everywhere) == usual


def test_on_the_loopback_addresses_count_where_that_is_asked_for() -> None:
    here = ServerConfig(Path("var"))
    asked = here._replace(limits={"clients_per_address": 9}, max_clients=17)

    assert {limits_of(here)[name] for name in ADDRESS_LIMITS} == {0}
    assert limits_of(asked)["clients_per_address"] == 9
    assert limits_of(asked)["clients"] == 17


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:0:0:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("local", "other", False),
        ("no:address", "no:other", False),
    ],
)
def test_sec_11_a_network_of_ipv6_is_one_address(
    one: str, other: str, *, same: bool
) -> None:
    assert (neighbours(one) == neighbours(other)) is same


# -- what people send ----------------------------------------------------------


async def test_sec_11_who_sends_too_much_is_told_until_when(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        limited(tmp_path, time, sends_per_minute=3) as server,
        people(server, "ann", "bob") as (ann, bob),
    ):
        for _ in range(3):
            await ann.send("bob")
        with pytest.raises(Refusal) as caught:
            await ann.send("bob")
        await bob.send("ann")
        time.advance(20)
        await ann.send("bob")
        kept = len((await bob.inbox()).inbox)

    assert until(caught.value) == ("rate_limited", "sends_per_minute", 20_000)
    assert str(caught.value) == "you send too many messages; try again in 20 s"
    assert kept == 4


async def test_sec_11_too_much_to_one_leaves_the_others(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        limited(tmp_path, time, sends_to_one_per_minute=2) as server,
        people(server, "ann", "bob", "cyd") as (ann, _, cyd),
    ):
        for _ in range(2):
            await ann.send("bob")
        refusals: list[Refusal] = []
        for to in (["bob"], ["cyd", "bob"]):
            with pytest.raises(Refusal) as caught:
                await ann.send(*to)
            refusals.append(caught.value)
        # What was refused for bob has cost nothing of cyd's.
        for _ in range(2):
            await ann.send("cyd")
        kept = len((await cyd.inbox()).inbox)

    wanted = ("rate_limited", "sends_to_one_per_minute", 30_000)
    assert [until(one) for one in refusals] == [wanted] * 2
    assert str(refusals[0]) == (
        "you send too many messages to one recipient; try again in 30 s"
    )
    assert kept == 2


async def test_sec_11_what_is_said_in_rooms_and_to_all_counts_together(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        limited(tmp_path, time, posts_per_minute=2, topics_per_hour=1) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await ann.create("garden")
        await ann.topic("garden", "roses")
        await ann.post()
        await ann.broadcast()
        refusals: list[Refusal] = []
        for act in (ann.post(), ann.broadcast(), ann.topic("garden", "weeds")):
            with pytest.raises(Refusal) as caught:
                await act
            refusals.append(caught.value)
        await bob.post()

    said_ = ("rate_limited", "posts_per_minute", 30_000)
    set_ = ("rate_limited", "topics_per_hour", 3_600_000)
    assert [until(one) for one in refusals] == [said_, said_, set_]


async def test_sec_11_who_comes_and_goes_too_often_has_to_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", LOGGER.name)
    time = VirtualTime()
    async with limited(tmp_path, time, arrivals_per_hour=3) as server:
        for _ in range(3):
            async with guest(server, "bob") as bob:
                await bob.logout()
        async with caller(server, "bob") as bob:
            with pytest.raises(Refusal) as caught:
                await bob.arrive()
            await bob.arrive("headless")
        time.advance(1200)
        async with guest(server, "bob"):
            online = server.services.people.names()

    assert until(caught.value) == ("rate_limited", "arrivals_per_hour", 1_200_000)
    assert refusals(caplog) == ["account bob: refused (arrivals_per_hour)"]
    assert online == ["bob"]


async def test_sec_3_a_session_that_is_taken_over_counts_for_nothing(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        limited(tmp_path, time, arrivals_per_hour=1) as server,
        guest(server, "bob") as bob,
        AsyncExitStack() as stack,
    ):
        token = bob.welcome.resume
        for _ in range(5):
            back = await stack.enter_async_context(caller(server, "bob"))
            await back.resume(token)
            token = back.welcome.resume


# -- where they come from ------------------------------------------------------


async def tries(server: Server, address: str, method: str, *users: str) -> list[str]:
    """What each of some tries from an address comes to, on one connection."""
    async with greeted(server.port, address) as wire:
        found = []
        for user in users:
            answer = await wire.call(method, {"user": user, "password": PASSWORD})
            found.append(said(answer).split()[1])
            if found[-1] == "done":
                break
    return found


async def test_sec_4_tries_to_log_in_are_counted_by_address(tmp_path: Path) -> None:
    time = VirtualTime()
    async with limited(tmp_path, time, logins_per_minute=2) as server:
        here = await tries(server, HERE, "auth.login", *"abcd")
        there = await tries(server, THERE, "auth.login", *"abcd")
        time.advance(30)
        later = await tries(server, HERE, "auth.login", *"ab")

    assert here == there == ["bad_credentials"] * 2 + ["rate_limited"] * 2
    assert later == ["bad_credentials", "rate_limited"]


async def test_sec_11_registrations_are_counted_by_address(tmp_path: Path) -> None:
    time = VirtualTime()
    async with limited(tmp_path, time, registrations_per_hour=2) as server:
        here = [(await tries(server, HERE, "auth.register", n))[0] for n in "abc"]
        there = await tries(server, THERE, "auth.register", "d")
        time.advance(1800)
        later = [(await tries(server, HERE, "auth.register", n))[0] for n in "ef"]

    assert here == ["done", "done", "rate_limited"]
    assert there == ["done"]
    assert later == ["done", "rate_limited"]


async def test_sec_11_a_login_that_makes_an_account_is_a_registration(
    tmp_path: Path,
) -> None:
    time, mode = VirtualTime(), AuthMode.OPEN
    async with limited(tmp_path, time, mode, registrations_per_hour=1) as server:
        found = [(await tries(server, HERE, "auth.login", n))[0] for n in "aaba"]

    assert found == ["done", "done", "rate_limited", "done"]


async def test_sec_11_the_owner_of_the_machine_is_not_counted(tmp_path: Path) -> None:
    time = VirtualTime()
    async with limited(
        tmp_path, time, registrations_per_hour=1, logins_per_minute=1
    ) as server:
        for number in range(3):
            async with at_the_machine(server.config.var) as wire:
                answer = await wire.call(
                    "auth.register", {"user": f"u{number}", "password": PASSWORD}
                )
                assert said(answer) == "1 done"


async def test_sec_11_connections_at_once_are_counted_by_address(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with limited(tmp_path, time, clients_per_address=2) as server:
        async with greeted(server.port, HERE), greeted(server.port, HERE):
            async with wired(server.port, address=HERE) as third:
                full = await third.rest()
                words = str(loads(third.heard[-1]))
            async with greeted(server.port, THERE):
                pass
        while server.services.throttle._clients:  # noqa: ASYNC110
            await asyncio.sleep(0)
        async with greeted(server.port, HERE):
            pass
        refusals = server.services.meter.refusals["too_many_clients"]

    assert full == ["None too_many_clients"]
    assert "2 connections from this address are the most; try again when one" in words
    assert "'limit': 'clients_per_address'" in words
    assert refusals == 1


async def test_sec_11_new_connections_are_counted_by_address(tmp_path: Path) -> None:
    time = VirtualTime()
    async with limited(tmp_path, time, connections_per_minute=2) as server:
        for _ in range(2):
            async with greeted(server.port, HERE):
                pass
        async with wired(server.port, address=HERE) as third:
            refused = await third.rest()
        async with greeted(server.port, THERE):
            pass
        time.advance(30)
        async with greeted(server.port, HERE):
            pass

    assert refused == ["None rate_limited"]


# -- what the log tells of it ---------------------------------------------------


async def test_sec_11_a_flood_is_told_in_one_line_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", LOGGER.name)
    time = VirtualTime()
    async with limited(
        tmp_path, time, logins_per_minute=2, clients_per_address=1
    ) as server:
        await tries(server, HERE, "auth.login", *"abcde")
        await server.services.registry.emptied()
        async with greeted(server.port, HERE), wired(server.port, address=HERE) as one:
            await one.rest()
        await server.services.registry.emptied()
        await tries(server, THERE, "auth.login", *"abc")
        first = refusals(caplog)
        time.advance(WINDOW_S)
        minute = refusals(caplog)
        time.advance(2 * WINDOW_S)
        assert refusals(caplog) == []
        await tries(server, HERE, "auth.login", *"abcd")
        again = refusals(caplog)
    at_the_end = refusals(caplog)

    assert first == [
        f"{HERE}: refused (logins_per_minute)",
        f"{THERE}: {first[0][11:]}",
    ]
    each = "clients_per_address 1, logins_per_minute 2"
    assert minute == [f"{HERE}: 3 more refused ({each})"]
    assert again == first[:1]
    assert at_the_end == [f"{HERE}: 1 more refused (logins_per_minute 1)"]


async def test_sec_11_an_account_that_floods_is_told_in_one_line_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", LOGGER.name)
    time = VirtualTime()
    async with (
        limited(tmp_path, time, sends_per_minute=1, posts_per_minute=1) as server,
        people(server, "ann", "bob") as (ann, bob),
    ):
        for one, other in ((ann, "bob"), (bob, "ann")):
            await one.send(other)
            for _ in range(3):
                with refused("rate_limited"):
                    await one.send(other)
        first = refusals(caplog)
        time.advance(WINDOW_S)
        minute = refusals(caplog)

    assert first == [
        "account ann: refused (sends_per_minute)",
        "account bob: refused (sends_per_minute)",
    ]
    assert minute == [
        "account ann: 2 more refused (sends_per_minute 2)",
        "account bob: 2 more refused (sends_per_minute 2)",
    ]


def test_sec_11_who_speaks_no_tls_fills_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", LOGGER.name)
    time = VirtualTime()
    floods = Floods(time)

    for address in (HERE, HERE, THERE, HERE):
        floods.spoke_no_tls(address, "http request")
    time.advance(WINDOW_S)
    floods.close()

    assert caplog.messages == [
        f"{HERE} spoke no TLS: http request",
        f"{THERE} spoke no TLS: http request",
        f"{HERE}: 2 more spoke no TLS",
    ]


@pytest.mark.parametrize(
    ("alert", "why"),
    [
        ("tlsv1 alert unknown ca", "nobody whom the client trusts has signed it"),
        ("sslv3 alert certificate expired", "it has expired, by the client's clock"),
        ("ssl/tls alert certificate unknown", "the client does not accept it"),
        ("sslv3 alert bad certificate", "it is not for the name that the client"),
    ],
)
def test_sec_11_who_does_not_trust_the_certificate_is_told_apart(
    caplog: pytest.LogCaptureFixture, alert: str, why: str
) -> None:
    caplog.set_level("INFO", LOGGER.name)
    floods = Floods(VirtualTime())

    for words in (alert, "http request", alert, "http request", alert):
        floods.spoke_no_tls(HERE, words)
    floods.close()

    first, stranger, more = caplog.messages
    assert first.startswith(f"{HERE} did not trust the certificate: {why}")
    assert stranger == f"{HERE} spoke no TLS: http request"
    assert more == (
        f"{HERE}: 2 more did not trust the certificate, 1 more spoke no TLS"
    )


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines about them since this was asked the last time."""
    found = [line for line in caplog.messages if "refused (" in line]
    caplog.clear()
    return found


# -- what it costs -------------------------------------------------------------


def test_sec_11_strangers_fill_no_table() -> None:
    time = VirtualTime()
    limits = limits_of(ServerConfig(Path("var"), host="::"))
    throttle = Throttle(limits, time, Floods(time))
    for number in range(2 * KEYS_MOST):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        throttle.enter(address)
        throttle.count("auth.login", Caller(0, address), Nothing())
        throttle.leave(address)

    assert all(len(one.buckets) <= KEYS_MOST for one in throttle._checks.values())
    assert throttle._clients == {}
