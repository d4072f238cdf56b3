"""What every handler may use: the store off the loop, the clock, the live state."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from nimsg.config import ServerConfig
from nimsg.core.commands import Command, Copies, SentMail
from nimsg.errors import Refusal
from nimsg.logs import LOGGER
from nimsg.protocol.constants import AuthMode, Registration
from nimsg.server.commit import Committer, Waiter
from nimsg.server.indexing import Indexing
from nimsg.server.parking import Parking
from nimsg.server.passwords import Passwords
from nimsg.server.registry import Registry
from nimsg.store.base import Store


READERS = 2
P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V", SentMail, Copies, int)


def _forget(waiter: Waiter) -> None:
    if not waiter.cancelled() and waiter.exception() is not None:
        LOGGER.info("not written: %s", waiter.exception())


def wall_clock_ms() -> int:
    """Ms since 1970 by the system's clock."""
    return time.time_ns() // 1_000_000


class Services:
    """The parts of one server, made once and handed to every session."""

    def __init__(
        self,
        config: ServerConfig,
        store: Store,
        clock: Callable[[], int] = wall_clock_ms,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.config = config
        self.store = store
        self.clock = clock
        self.entropy = entropy
        self.stopping = False
        # Where knowing a name is enough, writing to a name makes its mailbox.
        self.makes_mailboxes = (config.auth, config.registration) == (
            AuthMode.OPEN,
            Registration.OPEN,
        )
        self.parking = Parking()
        self.registry = Registry()
        self.passwords = Passwords(config.hash_memory_kib, config.hash_rounds)
        self.committer = Committer(
            store, clock, self._after_batch, config.settle_interval_s
        )
        self.indexing = Indexing(
            store, config.settle_interval_s, lambda: self.committer.busy
        )
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    def _after_batch(self, woken: Iterable[int]) -> None:
        self.parking.wake(woken)
        self.indexing.note()

    async def commit(self, command: Command, want: type[V]) -> V:
        """What a command came to, of the type it has, once it is durable.

        Raises `Refusal`.
        """
        outcome = await self.committer.submit(command)
        if not isinstance(outcome.value, want):
            raise TypeError(outcome.value)
        return outcome.value

    def commit_later(self, command: Command) -> None:
        """Submit a command whose outcome nobody waits for; refusals are dropped."""
        try:
            self.committer.submit(command).add_done_callback(_forget)
        except Refusal as refusal:
            LOGGER.warning("not written: %s", refusal)

    async def read(
        self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The answer to a question to the store, asked on a reader's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers, lambda: question(*args, **kwargs)
        )

    def close(self) -> None:
        """End all threads, then close the store."""
        self.committer.close()
        self.indexing.close()
        self.passwords.close()
        self._readers.shutdown()
        self.store.close()
