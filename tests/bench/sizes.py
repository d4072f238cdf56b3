"""How much is measured."""

from typing import NamedTuple


# A line of a table.
Line = tuple[str, ...]


class Size(NamedTuple):
    """Counts of everything; times in seconds."""

    name: str
    repeats: int
    # messages by the number of connections that send them
    sends: dict[int, int]
    sustained: int
    # no point lasts longer, and a fast server gets more messages until the least
    most_s: float
    least_s: float
    boxes: tuple[int, ...]
    tries: int
    spawns: int
    idle: tuple[int, ...]
    members: int
    flood: int
    paced_s: int
    wakes: int
    # messages in stores, connections to one server, and what is asked there
    stores: tuple[int, ...]
    crowds: tuple[int, ...]
    asked: int
    disk_s: float
    # until what has just happened does not count any more
    quiet_s: float
    # of the measures that are run by name only
    flat: int
    million: int
    long_s: int


FULL = Size(
    name="full",
    repeats=3,
    sends={1: 2_000, 16: 4_000, 64: 5_000},
    sustained=60_000,
    most_s=6.0,
    least_s=1.0,
    boxes=(1_000, 10_000),
    tries=50,
    spawns=20,
    idle=(1_000, 10_000),
    members=100,
    flood=500,
    paced_s=5,
    wakes=500,
    stores=(1_000, 10_000, 100_000, 1_000_000),
    crowds=(10, 100, 1_000, 10_000),
    asked=200,
    disk_s=1.0,
    quiet_s=1.0,
    flat=100_000,
    million=1_000_000,
    long_s=20,
)
QUICK = FULL._replace(
    name="quick",
    repeats=1,
    sends={1: 200, 16: 300, 64: 500},
    sustained=2_000,
    most_s=3.0,
    least_s=0.1,
    boxes=(100, 1_000),
    tries=10,
    spawns=3,
    idle=(100,),
    flood=50,
    paced_s=1,
    wakes=50,
    stores=(1_000, 2_000),
    crowds=(10, 100),
    asked=50,
    disk_s=0.2,
    flat=6_000,
    million=20_000,
    long_s=3,
)
TINY = QUICK._replace(
    name="tiny",
    sends={1: 20, 16: 64},
    sustained=200,
    boxes=(60,),
    tries=3,
    spawns=1,
    idle=(20,),
    members=10,
    flood=10,
    paced_s=0,
    wakes=5,
    stores=(600,),
    crowds=(10,),
    asked=5,
    disk_s=0.02,
    quiet_s=0.1,
)
