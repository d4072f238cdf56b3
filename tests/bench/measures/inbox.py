"""Somebody who looks into the mailbox: a fresh connection, a login, a list."""

import time
from collections.abc import Iterator

from tests.bench.measures.deliver import rested
from tests.bench.peers.base import BOXES, Peer
from tests.bench.proc import Noise
from tests.bench.sizes import Size
from tests.bench.stats import Row, latencies
from tests.bench.wire import run


NEWEST = 50
WARM = 2
TRIES_LEAST = 3


def inbox(peer: Peer, size: Size) -> Iterator[Row]:
    """A fresh connection and login that lists the newest 50, or all."""
    peer.start("inbox")
    try:
        for user, count in zip(BOXES, size.boxes, strict=False):
            run(_filled(peer, user, count))
            for point, newest, tries, warm in _plan(count, size):
                for _ in range(warm):
                    run(_look(peer, user, count, newest))
                yield _row(peer, point, size.most_s, tries, (user, count, newest))
                # What a first listing leaves to be written is no part of the next one.
                run(rested(peer))
    finally:
        peer.stop()


async def _filled(peer: Peer, user: str, count: int) -> None:
    await peer.fill(user, count)
    await rested(peer)


def _plan(count: int, size: Size) -> Iterator[tuple[str, int, int, int]]:
    """Points: names, how many of the newest (0: all), tries, and tries before them."""
    largest = count == max(size.boxes)
    if largest:
        yield f"all {count}, the first time", 0, 1, 0
    yield f"newest {NEWEST} of {count}", NEWEST, size.tries, WARM
    if largest:
        yield f"all {count}", 0, max(TRIES_LEAST, size.tries // 5), 0


def _row(
    peer: Peer, point: str, most_s: float, tries: int, what: tuple[str, int, int]
) -> Row:
    noise = Noise(peer.pid)
    end_s = time.perf_counter() + most_s
    taken: list[float] = []
    while len(taken) < tries:
        taken.append(run(_look(peer, *what)))
        if len(taken) >= TRIES_LEAST and time.perf_counter() > end_s:
            break
    head: Row = {
        "measure": "inbox",
        "point": point,
        "peer": peer.name,
        "tries": len(taken),
    }
    return {**head, **latencies(taken), **noise.row()}


async def _look(peer: Peer, user: str, count: int, newest: int) -> float:
    began_s = time.perf_counter()
    wire = await peer.open(user)
    found = await (peer.list_newest(wire, newest) if newest else peer.list_all(wire))
    taken_s = time.perf_counter() - began_s
    wanted = min(newest, count) if newest else count
    if found != wanted:
        raise RuntimeError(f"listed {found} instead of {wanted}")
    await peer.hang_up(wire)
    return taken_s
