"""Passwords: registration, login, what is kept of them, and how they change."""

import asyncio
import threading
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from nimsg.protocol.results import Began, Done, Welcome
from nimsg.server.passwords import WAITING_MOST, Passwords
from nimsg.store.accountfile import decode_account
from tests.support.aioclient import PASSWORD, connected
from tests.support.office import HANG_S, Person, office, people
from tests.support.post import refused
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import at_the_machine, greeted, logged_in, said, told


OTHER = "a wholly other password"


async def change(person: Person, new: str = OTHER) -> Done:
    return await person.ask(Done, "auth.passwd", old=PASSWORD, new=new)


def kept_hash(var: Path, uid: int = 1) -> str:
    """The password hash in an account's file."""
    account = decode_account((var / "users" / f"{uid:08d}.json").read_bytes())
    assert account.password_hash is not None
    return account.password_hash


# -- register and log in -------------------------------------------------------


async def test_s1_2_s1_3_c5_an_unknown_name_registers_and_logs_in_later(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server:
        async with connected(server.port) as client:
            person = Person("bob", client)
            first = await person.ask(Began, "auth.begin", user="bob")
            made = await person.ask(
                Welcome, "auth.register", user="bob", password=PASSWORD
            )
        async with connected(server.port) as client:
            person = Person("bob", client)
            again = await person.ask(Began, "auth.begin", user="bob")
            back = await person.ask(
                Welcome, "auth.login", user="bob", password=PASSWORD
            )

    assert (first.next, again.next) == ("register", "password")
    assert (made.user, made.role, made.new, made.pending) == ("bob", "user", 0, 0)
    assert (back.user, back.role) == ("bob", "user")


async def test_c4_a_wrong_password_is_said_so_and_asked_again(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "bob"),
        connected(server.port) as client,
    ):
        with refused("bad_credentials"):
            await client.call("auth.login", user="bob", password="wrong " + PASSWORD)
        welcome = await client.login("bob")

    assert welcome["user"] == "bob"


async def test_c3_a_name_is_compared_exactly_at_login(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "bob"),
        connected(server.port) as client,
    ):
        with refused("bad_credentials"):
            await client.login("Bob")


async def test_sec_5_known_and_unknown_names_get_the_same_bytes(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "bob", "gone"):
        async with at_the_machine(server.config.var) as local:
            await local.call("users.add", {"user": "mute"})
            await local.call("users.remove", {"user": "gone"})
        async with greeted(server.port) as wire:
            names = ("bob", "nobody", "gone", "mute", "with space")
            for user in names:
                await wire.call("auth.login", {"user": user, "password": "x"})
            for user in names:
                await wire.call("auth.login", {"user": user})
            answers = wire.heard[1:]

    first, second = answers[: len(names)], answers[len(names) :]
    assert len(set(first)) == len(set(second)) == 1
    assert b"bad_credentials" in first[0]
    assert b"bad_credentials" in second[0]


async def test_c4_c5_with_closed_registration_every_name_is_asked_for_a_password(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "bob"):
        pass
    async with (
        office(tmp_path, registration="closed") as server,
        greeted(server.port) as wire,
    ):
        for user in ("bob", "nobody", "with space"):
            await wire.call("auth.begin", {"user": user})
        for user in ("bob", "nobody"):
            await wire.call("auth.register", {"user": user, "password": PASSWORD})
        for user in ("bob", "nobody"):
            await wire.call("auth.login", {"user": user, "password": "wrong"})

    begins, registers, logins = wire.heard[1:4], wire.heard[4:6], wire.heard[6:]
    assert len(set(begins)) == len(set(registers)) == len(set(logins)) == 1
    assert b'"next":"password"' in begins[0]
    assert b"registration_closed" in registers[0]
    assert b"bad_credentials" in logins[0]


# Names that cannot be registered beside `bob`, and why.
BAD_NAMES = {
    "with space": "name_invalid",
    "tab\t": "name_invalid",
    "line\n": "name_invalid",
    "caf\u00e9": "name_invalid",
    "nul\x00": "name_invalid",
    "admin": "name_reserved",
    "Server": "name_reserved",
    "SYSTEM": "name_reserved",
    "all": "name_reserved",
    "ann,eve": "name_reserved",
    "ann;eve": "name_reserved",
    "bob": "name_taken",
    "BoB": "name_taken",
}


@pytest.mark.parametrize("name", BAD_NAMES)
async def test_s4_4_sec_13_names_that_cannot_be_registered(
    tmp_path: Path, name: str
) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "bob"),
        connected(server.port) as client,
    ):
        with refused(BAD_NAMES[name]):
            await client.register(name)


# Passwords that cannot be registered, and one at the edge on either side.
BAD_PASSWORDS = {
    "none": None,
    "seven characters": "1234567",
    "1025 bytes": "x" * 1023 + "\u00e9",
    "1026 bytes": "\u20ac" * 342,
}


@pytest.mark.parametrize("case", BAD_PASSWORDS)
async def test_sec_2_passwords_that_cannot_be_registered(
    tmp_path: Path, case: str
) -> None:
    async with office(tmp_path) as server, connected(server.port) as client:
        with refused("password_invalid"):
            await client.call("auth.register", user="bob", password=BAD_PASSWORDS[case])


@pytest.mark.parametrize(
    ("set_", "typed"),
    [
        ("12345678", "12345678"),
        ("x" * 1024, "x" * 1024),
        ("caf\u00e9 noir", "cafe\u0301 noir"),
        ("\ufb01ve \u212bngstr\u00f6m", "five \u00c5ngstro\u0308m"),
    ],
)
async def test_sec_2_passwords_are_one_text_however_they_are_typed(
    tmp_path: Path, set_: str, typed: str
) -> None:
    async with office(tmp_path) as server:
        async with connected(server.port) as client:
            await client.call("auth.register", user="bob", password=set_)
        async with connected(server.port) as client:
            await client.call("auth.login", user="bob", password=typed)


# -- what is kept --------------------------------------------------------------


async def test_s2_17_sec_16_no_file_holds_a_password(tmp_path: Path) -> None:
    var = tmp_path / "var"
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        await change(b)
        kept = b"".join(path.read_bytes() for path in var.rglob("*") if path.is_file())

    assert PASSWORD.encode() not in kept
    assert OTHER.encode() not in kept
    assert kept_hash(var).startswith("$argon2id$v=19$m=8,t=1,p=1$")


async def test_sec_2_a_login_rehashes_where_the_costs_have_changed(
    tmp_path: Path,
) -> None:
    var = tmp_path / "var"
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        secret = (await b.make_token()).token
        cheap = kept_hash(var)
    async with office(tmp_path, hash_rounds=2) as server:
        async with people(server, "bob") as (b,):
            tokens = await b.tokens()
            await b.make_token("waits for what was to be written before it")
            dear = kept_hash(var)
        async with people(server, "bob"), connected(server.port) as client:
            await client.call("auth.token", token=secret)
            again = kept_hash(var)

    assert ",t=1," in cheap
    assert ",t=2," in dear
    assert again == dear, "once is enough"
    assert len(tokens.tokens) == 1, "the password is the same: tokens stay"


async def test_sec_2_a_login_does_not_wait_for_the_new_hash(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "bob"):
        pass
    store = WatchedStore(tmp_path / "var")
    async with office(tmp_path, store=store, hash_rounds=2) as server:
        await server.services.committer.drained()
        store.before = gate = Gate("commit")
        async with people(server, "bob") as (b,):
            await gate.reached.wait()
            await b.ping()
            gate.open()


# -- change --------------------------------------------------------------------


async def test_sec_9_a_new_password_ends_the_accounts_other_sessions_and_tokens(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "bob", "alice") as (b, a):
        secret = (await b.make_token()).token
        async with (
            logged_in(server.port, "bob") as other,
            greeted(server.port) as script,
        ):
            assert said(await script.call("auth.token", {"token": secret})) == "1 done"
            other.send("mail.changes", {"wait_ms": 60_000})
            await change(b)
            ends = [await other.rest(), await script.rest()]
            tokens = await b.tokens()
            await a.ping()
        async with connected(server.port) as client:
            with refused("bad_token"):
                await client.call("auth.token", token=secret)
            with refused("bad_credentials"):
                await client.login("bob")
            await client.call("auth.login", user="bob", password=OTHER)

    assert ends == [["closing revoked"]] * 2
    assert tokens.tokens == []


async def test_a_change_needs_the_old_password_and_a_good_new_one(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        with refused("bad_credentials"):
            await b.ask(Done, "auth.passwd", old="wrong " + PASSWORD, new=OTHER)
        with refused("password_invalid"):
            await change(b, "1234567")
        with refused("password_invalid"):
            await change(b, "\u20ac" * 400)
        async with connected(server.port) as client:
            await client.login("bob")


def ignore(_: str) -> None:
    """Hold nothing up."""


@pytest.mark.parametrize("held", ["account", "arrival"])
async def test_sec_9_a_login_that_is_on_its_way_does_not_outlive_the_change(
    tmp_path: Path, held: str
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        office(tmp_path, store=store) as server,
        people(server, "bob"),
        greeted(server.port) as wire,
    ):
        changed = {"user": "bob", "password": OTHER}
        gate = Gate(held)
        first = iter([gate])
        store.before = lambda operation: (
            next(first, ignore)(operation) if operation == held else None
        )
        wire.send("auth.login", {"user": "bob", "password": PASSWORD})
        await gate.reached.wait()
        assert await told(server.config.var, "users.passwd", changed) == "done"
        gate.open()
        end = said(await wire.frame())
        after = said(await wire.call("session.ping", {}))

    assert end in ("1 busy", "1 bad_credentials")
    assert after == "1 login_required"


# -- many at once --------------------------------------------------------------


async def test_sec_2_logins_wait_in_a_queue_that_ends(tmp_path: Path) -> None:
    held = threading.Event()
    async with office(tmp_path) as server, AsyncExitStack() as stack:
        _ = server.services.passwords._thread.call(held.wait, HANG_S)
        calls = []
        for number in range(WAITING_MOST + 1):
            login = {"user": f"user{number}", "password": "wrong"}
            wire = await stack.enter_async_context(greeted(server.port))
            calls.append(asyncio.create_task(wire.call("auth.login", login)))
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        held.set()
        answers = Counter([said(await call) for call in calls])

    assert answers == {"1 busy": 1, "1 bad_credentials": WAITING_MOST}


async def test_sec_2_more_than_32_hashes_are_refused_and_then_taken_again() -> None:
    held = threading.Event()
    passwords = Passwords(8, 1)
    _ = passwords._thread.call(held.wait, HANG_S)
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(passwords.hash("x")) for _ in range(WAITING_MOST)]
        await asyncio.sleep(0)
        with refused("busy"):
            await passwords.verify(None, "x")
        held.set()
    checked = await passwords.verify(waiting[0].result(), "x")
    passwords.close()

    assert checked


async def test_sec_5_a_name_without_a_hash_is_checked_against_one() -> None:
    passwords = Passwords(8, 1)
    made = await passwords.hash("right")
    found = [
        await passwords.verify(made, "right"),
        await passwords.verify(made, "wrong"),
        await passwords.verify(None, "a password nobody has"),
        await passwords.verify("no hash", "right"),
    ]
    passwords.close()

    assert found == [True, False, False, False]


async def test_sec_9_a_change_ends_the_others_though_its_asker_was_cut_off(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        office(tmp_path, store=store) as server,
        people(server, "bob") as (other,),
    ):
        async with people(server, "bob") as (asker,):
            store.before = gate = Gate("file")
            asker.client.begin("auth.passwd", {"old": PASSWORD, "new": OTHER})
            await gate.reached.wait()
            asker.client.writer.transport.abort()
            while len(server.services.registry) > 1:
                await other.ping()
        gate.open()
        await other.client.closed.wait()

    assert other.client.session.closing == "revoked"
