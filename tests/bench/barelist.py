"""The least that shows a long list on a full screen: urwid and nothing else.

    python -m tests.bench.barelist KIND ROWS

All rows are made at the start (`made`), or each when it is drawn (`lazy`).
"""

import sys
from collections.abc import Hashable, Iterator, Sequence

import urwid
from urwid.display.raw import Screen


KINDS = ("made", "lazy")
KEYS = {
    "j": "cursor down",
    "k": "cursor up",
    "g": "cursor max left",
    "G": "cursor max right",
}


class Row(urwid.Text):
    """A row that can have the focus."""

    _selectable = True

    def keypress(self, _: tuple[()] | tuple[int] | tuple[int, int], key: str) -> str:
        """Take no key."""
        return key


def row(number: int) -> urwid.AttrMap[Row]:
    """One row, as wide as the screen."""
    name = f"person{number % 100}"
    subject = "five words of a subject, and more than fits into the row of a screen"
    text = f"  N  {name:<16} Nov 20 16:33  {subject} of 120 columns {number}"
    front = f"{number + 1:>8}{text}"
    return urwid.AttrMap(Row(front, wrap="clip"), "row", "focus")


class Rows(urwid.ListWalker[int, urwid.AttrMap[Row]]):
    """Rows that are made when they are drawn."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.focus = 0

    def __getitem__(self, position: int) -> urwid.AttrMap[Row]:
        return row(self._checked(position))

    def positions(self, reverse: bool = False) -> Iterator[Hashable]:
        """All positions."""
        rows = range(self.count)
        return iter(reversed(rows) if reverse else rows)

    def next_position(self, position: int) -> int:
        """The position behind one."""
        return self._checked(position + 1)

    def prev_position(self, position: int) -> int:
        """The position before one."""
        return self._checked(position - 1)

    def set_focus(self, position: int) -> None:
        """Go to a row."""
        self.focus = self._checked(position)
        self._modified()

    def _checked(self, position: int) -> int:
        if not 0 <= position < self.count:
            raise IndexError(position)
        return position


def main(words: Sequence[str]) -> None:
    """Run until `Q`."""

    def press(key: "str | tuple[str, int, int, int]") -> None:
        if key == "Q":
            raise urwid.ExitMainLoop

    kind, count = words[0], int(words[1])
    if kind == "made":
        made = [row(number) for number in range(count)]
        rows = urwid.ListBox(urwid.SimpleFocusListWalker(made))
    else:
        rows = urwid.ListBox(Rows(count))
    for key, command in KEYS.items():
        rows._command_map[key] = command
    palette = [("row", "", ""), ("focus", "standout", "")]
    urwid.MainLoop(
        rows, palette, Screen(), handle_mouse=False, unhandled_input=press
    ).run()


if __name__ == "__main__":
    main(sys.argv[1:])
