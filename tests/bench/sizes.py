"""How much is measured, and how."""

import asyncio
from collections.abc import Coroutine
from typing import NamedTuple, TypeVar

from nimsg.cli.server import loop_factory


class Size(NamedTuple):
    """How much is done: messages by concurrency, repeats, and the rest."""

    messages: dict[int, int]
    repeats: int
    spawns: int
    box: int
    flat: int
    connections: int
    million: int
    room_s: int


FULL = Size(
    {1: 3_000, 16: 20_000, 64: 60_000}, 3, 30, 10_000, 100_000, 500, 1_000_000, 20
)
QUICK = Size({1: 300, 16: 2_000, 64: 6_000}, 1, 10, 1_000, 6_000, 500, 20_000, 3)

Row = tuple[str, ...]
T = TypeVar("T")


def run(coroutine: Coroutine[object, object, T]) -> T:
    """Run a coroutine on the quickest loop there is."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(coroutine)
