"""`--registration invite`: an account needs a code that the machine's owner made."""

import asyncio
import statistics
import time
from pathlib import Path

import msgspec
import pytest

from nimsg.core.commands import CreateAccount
from nimsg.protocol.results import Began, Invitations, Invited
from nimsg.server.app import Server
from nimsg.server.services import wall_clock_ms
from tests.support.aioclient import PASSWORD, AioClient, connected
from tests.support.office import Person, office, people
from tests.support.post import refused
from tests.support.serving import Changes
from tests.support.wire import at_the_machine, greeted, said, told


INVITE: Changes = {"registration": "invite"}
OPEN_INVITE: Changes = {"registration": "invite", "auth": "open"}
DAY = 86_400_000


async def invite(server: Server, **params: object) -> Invited:
    """What the owner does at the machine."""
    async with at_the_machine(server.config.var) as wire:
        frame = await wire.call("users.invite", params)
        return msgspec.convert(frame["result"], Invited)


async def invitations(server: Server, **params: object) -> Invitations:
    async with at_the_machine(server.config.var) as wire:
        frame = await wire.call("users.invitations", params)
        return msgspec.convert(frame["result"], Invitations)


async def joins(server: Server, user: str, code: str | None) -> str:
    """What a registration comes to."""
    params = {"user": user, "password": PASSWORD, "invitation": code}
    async with greeted(server.port) as wire:
        return said(await wire.call("auth.register", params)).split()[1]


async def add(server: Server, user: str) -> None:
    assert await told(server.config.var, "users.add", {"user": user}) == "done"


async def test_s1_3_an_account_is_made_with_an_invitation(tmp_path: Path) -> None:
    async with office(tmp_path, **INVITE) as server:
        made = await invite(server, label="for bob")
        end = await joins(server, "bob", made.invitation)
        async with connected(server.port) as client:
            welcome = await client.login("bob")
            hello = client.session.hello
        (row,) = (await invitations(server)).invitations

    assert made.invitation.startswith("nimsg-invite_")
    assert (end, welcome["user"], welcome["role"]) == ("done", "bob", "user")
    assert hello["registration"] == "invite"
    assert (row.id, row.label, row.used_by) == (made.id, "for bob", "bob")
    assert made.invitation not in repr(row)


async def test_s1_3_only_the_hash_of_a_code_is_kept(tmp_path: Path) -> None:
    async with office(tmp_path, **INVITE) as server:
        code = (await invite(server)).invitation.removeprefix("nimsg-invite_")
        assert await joins(server, "bob", f"nimsg-invite_{code}") == "done"
    files = [path for path in (tmp_path / "var").rglob("*") if path.is_file()]

    assert len(code) == 32
    assert [path for path in files if code.encode() in path.read_bytes()] == []


async def test_s1_3_without_a_good_invitation_every_name_is_refused_alike(
    tmp_path: Path,
) -> None:
    now = wall_clock_ms()
    async with office(tmp_path, clock=lambda: now, **INVITE) as server:
        used, revoked, expired = [await invite(server) for _ in range(2)] + [
            await invite(server, expires_at=now + DAY)
        ]
        assert await joins(server, "bob", used.invitation) == "done"
        end = await told(server.config.var, "users.uninvite", {"id": revoked.id})
        now += DAY
        codes = [None, "", "x", used.id, used.invitation, revoked.invitation]
        codes.append(expired.invitation)
        heard = set()
        for name in ("bob", "BOB", "eve", "admin", "a b"):
            for code in codes:
                async with greeted(server.port) as wire:
                    params = {"user": name, "password": "short", "invitation": code}
                    assert "error" in await wire.call("auth.register", params)
                    heard.add(wire.heard[-1])

    assert end == "done"
    (only,) = heard
    assert b'"invitation_invalid"' in only


async def test_s1_3_a_stranger_cannot_tell_who_exists(tmp_path: Path) -> None:
    async with office(tmp_path, **INVITE) as server:
        await add(server, "bob")
        async with connected(server.port) as client:
            began = [
                await Person(name, client).ask(Began, "auth.begin", user=name)
                for name in ("bob", "nobody")
            ]
            for name in ("bob", "nobody"):
                with refused("bad_credentials"):
                    await client.login(name)

    assert [one.next for one in began] == ["password", "password"]


async def test_s1_3_a_refusal_takes_as_long_for_a_name_that_exists(
    tmp_path: Path,
) -> None:
    """At the real cost of a hash: one more or less of it would be seen."""
    took: dict[str, list[float]] = {"bob": [], "nobody": []}
    dear: Changes = {**INVITE, "hash_memory_kib": 19_456, "hash_rounds": 2}
    async with office(tmp_path, **dear) as server:
        await server.services.commit(CreateAccount("bob", "argon"), int)
        async with connected(server.port) as client:
            for _ in range(15):
                for name, times in took.items():
                    begin = time.perf_counter()
                    with refused("invitation_invalid"):
                        await client.call(
                            "auth.register",
                            user=name,
                            password=PASSWORD,
                            invitation="nimsg-invite_x",
                        )
                    times.append(time.perf_counter() - begin)

    one, other = (statistics.median(times) for times in took.values())
    assert abs(one - other) < 0.005


async def test_s1_3_of_two_who_race_with_one_code_one_gets_in(tmp_path: Path) -> None:
    async with office(tmp_path, **INVITE) as server:
        code = (await invite(server)).invitation
        names = [f"user{number}" for number in range(8)]
        ends = await asyncio.gather(*(joins(server, name, code) for name in names))
        accounts = await server.services.read(server.services.store.accounts)

    assert sorted(ends) == ["done"] + ["invitation_invalid"] * 7
    assert [one.name for one in accounts] == [names[ends.index("done")]]


@pytest.mark.parametrize(
    ("name", "password", "kind"),
    [
        ("bob", PASSWORD, "name_taken"),
        ("BOB", PASSWORD, "name_taken"),
        ("admin", PASSWORD, "name_reserved"),
        ("a b", PASSWORD, "name_invalid"),
        ("eve", "short", "password_invalid"),
    ],
)
async def test_s1_3_what_is_refused_does_not_use_an_invitation_up(
    tmp_path: Path, name: str, password: str, kind: str
) -> None:
    async with office(tmp_path, **INVITE) as server:
        await add(server, "bob")
        code = (await invite(server)).invitation
        async with connected(server.port) as client:
            with refused(kind):
                await client.call(
                    "auth.register", user=name, password=password, invitation=code
                )
        assert await joins(server, "eve", code) == "done"


@pytest.mark.parametrize(
    ("registration", "end"), [("open", "done"), ("closed", "registration_closed")]
)
async def test_s1_3_an_invitation_changes_nothing_where_none_is_wanted(
    tmp_path: Path, registration: str, end: str
) -> None:
    async with office(tmp_path, registration=registration) as server:
        code = (await invite(server)).invitation
        ends = [await joins(server, "bob", one) for one in (code, "x")]
        (row,) = (await invitations(server)).invitations

    assert ends == [end, "name_taken" if end == "done" else end]
    assert row.used_at is None


async def test_s1_3_the_owner_of_the_machine_needs_no_invitation(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, **INVITE) as server:
        end = await told(
            server.config.var, "users.add", {"user": "bob", "password": PASSWORD}
        )
        async with people(server, "bob"):
            pass

    assert end == "done"


# -- auth open


async def open_call(client: AioClient, method: str, **params: object) -> str:
    return str((await client.call(method, **params))["user"])


async def test_s1_3_under_auth_open_a_new_name_needs_an_invitation(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, **OPEN_INVITE) as server:
        await add(server, "bob")
        code = (await invite(server)).invitation
        async with connected(server.port) as client:
            with refused("unknown_user"):
                await client.call("auth.login", user="eve")
            for name in ("bob", "eve"):
                with refused("invitation_invalid"):
                    await client.call("auth.register", user=name)
            with refused("name_invalid"):
                await client.call("auth.register", user="a b", invitation=code)
            assert await open_call(client, "auth.login", user="bob") == "bob"
        async with connected(server.port) as client:
            name = await open_call(client, "auth.register", user="eve", invitation=code)
        async with connected(server.port) as client:
            with refused("invitation_invalid"):
                await client.call("auth.register", user="zoe", invitation=code)
            assert await open_call(client, "auth.login", user="eve") == name == "eve"


async def test_s1_3_under_auth_open_writing_to_a_new_name_makes_no_mailbox(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, **OPEN_INVITE) as server:
        await add(server, "bob")
        async with people(server, "bob") as (bob,):
            with refused("all_refused"):
                await bob.send("nobody")


# -- at the machine


async def test_invitations_come_in_pages_oldest_first(tmp_path: Path) -> None:
    now = wall_clock_ms()
    async with office(tmp_path, clock=lambda: now) as server:
        made = []
        for _ in range(5):
            now += 1
            made.append((await invite(server)).id)
        found, after = [], None
        while True:
            page = await invitations(server, after=after, limit=2)
            found.append([row.id for row in page.invitations])
            after = page.next
            if after is None:
                break

    assert found == [made[:2], made[2:4], made[4:]]


async def test_what_the_owner_cannot_do_with_invitations(tmp_path: Path) -> None:
    now = wall_clock_ms()
    async with office(tmp_path, clock=lambda: now, **INVITE) as server:
        var = server.config.var
        made = await invite(server)
        assert await joins(server, "bob", made.invitation) == "done"
        ends = [
            await told(var, "users.invite", {"expires_at": now}),
            await told(var, "users.invite", {"label": "x" * 65}),
            await told(var, "users.uninvite", {"id": made.id}),
            await told(var, "users.uninvite", {"id": "0" * 26}),
            await told(var, "users.uninvite", {"id": "../../x"}),
        ]

    assert ends == [
        "invalid_params",
        "invalid_params",
        "unknown_invitation",
        "unknown_invitation",
        "invalid_params",
    ]


@pytest.mark.parametrize(
    "method", ["users.invite", "users.invitations", "users.uninvite"]
)
async def test_sec_17_invitations_are_kept_at_the_machine_only(
    tmp_path: Path, method: str
) -> None:
    params = {"id": "0" * 26} if method == "users.uninvite" else {}
    async with office(tmp_path, **INVITE) as server, greeted(server.port) as wire:
        answer = said(await wire.call(method, params))

    assert answer == "1 not_permitted"
