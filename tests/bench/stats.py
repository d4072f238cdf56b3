"""Rows of figures, percentiles, and medians over repeats."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple


Cell = str | float | None
Row = dict[str, Cell]

# Noisy: the hypervisor took more than this share of one CPU, or others used more than
# that; the kernel's write-back, on our account, reaches 0.3.
STEAL_MOST, OTHER_MOST = 0.15, 0.6
NOT_FIGURES = {"rep", "t"}


class Figure(NamedTuple):
    """A figure over the repeats: the median of quiet ones, least and most of all."""

    median: float
    least: float
    most: float
    repeats: int


class Summary(NamedTuple):
    """What the repeats of one point of one peer came to."""

    measure: str
    point: str
    peer: str
    figures: dict[str, Figure]
    quiet: int
    repeats: int


def share(ordered: Sequence[float], part: float) -> float:
    """The value that so big a part of the ordered ones does not exceed."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def latencies(taken_s: Iterable[float]) -> Row:
    """Percentiles in milliseconds."""
    ordered = sorted(taken_s)
    parts = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "min_ms": 0, "max_ms": 1}
    return {name: round(share(ordered, p) * 1000, 4) for name, p in parts.items()}


def number(row: Row, name: str) -> float:
    """A figure of a row; 0 where there is none."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def noisy(row: Row) -> bool:
    """Whether somebody else had too much of the machine meanwhile."""
    stolen, others = number(row, "steal_share"), number(row, "other_cpu_share")
    return stolen > STEAL_MOST or others > OTHER_MOST


def key(row: Row) -> tuple[str, str, str]:
    """The measure, point and peer of a row."""
    return str(row["measure"]), str(row["point"]), str(row["peer"])


def summaries(rows: Iterable[Row]) -> list[Summary]:
    """One for each point of each peer, in the order in which they came first."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if not row.get("error"):
            groups.setdefault(key(row), []).append(row)
    return [_summary(*names, group) for names, group in groups.items()]


def _summary(measure: str, point: str, peer: str, rows: list[Row]) -> Summary:
    quiet = [row for row in rows if not noisy(row)]
    names = dict.fromkeys(name for row in rows for name in row)
    figures: dict[str, Figure] = {}
    for name in names:
        every, good = _numbers(rows, name), _numbers(quiet or rows, name)
        if good and name not in NOT_FIGURES:
            middle = statistics.median(good)
            figures[name] = Figure(middle, min(every), max(every), len(every))
    return Summary(measure, point, peer, figures, len(quiet), len(rows))


def _numbers(rows: Iterable[Row], name: str) -> list[float]:
    found = (row.get(name) for row in rows)
    return [float(value) for value in found if isinstance(value, int | float)]


def text(value: float) -> str:
    """A figure as people read it: three digits or so."""
    steps = ((1000, ",.0f"), (100, ".0f"), (10, ".1f"), (1, ".2f"))
    kind = next((kind for least, kind in steps if abs(value) >= least), ".3f")
    return format(value, kind) if value else "0"
