"""Sends that are answered: a closed loop over several connections."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.bench.peers.base import RECIPIENTS, Peer
from tests.bench.proc import Noise
from tests.bench.sizes import Size
from tests.bench.stats import Row, latencies
from tests.bench.wire import Wire, many, run


# 1 KiB in lines, which does no harm in mail, XML and IRC.
LINE = b"The quick brown fox jumps over the lazy dog, and once more her"
BODY = (b"\r\n".join([LINE] * 16)).ljust(1024, b".")
WARM_S = 20.0
PATIENCE_S = 60.0
LOOK_S = 0.05
SUSTAINED = 64
LONGEST_S = 100.0


class Point(NamedTuple):
    """So many messages over so many connections; nothing begins behind `most_s`."""

    name: str
    connections: int
    messages: int
    least_s: float
    most_s: float


class Load(NamedTuple):
    """What a loop came to, in seconds."""

    taken: Sequence[float]
    wall_s: float


def deliver(peer: Peer, size: Size) -> Iterator[Row]:
    """Durable sends: answers a second, latency, CPU."""
    peer.start("deliver")
    before = 0
    try:
        for point in points(peer, size):
            row, before = run(_measure(peer, point, before))
            yield {"measure": "deliver", "point": point.name, "peer": peer.name, **row}
    finally:
        peer.stop()


def points(peer: Peer, size: Size) -> Iterator[Point]:
    """Bursts, and a long one where the peer is for that."""
    for count, messages in size.sends.items():
        yield Point(f"C={count}", count, messages, size.least_s, size.most_s)
    if peer.sustained:
        name = f"C={SUSTAINED}, sustained"
        yield Point(name, SUSTAINED, size.sustained, 0, LONGEST_S)


async def _measure(peer: Peer, point: Point, before: int) -> tuple[Row, int]:
    """A row, and how many messages there are then."""
    wires = await many(point.connections, peer.connect)
    warm = max(len(RECIPIENTS), 2 * point.connections)
    load = await closed_loop(peer, wires, Point("", 0, warm, 0, WARM_S))
    before += len(load.taken)
    await settled(peer, before)
    noise = Noise(peer.pid)
    began_s = time.perf_counter()
    load = await closed_loop(peer, wires, point)
    answered = noise.row()
    rest = await rested(peer)
    count = len(load.taken)
    await settled(peer, before + count)
    whole_s = time.perf_counter() - began_s
    # the CPU until everything is stored, and not only answered
    used = noise.row()["server_cpu_s"]
    for wire in wires:
        await peer.hang_up(wire)
    return {
        "messages": count,
        "wall_s": round(load.wall_s, 3),
        "per_s": round(count / load.wall_s, 1),
        **latencies(load.taken),
        **answered,
        "cpu_us": round(float(used or 0) / count * 1e6, 1),
        "stored_per_s": round(count / whole_s, 1),
        **rest,
    }, before + count


async def closed_loop(
    peer: Peer, wires: Sequence[Wire], point: Point, to: Sequence[str] = RECIPIENTS
) -> Load:
    """Each connection sends when its last message is answered; to all in turns."""
    taken: list[float] = []
    numbers = itertools.count()
    clock = time.perf_counter
    began_s = clock()

    async def worker(wire: Wire) -> None:
        while True:
            number, sent_s = next(numbers), clock()
            past_s = sent_s - began_s
            enough = number >= point.messages and past_s >= point.least_s
            if enough or past_s >= point.most_s:
                return
            await peer.deliver(wire, to[number % len(to)], BODY)
            taken.append(clock() - sent_s)

    await asyncio.gather(*(worker(wire) for wire in wires))
    return Load(taken, clock() - began_s)


async def settled(peer: Peer, wanted: int) -> None:
    """Wait until so many messages lie in boxes."""
    end_s = time.perf_counter() + PATIENCE_S
    while (stored := peer.stored()) is not None and stored < wanted:
        if time.perf_counter() > end_s:
            raise RuntimeError(f"only {stored} of {wanted} messages are stored")
        await asyncio.sleep(LOOK_S)


async def rested(peer: Peer) -> Row:
    """How long each thing goes on behind the last answer."""
    began_s = time.perf_counter()
    taken: Row = {}
    while True:
        found = await peer.at_rest()
        past_s = round(time.perf_counter() - began_s, 2)
        for name, over in found.items():
            if over:
                taken.setdefault(f"{name}_s", past_s)
        if all(found.values()) or past_s > PATIENCE_S:
            return taken
        await asyncio.sleep(LOOK_S)
