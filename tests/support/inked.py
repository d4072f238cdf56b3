"""What a real screen of urwid sends to a terminal for given lines.

The screen is the one that the client draws on, on a pseudo-terminal in this process.
"""

import os
import termios
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

import urwid
from urwid.display.raw import Screen

from nimsg.tui.spans import Line


NAMES = ("text", "subject", "name")


class Sheet(NamedTuple):
    """A screen that is on; `raw` is read once it is off."""

    screen: Screen
    cols: int
    rows: int
    raw: bytearray

    def draw(self, lines: Sequence[Line]) -> None:
        """Draw lines, as many to a screen as it has rows."""
        for at in range(0, len(lines), self.rows):
            widgets = [_widget(line) for line in lines[at : at + self.rows]]
            pile = urwid.ListBox(urwid.SimpleListWalker(widgets))
            size = (self.cols, self.rows)
            self.screen.draw_screen(size, pile.render(size))


@contextmanager
def sheet(cols: int, rows: int) -> Iterator[Sheet]:
    """A screen on a terminal of its own. `raw` is whole behind the block."""
    outer, inside = os.openpty()
    termios.tcsetwinsize(outer, (rows, cols))
    raw = bytearray()

    def read() -> None:
        with suppress(OSError):  # EIO: the last writer has gone
            while data := os.read(outer, 65_536):
                raw.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with (
            os.fdopen(os.dup(inside), "r", encoding="utf-8") as keys,
            os.fdopen(inside, "w", encoding="utf-8") as cells,
        ):
            screen = Screen(input=keys, output=cells, bracketed_paste_mode=True)
            screen.register_palette([(name, "white", "dark blue") for name in NAMES])
            screen.start()
            try:
                yield Sheet(screen, cols, rows, raw)
            finally:
                screen.stop()
    finally:
        reader.join()
        os.close(outer)


def inked(lines: Iterable[Line], cols: int = 120, rows: int = 40) -> bytes:
    """All that reaches the terminal for these lines, from the start to the stop."""
    with sheet(cols, rows) as paper:
        paper.draw(list(lines))
    return bytes(paper.raw)


def _widget(line: Line) -> urwid.Text:
    return urwid.Text(list(line) or "", wrap="clip")
