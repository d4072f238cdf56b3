"""Tables that fit a terminal, and the times and amounts in them."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from nimsg.protocol.constants import Device
from nimsg.text import clean_line, clip, many, pad, width


GAP = "  "
LEAST_REST = 12
SECONDS_PER_MS = 0.001
DEVICES: dict[str, str] = {
    Device.TUI: "screen",
    Device.LINE: "line mode",
    Device.HEADLESS: "script",
}
DEVICE = max(map(len, DEVICES.values()))
UNITS = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def device_words(device: str | None) -> str:
    """What kind of client somebody uses, as people say it; `-` for none."""
    return "-" if device is None else DEVICES.get(device, clean_line(device))


class Column(NamedTuple):
    """A column: its heading, and the most cells it takes (None: what is left).

    A `spare` one is left out where there is no room for all.
    """

    heading: str
    most: int | None
    spare: bool = False

    def wanted(self, natural: int) -> int:
        """The cells that it needs to be of use, for texts of so many."""
        return min(natural, LEAST_REST if self.most is None else self.most)


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], cells: int | None
) -> list[str]:
    """Lines of a table of cleaned texts, none wider than `cells` (None: any)."""
    clean = [[clean_line(text) for text in row] for row in rows]
    widths = [
        max([width(column.heading), *(width(row[at]) for row in clean)])
        for at, column in enumerate(columns)
    ]
    lines = [[column.heading for column in columns], *clean]
    if cells is not None:
        kept = _kept(columns, widths, cells)
        lines = [[row[at] for at in kept] for row in lines]
        widths = _fitted(
            [columns[at] for at in kept], [widths[at] for at in kept], cells
        )
    return [_line(row, widths) for row in lines]


def _kept(columns: Sequence[Column], widths: Sequence[int], cells: int) -> list[int]:
    """Which columns there is room for; the last spare one goes first."""
    wanted = {at: one.wanted(widths[at]) for at, one in enumerate(columns)}
    spare = [at for at, column in enumerate(columns) if column.spare]
    while spare and sum(wanted.values()) + len(GAP) * (len(wanted) - 1) > cells:
        del wanted[spare.pop()]
    return list(wanted)


def _fitted(columns: Sequence[Column], widths: list[int], cells: int) -> list[int]:
    """Widths whose sum fits: the widest give way first, what is left goes to one."""
    room = cells - len(GAP) * (len(columns) - 1)
    if sum(widths) <= room:
        return widths
    fitted = [
        column.wanted(natural) for column, natural in zip(columns, widths, strict=True)
    ]
    while sum(fitted) > room and max(fitted) > 1:
        fitted[fitted.index(max(fitted))] -= 1
    left = room - sum(fitted)
    return [
        fit + left if column.most is None else fit
        for column, fit in zip(columns, fitted, strict=True)
    ]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    *front, last = zip(row, widths, strict=True)
    texts = [pad(text, cells) for text, cells in front]
    return GAP.join([*texts, clip(last[0], last[1])]).rstrip()


def amount(count: int) -> str:
    """So many bytes, in the largest unit that is not too large: `3.2 MiB`."""
    for unit, size in UNITS:
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + f" {unit}"
    return many(count, "byte")


def short_time(at_ms: int | None, now_ms: int) -> str:
    """`16:33` today, `Nov 19 18:02` this year, else the date; `-` for none."""
    if at_ms is None:
        return "-"
    at, now = _local(at_ms), _local(now_ms)
    if at[:3] == now[:3]:
        return time.strftime("%H:%M", at)
    if at.tm_year == now.tm_year:
        return time.strftime("%b %d %H:%M", at)
    return time.strftime("%Y-%m-%d", at)


def long_time(at_ms: int | None) -> str:
    """Date, time and zone; `-` for none."""
    return (
        "-" if at_ms is None else time.strftime("%Y-%m-%d %H:%M:%S %z", _local(at_ms))
    )


def _local(at_ms: int) -> time.struct_time:
    return time.localtime(at_ms * SECONDS_PER_MS)
