"""Accounts, by whoever owns the machine: var/admin.sock."""

import stat
from pathlib import Path

import msgspec
import pytest

from nimsg.errors import Data
from nimsg.protocol.results import UserRow, Users
from tests.support.aioclient import PASSWORD, connected
from tests.support.office import office, people
from tests.support.post import refused
from tests.support.wire import at_the_machine, greeted, logged_in, said, told


NOW = 1_795_192_385_123
OTHER = "a wholly other password"


async def users(var: Path) -> list[UserRow]:
    async with at_the_machine(var) as wire:
        frame = await wire.call("users.list", {})
        return msgspec.convert(frame["result"], Users).users


async def test_sec_17_only_the_owner_may_connect(tmp_path: Path) -> None:
    async with office(tmp_path):
        mode = (tmp_path / "var" / "admin.sock").stat().st_mode

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_the_socket_may_lie_deeper_than_a_sockets_path_is_long(
    tmp_path: Path,
) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    async with office(deep):
        end = await told(deep / "var", "users.add", {"user": "bob"})

    assert end == "done"


async def test_a_socket_that_a_dead_server_left_is_replaced(tmp_path: Path) -> None:
    var = tmp_path / "var"
    for _ in range(2):
        async with office(tmp_path):
            assert await told(var, "users.list", {}) == "done"
        assert (var / "admin.sock").exists()


async def test_sec_17_an_account_is_made_on_the_machine(tmp_path: Path) -> None:
    var = tmp_path / "var"
    chief = {"user": "chief", "password": PASSWORD, "role": "admin"}
    async with office(tmp_path, registration="closed", clock=lambda: NOW) as server:
        ends = [
            await told(var, "users.add", {"user": "bob"}),
            await told(var, "users.add", chief),
        ]
        rows = await users(var)
        async with connected(server.port) as client:
            with refused("bad_credentials"):
                await client.login("bob")
            welcome = await client.login("chief")

    assert ends == ["done", "done"]
    assert rows == [
        UserRow("bob", "user", NOW, None, False, None),
        UserRow("chief", "admin", NOW, None, True, None),
    ]
    assert welcome["role"] == "admin"


# What cannot be made beside `bob`, and why.
REFUSED: dict[str, tuple[Data, str]] = {
    "a taken name": ({"user": "bob"}, "name_taken"),
    "a name like it": ({"user": "BOB"}, "name_taken"),
    "a reserved name": ({"user": "admin"}, "name_reserved"),
    "a list of names": ({"user": "ann,bob"}, "name_reserved"),
    "a name with a space": ({"user": "b b"}, "name_invalid"),
    "a short password": ({"user": "eve", "password": "x"}, "password_invalid"),
    "an unknown role": ({"user": "eve", "role": "root"}, "invalid_params"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_sec_13_accounts_that_cannot_be_made(tmp_path: Path, case: str) -> None:
    params, kind = REFUSED[case]
    async with office(tmp_path) as server, people(server, "bob"):
        end = await told(server.config.var, "users.add", params)
        rows = await users(server.config.var)

    assert end == kind
    assert [row.user for row in rows] == ["bob"]


async def test_accounts_come_in_pages_removed_ones_included(tmp_path: Path) -> None:
    var, names = tmp_path / "var", ["ann", "bob", "cyd", "dee", "eve"]
    async with office(tmp_path):
        for name in names:
            await told(var, "users.add", {"user": name})
        await told(var, "users.remove", {"user": "bob"})
        found, after = [], None
        async with at_the_machine(var) as wire:
            while True:
                frame = await wire.call("users.list", {"after": after, "limit": 2})
                page = msgspec.convert(frame["result"], Users)
                found.append([row.user for row in page.users])
                if page.next is None:
                    break
                after = page.next

    assert found == [["ann", "bob"], ["cyd", "dee"], ["eve"]]


@pytest.mark.parametrize("method", ["users.passwd", "users.role", "users.remove"])
async def test_c12_an_account_that_is_not_there(tmp_path: Path, method: str) -> None:
    more = {"users.passwd": {"password": OTHER}, "users.role": {"role": "admin"}}
    params = {"user": "nobody", **more.get(method, {})}
    async with office(tmp_path):
        end = await told(tmp_path / "var", method, params)

    assert end == "unknown_user"


async def test_sec_9_a_password_that_is_set_ends_sessions_and_tokens(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "bob", "alice") as (b, a):
        secret = (await b.make_token()).token
        async with logged_in(server.port, "bob") as wire:
            new = {"user": "bob", "password": OTHER}
            end = await told(server.config.var, "users.passwd", new)
            rest = await wire.rest()
        await b.client.closed.wait()
        await a.ping()
        async with connected(server.port) as client:
            with refused("bad_token"):
                await client.call("auth.token", token=secret)
            with refused("bad_credentials"):
                await client.login("bob")
            await client.call("auth.login", user="bob", password=OTHER)

    assert (end, rest) == ("done", ["closing revoked"])


async def test_a_role_is_given_and_taken(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "bob"):
        roles = []
        for role in ("admin", "user"):
            await told(server.config.var, "users.role", {"user": "bob", "role": role})
            async with connected(server.port) as client:
                roles.append((await client.login("bob"))["role"])

    assert roles == ["admin", "user"]


async def test_sec_9_an_account_that_is_removed_is_gone_and_its_name_with_it(
    tmp_path: Path,
) -> None:
    async with (
        office(tmp_path, clock=lambda: NOW) as server,
        people(server, "bob", "alice") as (b, a),
    ):
        var = server.config.var
        secret = (await b.make_token()).token
        sent = await b.send("alice", body="my last")
        end = await told(var, "users.remove", {"user": "bob"})
        await b.client.closed.wait()
        again = [
            await told(var, "users.remove", {"user": "bob"}),
            await told(var, "users.add", {"user": "bob"}),
            await told(var, "users.passwd", {"user": "bob", "password": OTHER}),
        ]
        with refused("all_refused"):
            await a.send("bob")
        left = await a.open(sent.id)
        rows = await users(var)
        async with greeted(server.port) as wire:
            by_name = {"user": "bob", "password": PASSWORD}
            tries = [
                said(await wire.call("auth.login", by_name)),
                said(await wire.call("auth.token", {"token": secret})),
                said(await wire.call("auth.register", by_name)),
            ]

    assert end == "done"
    assert b.client.session.closing == "revoked"
    assert again == ["unknown_user", "name_taken", "unknown_user"]
    assert (left.sender, left.body) == ("bob", "my last")
    assert rows[0] == UserRow("bob", "user", rows[0].created_at, NOW, False, None)
    assert tries == ["1 bad_credentials", "1 bad_token", "1 name_taken"]


async def test_the_owner_may_take_time(tmp_path: Path) -> None:
    async with (
        office(tmp_path, login_deadline_s=0.1) as server,
        at_the_machine(server.config.var) as local,
        greeted(server.port) as wire,
    ):
        rest = await wire.rest()
        answer = said(await local.call("users.list", {}))

    assert rest == ["None deadline_passed", "closing deadline"]
    assert answer == "1 done"
