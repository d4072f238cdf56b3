"""What is tried by those who may not: told in the log, and too little to fill it."""

from collections import Counter
from collections.abc import Hashable
from typing import Final

from nimsg.logs import audit
from nimsg.server.bounded import Bounded
from nimsg.server.timers import Timers


NOT_PERMITTED: Final = "not_permitted"
# So many different ones of an address are told of one by one.
TOLD_MOST: Final = 10


class Attempts:
    """Which attempts have been told of, by address. Owned by the loop."""

    def __init__(self, timers: Timers) -> None:
        self._lines = Bounded(timers, TOLD_MOST, _tell)

    def is_new(self, address: str, what: Hashable) -> bool:
        """Whether to tell of one now. Else it is counted, and told with the others."""
        return self._lines.is_new(address, what, NOT_PERMITTED)

    def close(self) -> None:
        """Tell what is still to be told, and arm no timer any more."""
        self._lines.close()


def _tell(address: str, more: Counter[str]) -> None:
    audit(**{"from": address}, outcome=NOT_PERMITTED, more=more.total())
