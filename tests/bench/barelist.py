"""The least that shows a long list on a full screen: urwid and nothing else.

python -m tests.bench.barelist ROWS
"""

import sys
from collections.abc import Hashable, Iterator

import urwid
from urwid.display.raw import Screen


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


class Rows(urwid.ListWalker[int, urwid.AttrMap[Row]]):
    """Rows that are made when they are drawn."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.focus = 0

    def __getitem__(self, position: int) -> urwid.AttrMap[Row]:
        if not 0 <= position < self.count:
            raise IndexError(position)
        name = f"person{position % 100}"
        text = f"  N  {name:<16} Nov 20 16:33  five words of a subject {position}"
        return urwid.AttrMap(Row(text, wrap="clip"), "row", "focus")

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


def main() -> None:
    """Run until `Q`."""

    def press(key: "str | tuple[str, int, int, int]") -> None:
        if key == "Q":
            raise urwid.ExitMainLoop

    rows = urwid.ListBox(Rows(int(sys.argv[1])))
    for key, command in KEYS.items():
        rows._command_map[key] = command
    palette = [("row", "", ""), ("focus", "standout", "")]
    urwid.MainLoop(
        rows, palette, Screen(), handle_mouse=False, unhandled_input=press
    ).run()


if __name__ == "__main__":
    main()
