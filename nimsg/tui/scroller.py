"""Which rows of a long list are on the screen, and which one has the focus.

The list is walked from row to row and never counted: a row is known by its key, and
the list says which key is above and which below it.
"""

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


K = TypeVar("K", bound=Hashable)


class Rows(Protocol[K]):
    """A list that can be walked; None is where it ends, or where it is empty."""

    def first(self) -> K | None:
        """The key of the first row."""
        ...

    def last(self) -> K | None:
        """The key of the last row."""
        ...

    def above(self, key: K) -> K | None:
        """The key of the row before."""
        ...

    def below(self, key: K) -> K | None:
        """The key of the row behind."""
        ...

    def nearest(self, key: K) -> K | None:
        """The key itself where it is in the list, else one beside where it was."""
        ...


class Scroller(Generic[K]):
    """The window on a list; `focus` is the row that keys act on.

    Where the list grows above, what is looked at stays.
    """

    def __init__(self, rows: Rows[K]) -> None:
        self.focus: K | None = None
        self._rows = rows
        self._top: K | None = None
        self._height = 1
        self._follows = True

    def visible(self, height: int) -> list[K]:
        """The keys on a screen of so many rows, from the top; the focus is there."""
        self._height = max(height, 1)
        self._settle()
        if self._top is None or self.focus is None:
            return []
        keys = self._from(self._top)
        if self.focus not in keys:
            keys = self._scrolled(keys)
        elif len(keys) < self._height and self._rows.above(self._top) is not None:
            keys = self._ending(keys[-1])
        self._top = keys[0]
        self._follows = self._rows.above(keys[0]) is None
        return keys

    def move(self, steps: int) -> None:
        """Move the focus down, or up where `steps` is negative, as far as it goes."""
        self._settle()
        step = self._rows.below if steps > 0 else self._rows.above
        for _ in range(abs(steps)):
            following = None if self.focus is None else step(self.focus)
            if following is None:
                return
            self.focus = following

    def page(self, pages: float) -> None:
        """Move the focus by screens, at least one row."""
        rows = max(int((self._height - 1) * abs(pages)), 1)
        self.move(rows if pages > 0 else -rows)

    def to_top(self) -> None:
        """Move to the first row."""
        self.focus = self._top = self._rows.first()

    def to_bottom(self) -> None:
        """Move to the last row."""
        self.focus = self._rows.last()

    def to(self, key: K) -> None:
        """Move to a row."""
        self.focus = key

    def at_row(self, row: int) -> K | None:
        """The key on a row of the screen, counted from 0."""
        keys = self.visible(self._height)
        return keys[row] if 0 <= row < len(keys) else None

    def _settle(self) -> None:
        """Follow the list where rows have come or gone."""
        first = self._rows.first()
        if first is None:
            self.focus = self._top = None
            return
        focus = None if self.focus is None else self._rows.nearest(self.focus)
        # Who looks at the newest goes on to see what comes; others are not moved.
        top = None if self._top is None else self._rows.nearest(self._top)
        self.focus = first if focus is None else focus
        self._top = first if self._follows or top is None else top

    def _from(self, top: K) -> list[K]:
        keys = [top]
        while len(keys) < self._height:
            following = self._rows.below(keys[-1])
            if following is None:
                break
            keys.append(following)
        return keys

    def _ending(self, bottom: K) -> list[K]:
        """The screen whose last row is `bottom`, fuller where the list begins."""
        keys = [bottom]
        while len(keys) < self._height:
            before = self._rows.above(keys[-1])
            if before is None:
                break
            keys.append(before)
        return self._from(keys[-1])

    def _scrolled(self, keys: list[K]) -> list[K]:
        """The screen with the focus, moved as little as need be."""
        focus = self.focus
        if focus is None:
            return keys
        further = list(keys)
        for _ in range(self._height):
            following = self._rows.below(further[-1])
            if following is None:
                break
            further.append(following)
            if following == focus:
                return further[-self._height :]
        above: K | None = keys[0]
        for _ in range(self._height):
            above = None if above is None else self._rows.above(above)
            if above == focus:
                return self._from(focus)
        return self._ending(focus)
