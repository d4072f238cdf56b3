"""What is tried by those who may not: told in the log, and too little to fill it."""

from collections.abc import Hashable
from functools import partial
from typing import Final

from nimsg.core.rates import neighbours
from nimsg.logs import audit
from nimsg.server.timers import Timer, Timers


NOT_PERMITTED: Final = "not_permitted"
WINDOW_S: Final = 60.0
# So many different ones of an address are told of one by one.
TOLD_MOST: Final = 10
# Those of further addresses are counted as one.
ADDRESSES_MOST: Final = 1000
OTHERS: Final = "others"


class _Window:
    """A time in which an address has tried something."""

    def __init__(self) -> None:
        self.told: set[Hashable] = set()
        self.more = 0
        self.timer: Timer | None = None


class Attempts:
    """Which attempts have been told of, by address. Owned by the loop."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._windows: dict[str, _Window] = {}

    def is_new(self, address: str, what: Hashable) -> bool:
        """Whether to tell of one now. Else it is counted, and told with the others."""
        key = neighbours(address)
        if key not in self._windows and len(self._windows) >= ADDRESSES_MOST:
            key = OTHERS
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window()
            self._arm(key, window)
        if what in window.told or len(window.told) >= TOLD_MOST:
            window.more += 1
            return False
        window.told.add(what)
        return True

    def close(self) -> None:
        """Tell what is still to be told, and arm no timer any more."""
        for key, window in self._windows.items():
            if window.timer is not None:
                window.timer.cancel()
            _tell(key, window)
        self._windows.clear()

    def _arm(self, key: str, window: _Window) -> None:
        window.timer = self._timers.call_later(WINDOW_S, partial(self._over, key))

    def _over(self, key: str) -> None:
        """A window goes on with nothing new while somebody goes on trying."""
        window = self._windows[key]
        if window.more:
            _tell(key, window)
            self._arm(key, window)
        else:
            del self._windows[key]


def _tell(address: str, window: _Window) -> None:
    if window.more:
        audit(**{"from": address}, outcome=NOT_PERMITTED, more=window.more)
    window.more = 0
