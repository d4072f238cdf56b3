"""Lines of the log about addresses that somebody else fills: never too many."""

from collections import Counter
from collections.abc import Callable, Hashable
from functools import partial
from typing import Final

from nimsg.core.rates import neighbours
from nimsg.server.timers import Timer, Timers


WINDOW_S: Final = 60.0
# Those of further addresses are counted as one.
ADDRESSES_MOST: Final = 1000
OTHERS: Final = "others"

# Tells of an address how many there were of each kind beside those told one by one.
Tell = Callable[[str, Counter[str]], object]


class _Window:
    """A time in which something came from an address."""

    def __init__(self) -> None:
        self.told: set[Hashable] = set()
        self.more: Counter[str] = Counter()
        self.timer: Timer | None = None


class Bounded:
    """What has been told of, by address: `most` different things, then counts.

    The counts are told each minute until one passes without anything. Owned by the
    loop.
    """

    def __init__(self, timers: Timers, most: int, tell: Tell) -> None:
        self._timers = timers
        self._most = most
        self._tell = tell
        self._windows: dict[str, _Window] = {}

    def is_new(self, address: str, what: Hashable, kind: str) -> bool:
        """Whether to tell of one now. Else it is counted as one of its kind.

        There are few kinds.
        """
        key = neighbours(address)
        if key not in self._windows and len(self._windows) >= ADDRESSES_MOST:
            key = OTHERS
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window()
            self._arm(key, window)
        if what in window.told or len(window.told) >= self._most:
            window.more[kind] += 1
            return False
        window.told.add(what)
        return True

    def close(self) -> None:
        """Tell what is still to be told, and arm no timer any more."""
        for key, window in self._windows.items():
            if window.timer is not None:
                window.timer.cancel()
            self._tell_more(key, window)
        self._windows.clear()

    def _arm(self, key: str, window: _Window) -> None:
        window.timer = self._timers.call_later(WINDOW_S, partial(self._over, key))

    def _over(self, key: str) -> None:
        """A window goes on with nothing new while somebody goes on."""
        window = self._windows[key]
        if window.more:
            self._tell_more(key, window)
            self._arm(key, window)
        else:
            del self._windows[key]

    def _tell_more(self, key: str, window: _Window) -> None:
        if window.more:
            self._tell(key, window.more)
            window.more = Counter()
