"""Nicknames: unique among who is online, free again behind each session (S4-3)."""

import asyncio
from pathlib import Path

import pytest

from nimsg.errors import Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.results_people import Presence
from tests.support.guests import Guest, caller, guests, timed_office
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import VirtualTime
from tests.support.wire import greeted, said, told, wired


async def take(one: Guest, nick: str, device: str = "line") -> None:
    await one.enter("auth.nick", nick=nick, device=device)


async def refusal_of(one: Guest, nick: str) -> Refusal:
    """Why a nickname cannot be had."""
    with pytest.raises(Refusal) as caught:
        await take(one, nick)
    return caught.value


async def test_s4_3_k1_a_taken_nick_is_refused_until_one_is_free(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="nick") as server,
        caller(server, "bob") as bob,
        caller(server, "bob") as other,
    ):
        await take(bob, "bob")
        retry = await refusal_of(other, "bob")
        await take(other, str(retry.data["suggestion"]))
        online = await bob.online()

    assert retry.kind == "name_taken"
    assert retry.data == {"user": "bob", "suggestion": "bob2"}
    assert bob.client.session.hello["auth"] == "nick"
    assert online == ["bob2"]


async def test_s4_4_x16_a_nick_like_one_that_is_in_use_is_taken(
    tmp_path: Path,
) -> None:
    longest = "x" * limit("name_chars")
    async with (
        timed_office(tmp_path, VirtualTime(), auth="nick") as server,
        caller(server, "bob") as bob,
        caller(server, "bob2") as bob2,
        caller(server, "x") as long_,
        caller(server, "other") as other,
    ):
        for one, nick in ((bob, "Bob"), (bob2, "BOB2"), (long_, longest)):
            await take(one, nick)
        refusals = [await refusal_of(other, nick) for nick in ("boB", longest.upper())]

    assert [refusal.kind for refusal in refusals] == ["name_taken"] * 2
    assert [refusal.data["suggestion"] for refusal in refusals] == [
        "boB3",
        "X" * (limit("name_chars") - 1) + "2",
    ]


@pytest.mark.parametrize("how", ["logout", "lost", "kicked"])
async def test_s4_11_a_nick_is_free_again_behind_its_session(
    tmp_path: Path, how: str
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time, auth="nick") as server,
        caller(server, "ann") as ann,
    ):
        await take(ann, "ann")
        for _ in range(3):
            async with caller(server, "bob") as bob:
                await take(bob, "bob")
                time.advance(5)
                if how == "logout":
                    await bob.logout()
                elif how == "lost":
                    bob.client.writer.transport.abort()
                else:
                    await told(server.config.var, "users.kick", {"user": "bob"})
                while (await ann.hears(Presence)).online:
                    pass
                time.advance(5)


@pytest.mark.parametrize("names", [("bob", "bob"), ("bob", "BOB")])
async def test_s4_4_of_two_who_take_it_at_once_one_gets_it(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="nick") as server,
        caller(server, "one") as one,
        caller(server, "two") as two,
    ):
        ends = await asyncio.gather(
            take(one, names[0]), take(two, names[1]), return_exceptions=True
        )
        online = server.services.people.names()

    kinds = sorted(end.kind if isinstance(end, Refusal) else "done" for end in ends)
    assert kinds == ["done", "name_taken"]
    assert len(online) == 1


async def test_a_nick_in_use_is_nobody_elses_by_any_way_in(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="nick") as server,
        caller(server, "bob") as bob,
        caller(server, "other") as other,
    ):
        await take(bob, "bob")
        for device in ("line", "headless"):
            with refused("name_taken"):
                await take(other, "bob", device)
            for method in ("auth.login", "auth.register"):
                with refused("name_taken"):
                    await other.enter(method, user="bob", device=device)


async def test_a_nick_that_is_free_is_anybodys_with_its_mail(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="nick") as server,
        caller(server, "ann") as ann,
        caller(server, "bob") as bob,
    ):
        await take(ann, "ann")
        sent = await ann.send("bob")
        await take(bob, "bob", "headless")
        opened = await bob.open(sent.id)

    assert opened.body == "hello"


@pytest.mark.parametrize("nick", ["with space", "caf\u00e9", "line\n"])
async def test_s4_4_what_is_no_name_is_no_nick(tmp_path: Path, nick: str) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="nick") as server,
        caller(server, "x") as one,
    ):
        refusal = await refusal_of(one, nick)

    assert refusal.kind == "name_invalid"


@pytest.mark.parametrize("auth", ["password", "open"])
async def test_x1_nicks_are_for_a_server_of_nicks(tmp_path: Path, auth: str) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth=auth) as server,
        people(server, "bob"),
        caller(server, "bob") as bob,
    ):
        refusals = [await refusal_of(bob, nick) for nick in ("bob", "nobody")]

    assert {refusal.kind for refusal in refusals} == {"not_permitted"}


async def test_x1_under_open_an_interactive_session_is_exclusive_too(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="open") as server,
        guests(server, "bob") as (bob,),
        caller(server, "bob") as again,
    ):
        with refused("duplicate_login"):
            await again.arrive()
        await again.arrive("headless")
        await bob.ping()


async def test_x2_under_nick_a_resume_takes_its_own_place(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="nick") as server,
        caller(server, "bob") as bob,
        caller(server, "bob") as back,
    ):
        await take(bob, "bob")
        await back.resume(bob.welcome.resume)
        goodbye = await bob.goodbye()
        async with caller(server, "bob") as other:
            with refused("name_taken"):
                await take(other, "bob")

    assert goodbye == "replaced"


async def test_s4_13_a_second_client_is_served_while_the_first_says_nothing(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="nick") as server,
        wired(server.port) as silent,
        greeted(server.port) as second,
    ):
        answer = said(await second.call("auth.nick", {"nick": "bob"}))
        late = said(await silent.frame())

    assert (answer, late) == ("1 done", "hello")
