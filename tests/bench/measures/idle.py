"""Logged-in connections that wait: what each costs the server."""

import asyncio
from collections.abc import Iterator

from tests.bench.peers.base import Peer
from tests.bench.proc import Memory, cpu_s, memory
from tests.bench.sizes import Size
from tests.bench.stats import Row
from tests.bench.wire import many, run


# Made first: what is paid once is no connection's.
FIRST = 5


def idle(peer: Peer, size: Size) -> Iterator[Row]:
    """Memory for each of many idle connections."""
    for count in sorted({min(count, peer.idle_most) for count in size.idle}):
        peer.start("idle")
        try:
            before, after, busy = run(_held(peer, count, size.quiet_s))
        finally:
            peer.stop()
        yield {
            "measure": "idle",
            "point": f"{count} connections",
            "peer": peer.name,
            "rss_kib": round((after.rss - before.rss) / count, 2),
            "pss_kib": round((after.pss - before.pss) / count, 2),
            "base_rss_kib": before.rss,
            "base_pss_kib": before.pss,
            "cpu_share": round(busy, 4),
        }


async def _held(peer: Peer, count: int, quiet_s: float) -> tuple[Memory, Memory, float]:
    """Memory before and behind their coming, and the share of a CPU they take then."""
    first = await many(FIRST, peer.idle)
    await asyncio.sleep(quiet_s)
    before = memory(peer.pid)
    rest = await many(count, lambda number: peer.idle(FIRST + number))
    await asyncio.sleep(quiet_s)
    after = memory(peer.pid)
    used_s = cpu_s(peer.pid)
    await asyncio.sleep(quiet_s)
    used_s = cpu_s(peer.pid) - used_s
    for wire in (*first, *rest):
        wire.close()
    return before, after, used_s / quiet_s
