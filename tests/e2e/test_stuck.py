"""T15: peers that do not read, say nothing, dribble or just stay hold nobody up."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from nimsg.client import answers
from nimsg.protocol.constants import limit
from nimsg.protocol.results_rooms import Posted, RoomMessage
from nimsg.protocol.results_stats import Connections, Stats
from nimsg.server.app import Server
from nimsg.server.descriptors import open_files
from nimsg.server.session import Session
from tests.support.aioclient import AioClient, connected
from tests.support.crowd import DRIBBLE, EVERY_S, IDLE, MUTE, SILENT, Crowd
from tests.support.guests import Guest, bodies, guest, guests, timed_office
from tests.support.office import Person
from tests.support.process import ServerProcess, environment
from tests.support.soaking import Soak
from tests.support.virtualtime import VirtualTime
from tests.support.wire import at_the_machine


EACH = 200
FRAME_S, LOGIN_S = 30, 60
# Four times as long as a peer is given to hang up.
HANG_UP_S = 1.0
BODY = "all the same " * 5000
# More than these no peer's buffers hold, here and in the system.
POSTS_MOST = 20
UNSENT = limit("unsent_bytes")
# What one peer may cost the server: unsent answers, and what it has begun to send.
PEER_KIB = 512
# A reader's thread opens the index when it is asked for the first time.
READER_FILES = 8
THOUSANDS = {MUTE: 1000, SILENT: 1000, DRIBBLE: 2000}
DRIBBLED_S = 5.0
IDLERS = 10_000
SAID = "something " * 400
MIB = 2**20
GROWN_MOST = 32 * MIB
CUT_OFF = "a client that does not read was cut off: {} from 127.0.0.1"


def rss_kib() -> int:
    """The memory of this process."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0])


def unsent(server: Server) -> int:
    """The longest queue of answers that a client has not read."""
    sessions = [one for one in server.services.registry if isinstance(one, Session)]
    return max(one._writer.transport.get_write_buffer_size() for one in sessions)


async def until(seen: Callable[[], bool], one: Guest) -> None:
    """Wait for the server, which goes on answering somebody meanwhile."""
    while not seen():
        await one.ping()


@asynccontextmanager
async def crowded(
    port: int, every_s: float = EVERY_S, **counts: int
) -> AsyncIterator[Crowd]:
    """A crowd that is there."""
    with Crowd(port, every_s, **counts) as crowd:
        await asyncio.to_thread(crowd.ready)
        yield crowd


class Counted(NamedTuple):
    """Connections, tasks and descriptors of a server in this process."""

    connections: int
    tasks: int
    files: int

    def is_back(self, before: "Counted") -> bool:
        """Whether no more is left than was there before."""
        fewer = self.connections <= before.connections and self.tasks <= before.tasks
        return fewer and self.files <= before.files + READER_FILES


def counted(server: Server) -> Counted:
    """What there is now."""
    connections = len(server.services.registry)
    return Counted(connections, len(asyncio.all_tasks()), open_files())


async def heard_by(one: Guest, count: int) -> list[str]:
    """So many texts of people in rooms, as they came."""
    found: list[RoomMessage] = []
    while len(bodies(found)) < count:
        found.append(await one.hears(RoomMessage))
    return bodies(found)


async def kept_for(one: Guest) -> list[str]:
    """All texts of people in the room, read page by page."""
    found: list[RoomMessage] = []
    more = True
    while more:
        page = await one.history(after=found[-1].position if found else 0, limit=100)
        found += page.messages
        more = page.more
    return bodies(found)


@pytest.mark.slow
async def test_t15_sec_7_sec_8_200_of_each_kind_hold_nobody_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = VirtualTime()
    said: list[str] = []
    queues: list[int] = []
    async with (
        timed_office(tmp_path, clock, auth="open", stop_deadline_s=HANG_UP_S) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        before, rss = counted(server), rss_kib()
        async with crowded(
            server.port, mute=EACH, silent=EACH, dribble=EACH, idle=EACH
        ) as crowd:
            assert len(server.services.registry) == 2 + 4 * EACH
            while len(server.services.people) > 2:
                said.append(f"{len(said)} {BODY}")
                await ann.post(said[-1])
                queues.append(unsent(server))
                await bob.send("ann")
                assert (await ann.inbox(limit=1)).total == len(said) < POSTS_MOST
            grown = rss_kib() - rss
            clock.advance(FRAME_S)
            await until(lambda: len(server.services.registry) == 2 + 2 * EACH, bob)
            clock.advance(LOGIN_S - FRAME_S)
            await until(lambda: len(server.services.registry) == 2 + EACH, bob)
            pinged = await asyncio.to_thread(crowd.pinged)
            ends = await asyncio.to_thread(crowd.ends)
        await until(lambda: counted(server).is_back(before), bob)
        heard = await heard_by(bob, len(said))
        async with guest(server, "mute0") as back:
            kept = await kept_for(back)

    assert ends == {
        MUTE: {"cut": EACH},
        SILENT: {"deadline": EACH},
        DRIBBLE: {"deadline": EACH},
        IDLE: {"open": EACH},
    }
    assert pinged == EACH
    assert max(queues) <= UNSENT + 2 * len(BODY)
    assert grown <= EACH * PEER_KIB
    assert heard == kept == said
    cut_off = {CUT_OFF.format(f"mute{number}") for number in range(EACH)}
    assert {line for line in caplog.messages if "cut off" in line} == cut_off
    assert not any(record.exc_info for record in caplog.records)


class Townsman:
    """A normal user of a real server: what they ask, and how long answers take."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self.took_s: list[float] = []
        self.sent: list[str] = []

    async def lives(self, stats: Callable[[], Awaitable[Stats]], end_s: float) -> Stats:
        """Write, say, list and ask until the stuck are all cut off; how it is then."""
        while True:
            for _ in range(100):
                await self._once()
            found = await stats()
            strangers = found.connections.anonymous + found.connections.interactive
            if not strangers or time.monotonic() > end_s:
                return found

    async def _once(self) -> None:
        one, name = self._person, f"n{len(self.sent)}"
        begun = time.monotonic()
        self.sent.append((await one.send("bob", body="text", client_id=name)).id)
        self.took_s.append(time.monotonic() - begun)
        if len(self.sent) % 4 == 0:  # an account may not say more in a minute
            await one.ask(
                Posted, "room.post", room="lobby", body=SAID, client_id=f"p{name}"
            )
        begun = time.monotonic()
        await one.inbox(limit=10)
        self.took_s.append(time.monotonic() - begun)


@pytest.mark.soak
async def test_t15_soak_thousands_hold_nobody_up(tmp_path: Path, soak: Soak) -> None:
    options = ("--auth", "open", "--max-clients", "16000", "--log", "error")
    found: list[Stats] = []
    with ServerProcess(tmp_path / "var", *options, env=environment(tmp_path)) as server:

        async def stats() -> Stats:
            async with at_the_machine(server.var) as wire:
                answer = await wire.call("server.stats", {})
            return msgspec.convert(answer["result"], Stats)

        async with (
            connected(server.port) as client,
            crowded(server.port, idle=IDLERS) as idle,
        ):
            man = Townsman(Person("ann", client))
            await client.call("auth.login", user="ann")
            while soak.going():
                end_s = time.monotonic() + 3 * LOGIN_S
                async with crowded(server.port, DRIBBLED_S, **THOUSANDS) as crowd:
                    found.append(await man.lives(stats, end_s))
                    ends = await asyncio.to_thread(crowd.ends)
                soak.count("waves")
                # Of the mute the server says it: the system sends them the rest slowly.
                assert found[-1].connections == Connections(0, IDLERS + 1, 0)
                assert ends[SILENT] == {"deadline": THOUSANDS[SILENT]}
                assert ends[DRIBBLE] == {"deadline": THOUSANDS[DRIBBLE]}
            pinged = await asyncio.to_thread(idle.pinged)
            listed = await listed_by(client)
    took_ms = sorted(1000 * one for one in man.took_s)
    soak.count("answers", len(took_ms))
    soak.count("p99 ms", int(took_ms[int(0.99 * len(took_ms))]))
    soak.count("MiB at first", found[0].rss_bytes // MIB)
    soak.count("MiB at last", found[-1].rss_bytes // MIB)

    assert pinged == IDLERS
    assert set(man.sent) <= listed
    assert took_ms[int(0.99 * len(took_ms))] < 1000
    assert found[-1].open_files <= found[0].open_files + READER_FILES
    assert found[-1].rss_bytes - found[0].rss_bytes < GROWN_MOST
    assert server.complaints == ""


async def listed_by(client: AioClient) -> set[str]:
    """The ids of all that somebody has sent."""
    found: set[str] = set()
    before: int | None = 2**53
    while before is not None:
        page = await client.call(
            "mail.list", box="outbox", all=True, limit=500, before=before
        )
        found |= {answers.identifier(row) for row in answers.rows(page, "outbox", dict)}
        before = answers.maybe_number(page, "next")
    return found
