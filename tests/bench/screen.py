"""The full screen with a long inbox, beside the least that shows as many rows."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.bench.barelist import KINDS
from tests.bench.bigstore import READER, inbox_store
from tests.bench.measures.growth import KEPT
from tests.bench.peers.nimsg import Nimsg
from tests.bench.pty import PATIENCE_S, Terminal
from tests.bench.sizes import Line, Size
from tests.bench.tap import Tap
from tests.support.process import NIMSG, environment


COLS, ROWS = 120, 40
OURS = "nimsg client"
IMPORTS = "import urwid, asyncio"
ANSWER = b'"cursor":'  # of the list of the inbox, the first that the client asks for
SETTLED_S = 0.06  # without a byte: what a key has caused is done
QUIET_S = 0.7
MINUTE_S = 60
PRESSES = 50  # before it goes back to the top
SAMPLES = 2000  # of the memory, in presses
TOP, BOTTOM, UP, DOWN, PAGE_DOWN = b"g", b"G", b"k", b"j", b"\x1b[6~"


class Turn(NamedTuple):
    """The keys from the top on, and those that are pressed then, over and over."""

    first: Sequence[bytes]
    keys: Sequence[bytes]


TURNS = {
    "a row down or up": Turn((), (DOWN, UP)),
    "a row down, which scrolls": Turn((PAGE_DOWN,), (DOWN,)),
    "a page down": Turn((), (PAGE_DOWN,)),
    "to the end or back": Turn((), (BOTTOM, TOP)),
}


class Taken(NamedTuple):
    """What some tries took, in seconds."""

    all: Sequence[float]

    @property
    def middle(self) -> float:
        """The median."""
        return statistics.median(self.all)

    def __str__(self) -> str:
        least, most = min(self.all), max(self.all)
        return f"{_ms(self.middle)} ({_ms(least)} to {_ms(most)}) ms"


def screen(size: Size, folder: Path) -> Iterator[Line]:
    """A long inbox: first screen, keys, memory; beside bare lists of urwid's."""
    count = size.million // 10
    server = Nimsg("nimsg", folder)
    server.start_over(inbox_store(KEPT.absolute(), count).parent, auth="open")
    env = _compiled(folder)
    here = _commands(count, server.port)
    yield (f"{count:,} rows, {COLS}x{ROWS}", *here, "to the quicker bare list")
    try:
        yield from _starts(here, env, server, 9)
        with ExitStack() as stack:
            all_ = [
                stack.enter_context(Terminal(command, env, COLS, ROWS))
                for command in here.values()
            ]
            for one in all_:
                one.burst(PATIENCE_S)
                one.drain(QUIET_S)
            yield from _keys(all_, 3)
            yield _idle(all_, size.long_s * 3)
            yield from _scrolled(all_, count)
    finally:
        server.stop()


def _compiled(folder: Path) -> dict[str, str]:
    """An environment in which modules are compiled once, and not at each start."""
    env = environment(folder, PYTHONPYCACHEPREFIX=str(folder / "compiled"))
    return {**env, "PYTHONDONTWRITEBYTECODE": ""}


def _commands(count: int, port: int) -> dict[str, Sequence[str]]:
    bare = [sys.executable, "-m", "tests.bench.barelist"]
    lists = {f"bare list, rows {kind}": [*bare, kind, str(count)] for kind in KINDS}
    ours = [*NIMSG, "client", "--server", f"127.0.0.1:{port}", "--user", READER]
    return {**lists, OURS: [*ours, "--poll", "2"]}


# -- the first screen


def _starts(
    commands: Mapping[str, Sequence[str]],
    env: Mapping[str, str],
    server: Nimsg,
    tries: int,
) -> Iterator[Line]:
    """From the start of the process, and from the answer, to a whole screen."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    answered: list[float] = []
    imported: list[float] = []
    for command in commands.values():
        _bare_start(command, env)  # the first one compiles
    for _ in range(tries):
        for name, command in commands.items():
            if name == OURS:
                started, waited = _our_start(env, server)
                answered.append(waited)
            else:
                started = _bare_start(command, env)
            taken[name].append(started)
        imported.append(_import_s(env))
    yield _row("start to first screen", [Taken(times) for times in taken.values()])
    ratio = Taken(taken[OURS]).middle / Taken(imported).middle
    floor = f"{Taken(imported)}; {ratio:.2f} of it"
    yield (f"python -c '{IMPORTS}'", "", "", floor, "")
    yield ("answer to first screen", "", "", str(Taken(answered)), "")


def _our_start(env: Mapping[str, str], server: Nimsg) -> tuple[float, float]:
    with Tap(server.port, ANSWER) as tap:
        command = _commands(0, tap.port)[OURS]
        with Terminal(command, env, COLS, ROWS) as one:
            wrote = tap.watch(one, QUIET_S)
            whole_s = _first_whole(one.screens(wrote))
        if tap.answered_s is None:
            raise RuntimeError("the inbox was not listed")
        return whole_s - one.began_s, whole_s - tap.answered_s


def _bare_start(command: Sequence[str], env: Mapping[str, str]) -> float:
    with Terminal(command, env, COLS, ROWS) as one:
        wrote = one.burst(PATIENCE_S, QUIET_S)
        return _first_whole(one.screens(wrote)) - one.began_s


def _first_whole(screens: Sequence[tuple[float, str]]) -> float:
    """When there were as many rows for the first time as at the end."""
    wanted = screens[-1][1].count(" person")
    if not wanted:
        raise RuntimeError(f"no rows:\n{screens[-1][1]}")
    return next(at_s for at_s, text in screens if text.count(" person") >= wanted)


def _import_s(env: Mapping[str, str]) -> float:
    began_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], env=env, check=True)
    return time.perf_counter() - began_s


# -- keys


def _keys(all_: Sequence[Terminal], repeats: int) -> Iterator[Line]:
    """Each key once at each program, and so on."""
    for what, turn in TURNS.items():
        taken: list[list[float]] = [[] for _ in all_]
        computed: list[list[float]] = [[] for _ in all_]
        for number in range(repeats * PRESSES):
            key = turn.keys[number % len(turn.keys)]
            for one, times, cpu in zip(all_, taken, computed, strict=True):
                if number % PRESSES == 0:
                    _begin(one, turn.first)
                took_s, cpu_s = _press(one, key)
                times.append(took_s)
                cpu.append(cpu_s)
        yield _row(f"{what}, to the end of the redraw", [Taken(t) for t in taken])
        yield _row(f"{what}, CPU", [Taken(cpu) for cpu in computed])


def _begin(one: Terminal, first: Sequence[bytes] = ()) -> None:
    for key in (DOWN, TOP, *first):  # where it was at the top, that draws something too
        one.press(key)
        one.drain(SETTLED_S)


def _press(one: Terminal, key: bytes) -> tuple[float, float]:
    """The seconds to the end of the redraw, and those computed because of the key."""
    before_s = one.cpu_s()
    took_s, _ = one.press(key)
    one.drain(SETTLED_S)
    return took_s, one.cpu_s() - before_s


# -- in the long run


def _idle(all_: Sequence[Terminal], seconds: int) -> Line:
    before = [one.cpu_s() for one in all_]
    until_s = time.perf_counter() + seconds
    while (left_s := until_s - time.perf_counter()) > 0:
        for one in all_:
            one.drain(0)
        time.sleep(min(left_s, 0.1))
    used = [one.cpu_s() - then for one, then in zip(all_, before, strict=True)]
    minutes = [f"{_ms(taken * MINUTE_S / seconds)} ms" for taken in used]
    return ("CPU in a minute in which nothing happens", *minutes, "")


def _scrolled(all_: Sequence[Terminal], count: int) -> Iterator[Line]:
    found = [_scroll(one, count) for one in all_]
    yield ("memory at the top", *(f"{one[0]:.1f} MiB" for one in found), "")
    yield (
        "memory, least to most, scrolled by pages to the last row",
        *(f"{min(one):.1f} to {max(one):.1f} MiB" for one in found),
        "",
    )
    rises = [_rise(one[len(one) // 2 :]) * 1024 for one in found]
    yield (
        "memory, rise of a line through the second half of it",
        *(f"{rise:.0f} KiB" for rise in rises),
        "",
    )


def _scroll(one: Terminal, count: int) -> list[float]:
    """The memory on the way down, until the last row is there."""
    _begin(one)
    one.drain(QUIET_S)
    found = [one.rss_mib()]
    last = [b"%d/%d" % (count, count), b"%d  N  " % count]
    presses = 0
    while True:
        _, drawn = one.press(PAGE_DOWN)
        presses += 1
        if presses % max(count // SAMPLES, 1) == 0:
            found.append(one.rss_mib())
        if any(text in drawn for text in last):
            return found


def _rise(values: Sequence[float]) -> float:
    """What a straight line through the values rises by over all of them."""
    return statistics.linear_regression(range(len(values)), values).slope * len(values)


def _row(what: str, all_: Sequence[Taken]) -> Line:
    *bare, ours = all_
    ratio = ours.middle / min(one.middle for one in bare)
    return (what, *map(str, all_), f"{ratio:.2f}")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"
