"""Plots as plain SVG: bars, and curves over a logarithmic axis."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple


WIDTH, LEFT, RIGHT, TOP, STEP = 720, 150, 80, 44, 26
HEIGHT, BELOW = 320, 60
INK, PALE = "#777", "#bbb"
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf")
OURS, THEIRS, BOUNDS = "#1f77b4", "#999", "#c9b458"
TICKS_MOST = 6


class Bar(NamedTuple):
    """One bar, its value as it is written, and its colour."""

    name: str
    value: float
    label: str
    colour: str


Points = Sequence[tuple[float, float]]


def bars(title: str, all_: Sequence[Bar]) -> str:
    """Bars from the left, as long as their values."""
    longest = max((bar.value for bar in all_), default=0) or 1
    room = WIDTH - LEFT - RIGHT
    parts = [_text(LEFT, 22, title, "start", 14)]
    for number, bar in enumerate(all_):
        y = TOP + number * STEP
        length = room * bar.value / longest
        parts += [
            _text(LEFT - 8, y + 14, bar.name, "end"),
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{STEP - 8}" '
            f'fill="{bar.colour}"/>',
            _text(LEFT + length + 6, y + 14, bar.label, "start"),
        ]
    return _document(TOP + len(all_) * STEP + 10, parts)


def curves(title: str, below: str, all_: Mapping[str, Points]) -> str:
    """Lines over a logarithmic axis, from zero up."""
    xs = sorted({x for points in all_.values() for x, _ in points})
    most = max((y for points in all_.values() for _, y in points), default=1) * 1.1
    first, last = math.log10(xs[0]), math.log10(xs[-1])
    room, deep = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BELOW

    def place(x: float, y: float) -> tuple[float, float]:
        share = (math.log10(x) - first) / ((last - first) or 1)
        return LEFT + room * share, TOP + deep * (1 - y / most)

    parts = [_text(LEFT, 22, title, "start", 14)]
    for tick in _ticks(most):
        _, y = place(xs[0], tick)
        parts += [
            f'<path d="M{LEFT} {y:.1f}h{room}" stroke="{PALE}" stroke-width="0.5"/>',
            _text(LEFT - 8, y + 4, f"{tick:g}", "end"),
        ]
    for x in xs:
        parts.append(_text(place(x, 0)[0], TOP + deep + 18, f"{x:,.0f}", "middle"))
    parts.append(_text(LEFT + room / 2, HEIGHT - 22, below, "middle"))
    for number, (name, points) in enumerate(all_.items()):
        colour = COLOURS[number % len(COLOURS)]
        placed = [place(*point) for point in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        look = f'fill="none" stroke="{colour}" stroke-width="2"'
        parts.append(f'<polyline points="{line}" {look}/>')
        at = 12 + number * 105
        parts.append(_text(at, HEIGHT - 6, name, "start", 12, colour))
    return _document(HEIGHT, parts)


def _ticks(most: float) -> list[float]:
    """Round values from 0 to the most."""
    least = most / TICKS_MOST
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= least)
    return [step * number for number in range(int(most / step) + 1)]


def _text(
    x: float, y: float, said: str, anchor: str, size: int = 12, colour: str = INK
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{colour}">{escape(said)}</text>'
    )


def _document(height: float, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'font-family="sans-serif">\n{body}\n</svg>\n'
    )
