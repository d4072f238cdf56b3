"""Password hashes (Argon2id, RFC 9106), made and checked on a thread of their own."""

import os
import sys
import unicodedata
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from nimsg.errors import Refusal
from nimsg.server.threads import Threads


WAITING_MOST = 32
# By so much hashing gives way to all that somebody waits for (nice(2)).
NICENESS = 10
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Passwords:
    """Hashes of passwords. `memory_kib` and `rounds` are Argon2's costs."""

    def __init__(
        self, memory_kib: int, rounds: int, threads: type[Threads] = Threads
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=rounds, memory_cost=memory_kib, parallelism=1
        )
        self._thread = threads(1, "passwords", _give_way)
        self._waiting = 0
        # What a name without a hash is checked against, so that it takes as long.
        self._dummy = self._hasher.hash("a password nobody has")

    async def hash(self, password: str) -> str:
        """The hash to keep of a password. Raises `Refusal("busy")`."""
        return await self._run(self._hasher.hash, normalised(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one; an account without a hash has none.

        Raises `Refusal("busy")` when too many logins wait already.
        """
        matches = await self._run(
            self._matches, password_hash or self._dummy, normalised(password)
        )
        return matches and password_hash is not None

    def hash_now(self, password: str) -> str:
        """Like `hash`, in the caller's thread."""
        return self._hasher.hash(normalised(password))

    def outdated(self, password_hash: str) -> bool:
        """Whether a hash was made at other costs than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the thread."""
        self._thread.close()

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        if self._waiting >= WAITING_MOST:
            raise Refusal("busy", "too many logins wait; try again in a moment")
        self._waiting += 1
        try:
            return await self._thread.call(work, *args)
        finally:
            self._waiting -= 1


def _give_way() -> None:
    """On Linux alone a thread has a priority of its own."""
    if sys.platform == "linux":
        os.nice(NICENESS)


def normalised(password: str) -> str:
    """One form of each text, however the keyboard made it (NFKC)."""
    return unicodedata.normalize("NFKC", password)
