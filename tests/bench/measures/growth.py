"""How costs grow: with the messages in the store, and with the connections."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from tests.bench.bigstore import PEOPLE, READER, big_store, vocabulary
from tests.bench.measures.deliver import Load, Point, closed_loop, rested
from tests.bench.peers.base import RECIPIENTS, Peer
from tests.bench.peers.nimsg import Nimsg, ask, ask_object
from tests.bench.proc import Noise, cpu_s, memory
from tests.bench.sizes import Size
from tests.bench.stats import Row, latencies, share
from tests.bench.wire import Wire, many, run


KEPT = Path(".bench")
# A store that is smaller is made anew each time, as what is sent would change it.
KEPT_FROM = 50_000
ALONE, TOGETHER = 1, 16
SENDS = 10  # for each question
BOUT, LULL_S = 10, 0.02
NEWEST = 50
LOOKED_FOR = slice(100, 2_000)  # neither the most frequent words nor rare ones
MOST_S = 60.0


def growth(peer: Peer, size: Size) -> Iterator[Row]:
    """Send, list, poll, search, start and memory, by messages in the store."""
    assert isinstance(peer, Nimsg)
    for count in size.stores:
        place = KEPT if count >= KEPT_FROM else peer.new_folder()
        folder = big_store(place.absolute(), count).parent
        began_s = time.perf_counter()
        peer.start_over(folder)
        start_s = time.perf_counter() - began_s
        try:
            noise = Noise(peer.pid)
            figures = run(_asked(peer, size.asked))
            rss, used = memory(peer.pid).rss, noise.row()
        finally:
            peer.stop()
        yield {
            "measure": "growth",
            "point": f"{count} messages",
            "peer": peer.name,
            "at": count,
            "start_ms": round(start_s * 1000, 1),
            **figures,
            "rss_mib": round(rss / 1024, 1),
            **used,
        }


async def _asked(peer: Nimsg, count: int) -> Row:
    """Each question so often, then sends."""
    known = await peer.open(READER)
    words = vocabulary()[LOOKED_FOR][:: max(1, 1_900 // count)][:count]

    async def look() -> None:
        wire = await peer.open(READER)
        await peer.list_newest(wire, NEWEST)
        wire.close()

    async def poll() -> None:
        await ask(known, "mail.changes", since=cursor)

    list_ms = await _median_ms(look, count)
    # What the first of them set to fetched is no news for the polls.
    await rested(peer)
    cursor = (await ask_object(known, "mail.list", limit=1))["cursor"]
    looking = iter(words)

    async def search() -> None:
        await ask(known, "mail.search", words=next(looking))

    row = {
        "list_ms": list_ms,
        "poll_ms": await _median_ms(poll, count),
        "search_ms": await _median_ms(search, len(words)),
    }
    known.close()
    return {**row, **await _sent(peer, count * SENDS, PEOPLE)}


async def _median_ms(step: Callable[[], Awaitable[object]], count: int) -> float:
    """Of so many, in bouts: which threads share a core stays the same within one."""
    await step()
    taken: list[float] = []
    for number in range(1, count):
        if number % BOUT == 0:
            await asyncio.sleep(LULL_S)
        began_s = time.perf_counter()
        await step()
        taken.append(time.perf_counter() - began_s)
    return round(share(sorted(taken), 0.5) * 1000, 4)


async def _sent(peer: Peer, count: int, to: Sequence[str]) -> Row:
    """What a send takes alone, and together with others; CPU until all is at rest."""
    wires = await many(TOGETHER, peer.connect)
    alone = Point("", ALONE, count // 4, 0, MOST_S)
    together = Point("", TOGETHER, count, 0, MOST_S)
    lonely: Load = await closed_loop(peer, wires[:ALONE], alone, to)
    await rested(peer)
    used_s = cpu_s(peer.pid)
    load = await closed_loop(peer, wires, together, to)
    await rested(peer)
    used_s = cpu_s(peer.pid) - used_s
    for wire in wires:
        wire.close()
    return {
        "send_ms": latencies(lonely.taken)["p50_ms"],
        "sends_per_s": round(len(load.taken) / load.wall_s, 1),
        "send_p99_ms": latencies(load.taken)["p99_ms"],
        "send_cpu_us": round(used_s / len(load.taken) * 1e6, 1),
    }


def crowd(peer: Peer, size: Size) -> Iterator[Row]:
    """Sends and lists of some beside many idle connections, and memory."""
    assert isinstance(peer, Nimsg)
    for count in size.crowds:
        peer.start("crowd")
        try:
            noise = Noise(peer.pid)
            figures = run(_crowded(peer, count, size.asked))
            used = noise.row()
        finally:
            peer.stop()
        yield {
            "measure": "crowd",
            "point": f"{count} connections",
            "peer": peer.name,
            "at": count,
            **figures,
            **used,
        }


async def _crowded(peer: Nimsg, count: int, asked: int) -> Row:
    await peer.fill(RECIPIENTS[0], NEWEST)
    began_s = time.perf_counter()
    people: list[Wire] = await many(count, peer.idle)
    come_s = time.perf_counter() - began_s
    rss = memory(peer.pid).rss

    async def look() -> None:
        wire = await peer.open(RECIPIENTS[0])
        await peer.list_newest(wire, NEWEST)
        wire.close()

    row: Row = {
        "login_ms": round(come_s / count * 1000, 3),
        "list_ms": await _median_ms(look, asked),
        **await _sent(peer, asked * SENDS, RECIPIENTS),
        "rss_mib": round(rss / 1024, 1),
    }
    for wire in people:
        wire.close()
    return row
