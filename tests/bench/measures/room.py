"""A room: one sends, all others get a copy."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Sequence

from tests.bench.peers.base import Peer
from tests.bench.proc import Noise
from tests.bench.sizes import Size
from tests.bench.stats import Row, latencies, number
from tests.bench.wire import Wire, many, run


PER_S = 20
STAMP = re.compile(rb"T(\d{19});")
STAMP_BYTES = 21
TEXT_BYTES = 100
PATIENCE_S = 5.0
LOOK_S = 0.002


class Copies:
    """What the members have heard: how late each copy was, in s."""

    def __init__(self) -> None:
        self.late_s: list[float] = []

    def sink(self) -> Callable[[bytes], None]:
        """What takes the chunks of one member."""
        kept = b""

        def take(data: bytes) -> None:
            nonlocal kept
            now = time.perf_counter_ns()
            data = kept + data
            end = 0
            for match in STAMP.finditer(data):
                self.late_s.append((now - int(match[1])) / 1e9)
                end = match.end()
            kept = data[max(end, len(data) - STAMP_BYTES) :]

        return take

    async def until(self, wanted: int) -> None:
        """Wait until there are so many, or none has come for a while."""
        before, since_s = len(self.late_s), time.monotonic()
        while len(self.late_s) < wanted and time.monotonic() - since_s < PATIENCE_S:
            await asyncio.sleep(LOOK_S)
            if len(self.late_s) != before:
                before, since_s = len(self.late_s), time.monotonic()


def room(peer: Peer, size: Size) -> Iterator[Row]:
    """A room of so many: a flood, and 20 messages a second."""
    plans = (("flood", size.flood, 0), (f"{PER_S}/s", PER_S * size.paced_s, PER_S))
    for name, count, per_s in plans:
        if not count:
            continue
        peer.start("room")
        try:
            figures = run(_talk(peer, size, count, per_s))
        finally:
            peer.stop()
        point = f"{size.members} members, {name}"
        yield {"measure": "room", "point": point, "peer": peer.name, **figures}


async def _talk(peer: Peer, size: Size, count: int, per_s: int) -> Row:
    members = size.members
    people = await many(members, lambda one: peer.join(f"m{one}"), at_once=4)
    sender = await peer.join("sender")
    await asyncio.sleep(size.quiet_s)  # for the news of the last who came
    copies = Copies()
    for one in people:
        one.sink = copies.sink()
        one.buffer.clear()
    noise = Noise(peer.pid)
    began_s = time.perf_counter()
    await _say(peer, sender, count, per_s)
    await copies.until(members * count)
    wall_s = time.perf_counter() - began_s
    used = noise.row()
    _close([*people, sender])
    heard = len(copies.late_s)
    if heard < members * count:
        raise RuntimeError(f"only {heard} of {members * count} copies came")
    return {
        "copies": heard,
        "copies_per_s": round(heard / wall_s, 1),
        **latencies(copies.late_s),
        **used,
        "cpu_us": round(number(used, "server_cpu_s") / heard * 1e6, 2),
    }


async def _say(peer: Peer, sender: Wire, count: int, per_s: int) -> None:
    began_s = time.perf_counter()
    for said in range(count):
        stamp = b"T%019d;" % time.perf_counter_ns()
        await peer.say(sender, stamp.ljust(TEXT_BYTES, b"x"))
        if per_s:
            next_s = began_s + (said + 1) / per_s
            await asyncio.sleep(max(0.0, next_s - time.perf_counter()))


def _close(wires: Sequence[Wire]) -> None:
    for wire in wires:
        wire.close()
