"""Addresses that are refused for their limits: told in the log, one line a minute."""

from collections import Counter

from nimsg.logs import LOGGER
from nimsg.server.bounded import Bounded
from nimsg.server.timers import Timers


class Floods:
    """Who floods. Owned by the loop."""

    def __init__(self, timers: Timers) -> None:
        self._lines = Bounded(timers, 1, _tell)

    def note(self, address: str, limit: str) -> None:
        """Something of an address was refused; `limit` is a name in `hello`."""
        if self._lines.is_new(address, "", limit):
            LOGGER.info("%s: refused (%s)", address, limit)

    def close(self) -> None:
        """Tell what is still to be told, and arm no timer any more."""
        self._lines.close()


def _tell(address: str, more: Counter[str]) -> None:
    each = ", ".join(f"{limit} {count}" for limit, count in sorted(more.items()))
    LOGGER.info("%s: %d more refused (%s)", address, more.total(), each)
