"""`--auth open`: knowing the name is enough, and any name is a mailbox (S0-10)."""

from pathlib import Path

import pytest

from nimsg.core.commands import CreateAccount
from nimsg.protocol.results import Began, Done
from nimsg.store.local import LocalStore
from tests.support.aioclient import connected
from tests.support.office import Person, office, people
from tests.support.post import refused
from tests.support.wire import told


async def test_s0_10_whoever_says_a_name_reads_its_mail(tmp_path: Path) -> None:
    async with office(tmp_path, auth="open") as server:
        async with people(server, "alice") as (a,):
            sent = await a.send("bob", body="for whoever is bob")
        async with people(server, "bob", "bob") as (one, other):
            page = await one.inbox()
            opened = await other.open(sent.id)

    assert [row.id for row in page.inbox] == [sent.id]
    assert opened.body == "for whoever is bob"


async def test_s0_10_nothing_is_asked_for_but_a_name(tmp_path: Path) -> None:
    async with office(tmp_path, auth="open") as server:
        async with connected(server.port) as client:
            began = await Person("eve", client).ask(Began, "auth.begin", user="eve")
            await client.call("auth.login", user="eve", password="is not looked at")
        async with connected(server.port) as client:
            welcome = await client.call("auth.login", user="eve")
        hello = client.session.hello

    assert began.next == "nothing"
    assert welcome["user"] == "eve"
    assert hello["auth"] == "open"


async def test_s0_10_a_name_never_seen_before_can_be_written_to(
    tmp_path: Path,
) -> None:
    async with (
        office(tmp_path, auth="open") as server,
        people(server, "alice") as (a,),
    ):
        sent = await a.send("carol", "dave", "carol2")
        status = await a.status(sent.id)

    assert (sent.to, sent.refused) == (["carol", "dave", "carol2"], [])
    assert status.pending


async def test_c3_names_of_another_case_are_other_mailboxes(tmp_path: Path) -> None:
    async with (
        office(tmp_path, auth="open") as server,
        people(server, "alice", "bob", "BOB", "admin") as (a, small, large, admin),
    ):
        await a.send("BOB", "admin")
        counts = [(await one.inbox()).new for one in (small, large, admin)]

    assert counts == [0, 1, 1]


@pytest.mark.parametrize("name", ["b b", "caf\u00e9", "a\n", "\x7f"])
async def test_x16_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    async with (
        office(tmp_path, auth="open") as server,
        people(server, "alice") as (a,),
    ):
        with refused("name_invalid"):
            await a.send(name)
        async with connected(server.port) as client:
            with refused("name_invalid"):
                await client.call("auth.login", user=name)


@pytest.mark.parametrize("auth", ["open", "nick"])
async def test_x16_a_list_of_names_becomes_no_mailbox(
    tmp_path: Path, auth: str
) -> None:
    async with office(tmp_path, auth=auth) as server, people(server, "alice") as (a,):
        sent = await a.send("ann,bob", "carol", "dave;")
        with refused("all_refused"):
            await a.send("ann,bob")
        for method in ("auth.login", "auth.register"):
            async with connected(server.port) as client:
                with refused("name_reserved"):
                    await client.call(method, user="ann,bob")

    assert sent.to == ["carol"]
    assert [(row.user, row.kind) for row in sent.refused] == [
        ("ann,bob", "unknown_user"),
        ("dave;", "unknown_user"),
    ]


@pytest.mark.parametrize("auth", ["open", "nick"])
async def test_x16_who_has_a_comma_in_a_name_already_keeps_it(
    tmp_path: Path, auth: str
) -> None:
    store = LocalStore(tmp_path / "var")
    store.file(store.commit([CreateAccount("ann,bob", None)], 1))
    async with (
        office(tmp_path, store=store, auth=auth) as server,
        people(server, "alice", "ann,bob") as (a, both),
    ):
        sent = await a.send("ann,bob")
        async with connected(server.port) as client:
            if auth == "open":
                await client.call("auth.register", user="ann,bob")
        counts = (await both.inbox()).new

    assert (sent.to, counts) == (["ann,bob"], 1)


async def test_s0_10_with_closed_registration_only_known_names_are_mailboxes(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, auth="open") as server, people(server, "alice", "bob"):
        pass
    async with (
        office(tmp_path, auth="open", registration="closed") as server,
        people(server, "alice") as (a,),
        connected(server.port) as client,
    ):
        sent = await a.send("bob", "nobody")
        for method in ("auth.login", "auth.register"):
            with refused("unknown_user"):
                await client.call(method, user="nobody")
        await client.call("auth.login", user="bob")

    assert (sent.to, [row.user for row in sent.refused]) == (["bob"], ["nobody"])


async def test_x1_accounts_outlive_a_change_of_the_mode(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        sent = await a.send("bob", body="kept")
    async with office(tmp_path, auth="open") as server, people(server, "bob") as (b,):
        opened = await b.open(sent.id)
        with refused("bad_credentials"):
            await b.ask(Done, "auth.passwd", old="x", new="a new password")
    async with office(tmp_path) as server, connected(server.port) as client:
        await client.login("bob")

    assert opened.body == "kept"


async def test_a_name_that_was_removed_is_no_mailbox_again(tmp_path: Path) -> None:
    async with (
        office(tmp_path, auth="open") as server,
        people(server, "alice", "bob") as (a, _),
    ):
        await told(server.config.var, "users.remove", {"user": "bob"})
        with refused("all_refused"):
            await a.send("bob")
        async with connected(server.port) as client:
            with refused("name_taken"):
                await client.call("auth.login", user="bob")
