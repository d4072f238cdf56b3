"""Pages of inboxes that were put together, for who asks for them once more."""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from threading import Lock

from nimsg.store.base import Listing, ListQuery


MOST_BYTES = 4 * 1024 * 1024
# What a page costs beside its rows: the query, the counts, its places in tables.
BESIDE = 1024


class Pages:
    """The pages that were used last, `bytes` of them and at most so many.

    A page is good until its owner's mailbox is written, as each change of what it shows
    moves a number there. For any thread; none waits here.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._written: Counter[int] = Counter()
        self._kept: OrderedDict[ListQuery, tuple[int, Listing]] = OrderedDict()
        self.bytes = 0

    def note(self, owners: Iterable[int]) -> None:
        """The mailboxes of these accounts were written, before anybody is told."""
        with self._lock:
            self._written.update(owners)

    def written(self, owner: int) -> int:
        """How often an account's mailbox was written so far."""
        with self._lock:
            return self._written[owner]

    def find(self, query: ListQuery) -> Listing | None:
        """The page, where it is known and still good."""
        with self._lock:
            kept = self._kept.get(query)
            if kept is None or kept[0] != self._written[query.owner]:
                return None
            self._kept.move_to_end(query)
            return kept[1]

    def keep(self, query: ListQuery, written: int, page: Listing) -> None:
        """Remember a page; `written` was asked before the page was read."""
        with self._lock:
            _, earlier = self._kept.pop(query, (0, None))
            if earlier is not None:
                self.bytes -= _size(earlier)
            if not page.counted or _size(page) > self._most_bytes:
                return
            self._kept[query] = written, page
            self.bytes += _size(page)
            while self.bytes > self._most_bytes:
                _, (_, oldest) = self._kept.popitem(last=False)
                self.bytes -= _size(oldest)


def _size(page: Listing) -> int:
    return len(memoryview(page.page.inbox)) + BESIDE
