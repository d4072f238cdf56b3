"""Addresses that are refused, or speak no TLS: in the log, in one line a minute."""

from collections import Counter

from nimsg.logs import LOGGER
from nimsg.server.bounded import Bounded
from nimsg.server.timers import Timers


class Floods:
    """Who floods. Owned by the loop."""

    def __init__(self, timers: Timers) -> None:
        self._refused = Bounded(timers, 1, _tell)
        self._strangers = Bounded(timers, 1, _tell_strangers)

    def note(self, address: str, limit: str) -> None:
        """Something of an address was refused; `limit` is a name in `hello`."""
        if self._refused.is_new(address, "", limit):
            LOGGER.info("%s: refused (%s)", address, limit)

    def spoke_no_tls(self, address: str, why: str) -> None:
        """Whoever came from an address made no handshake."""
        if self._strangers.is_new(address, "", "tls"):
            LOGGER.info("%s spoke no TLS: %s", address, why)

    def close(self) -> None:
        """Tell what is still to be told, and arm no timer any more."""
        self._refused.close()
        self._strangers.close()


def _tell(address: str, more: Counter[str]) -> None:
    each = ", ".join(f"{limit} {count}" for limit, count in sorted(more.items()))
    LOGGER.info("%s: %d more refused (%s)", address, more.total(), each)


def _tell_strangers(address: str, more: Counter[str]) -> None:
    LOGGER.info("%s: %d more spoke no TLS", address, more.total())
