"""A normal user among peers that are stuck, and in a storm of logins."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.bench.proc import memory
from tests.bench.sizes import Line, Size
from tests.bench.wire import run
from tests.support.aioclient import connected
from tests.support.crowd import DRIBBLE, MUTE, Crowd
from tests.support.office import Person
from tests.support.process import ServerProcess, environment
from tests.support.storm import Storm


# For each second of the sizes, in full: 1,000 who do not read, 2,000 who dribble.
MUTE_A_S, DRIBBLE_A_S = 50, 100
EVERY_S = 5.0
POSTS_A_S = 100
BODY = "what everybody in the room is told " * 29
LOGINS = 200
STORMS = 5
QUIET_S = 5.0


# Called when everybody is there; says whether it goes on.
Begin = Callable[[], Callable[[], bool]]


class User:
    """Sends and lists in turns, and says something in the room 100 times a second."""

    def __init__(self) -> None:
        self.took_s: list[float] = []
        self._posts = 0

    async def live(self, port: int, begin: Begin, posts_a_s: int = 0) -> None:
        """Come, let it begin, and go on for as long."""
        over = asyncio.Event()
        async with connected(port) as client, connected(port) as speaker:
            user, author = Person("ann", client), Person("bob", speaker)
            await user.arrive()
            await author.arrive()
            going = await asyncio.to_thread(begin)
            async with asyncio.TaskGroup() as tasks:
                if posts_a_s:
                    tasks.create_task(self._talk(author, 1 / posts_a_s, over))
                while going():
                    await self._ask(user)
                over.set()

    async def _ask(self, user: Person) -> None:
        begun = time.perf_counter()
        await user.send("bob", body="text " * 200)
        between = time.perf_counter()
        await user.inbox(limit=50)
        self.took_s += [between - begun, time.perf_counter() - between]

    async def _talk(self, author: Person, gap_s: float, over: asyncio.Event) -> None:
        begun = time.monotonic()
        while not over.is_set():
            self._posts += 1
            rest_s = begun + self._posts * gap_s - time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), max(0.0001, rest_s))
            post = {"room": "lobby", "client_id": f"{begun}-{self._posts}"}
            author.client.begin("room.post", {**post, "body": BODY})

    def share_ms(self, share: float) -> float:
        """The latency that so big a share of the answers did not exceed."""
        return 1000 * sorted(self.took_s)[int(share * (len(self.took_s) - 1))]

    @property
    def row(self) -> tuple[str, str, str, str]:
        """How many answers, and the latencies: p50, p99, the longest."""
        p50, p99, most = (f"{self.share_ms(share):.1f}" for share in (0.5, 0.99, 1))
        return (str(len(self.took_s)), p50, p99, most)


def stuck(size: Size, folder: Path) -> Iterator[Line]:
    """A normal user's answers beside non-readers and dribblers, in a busy room."""
    yield (
        *("who is there", "answers", "p50 ms", "p99 ms", "most ms"),
        *("RSS MiB", "cut off", "deadline passed"),
    )
    counts = {MUTE: MUTE_A_S * size.long_s, DRIBBLE: DRIBBLE_A_S * size.long_s}
    home = folder / "stuck"
    home.mkdir()
    options = ("--auth", "open", "--max-clients", "8000", "--log", "error")
    with ServerProcess(home / "var", *options, env=environment(home)) as server:
        yield ("nobody", *_lived(server, size.long_s), _mib(server), "", "")
        with Crowd(server.port, EVERY_S, **counts) as crowd:
            crowd.ready()
            row = _lived(server, size.long_s)
            memory = _mib(server)
            ends = crowd.ends()
        yield (
            f"{counts[MUTE]} non-readers, {counts[DRIBBLE]} dribblers",
            *(*row, memory),
            *(str(ends[MUTE].get("cut", 0)), str(ends[DRIBBLE].get("deadline", 0))),
        )


def _lived(server: ServerProcess, seconds: float) -> tuple[str, str, str, str]:
    user = User()
    run(user.live(server.port, lambda: lasting(seconds), POSTS_A_S))
    return user.row


def lasting(seconds: float) -> Callable[[], bool]:
    """Goes on for so long from now."""
    end_s = time.monotonic() + seconds
    return lambda: time.monotonic() < end_s


def _mib(server: ServerProcess) -> str:
    return f"{memory(server.process.pid).rss / 1024:.0f}"


def storm(size: Size, folder: Path) -> Iterator[Line]:
    """Sends and lists while 200 log in at once, beside the same without them."""
    yield ("when", "answers", "p50 ms", "p99 ms", "most ms", "judged", "told `busy`")
    home = folder / "storm"
    home.mkdir()
    p99s: dict[str, list[float]] = {"quiet": [], "stormy": []}
    with ServerProcess(home / "var", env=environment(home)) as server:
        for _ in range(min(STORMS, size.long_s)):
            user = User()
            run(user.live(server.port, lambda: lasting(QUIET_S)))
            p99s["quiet"].append(user.share_ms(0.99))
            yield ("quiet", *user.row, "", "")
            user, storms = User(), Storms(server.port)
            run(user.live(server.port, storms.begin))
            p99s["stormy"].append(user.share_ms(0.99))
            kinds = storms.kinds()
            judged, busy = kinds["bad_credentials"], kinds["busy"]
            yield (f"{LOGINS} log in", *user.row, str(judged), str(busy))
    quiet, stormy = (statistics.median(one) for one in p99s.values())
    yield ("in a storm, medians", "", "", f"{stormy / quiet:.2f} times", "", "", "")


class Storms:
    """A storm that can be begun."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._storms: list[Storm] = []

    def begin(self) -> Callable[[], bool]:
        """See `Begin`."""
        self._storms.append(Storm(self._port, LOGINS))
        return lambda: not self._storms[-1].over

    def kinds(self) -> Counter[str]:
        """How often each answer was given."""
        return self._storms[-1].kinds()
