"""What was said in a room, on a private link or in the console: in order, once each.

A room's messages have positions, of which a reader may be shown only some: others
are hidden by a block or damaged. What is complete is therefore known by spans of
positions and not by the messages themselves.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


KEPT = 5_000  # entries; twice as many while the reader reads back
KEPT_CHARS = 8_000_000  # of all bodies; likewise


class Kind(StrEnum):
    """Who speaks: somebody, the reader, the server in a room, this client."""

    SAID = "said"
    OWN = "own"
    NOTICE = "notice"
    SYSTEM = "system"


class Entry(NamedTuple):
    """One message, as it came; nothing in it is cleaned.

    Without a position (a private link, the console, what only this client says) it
    stands where it came. Times are ms UTC.
    """

    position: int | None
    at_ms: int
    sender: str
    body: str
    kind: Kind = Kind.SAID


class Key(NamedTuple):
    """Where an entry stands, for ever: behind a position, and as the how manieth."""

    position: int
    arrival: int = 0


class Gap(NamedTuple):
    """Positions that were not asked for: those above `after` and below `before`."""

    after: int
    before: int


class TalkLog:
    """Entries in order, each once, and what is known to be missing among them.

    `complete` says that nothing older is to be had. What is beyond `KEPT` is let go
    at the old end, and can be asked for again.
    """

    def __init__(self, *, complete: bool = False) -> None:
        self._entries: dict[Key, Entry] = {}
        self._keys: list[Key] = []
        self._spans: list[tuple[int, int]] = []
        self._complete = complete
        self._arrivals = 0
        self._chars = 0
        self._floor = 0
        self._held = False
        self._seen: Key | None = None
        self._line: Key | None = None
        self.line_ms: int | None = None

    # -- what is there

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> list[Key]:
        """Where the entries stand, in order; not to be changed."""
        return self._keys

    def entry(self, key: Key) -> Entry:
        """The entry that stands there. Raises `KeyError`."""
        return self._entries[key]

    def entries(self) -> list[Entry]:
        """All entries in order."""
        return [self._entries[key] for key in self._keys]

    def index(self, key: Key) -> int:
        """How many entries stand before that place."""
        return bisect_left(self._keys, key)

    @property
    def newest(self) -> int:
        """The last position known of, 0 for none."""
        return self._spans[-1][1] if self._spans else 0

    @property
    def complete(self) -> bool:
        """Whether there is nothing older than the first entry."""
        return self._complete

    @property
    def older(self) -> int | None:
        """The position before which an older page is to be asked for.

        None where there is none, nothing is known yet, or no more is kept.
        """
        if self._complete or not self._spans or self.full:
            return None
        return self._spans[0][0]

    @property
    def full(self) -> bool:
        """Whether no older page would be kept."""
        return self._beyond(2)

    def missing(self) -> Gap | None:
        """The newest gap to be asked for."""
        if len(self._spans) < 2:  # noqa: PLR2004 - a gap has two sides
            return None
        return Gap(self._spans[-2][1], self._spans[-1][0])

    # -- what comes

    def add(self, entry: Entry) -> bool:
        """Take one entry as it comes; False for one that is known or was let go."""
        key = self._key(entry)
        if key.arrival == 0 and key.position <= self._floor:
            return False
        if entry.position is not None:
            self._cover(entry.position, entry.position)
        added = self._insert(key, entry)
        self._trim()
        return added

    def add_page(
        self, entries: Iterable[Entry], first: int, last: int, *, complete: bool = False
    ) -> int:
        """Take all there is to read of the positions `first` to `last`.

        `complete` says that nothing stands before them. Gives how many were new.
        """
        self._floor = min(self._floor, first - 1)
        self._complete = self._complete or complete
        if first <= last:
            self._cover(first, last)
        added = sum(self._insert(self._key(entry), entry) for entry in entries)
        self._trim()
        return added

    def hold(self, *, held: bool) -> None:
        """Keep more while somebody reads back, so that nothing moves under them."""
        self._held = held
        self._trim()

    def forget(self, before: int) -> None:
        """Let go of what stands below a position: to read on beyond a wide gap."""
        self._let_go(self.index(Key(before)), floor=before - 1)

    # -- how far it was read

    @property
    def unseen(self) -> int:
        """How many entries of others came behind the last one seen.

        Who comes and goes is no news: else a room would never be without.
        """
        start = 0 if self._seen is None else bisect_right(self._keys, self._seen)
        kinds = (self._entries[key].kind for key in self._keys[start:])
        return sum(kind not in {Kind.OWN, Kind.NOTICE} for kind in kinds)

    def see(self, key: Key) -> bool:
        """Note that this entry and all before it were seen; False if it is not new.

        What stands behind a gap is not seen before the gap is closed.
        """
        seen = self._seen or Key(0)
        gap = self.missing()
        if gap is not None and seen.position < gap.before <= key.position:
            return False
        if key <= seen:
            return False
        self._seen = key
        return True

    def read_to(self, position: int, at_ms: int | None = None) -> None:
        """Set the unread line behind a position, read at that time where it is known.

        What the client saw itself counts where that is more.
        """
        self._seen = max(self._seen or Key(0), Key(position))
        self._line = Key(position)
        self.line_ms = at_ms

    def leave(self, now_ms: int) -> None:
        """Set the unread line behind the last entry seen."""
        self._line = self._seen
        self.line_ms = now_ms

    def unread_from(self) -> Key | None:
        """The entry that the unread line stands before, None for no line."""
        if self._line is None:
            return None
        for key in self._keys[bisect_right(self._keys, self._line) :]:
            if self._entries[key].kind is not Kind.OWN:
                return key
        return None

    # -- inside

    def _key(self, entry: Entry) -> Key:
        if entry.position is not None:
            return Key(entry.position)
        self._arrivals += 1
        return Key(self.newest, self._arrivals)

    def _insert(self, key: Key, entry: Entry) -> bool:
        if key in self._entries:
            return False
        self._entries[key] = entry
        self._chars += len(entry.body)
        insort(self._keys, key)
        return True

    def _cover(self, first: int, last: int) -> None:
        """Note that all of a span is known, and join what touches it."""
        apart = []
        for span in self._spans:
            if span[1] < first - 1 or span[0] > last + 1:
                apart.append(span)
            else:
                first, last = min(first, span[0]), max(last, span[1])
        self._spans = sorted([*apart, (first, last)])
        self._complete = self._complete or self._spans[0][0] == 1

    def _beyond(self, times: int) -> bool:
        return len(self._keys) >= KEPT * times or self._chars >= KEPT_CHARS * times

    def _trim(self) -> None:
        """Let the oldest entries go where there are too many."""
        times = 2 if self._held else 1
        many = len(self._keys) - KEPT * times
        chars = self._chars - KEPT_CHARS * times
        gone = 0
        while gone < len(self._keys) - 1 and (gone < many or chars > 0):
            chars -= len(self._entries[self._keys[gone]].body)
            gone += 1
        self._let_go(gone, floor=self._keys[gone - 1].position if gone else 0)

    def _let_go(self, gone: int, floor: int) -> None:
        for key in self._keys[:gone]:
            self._chars -= len(self._entries.pop(key).body)
        del self._keys[:gone]
        if floor <= self._floor and not gone:
            return
        self._complete = False
        self._floor = max(self._floor, floor)
        spans = [(max(first, self._floor + 1), last) for first, last in self._spans]
        self._spans = [span for span in spans if span[0] <= span[1]]
