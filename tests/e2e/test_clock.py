"""T19: the clock is set by years and back, and nothing is lost, reordered or negative.

Order is by position, deadlines are by a clock that nobody can set, and no lock holds
longer than it was to hold.
"""

import random
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from nimsg.errors import Refusal
from nimsg.protocol.results import LoginRow, Opened, Receipt, Sent
from nimsg.protocol.results_people import Logins
from nimsg.protocol.results_rooms import RoomMessage, RoomPage
from nimsg.protocol.results_stats import Stats
from nimsg.server.app import Server
from nimsg.store.check import check_store
from tests.support.aioclient import PASSWORD
from tests.support.folders import quick_folder
from tests.support.guests import Guest, bodies, caller, guest, timed_office
from tests.support.soaking import Soak
from tests.support.virtualtime import START_MS, VirtualTime
from tests.support.wire import at_the_machine, told


YEAR_S = 365 * 86_400
JUMPS = (10 * YEAR_S, -3600, -10 * YEAR_S, -10 * YEAR_S, 3600, 10 * YEAR_S, -3600)
BLOCK_S, TIMEOUT_S = 60, 120
MS_PER_S = 1000


class Life:
    """What ann and bob do on a store, whatever time it is, and what they were told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.changed: list[str] = []
        self.cursor: str | None = None

    async def go_on(self, time: VirtualTime, jumps: list[float]) -> None:
        """A server from one start to its end, on which the clock is set so often."""
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(
                timed_office(
                    self.folder,
                    time,
                    block_duration_s=BLOCK_S,
                    idle_timeout_s=TIMEOUT_S,
                )
            )
            ann = await stack.enter_async_context(guest(server, "ann"))
            bob = await stack.enter_async_context(guest(server, "bob"))
            await self.look_at_the_lock(server)
            for jump in jumps:
                time.jump(jump)
                sent = await self.write(ann, bob)
                time.jump(-jump)
                await self.read(bob, sent.id)
                time.jump(jump)
                await bob.ack(sent.id)
                [receipt] = (await ann.status(sent.id)).receipts
                assert climbs(sent.sent_at, receipt), receipt
                self.cursor = await bob.cursor()
                await self.come_and_go(server)
                await self.look_at_the_lock(server)
                assert (await uptime_s(server)) >= 0
            await bob.ping()

    async def write(self, ann: Guest, bob: Guest) -> Sent:
        """A letter and a post, each of them once; the letter."""
        number = len(self.said)
        body, name = f"number {number}", f"{number}"
        sent = await ann.send("bob", body=body, client_id=name)
        await ann.post(body, client_id=f"post-{name}")
        again = await ann.send("bob", body=body, client_id=name)
        self.said.append(body)
        assert (again.id, again.duplicate) == (sent.id, True)
        while (heard := await bob.hears(RoomMessage)).notice is not None:
            pass
        assert heard.body == body
        return sent

    async def read(self, bob: Guest, id_: str) -> None:
        """The letter is new, once."""
        page = await bob.changes(self.cursor, limit=500)
        assert [row.id for row in page.inbox] == [id_]
        self.changed.append(id_)
        await bob.open(id_)

    async def come_and_go(self, server: Server) -> None:
        """Somebody comes, is online, goes, and was online not before they came."""
        async with guest(server, "cyd") as cyd:
            rows = (await cyd.ask(Logins, "auth.logins", limit=100)).logins
            assert all(map(ends_behind_its_beginning, rows)), rows
            await cyd.logout()

    async def look_at_the_lock(self, server: Server) -> None:
        """A name that is locked is so for no longer than it was to be."""
        tries = [await failure(server) for _ in range(3)]
        assert 0 < max(tries) <= BLOCK_S * MS_PER_S

    async def look_back(self, now_ms: int) -> None:
        """All of it is there, in its order."""
        time = VirtualTime(now_ms)
        async with (
            timed_office(self.folder, time) as server,
            guest(server, "bob") as bob,
        ):
            rows = (await bob.inbox(all=True, limit=500)).inbox
            texts = [
                (await bob.ask(Opened, "mail.open", id=row.id)).body for row in rows
            ]
            history: RoomPage = await bob.history(after=0, limit=100)
            logins = (await bob.ask(Logins, "auth.logins", limit=100)).logins
        count = len(self.said)
        assert [row.position for row in rows] == list(range(count, 0, -1))
        assert texts == self.said[::-1]
        assert [row.id for row in rows] == self.changed[::-1]
        assert bodies(history.messages) == self.said
        positions = [one.position for one in history.messages]
        assert positions == sorted(positions)
        assert all(map(ends_behind_its_beginning, logins)), logins

    def is_sound(self) -> None:
        """Files, ledger and index agree; and so does an index made anew of them."""
        var = self.folder / "var"
        assert check_store(var).problems == []
        for path in var.glob("*.db*"):
            path.unlink()


def climbs(sent_at: int, receipt: Receipt) -> bool:
    """Whether no rung was before the one below it."""
    rungs = [sent_at, receipt.fetched_at, receipt.opened_at, receipt.acked_at]
    times = [at for at in rungs if at is not None]
    return len(times) == len(rungs) and times == sorted(times)


def ends_behind_its_beginning(row: LoginRow) -> bool:
    return row.ended_at is None or row.at <= row.ended_at


async def failure(server: Server) -> int:
    """Give a wrong password for eve; how many ms her name is locked then, or 0."""
    async with caller(server, "eve") as eve:
        with pytest.raises(Refusal) as raised:
            await eve.client.call("auth.login", user="eve", password=PASSWORD + "?")
    left_ms = raised.value.data.get("retry_after_ms", 0)
    assert isinstance(left_ms, int)
    return left_ms


async def uptime_s(server: Server) -> int:
    """How long the server says it has run."""
    async with at_the_machine(server.config.var) as wire:
        answer = await wire.call("server.stats", {})
    return msgspec.convert(answer["result"], Stats).uptime_s


async def test_t19_the_clock_is_set_while_a_server_runs(tmp_path: Path) -> None:
    with quick_folder(tmp_path) as folder:
        life = Life(folder)
        await life.go_on(VirtualTime(), list(JUMPS))
        await life.look_back(START_MS)
        life.is_sound()
        await life.look_back(START_MS - 10 * YEAR_S * MS_PER_S)
        life.is_sound()


async def test_t19_the_clock_is_another_at_each_start(tmp_path: Path) -> None:
    with quick_folder(tmp_path) as folder:
        life, now_ms = Life(folder), START_MS
        for jump in JUMPS:
            now_ms += jump * MS_PER_S
            await life.go_on(VirtualTime(now_ms), [0, -1])
        await life.look_back(now_ms)
        life.is_sound()
        await life.look_back(now_ms)


@pytest.mark.parametrize("jump", sorted(set(JUMPS)))
async def test_t19_c6_no_jump_makes_a_lock_longer(tmp_path: Path, jump: int) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time, block_duration_s=BLOCK_S) as server:
        lefts = [await failure(server) for _ in range(3)]
        time.jump(jump)
        time.advance(BLOCK_S - 1)
        lefts.append(await failure(server))
        time.advance(1)
        lefts.append(await failure(server))
    time = VirtualTime(START_MS + jump * MS_PER_S)
    async with timed_office(tmp_path, time, block_duration_s=BLOCK_S) as server:
        await told(server.config.var, "users.unlock", {"user": "eve"})
        for _ in range(3):
            await failure(server)
        time.jump(jump)
        time.advance(BLOCK_S)
        lefts.append(await failure(server))

    assert lefts == [0, 0, BLOCK_S * MS_PER_S, MS_PER_S, 0, 0]


@pytest.mark.soak
async def test_t19_soak_the_clock_is_set_at_random(tmp_path: Path, soak: Soak) -> None:
    chance = random.Random(soak.seed)  # noqa: S311 - instants
    rounds = 0
    while soak.going():
        rounds += 1
        with quick_folder(tmp_path / f"{rounds}") as folder:
            life, now_ms = Life(folder), START_MS
            for _ in range(4):
                jumps = [chance.choice(JUMPS) * chance.random() for _ in range(4)]
                await life.go_on(VirtualTime(now_ms), jumps)
                now_ms = START_MS + int(chance.choice(JUMPS) * MS_PER_S)
                soak.count("jumps", len(jumps) + 1)
            await life.look_back(now_ms)
            life.is_sound()
            await life.look_back(START_MS)
        soak.count("stores")
