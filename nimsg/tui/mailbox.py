"""The rows of a box by their position, asked for only where somebody looks.

A box may have a million rows; a window on it holds few. What is not held is drawn as
one that is waited for. Positions never change; one without a row was deleted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nimsg.client import answers
from nimsg.client.answers import InboxRow, OutboxRow
from nimsg.client.mailtables import NEW, Row
from nimsg.protocol.constants import Box
from nimsg.protocol.strict import JsonObject
from nimsg.tui.mailpages import Page, Pages


BLOCK = 100  # rows that are asked for at once
KEPT_BLOCKS = 32


class Ask(NamedTuple):
    """What `mail.list` is to be asked: `limit` rows at most below `before`.

    The `number` tells two questions apart of which the first was given up.
    """

    before: int
    limit: int
    number: int = 0

    @property
    def low(self) -> int:
        """The lowest position that it is sure to answer, if there is no larger."""
        return self.before - self.limit


class MailWindow:
    """The view of one box, newest first. `new`, `pending` and `total` are counts.

    It asks for `block` rows at once and holds `kept` such blocks at most.
    """

    def __init__(self, box: Box, block: int = BLOCK, kept: int = KEPT_BLOCKS) -> None:
        self.box = box
        self._block = block
        self._kept = kept
        self.newest = 0
        self.total = 0
        self.new = 0
        self.pending = 0
        self.started = False
        self._pages = Pages(block, kept)
        self._hidden: set[int] = set()
        self._found: dict[int, Row] | None = None
        self._found_order: list[int] = []
        self._touched: dict[int, None] = {}
        self._asked: dict[Ask, None] = {}
        self._asks = 0
        # What changed while an answer was on its way, which may be older.
        self._meanwhile: dict[int, Row | None] = {}

    def __repr__(self) -> str:
        return f"<MailWindow {self.box.value} of {self.newest}>"

    # -- what the server says

    def start(self, page: JsonObject) -> None:
        """Begin anew with the first page of `mail.list`. Raises `ProtocolFault`."""
        rows, following = self._read(page)
        if any(at < (following or 1) for at in rows):
            raise answers.unusable("next")
        counts = [answers.number(page, key) for key in ("new", "pending", "total")]
        self.count(*counts)
        self.newest = max(rows, default=0)
        self.started = True
        self._forget_asks()
        self._pages = Pages(self._block, self._kept)
        if self.newest:
            self._pages.put(Page(following or 1, self.newest + 1, rows))

    def count(self, new: int, pending: int, total: int) -> None:
        """What the server has counted."""
        self.new, self.pending, self.total = new, pending, total

    def wanted(self) -> list[Ask]:
        """What is to be asked now; each is given once until it is taken or failed."""
        asks: list[Ask] = []
        for position in sorted(self._touched, reverse=True):
            ask = self._ask_for(position)
            if ask is not None:
                self._asked[ask] = None
                asks.append(ask)
        self._touched.clear()
        return asks

    def take(self, ask: Ask, page: JsonObject) -> None:
        """The answer to a question. Raises `ProtocolFault`, and it has then failed.

        An answer to a question that was given up, as by `start`, is ignored.
        """
        if ask not in self._asked:
            return
        del self._asked[ask]
        rows, following = self._read(page)
        low = following or 1
        if low >= ask.before or any(not low <= at < ask.before for at in rows):
            raise answers.unusable("next")
        for position, row in self._meanwhile.items():
            if row is None:
                rows.pop(position, None)
            elif low <= position < ask.before:
                rows[position] = row
        self._pages.fill(low, ask.before, rows)
        if not self._asked:
            self._meanwhile.clear()

    def failed(self, ask: Ask) -> None:
        """There is no answer: it is wanted again when somebody looks there again."""
        self._asked.pop(ask, None)
        if not self._asked:
            self._meanwhile.clear()

    def changed(self, row: Row) -> bool:
        """A row of `mail.changes`. False where only the server knows the counts now."""
        before = self._known(row.position)
        if is_deleted(row):
            self.remove(row.position)
            return before is not None
        is_new = row.position > self.newest
        self._count(before, -1)
        self._count(row, 1)
        self._put(row, is_new=is_new)
        return is_new or before is not None

    def remove(self, position: int) -> None:
        """The row was deleted from the view."""
        self._count(self._known(position), -1)
        self._hidden.discard(position)
        self._pages.remove(position)
        self._note(position, None)
        if self._found is not None and self._found.pop(position, None) is not None:
            self._found_order.remove(position)

    # -- what is shown

    @property
    def rows(self) -> Iterator[Row]:
        """All rows that are here by now."""
        return self._pages.rows()

    def row(self, position: int) -> Row | None:
        """The row of a position; None where it is not held, and then it is wanted."""
        if self._found is not None:
            return self._found.get(position)
        page = self._pages.at(position)
        if page is None:
            if 1 <= position <= self.newest:
                self._touched[position] = None
            return None
        self._pages.touch(page)
        return page.rows.get(position)

    def is_gone(self, position: int) -> bool:
        """Whether the position is known to have no row that is shown."""
        if position in self._hidden or not 1 <= position <= self.newest:
            return True
        if self._found is not None:
            return position not in self._found
        page = self._pages.at(position)
        return page is not None and position not in page.rows

    def older(self, position: int) -> int | None:
        """The next older position that is shown, or may be."""
        return self._step(min(position, self.newest + 1), older=True)

    def newer(self, position: int) -> int | None:
        """The next newer position that is shown, or may be."""
        return self._step(max(position, 0), older=False)

    def first(self) -> int | None:
        """The newest position that is shown, or may be."""
        return self.older(self.newest + 1)

    def oldest(self) -> int | None:
        """The oldest position that is shown, or may be."""
        return self.newer(0)

    def nearest(self, position: int) -> int | None:
        """The position itself, or where a cursor goes when it is gone: older first."""
        if not self.is_gone(position):
            return position
        older = self.older(position)
        return self.newer(position) if older is None else older

    def hide(self, position: int) -> None:
        """Do not show a row that is about to be deleted."""
        if position >= 1:
            self._hidden.add(position)

    def unhide(self, position: int) -> None:
        """Show a hidden row again."""
        self._hidden.discard(position)

    def filter(self, rows: Iterable[Row]) -> None:
        """Show only these rows of this box, as a search found them."""
        kind = InboxRow if self.box is Box.INBOX else OutboxRow
        found: dict[int, Row] = {
            row.position: row for row in rows if isinstance(row, kind)
        }
        self.newest = max([self.newest, *found])
        self._found = found
        self._found_order = sorted(found)
        self._touched.clear()

    def unfilter(self) -> None:
        """Show all rows again."""
        self._found = None
        self._found_order = []

    @property
    def filtered(self) -> int | None:
        """How many rows a filter left; None where there is none."""
        return None if self._found is None else len(self._found)

    @property
    def blocks(self) -> int:
        """How many blocks of rows are held."""
        return len(self._pages)

    # -- within

    def _read(self, page: JsonObject) -> tuple[dict[int, Row], int | None]:
        """The rows of a page by position, and the `before` of the next one."""
        rows: list[Row] = []
        if self.box is Box.INBOX:
            rows += answers.rows(page, "inbox", answers.inbox_row)
        else:
            rows += answers.rows(page, "outbox", answers.outbox_row)
        following = answers.maybe_number(page, "next")
        if any(row.position < 1 for row in rows) or len(rows) > self._block:
            raise answers.unusable(self.box.value)
        if following is not None and following < 1:
            raise answers.unusable("next")
        return {row.position: row for row in rows}, following

    def _known(self, position: int) -> Row | None:
        page = self._pages.at(position)
        if page is not None and position in page.rows:
            return page.rows[position]
        return (self._found or {}).get(position)

    def _count(self, row: Row | None, by: int) -> None:
        """Count a row in or out."""
        if row is None:
            return
        self.total = max(self.total + by, 0)
        if isinstance(row, OutboxRow):
            self.pending = max(self.pending + by * row.pending, 0)
        else:
            self.new = max(self.new + by * (row.receipt.state in NEW), 0)

    def _put(self, row: Row, *, is_new: bool) -> None:
        position = row.position
        self.newest = max(self.newest, position)
        if is_new:
            self._pages.put(Page(position, position + 1, {position: row}))
        else:
            self._pages.replace(position, row)
        if self._found is not None and position in self._found:
            self._found[position] = row
        self._note(position, row)

    def _note(self, position: int, row: Row | None) -> None:
        """Remember what answers that are on their way may not know."""
        if self._asked:
            self._meanwhile[position] = row
            if len(self._meanwhile) > self._block:
                self._forget_asks()

    def _forget_asks(self) -> None:
        """Answers that are on their way are too old: what they held is asked anew."""
        self._asked.clear()
        self._meanwhile.clear()
        self._touched.clear()

    def _ask_for(self, position: int) -> Ask | None:
        """The block around a position, without what is held or asked already."""
        if self._pages.at(position) is not None:
            return None
        if any(ask.low <= position < ask.before for ask in self._asked):
            return None
        top = -(-position // self._block) * self._block
        before = min(top, self.newest) + 1
        low, high = self._pages.gap(position)
        low = max([low, *(a.before for a in self._asked if a.before <= position)])
        high = min([high, before, *(a.low for a in self._asked if a.low > position)])
        self._asks += 1
        return Ask(high, min(high - low, self._block), self._asks)

    def _step(self, position: int, *, older: bool) -> int | None:
        if self._found is None:
            step = self._pages.older if older else self._pages.newer
        else:
            step = self._found_older if older else self._found_newer
        at = step(position)
        while at in self._hidden:
            at = step(at)
        return at if 1 <= at <= self.newest else None

    def _found_older(self, position: int) -> int:
        at = bisect_left(self._found_order, position)
        return self._found_order[at - 1] if at else 0

    def _found_newer(self, position: int) -> int:
        at = bisect_right(self._found_order, position)
        return self._found_order[at] if at < len(self._found_order) else self.newest + 1


def is_deleted(row: Row) -> bool:
    """Whether a row has come only to tell that it is gone from the own view."""
    at = row.deleted_at if isinstance(row, OutboxRow) else row.receipt.deleted_at
    return at is not None
