"""What the server knows of each session, and of each account's logins (S2-9, S2-16)."""

from pathlib import Path

import msgspec

from nimsg.protocol.constants import Departure, Device
from nimsg.protocol.results import LoginRow
from nimsg.protocol.results_people import Logins, SessionRow, Sessions
from nimsg.server.app import Server
from tests.support.aioclient import connected_locally
from tests.support.guests import Guest, caller, guest, guests, timed_office
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import START_MS, VirtualTime
from tests.support.wire import told


HERE = "127.0.0.1"


async def sessions(server: Server) -> list[SessionRow]:
    async with connected_locally(server.config.var) as local:
        found = await local.call("users.sessions")
    return msgspec.convert(found, Sessions).sessions


async def logins(one: Guest, **query: int) -> Logins:
    return await one.ask(Logins, "auth.logins", **query)


async def test_s2_9_sessions_are_listed_with_their_last_active_command(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server:
        async with people(server, "bob"):
            pass
        time.advance(1)
        async with (
            guest(server, "ann", "tui") as ann,
            people(server, "bob") as (bob,),
            caller(server, "nobody") as nobody,
        ):
            await bob.send("ann")
            time.advance(10)
            await ann.send("bob")
            await nobody.client.start("auth.begin", {"user": "x"})
            time.advance(10)
            await ann.ping()
            await ann.inbox()
            rows = await sessions(server)

    at = START_MS + 1000
    assert sorted(rows, key=lambda row: row.user or "") == [
        SessionRow(None, None, HERE, at, at + 10_000, "auth.begin"),
        SessionRow("ann", Device.TUI, HERE, at, at + 10_000, "mail.send"),
        SessionRow("bob", Device.HEADLESS, HERE, at, at, "mail.send"),
    ]


async def test_s2_9_sessions_are_listed_oldest_first_and_end(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server, guest(server, "ann") as ann:
        time.advance(1)
        async with guest(server, "bob") as bob:
            both = [row.user for row in await sessions(server)]
            await bob.logout()
            await bob.goodbye()
        await ann.told()
        one = [row.user for row in await sessions(server)]

    assert (both, one) == (["ann", "bob"], ["ann"])


async def test_s2_9_who_is_kicked_that_is_unknown(tmp_path: Path) -> None:
    async with timed_office(tmp_path, VirtualTime()) as server:
        kind = await told(server.config.var, "users.kick", {"user": "nobody"})

    assert kind == "unknown_user"


# -- the journal of logins -----------------------------------------------------


async def test_s2_16_interactive_logins_are_kept_with_when_where_and_how_long(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann") as (ann,),
    ):
        async with guest(server, "bob", "tui") as bob:
            await bob.told()
            time.advance(5)
            await bob.logout()
        async with people(server, "bob") as (script,):
            await script.ping()
        await ann.told()
        time.advance(5)
        async with guest(server, "bob") as bob:
            await bob.told()
            page = await logins(bob)
            others = await logins(ann)

    last, first = page.logins
    assert first == LoginRow(
        first.n,
        START_MS,
        HERE,
        Device.TUI,
        refused=False,
        ended_at=START_MS + 5000,
        reason=Departure.LOGOUT,
    )
    assert last == LoginRow(last.n, START_MS + 10_000, HERE, Device.LINE, refused=False)
    assert bob.welcome.last_login == first
    assert page.next is None
    assert len(others.logins) == 1


async def test_s2_16_the_journal_is_read_page_by_page(tmp_path: Path) -> None:
    async with timed_office(tmp_path, VirtualTime()) as server:
        for _ in range(7):
            async with guest(server, "bob") as bob:
                await bob.logout()
        async with guest(server, "bob") as bob:
            await bob.told()
            everything = await logins(bob, limit=100)
            pages = [await logins(bob, limit=3)]
            while (before := pages[-1].next) is not None:
                pages.append(await logins(bob, limit=3, before=before))

    assert [len(page.logins) for page in pages] == [3, 3, 2]
    assert [row for page in pages for row in page.logins] == everything.logins
    numbers = [row.n for row in everything.logins]
    assert numbers == sorted(numbers, reverse=True)


async def test_s2_16_a_first_login_has_none_before_it(tmp_path: Path) -> None:
    async with timed_office(tmp_path, VirtualTime()) as server:
        async with people(server, "bob") as (script,):
            script_welcome = await script.client.call("session.ping")
        async with guest(server, "bob") as bob:
            welcome = bob.welcome

    assert script_welcome == {}
    assert (welcome.last_login, welcome.failures) == (None, 0)


async def test_s2_16_a_login_that_was_replaced_or_lost_says_so(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guest(server, "bob") as bob,
        caller(server, "bob") as back,
    ):
        await back.resume(bob.welcome.resume)
        await bob.goodbye()
        await back.told()
        rows = (await logins(back)).logins

    assert [row.reason for row in rows] == [None, Departure.REPLACED]


async def test_s2_16_the_journal_is_for_who_is_logged_in(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        caller(server, "bob") as bob,
    ):
        with refused("login_required"):
            await logins(bob)
