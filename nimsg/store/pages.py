"""Pages of inboxes that were put together, for who asks for them once more.

Nobody has to tell of a change: a page is given again only where the mailbox counts
what it did when the page was made, and each change of what it shows moves a number.
"""

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from nimsg.store.base import ListQuery
from nimsg.store.inboxrows import Part
from nimsg.store.mailboxes import Mailbox


MOST_BYTES = 4 * 1024 * 1024
# What a page costs beside its rows: the query, the numbers, its places in tables.
BESIDE = 1024


class Moment(NamedTuple):
    """A mailbox's numbers, and the index that counted them."""

    epoch: str
    box: Mailbox


class Pages:
    """The pages that were used last, `bytes` of them and at most so many.

    For any thread.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._kept: OrderedDict[ListQuery, tuple[Moment, Part]] = OrderedDict()
        self.bytes = 0

    def find(self, query: ListQuery, moment: Moment) -> Part | None:
        """The page as it is at this moment, where it is known."""
        with self._lock:
            kept = self._kept.get(query)
            if kept is None or kept[0] != moment:
                return None
            self._kept.move_to_end(query)
            return kept[1]

    def keep(self, query: ListQuery, moment: Moment, part: Part) -> None:
        """Remember a page, where its numbers tell all that can happen to it."""
        with self._lock:
            earlier = self._kept.pop(query, None)
            if earlier is not None:
                self.bytes -= _size(earlier[1])
            if not part.counted or _size(part) > self._most_bytes:
                return
            self._kept[query] = moment, part
            self.bytes += _size(part)
            while self.bytes > self._most_bytes:
                _, (_, oldest) = self._kept.popitem(last=False)
                self.bytes -= _size(oldest)


def _size(part: Part) -> int:
    return len(memoryview(part.rows)) + BESIDE
