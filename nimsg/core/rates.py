"""How often something may happen: token buckets by key, in bounded tables."""

from collections.abc import Hashable
from heapq import nlargest
from ipaddress import IPv6Network
from typing import Generic, TypeVar

from msgspec import Struct


# Few enough that forgetting half of them holds nobody up.
KEYS_MOST = 10_000
# Whoever has one IPv6 address has as many as fit behind so many bits.
IPV6_PREFIX = 64
K = TypeVar("K", bound=Hashable)


class Rate(Struct, frozen=True):
    """`count` at once, and as many in each `window_s` seconds; a count of 0: any."""

    count: int
    window_s: float


class Buckets(Generic[K]):
    """One bucket for each key; a key that is not remembered has a full one.

    A bucket is one number: when it will be full again, by the caller's clock in
    seconds. Of more than `most` keys the emptier half is remembered.
    """

    def __init__(self, rate: Rate, most: int = KEYS_MOST) -> None:
        self._most = most
        self._full_at: dict[K, float] = {}
        self._any = rate.count == 0
        self._each_s = 0.0 if self._any else rate.window_s / rate.count
        self._span_s = rate.window_s - self._each_s

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_s(self, key: K, now_s: float) -> float:
        """How long until there is one for a key; 0 where there is one now."""
        full_at = self._full_at.get(key)
        if full_at is None:
            return 0.0
        return max(0.0, full_at - now_s - self._span_s)

    def take(self, key: K, now_s: float) -> None:
        """Take one, whether there is one or not."""
        if self._any:
            return
        full_at = self._full_at.get(key, now_s)
        self._full_at[key] = max(full_at, now_s) + self._each_s
        if len(self._full_at) > self._most:
            self._forget(now_s)

    def _forget(self, now_s: float) -> None:
        emptier = nlargest(
            self._most // 2, self._full_at.items(), key=lambda one: one[1]
        )
        self._full_at = {key: at for key, at in emptier if at > now_s}


def neighbours(address: str) -> str:
    """What is one address to a limit: an IPv4 address, or the network of an IPv6 one.

    What is no address is itself.
    """
    if ":" not in address:
        return address
    try:
        found = IPv6Network((address.partition("%")[0], IPV6_PREFIX), strict=False)
    except ValueError:
        return address
    return str(found)
