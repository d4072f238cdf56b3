"""Bars on a terminal that show how far long work has come.

tqdm is imported when a bar begins on a terminal, and so never in a pipe.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, Self

from nimsg.cli import show
from nimsg.text import clean_line, clip, printable


DELAY_S = 1.0
WIDE = 72  # cells with room for a bar
NAME_CELLS = 24
NARROW_NAME_CELLS = 14
BYTES = "B"
WIDE_FORMAT = (
    "{desc}: {percentage:3.0f}%|{bar}| AMOUNT, {remaining} left, {rate_noinv_fmt}"
)
NARROW_FORMAT = "{desc} {percentage:.0f}% AMOUNT {remaining}"


class Bar(Protocol):
    """What is used of tqdm's bar."""

    start_t: float
    last_print_t: float

    def update(self, n: float = 1) -> bool | None:
        """So much more is done."""
        ...

    def clear(self) -> None:
        """Take it off the line."""
        ...

    def refresh(self) -> object:
        """Draw it again."""
        ...

    def close(self) -> None:
        """Take it away for good."""
        ...


class Bars:
    """A `nimsg.progress.Progress` on the standard error. Use in `with`.

    Nothing is drawn before a step has taken a second, nor where nobody sees it.
    """

    def __init__(self) -> None:
        self._seen = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self, what: str, total: int, unit: str) -> None:
        """A step begins: `what` is done to `total` units; `B` are bytes."""
        self.end()
        if self._seen:
            self._bar = new_bar(what, total, unit)

    def advance(self, count: int = 1) -> None:
        """So many units more are done."""
        if self._bar is not None:
            self._bar.update(count)

    def end(self) -> None:
        """The last step is over; its line is empty again."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def note(self, line: str) -> None:
        """A line for the person, above the bar."""
        with self.aside():
            show.note(line)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While lines are printed, the bar is off the terminal."""
        bar = self._bar
        if bar is None or bar.last_print_t < bar.start_t + DELAY_S:
            yield
            return
        bar.clear()
        sys.stderr.flush()
        try:
            yield
            sys.stdout.flush()
        finally:
            bar.refresh()


def new_bar(what: str, total: int, unit: str) -> Bar:
    """A bar as wide as the terminal, also when that changes its width."""
    from threading import RLock

    from tqdm import tqdm

    # One thread draws: no second one watches, and no lock is shared by processes.
    tqdm.monitor_interval = 0
    tqdm.set_lock(RLock())
    cells = show.terminal_width(sys.stderr) or show.USUAL
    encoding = sys.stderr.encoding or "ascii"
    name = clip(clean_line(what), NAME_CELLS if cells >= WIDE else NARROW_NAME_CELLS)
    return tqdm(
        desc=printable(name, encoding),
        total=total,
        unit=unit if unit == BYTES else "",
        unit_scale=unit == BYTES,
        bar_format=bar_format(unit, cells),
        ascii=not encoding.lower().startswith("utf"),
        dynamic_ncols=True,
        file=sys.stderr,
        delay=DELAY_S,
        miniters=1,
        leave=False,
    )


def bar_format(unit: str, cells: int) -> str:
    """What is shown; a narrow terminal has no room for the bar itself and the rate."""
    amount = "{n_fmt}/{total_fmt}" + (unit if unit == BYTES else f" {unit}")
    if cells >= WIDE:
        return WIDE_FORMAT.replace("AMOUNT", amount)
    return NARROW_FORMAT.replace("AMOUNT", amount)
