"""One server, some people, bad luck, and what comes of it; all of it from a seed."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from nimsg.logs import LOGGER
from nimsg.store.local import LocalStore
from tests.sim.checker import Judge, Violation, require
from tests.sim.loop import VirtualLoop
from tests.sim.machine import End, Image, Machine, committed
from tests.sim.network import Network
from tests.sim.person import Person
from tests.sim.trace import Trace


MINUTES = 10.0
NAMES = ("ann", "bob", "cyd", "dee", "eve", "fay", "gus", "hal")
FEWEST = 2
# Once nothing fails any more, all that was begun is answered after so long.
HEALED_S = 300.0
TAIL = 30


@dataclass
class World:
    """What is in it, and what it came to."""

    seed: int
    loop: VirtualLoop
    trace: Trace
    network: Network
    machine: Machine
    people: list[Person]
    judge: Judge
    faults: list[str] = field(default_factory=list)
    trouble: BaseException | None = None

    @property
    def counts(self) -> Counter[str]:
        """How much happened."""
        counts = Counter({f"ends by {end}": n for end, n in self.machine.ends.items()})
        counts["requests"] = sum(person.requests for person in self.people)
        counts["links"] = len(self.network.links)
        counts["virtual minutes"] = int(self.loop.time() / 60)
        return counts

    async def run(self, minutes: float) -> None:
        """Live, heal, lose power once more, and look at all that is left."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.machine.run())
            living = [tasks.create_task(person.live()) for person in self.people]
            await asyncio.sleep(minutes * 60)
            self.network.stormy = False
            self.machine.calm = True
            for person in self.people:
                person.rest()
            await asyncio.wait(living, timeout=HEALED_S)
            stuck = [(person.name, person.asking) for person in self.people]
            require(all(one.done() for one in living), "{} get no answer", stuck)
            await self.machine.fail(End.POWER)
            together = asyncio.Barrier(len(self.people))
            async with asyncio.timeout(HEALED_S), asyncio.TaskGroup() as looking:
                for person in self.people:
                    looking.create_task(person.look_at_everything(together))
            self.judge.audit(person.name for person in self.people)
            await self.machine.stop()
        self.machine.check()
        require(not self.faults, "the server says: {}", self.faults)


def make_world(
    seed: int,
    folder: Path,
    store: type[LocalStore] = LocalStore,
    image: Image = committed,
) -> World:
    """All that is drawn by lot comes from the seed."""
    chance = Random(seed)  # noqa: S311
    loop = VirtualLoop(chance)
    trace = Trace(loop.time)
    network = Network(loop, chance, trace)
    judge = Judge()
    names = NAMES[: chance.randint(FEWEST, len(NAMES))]
    people = [
        Person(name, [n for n in names if n != name], network, judge) for name in names
    ]
    machine = Machine(folder, network, store, image)
    world = World(seed, loop, trace, network, machine, people, judge)
    loop.set_exception_handler(lambda _, context: world.faults.append(str(context)))
    return world


def play(world: World, minutes: float = MINUTES) -> World:
    """Let it happen; `trouble` says what promise was broken."""
    ears = Ears(world.faults)
    LOGGER.addHandler(ears)
    try:
        with asyncio.Runner(loop_factory=lambda: world.loop) as runner:
            runner.run(world.run(minutes))
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
        world.trouble = innermost(error)
    finally:
        LOGGER.removeHandler(ears)
    return world


def simulate(world: World) -> Counter[str]:
    """Let it happen; the counts. Raises `Violation`, which tells how to see it."""
    trouble = play(world).trouble
    if trouble is not None:
        tail = "\n".join(world.trace.lines[-TAIL:])
        raise Violation(
            f"{trouble!r}\nat the end of\n{tail}\n"
            f"to play it again: python -m tests.sim {world.seed}"
        ) from trouble
    return world.counts


class Ears(logging.Handler):
    """Hear of faults of the server's own."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        self._faults.append(self.format(record))


def innermost(error: BaseException) -> BaseException:
    """The first of those that broke a group of tasks."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
