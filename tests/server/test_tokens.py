"""Script tokens: made, used, listed, ended; by their secret's hash only."""

import hashlib
from itertools import count
from pathlib import Path

import pytest

from nimsg.errors import Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.results import Done, Tokens
from nimsg.protocol.rules import is_token
from tests.support.aioclient import connected
from tests.support.office import office, people
from tests.support.post import refused
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import greeted, said


HOUR = 3_600_000
NOW = 500_000 * HOUR + 1234


async def use(port: int, secret: str) -> str:
    """Whose name a token proves; or the kind it is refused with."""
    async with connected(port) as client:
        try:
            return str((await client.call("auth.token", token=secret))["user"])
        except Refusal as refusal:
            return refusal.kind


async def test_sec_3_a_token_logs_in_without_a_password(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        made = await b.make_token("nightly backup")
        user = await use(server.port, made.token)
        [row] = (await b.tokens()).tokens

    assert user == "bob"
    assert is_token(made.token)
    assert (row.id, row.label) == (made.id, "nightly backup")


async def test_sec_3_a_token_has_256_bits_and_only_its_hash_is_kept(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        made = await b.make_token()
        files = [path for path in (tmp_path / "var").rglob("*") if path.is_file()]
        kept = b"".join(path.read_bytes() for path in files)

    assert len(made.token) >= len("nimsg_") + 256 / 6
    assert made.token.encode() not in kept
    assert hashlib.sha256(made.token.encode()).hexdigest().encode() in kept


async def test_tokens_are_listed_oldest_first_and_none_is_like_another(
    tmp_path: Path,
) -> None:
    async with (
        office(tmp_path, clock=count(NOW).__next__) as server,
        people(server, "bob", "alice") as (b, a),
    ):
        made = [await b.make_token(str(n)) for n in range(3)]
        rows = (await b.tokens()).tokens
        others = await a.tokens()

    assert [row.id for row in rows] == [token.id for token in made]
    assert rows == sorted(rows, key=lambda row: row.created_at)
    assert len({token.token for token in made}) == 3
    assert others == Tokens([])


async def test_sec_5_all_tokens_that_are_none_get_the_same_bytes(
    tmp_path: Path,
) -> None:
    now = NOW
    async with (
        office(tmp_path, clock=lambda: now) as server,
        people(server, "bob") as (b,),
    ):
        short = await b.make_token(expires_at=NOW + 1)
        gone = await b.make_token()
        await b.ask(Done, "token.revoke", id=gone.id)
        now += 1
        async with greeted(server.port) as wire:
            for secret in (short.token, gone.token, "nimsg_x", "", "\u20ac" * 40):
                await wire.call("auth.token", {"token": secret})
            answers = set(wire.heard[1:])

    [answer] = answers
    assert b"bad_token" in answer


async def test_a_token_ends_at_its_time_and_not_before(tmp_path: Path) -> None:
    now = NOW
    async with (
        office(tmp_path, clock=lambda: now) as server,
        people(server, "bob") as (b,),
    ):
        secret = (await b.make_token(expires_at=NOW + HOUR)).token
        now = NOW + HOUR - 1
        before = await use(server.port, secret)
        now = NOW + HOUR
        after = await use(server.port, secret)

    assert (before, after) == ("bob", "bad_token")


@pytest.mark.parametrize("expires_at", [0, NOW - 1, NOW])
async def test_a_token_that_would_have_ended_is_not_made(
    tmp_path: Path, expires_at: int
) -> None:
    async with (
        office(tmp_path, clock=lambda: NOW) as server,
        people(server, "bob") as (b,),
    ):
        with refused("invalid_params"):
            await b.make_token(expires_at=expires_at)


async def test_the_last_use_is_kept_to_the_hour_and_written_once_in_it(
    tmp_path: Path,
) -> None:
    now = NOW
    store = WatchedStore(tmp_path / "var")
    uses, written = [], []
    async with (
        office(tmp_path, store=store, clock=lambda: now) as server,
        people(server, "bob") as (b,),
    ):
        secret = (await b.make_token()).token
        for later in (0, 1, HOUR - 1234 - 1, HOUR - 1234, 3 * HOUR):
            now = NOW + later
            before = sum(store.batches)
            await use(server.port, secret)
            await b.make_token("waits for what was to be written before it")
            written.append(sum(store.batches) - before - 1)
            tokens = (await b.tokens()).tokens
            uses += [row.used_at for row in tokens if "waits" not in row.label]

    hour = NOW - 1234
    assert uses == [hour, hour, hour, hour + HOUR, hour + 3 * HOUR]
    assert written == [1, 0, 0, 1, 1]


async def test_a_token_login_waits_for_no_durable_write(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path / "var")
    async with office(tmp_path, store=store) as server, people(server, "bob") as (b,):
        secret = (await b.make_token()).token
        store.before = gate = Gate("commit")
        user = await use(server.port, secret)
        await gate.reached.wait()
        gate.open()

    assert user == "bob"


async def test_a_token_login_asks_the_store_one_question(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path / "var")
    async with office(tmp_path, store=store) as server, people(server, "bob") as (b,):
        secret = (await b.make_token()).token
        asked: list[str] = []
        store.before = asked.append
        await use(server.port, secret)

    assert [name for name in asked if "arrival" in name] == ["token_arrival"]
    assert {"account", "account_by_uid", "counts", "last_login"}.isdisjoint(asked)


async def test_sec_9_a_revoked_token_ends_the_sessions_that_use_it(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        mine, other = await b.make_token("mine"), await b.make_token("other")
        async with greeted(server.port) as ends, greeted(server.port) as stays:
            await ends.call("auth.token", {"token": mine.token})
            await stays.call("auth.token", {"token": other.token})
            await b.ask(Done, "token.revoke", id=mine.id)
            rest = await ends.rest()
            answer = said(await stays.call("session.ping", {}))
        late = await use(server.port, mine.token)
        left = (await b.tokens()).tokens
        with refused("unknown_token"):
            await b.ask(Done, "token.revoke", id=mine.id)

    assert (rest, answer, late) == (["closing revoked"], "1 done", "bad_token")
    assert [row.id for row in left] == [other.id]


async def test_a_session_that_revokes_its_own_token_is_answered_and_ends(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        made = await b.make_token()
        async with greeted(server.port) as wire:
            await wire.call("auth.token", {"token": made.token})
            wire.send("token.revoke", {"id": made.id}, 5)
            rest = await wire.rest()

    assert rest == ["5 done", "closing revoked"]


async def test_sec_9_a_token_login_on_its_way_does_not_outlive_the_revocation(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with office(tmp_path, store=store) as server, people(server, "bob") as (b,):
        made = await b.make_token()
        async with greeted(server.port) as wire:
            store.after = gate = Gate("token_arrival")
            wire.send("auth.token", {"token": made.token})
            await gate.reached.wait()
            await b.ask(Done, "token.revoke", id=made.id)
            gate.open()
            first = said(await wire.frame())
            again = said(await wire.call("auth.token", {"token": made.token}))

    assert (first, again) == ("1 busy", "1 bad_token")


async def test_an_account_has_64_tokens(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        made = [await b.make_token(f"n{n}") for n in range(limit("tokens"))]
        with refused("not_permitted"):
            await b.make_token("one more")
        await b.ask(Done, "token.revoke", id=made[0].id)
        await b.make_token("in its place")


@pytest.mark.parametrize("label", ["x", "x" * 64, "../../etc", "\x1b[31m"])
async def test_a_label_is_kept_as_it_is(tmp_path: Path, label: str) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        await b.make_token(label)
        [row] = (await b.tokens()).tokens

    assert row.label == label
