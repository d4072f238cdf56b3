"""Which names are locked by wrong passwords: one try for a name at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from math import ceil
from typing import NamedTuple

from msgspec import Struct

from nimsg.core.lockout import FAILURES_MOST, left_ms
from nimsg.errors import Refusal
from nimsg.protocol.constants import LockoutScope
from nimsg.server.timers import Timers
from nimsg.store.base import Lock


MS_PER_S = 1000
# Where wrong old passwords are counted, in place of an address.
CHANGING = "passwd"
# So many names that somebody got wrong are remembered, as in the store.
STANDINGS_MOST = 100_000


class Key(NamedTuple):
    """What failures are counted for: a name, and an address where that matters."""

    name: str
    address: str


class Freed(NamedTuple):
    """For how many keys of a name there were failures, and whether one was locked."""

    failures: int
    locked: bool


class _Standing(Struct):
    """Whether there are failures to forgive, and until when the name is locked."""

    locked_until_s: float | None


class Lockouts:
    """Owned by the loop. What must survive a restart is in the store too."""

    def __init__(
        self,
        timers: Timers,
        block_duration_s: float,
        scope: str,
    ) -> None:
        self._timers = timers
        self.block_ms = int(block_duration_s * MS_PER_S)
        self._scope = scope
        self._standings: dict[Key, _Standing] = {}
        self._turns: dict[Key, tuple[asyncio.Lock, int]] = {}

    def load(self, locks: Iterable[Lock], now: int) -> None:
        """What an earlier run has left; `now` is ms UTC."""
        for lock in locks:
            key = Key(lock.name, lock.address)
            left = left_ms(lock.locked_until or 0, now, self.block_ms)
            until_s = self._timers.now_s() + left / MS_PER_S if left else None
            self._note(key, until_s)

    def key(self, name: str, address: str) -> Key:
        """What a login as `name` from `address` counts for."""
        return Key(name, address if self._scope == LockoutScope.ADDRESS else "")

    @asynccontextmanager
    async def turn(self, key: Key) -> AsyncIterator[None]:
        """Wait until earlier tries for the same name have been decided."""
        lock, users = self._turns.get(key) or (asyncio.Lock(), 0)
        self._turns[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns.pop(key)
            if users > 1:
                self._turns[key] = (lock, users - 1)

    def check(self, key: Key) -> None:
        """Raises `Refusal("account_locked")` with `retry_after_ms`."""
        standing = self._standings.get(key)
        if standing is None or standing.locked_until_s is None:
            return
        left_s = standing.locked_until_s - self._timers.now_s()
        if left_s > 0:
            raise locked(ceil(left_s * MS_PER_S))
        standing.locked_until_s = None

    def failed(self, key: Key, count: int, detail: str) -> Refusal:
        """What the `count`-th failure in a row is answered with."""
        if count < FAILURES_MOST:
            self._note(key, None)
            left = {"attempts_left": FAILURES_MOST - count}
            return Refusal("bad_credentials", detail, left)
        until_s = self._timers.now_s() + self.block_ms / MS_PER_S
        self._note(key, until_s)
        return locked(self.block_ms)

    def forgive(self, key: Key) -> bool:
        """A login succeeded; whether there were failures before."""
        return self._standings.pop(key, None) is not None

    def locked(self, now: int) -> dict[str, int]:
        """Until when, in ms UTC, who may not log in; from any address at the latest."""
        now_s = self._timers.now_s()
        found: dict[str, int] = {}
        for key, standing in self._standings.items():
            left_s = (standing.locked_until_s or now_s) - now_s
            if left_s > 0 and key.address != CHANGING:
                until = now + ceil(left_s * MS_PER_S)
                found[key.name] = max(until, found.get(key.name, 0))
        return found

    def unlock(self, name: str) -> Freed:
        """Forget all failures of a name."""
        keys = [key for key in self._standings if key.name == name]
        now_s = self._timers.now_s()
        untils = [self._standings.pop(key).locked_until_s or now_s for key in keys]
        return Freed(len(keys), locked=any(until_s > now_s for until_s in untils))

    def _note(self, key: Key, locked_until_s: float | None) -> None:
        self._standings.pop(key, None)
        self._standings[key] = _Standing(locked_until_s)
        if len(self._standings) > STANDINGS_MOST:
            del self._standings[self._least_missed()]

    def _least_missed(self) -> Key:
        """The oldest key that is not locked now; the oldest where all are."""
        now_s = self._timers.now_s()
        unlocked = (
            key
            for key, standing in self._standings.items()
            if standing.locked_until_s is None or standing.locked_until_s <= now_s
        )
        return next(unlocked, next(iter(self._standings)))


def locked(left_ms: int) -> Refusal:
    """The refusal of a locked name."""
    seconds = -(-left_ms // MS_PER_S)
    return Refusal(
        "account_locked",
        f"too many wrong passwords; the name is locked, try again in {seconds} s",
        {"retry_after_ms": left_ms},
    )
