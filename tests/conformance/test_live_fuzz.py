"""T11: frames drawn by lot, over live sockets: typed answers, no fault, RSS flat."""

from collections import Counter, deque
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice, takewhile
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from nimsg.errors import KINDS
from nimsg.protocol.constants import limit
from nimsg.protocol.framing import encode_frame
from nimsg.protocol.methods import METHODS, Needs
from tests.conformance.cases import World, ask
from tests.conformance.world import check_shape, furnished
from tests.support.plainwire import PlainWire
from tests.support.process import ServerProcess, environment
from tests.support.soaking import Soak
from tests.support.wire import said
from tests.support.wounds import REQUESTS, drawn, mutate


FRAMES = 50_000
VOLLEY = 40  # frames of one connection
AT_ONCE = 4  # connections, so that the server never waits for this end
WOUNDED = 0.15  # of the frames; ten faults close a connection
GROWTH_BYTES = 24 * 1024 * 1024
LONGEST = limit("frame_bytes_before_login")
ENDING = {"auth.logout"}
SAID = {"hello", "done", "faults", "logout"}
WARM = 10_000  # answers, behind which the server has all the memory it needs
LATER = METHODS.keys() - ENDING
# A login or a registration would hash a password each; behind a login both are refused.
BEFORE = {name for name, row in METHODS.items() if row.needs is not Needs.ANONYMOUS} | {
    "auth.begin",
    "auth.token",
    "auth.resume",
    "auth.nick",
}


class Stage(NamedTuple):
    """A server process and what is there."""

    server: ServerProcess
    world: World

    def rss_bytes(self) -> int:
        """How much memory the server has."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text("ascii")
        (line,) = (one for one in status.splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1]) * 1024


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    server = ServerProcess(tmp_path / "var", env=environment(tmp_path))
    with server, furnished(server) as world:
        yield Stage(server, world)
    assert all(" AUDIT " in line for line in server.complaints.splitlines())


def payload(random: Random, logged_in: bool) -> bytes:
    """One request, right or wounded."""
    names = LATER if logged_in else BEFORE
    if random.random() < WOUNDED:
        seed = random.choice(REQUESTS) if logged_in else drawn(random, BEFORE)
        return mutate(random, seed)[:LONGEST] or b"x"
    return drawn(random, names)[: limit("frame_bytes") if logged_in else LONGEST]


def volley(world: World, random: Random) -> PlainWire:
    """A connection to which all is said, and that is half closed."""
    wire = PlainWire(world.port)
    logged_in = random.random() < 0.75
    data = ask("auth.token", token=world.names["ann"]) if logged_in else b""
    data += b"".join(encode_frame(payload(random, logged_in)) for _ in range(VOLLEY))
    wire.send(data)
    wire.end()
    return wire


def answers(wire: PlainWire) -> Counter[str]:
    """What came of it, by kinds; fails where that is not as agreed."""
    with wire:
        found = wire.rest()
    for frame in found:
        check_shape(frame)
    kinds = Counter(said(frame).split()[-1] for frame in found)
    assert kinds["internal_error"] == 0, found
    return kinds


def barrage(world: World, random: Random) -> Generator[Counter[str]]:
    """One connection after the other, some at once, until it is closed."""
    waiting: deque[PlainWire] = deque()
    try:
        while True:
            waiting.append(volley(world, random))
            if len(waiting) >= AT_ONCE:
                yield answers(waiting.popleft())
    finally:
        for wire in waiting:
            answers(wire)


@pytest.mark.slow
def test_t11_50k_frames_drawn_by_lot_over_live_sockets(stage: Stage) -> None:
    random = Random(11)  # noqa: S311 - the same frames each time
    kinds: Counter[str] = Counter()
    rss = 0
    with closing(barrage(stage.world, random)) as volleys:
        for some in islice(volleys, FRAMES // VOLLEY):
            kinds += some
            rss = rss or (kinds.total() > WARM and stage.rss_bytes())

    assert kinds.keys() - KINDS <= SAID
    assert kinds["done"] > 1000
    assert kinds["parse_error"] > 100
    assert stage.rss_bytes() - rss < GROWTH_BYTES


@pytest.mark.soak
def test_t11_frames_drawn_by_lot_over_live_sockets_for_a_long_time(
    stage: Stage, soak: Soak
) -> None:
    random = Random(soak.seed)  # noqa: S311 - printed, to run again
    rss = 0
    with closing(barrage(stage.world, random)) as volleys:
        for n, some in takewhile(lambda _: soak.going(), enumerate(volleys)):
            assert some.keys() - KINDS <= SAID
            soak.count("frames", VOLLEY)
            soak.count("answers", some.total())
            if n == 500:
                rss = stage.rss_bytes()

    assert not rss or stage.rss_bytes() - rss < GROWTH_BYTES
