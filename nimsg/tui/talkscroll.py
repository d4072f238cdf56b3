"""The part of a conversation that is on the screen.

It follows the newest line, or stays where it is however much comes. The place is
kept by what stands at the lower edge: an entry, and how many of its rows are below.
"""

from typing import NamedTuple

from nimsg.tui.spans import Line
from nimsg.tui.talklines import Look, day_line, entry_lines, unread_line
from nimsg.tui.talklog import Entry, Key, TalkLog


CACHED = 400  # entries as lines


class Edge(NamedTuple):
    """An entry, and how many of its rows are below the screen.

    It had `height` rows then, on a screen of so many cells.
    """

    key: Key
    below: int
    height: int
    cells: int


class _Made(NamedTuple):
    """What the lines of an entry depend on."""

    key: Key
    new_day: bool
    unread: bool
    since_ms: int | None


class TalkScroll:
    """A window of some rows on a `TalkLog`."""

    def __init__(self, log: TalkLog) -> None:
        self._log = log
        self._edge: Edge | None = None
        self._chosen: Edge | None = None
        self._size = (0, 0)
        self._newest: Key | None = None
        self._look: Look | None = None
        self._cache: dict[_Made, list[Line]] = {}
        self._unread: Key | None = None
        self._top = False

    @property
    def follows(self) -> bool:
        """Whether the newest line is at the lower edge, and stays there."""
        return self._edge is None

    @property
    def at_top(self) -> bool:
        """Whether the first line there is was on the screen at the last look."""
        return self._top

    def bottom(self) -> None:
        """Go to the newest line and follow."""
        self._choose(None)

    def top(self) -> None:
        """Go to the first line there is."""
        if self._log.keys:
            self._choose(self._at(0, max(len(self._block(0)) - 1, 0)))

    def visible(self, look: Look, rows: int) -> list[Line]:
        """The lines for a screen of so many rows; fewer only where there are no more.

        Where it reads back, the last of them is from now on what is kept in place,
        until the size changes: a larger screen may show more below.
        """
        self._unread = self._log.unread_from()
        self._resize(look, rows)
        place, below = self._place()
        lines = self._up_from(place, below, rows)
        self._top = len(lines) < rows or self._is_first(place, below, rows)
        if len(lines) < rows and self._edge is not None:
            self._set(self._below(rows - len(lines)))
            place, below = self._place()
            lines = self._up_from(place, below, rows)
        return lines

    def up(self, look: Look, rows: int, by: int) -> bool:
        """Read back by some rows; False where the first line is shown already."""
        self.visible(look, rows)
        place, below = self._place()
        over = len(self._up_from(place, below, rows + by)) - rows
        step = min(over, by)
        if step <= 0:
            return False
        while place >= 0:
            left = len(self._block(place)) - below
            if step < left:
                self._choose(self._at(place, below + step))
                break
            step -= left
            place, below = place - 1, 0
        return True

    def down(self, look: Look, rows: int, by: int) -> bool:
        """Read on by some rows; False where the last line is shown already."""
        self.visible(look, rows)
        if self._edge is None:
            return False
        self._choose(self._below(by))
        return True

    def last_shown(self) -> Key | None:
        """The last entry that is shown to its end, at the last look."""
        place, below = self._place()
        if below:
            place -= 1
        return self._log.keys[place] if place >= 0 else None

    # -- inside

    def _resize(self, look: Look, rows: int) -> None:
        if self._look != look:
            self._look = look
            self._cache.clear()
        newest = self._log.keys[-1] if self._log.keys else None
        if self._size != (look.cells, rows):
            self._size = look.cells, rows
            self._set(self._chosen)
        elif self._edge is None and newest != self._newest:
            # Who saw the end of it, and more came, reads there and not further up.
            self._chosen = None
        self._newest = newest

    def _choose(self, edge: Edge | None) -> None:
        """Stand where the reader wants to."""
        self._chosen = edge
        self._set(edge)

    def _set(self, edge: Edge | None) -> None:
        self._edge = edge
        self._log.hold(held=edge is not None)

    def _place(self) -> tuple[int, int]:
        """The entry at the lower edge by its number, -1 for none, and rows below it."""
        keys = self._log.keys
        if self._edge is None or not keys:
            return len(keys) - 1, 0
        place = min(self._log.index(self._edge.key), len(keys) - 1)
        if keys[place] != self._edge.key:
            return place, 0
        height = len(self._block(place))
        below = self._edge.below
        # The part of the entry counts where its rows are others.
        if self._edge.cells != self._cells:
            below = below * height // max(self._edge.height, 1)
        return place, min(below, max(height - 1, 0))

    @property
    def _cells(self) -> int:
        return 0 if self._look is None else self._look.cells

    def _at(self, place: int, below: int) -> Edge:
        height = len(self._block(place))
        return Edge(self._log.keys[place], below, height, self._cells)

    def _below(self, by: int) -> Edge | None:
        """The edge so many rows further down; None at the end."""
        place, below = self._place()
        last = len(self._log) - 1
        while by > below:
            if place == last:
                return None
            by -= below
            place += 1
            below = len(self._block(place))
        at_end = place == last and by == below
        return None if at_end else self._at(place, below - by)

    def _up_from(self, place: int, below: int, rows: int) -> list[Line]:
        """At most so many lines above and at the lower edge."""
        blocks: list[list[Line]] = []
        count = 0
        while place >= 0 and count < rows:
            block = self._block(place)
            blocks.append(block[: len(block) - below])
            count += len(blocks[-1])
            place, below = place - 1, 0
        lines = [line for block in reversed(blocks) for line in block]
        return lines[max(len(lines) - rows, 0) :]

    def _is_first(self, place: int, below: int, rows: int) -> bool:
        return len(self._up_from(place, below, rows + 1)) <= rows

    def _block(self, place: int) -> list[Line]:
        """The lines of one entry, below the line of its day and of what is unread."""
        key = self._log.keys[place]
        look = self._look
        if look is None:
            return []
        entry = self._log.entry(key)
        day = look.clock(entry.at_ms).day
        before = self._log.entry(self._log.keys[place - 1]) if place else None
        new_day = before is None or look.clock(before.at_ms).day != day
        is_new = key == self._unread
        since = self._since(before) if is_new else None
        made = _Made(key, new_day, is_new, since)
        known = self._cache.pop(made, None)
        if known is None:
            known = [
                *([unread_line(_when(since, day, look), look)] if is_new else []),
                *([day_line(day, look)] if new_day else []),
                *entry_lines(entry, look),
            ]
        self._cache[made] = known
        if len(self._cache) > CACHED:
            del self._cache[next(iter(self._cache))]
        return known

    def _since(self, before: Entry | None) -> int | None:
        """When the reader stopped, or of when the last message is that was read."""
        if self._log.line_ms is not None or before is None:
            return self._log.line_ms
        return before.at_ms


def _when(since_ms: int | None, day: str, look: Look) -> str | None:
    """A time, with its day where that is another."""
    if since_ms is None:
        return None
    at = look.clock(since_ms)
    return at.time if at.day == day else f"{at.day} {at.time}"
