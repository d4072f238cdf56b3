"""What every handler may use: the store off the loop, the clock, the live state."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar, TypeVarTuple, Unpack

from nimsg.config import ServerConfig
from nimsg.core.commands import (
    Command,
    Copies,
    EndLogins,
    Failures,
    Outcome,
    SentMail,
    SentPost,
)
from nimsg.errors import Refusal
from nimsg.logs import LOGGER
from nimsg.protocol.constants import AuthMode, CloseReason, Departure, Registration
from nimsg.server.attempts import Attempts
from nimsg.server.blocks import Blocks
from nimsg.server.commit import Committer, Waiter
from nimsg.server.countdown import Countdown
from nimsg.server.floods import Floods
from nimsg.server.indexing import Indexing
from nimsg.server.lockouts import Lockouts
from nimsg.server.login import Login
from nimsg.server.meter import Meter
from nimsg.server.parking import Parking
from nimsg.server.passwords import Passwords
from nimsg.server.people import People, Person
from nimsg.server.privates import Privates
from nimsg.server.registry import Live, Registry
from nimsg.server.resumes import Resumes
from nimsg.server.rooms import Rooms
from nimsg.server.threads import Threads
from nimsg.server.throttle import Throttle, limits_of
from nimsg.server.timers import LoopTimers, Timers
from nimsg.server.tls import Tls
from nimsg.store.base import Lock, Store
from nimsg.store.failure import index_failure, is_of_the_disk
from nimsg.store.layout import Layout


READERS = 2
MS_PER_S = 1000
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
V = TypeVar("V", SentMail, Copies, SentPost, Failures, int)


def _forget(waiter: Waiter) -> None:
    if not waiter.cancelled() and waiter.exception() is not None:
        LOGGER.info("not written: %s", waiter.exception())


def _follow(live: Callable[[], object], waiter: Waiter) -> None:
    if waiter.exception() is None:
        live()


def _first_questions(
    store: Store, config: ServerConfig
) -> tuple[list[tuple[int, int]], list[Lock]]:
    """Who blocks whom, and which names are locked. Raises `StorageFailure`."""
    try:
        return store.blocks(), store.locks()
    except sqlite3.Error as error:
        raise index_failure(error, Layout(config.var)) from error


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
        timers: Timers | None = None,
        threads: type[Threads] = Threads,
    ) -> None:
        self.config = config
        self.store = store
        self.clock = clock
        self.entropy = entropy
        self.stopping = False
        # Where knowing a name is enough, writing to a name makes its mailbox.
        self.makes_mailboxes = (
            config.auth != AuthMode.PASSWORD
            and config.registration == Registration.OPEN
        )
        self.timers = timers = timers or LoopTimers()
        self.meter = Meter(timers.now_s())
        self.limits = limits_of(config)
        self.floods = Floods(timers)
        self.throttle = Throttle(self.limits, timers, self.floods)
        self.attempts = Attempts(timers)
        self.tls: Tls | None = None
        self.parking = Parking()
        self.registry = Registry()
        self.passwords = Passwords(config.hash_memory_kib, config.hash_rounds, threads)
        settle_s, took = config.settle_interval_s, self.meter.took
        self.committer = Committer(
            store, clock, self._after_batch, settle_s, took, threads
        )
        self.indexing = Indexing(
            store, settle_s, self._submitted, self.committer.give_up, threads
        )
        blocks, locks = _first_questions(store, config)
        self.blocks = Blocks(blocks)
        every_s = self.limits["presence_ms"] / MS_PER_S
        self.people = People(self.blocks, timers, clock, self.commit_later, every_s)
        self.rooms = Rooms(self.blocks, self.parking)
        self.privates = Privates(timers, clock, entropy)
        self.resumes = Resumes(timers)
        self.lockouts = Lockouts(timers, config.block_duration_s, config.lockout_scope)
        self.lockouts.load(locks, clock())
        self.countdown = Countdown(self.people, timers, clock, self.commit_later)
        self._readers = threads(READERS, "reader")

    @property
    def proves_names(self) -> bool:
        """Whether whoever is logged in has shown to be that account's."""
        return self.config.auth == AuthMode.PASSWORD

    def arrive(self, person: Person, login: Login) -> None:
        """Somebody comes online, or takes the place of their own earlier session.

        Raises `Refusal`: `duplicate_login`, under auth `nick` `name_taken`,
        `bad_resume` where what it comes back to was resumed or ended meanwhile, or
        `rate_limited`.
        """
        uid = login.account.uid
        if login.resumed is not None:
            self.resumes.holder(login.resumed)
        earlier = self.people.session(uid)
        if earlier is not None and earlier.resume == login.resumed is not None:
            self.people.succeed(person)
            self.rooms.succeed(earlier, person)
            self.privates.succeed(earlier, person)
            earlier.end(CloseReason.REPLACED)
        else:
            if self.config.auth == AuthMode.NICK:
                self.people.require_free(person.name)
            self.people.require_alone(person)
            self.throttle.arrive(uid, person.name)
            self.people.arrive(person)
            self.rooms.arrive(person, login.account)
        if login.resumed is not None:
            self.resumes.drop(login.resumed)
        if login.resume is not None:
            self.resumes.keep(login.resume, uid)

    def depart(self, person: Person, reason: Departure) -> None:
        """Somebody goes offline; who was replaced has gone before."""
        if self.people.leave(person, reason):
            self.rooms.leave_all(person)
            self.privates.leave(person)
            if person.resume is not None:
                self.resumes.outlive(person.resume)

    def revoke(self, uid: int, reason: CloseReason, *, keep: Live | None = None) -> int:
        """End an account's sessions and what brings them back; how many sessions."""
        self.resumes.revoke(uid, keep=keep.resume if keep else None)
        return self.registry.revoke(uid, keep=keep, reason=reason)

    def begin(self) -> None:
        """Note that whoever was online when an earlier run broke off is not now."""
        self.commit_later(EndLogins())

    def _submitted(self) -> int:
        return self.committer.submitted

    def _after_batch(self, outcomes: Iterable[Outcome]) -> None:
        sent = 0
        posts: list[SentPost] = []
        for outcome in outcomes:
            value = outcome.value
            self.parking.wake(outcome.wakes)
            if not isinstance(value, SentMail | SentPost) or value.duplicate:
                continue
            # The server's own notices are delivered, and nobody has sent them.
            sent += isinstance(value, SentMail) or value.sender != 0
            if isinstance(value, SentPost):
                posts.append(value)
        self.rooms.deliver(posts)
        self.meter.took_in(sent, self.timers.now_s())
        self.indexing.note()

    async def committed(self, command: Command) -> None:
        """Return once a command is durable, whatever it came to. Raises `Refusal`."""
        await self.committer.submit(command)

    async def change(self, command: Command, live: Callable[[], object]) -> None:
        """Return once a command is durable, and `live` has made it true of what lives.

        That happens though the asker has gone meanwhile. Raises `Refusal`.
        """
        waiter = self.committer.submit(command)
        waiter.add_done_callback(partial(_follow, live))
        await asyncio.shield(waiter)

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
            # The end of a server whose disk failed says itself what has failed.
            if refusal.kind != "storage_failed":
                LOGGER.warning("not written: %s", refusal)

    async def read(self, question: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        """The answer to a question to the store, asked on a reader's thread.

        Raises `StorageFailure` where the index cannot be read; the server ends.
        """
        try:
            return await self._readers.call(question, *args)
        except sqlite3.Error as error:
            if not is_of_the_disk(error):
                raise
            failure = index_failure(error, Layout(self.config.var))
            self.committer.give_up(failure)
            raise failure from error

    def close(self) -> None:
        """End all threads, then close the store."""
        self.people.close()
        self.attempts.close()
        self.floods.close()
        self.committer.close()
        self.indexing.close()
        self.passwords.close()
        self._readers.close()
        self.store.close()
