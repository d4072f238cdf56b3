"""The measures: each takes one peer at one size, and gives rows of figures."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.bench.measures.deliver import deliver
from tests.bench.measures.disk import disk
from tests.bench.measures.durability import durability
from tests.bench.measures.growth import crowd, growth
from tests.bench.measures.headless import headless
from tests.bench.measures.idle import idle
from tests.bench.measures.inbox import inbox
from tests.bench.measures.receipts import receipts
from tests.bench.measures.room import room
from tests.bench.peers.base import Peer
from tests.bench.sizes import Size
from tests.bench.stats import Row


class Measure(NamedTuple):
    """What a peer must be able to do, and whether the first repeat is enough."""

    ability: str
    rows: Callable[[Peer, Size], Iterator[Row]]
    once: bool = False


MEASURES = {
    "durability": Measure("deliver", durability, once=True),
    "disk": Measure("disk", disk),
    "deliver": Measure("deliver", deliver),
    "inbox": Measure("inbox", inbox),
    "headless": Measure("headless", headless),
    "idle": Measure("idle", idle),
    "room": Measure("room", room),
    "receipts": Measure("receipts", receipts),
    "growth": Measure("growth", growth),
    "crowd": Measure("crowd", crowd),
}
