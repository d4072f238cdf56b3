"""The full screen with a long inbox, beside the least that shows as many rows."""

import os
import select
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.bigstore import READER, big_store
from tests.bench.million import KEPT
from tests.bench.sizes import Row, Size
from tests.bench.subjects import start_nimsg
from tests.support.process import HANG_S, NIMSG, environment
from tests.support.screen import Screen


COLS, ROWS = 120, 40
SHOWN = 10  # rows of the list, before the first screen counts as there
STARTS = 5
PRESSES = 200
SAMPLES = 10
QUIET_S = 0.3  # without a byte: nothing has changed


def screen(size: Size, folder: Path) -> Iterator[Row]:
    """A long inbox: first screen, keys and memory, beside a bare list as long."""
    rows = size.million // 10
    subject = start_nimsg(big_store(KEPT, size.million).parent)
    env = environment(folder, NIMSG_SERVER=f"127.0.0.1:{subject.port}")
    commands = {
        "a bare list": [sys.executable, "-m", "tests.bench.barelist", str(rows)],
        "nimsg client": [*NIMSG, "client", "--user", READER],
    }
    yield (f"{rows:,} rows, {COLS}x{ROWS}", *commands, "ratio")
    yield _ratio("start to first screen", "ms", _starts(commands, env))
    with ExitStack() as here:
        both = [
            here.enter_context(Screen(command, env=env, cols=COLS, rows=ROWS))
            for command in commands.values()
        ]
        for one in both:
            one.wait_for(_is_there)
        yield _ratio("memory then", "MiB", [_rss_mib(one) for one in both])
        for what, key in (("a row down", "j"), ("a page down", "page down")):
            taken = [sorted(_press(one, key) for _ in range(PRESSES)) for one in both]
            yield _ratio(f"{what}, p50", "ms", [_ms(times, 0.5) for times in taken])
            yield _ratio(f"{what}, p95", "ms", [_ms(times, 0.95) for times in taken])
        most = [_scroll(one) for one in both]
        yield _ratio("most memory, scrolled through all", "MiB", most)
    subject.stop()


def _is_there(seen: Screen) -> bool:
    return seen.text().count(" person") >= SHOWN


def _starts(
    commands: Mapping[str, Sequence[str]], env: Mapping[str, str]
) -> list[float]:
    """From the start of the process to a screen with rows: the middle of some."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, command in commands.items():
            began = time.perf_counter()
            with Screen(command, env=env, cols=COLS, rows=ROWS) as one:
                one.wait_for(_is_there, HANG_S)
                taken[name].append(time.perf_counter() - began)
    return [_ms(sorted(times), 0.5) for times in taken.values()]


def _press(one: Screen, key: str) -> float:
    """Seconds from a key to what is drawn, which comes in one piece.

    A key that changes nothing takes `QUIET_S`.
    """
    one.drain()
    began = time.perf_counter()
    one.key(key)
    select.select([one.fileno()], [], [], QUIET_S)
    took = time.perf_counter() - began
    one.drain()
    return took


def _scroll(one: Screen) -> float:
    """Go down by pages until no row moves; the most memory on the way."""
    most, still, presses, before = 0.0, 0, 0, ""
    while still < SAMPLES:
        _press(one, "page down")
        rows = "".join(row for row in one.text().splitlines() if " person" in row)
        still = still + 1 if rows == before else 0
        before = rows
        presses += 1
        if presses % SAMPLES == 0:
            most = max(most, _rss_mib(one))
    return most


def _rss_mib(one: Screen) -> float:
    fields = Path(f"/proc/{one.pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _ms(ordered: Sequence[float], part: float) -> float:
    return ordered[int(part * (len(ordered) - 1))] * 1000


def _ratio(what: str, unit: str, pair: Sequence[float]) -> Row:
    bare, ours = pair
    return (what, f"{bare:.1f} {unit}", f"{ours:.1f} {unit}", f"{ours / bare:.2f}")
