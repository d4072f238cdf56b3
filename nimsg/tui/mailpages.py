"""Pages of a box: ranges of positions with their rows, as many as are kept."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from nimsg.client.mailtables import Row


class Page:
    """What is known of the positions from `low` to below `high`: those with a row."""

    def __init__(self, low: int, high: int, rows: dict[int, Row]) -> None:
        self.low = low
        self.high = high
        self.rows = rows
        self.order = sorted(rows)
        self.used = 0

    def remove(self, position: int) -> None:
        """There is no row at this position."""
        if self.rows.pop(position, None) is not None:
            self.order.remove(position)


class Pages:
    """Pages that do not overlap; the ones not used for longest are dropped.

    Neighbours with few rows are joined, so that pages are many only where rows are.
    """

    def __init__(self, block: int, most: int) -> None:
        self._block = block
        self._most = most
        self._pages: list[Page] = []
        self._clock = 0

    def __len__(self) -> int:
        return len(self._pages)

    def rows(self) -> Iterator[Row]:
        """All rows that are held, older ones first."""
        for page in self._pages:
            yield from page.rows.values()

    def at(self, position: int) -> Page | None:
        """The page that covers a position."""
        index = bisect_right(self._pages, position, key=_low) - 1
        if index < 0 or position >= self._pages[index].high:
            return None
        return self._pages[index]

    def gap(self, position: int) -> tuple[int, int]:
        """The uncovered range around an uncovered position; 0 above is no bound."""
        index = bisect_right(self._pages, position, key=_low)
        low = self._pages[index - 1].high if index else 1
        above = self._pages[index:]
        return low, above[0].low if above else 2**63

    def touch(self, page: Page) -> None:
        """Somebody looks at this page."""
        self._clock += 1
        page.used = self._clock

    def fill(self, low: int, high: int, rows: dict[int, Row]) -> None:
        """Learn what is not known yet of a range; the top of it is used last."""
        at = low
        while at < high:
            page = self.at(at)
            if page is not None:
                at = page.high
                continue
            top = min(self.gap(at)[1], high)
            within = {key: row for key, row in rows.items() if at <= key < top}
            self.put(Page(at, top, within))
            at = top

    def put(self, page: Page) -> None:
        """Add a page that overlaps no other."""
        self.touch(page)
        index = bisect_left(self._pages, page.low, key=_low)
        self._pages.insert(index, page)
        self._join(index)
        self._join(index - 1)
        while len(self._pages) > self._most:
            self._pages.remove(min(self._pages, key=_used))

    def replace(self, position: int, row: Row) -> None:
        """Set a row where its page is held."""
        page = self.at(position)
        if page is not None and position in page.rows:
            page.rows[position] = row

    def remove(self, position: int) -> None:
        """There is no row at this position any more."""
        page = self.at(position)
        if page is not None:
            page.remove(position)

    def older(self, position: int) -> int:
        """The next lower position that has a row or is not known; 0 for none."""
        at = position - 1
        page = self.at(at)
        while page is not None:
            index = bisect_right(page.order, at)
            if index:
                return page.order[index - 1]
            at = page.low - 1
            page = self.at(at)
        return max(at, 0)

    def newer(self, position: int) -> int:
        """The next higher position that has a row or is not known."""
        at = position + 1
        page = self.at(at)
        while page is not None:
            index = bisect_left(page.order, at)
            if index < len(page.order):
                return page.order[index]
            at = page.high
            page = self.at(at)
        return at

    def _join(self, index: int) -> None:
        """Make one page of the one at `index` and the next, if they are small."""
        if not 0 <= index < len(self._pages) - 1:
            return
        left, right = self._pages[index : index + 2]
        if left.high != right.low or len(left.rows) + len(right.rows) > self._block:
            return
        joined = Page(left.low, right.high, left.rows | right.rows)
        joined.used = max(left.used, right.used)
        self._pages[index : index + 2] = [joined]


def _low(page: Page) -> int:
    return page.low


def _used(page: Page) -> int:
    return page.used
