"""The server, put together: store, services, listeners, and an orderly end."""

import asyncio
import os
import ssl
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from math import inf

from nimsg.config import ServerConfig
from nimsg.errors import StorageFailure
from nimsg.logs import LOGGER
from nimsg.protocol.codec import encode_refusal
from nimsg.server.descriptors import (
    HOW_TO_RAISE,
    TURNED_AWAY,
    allow_many_files,
    files_for,
    most_files,
    open_files,
    require_files,
    served_most,
)
from nimsg.server.listener import READ_BUFFER, TOO_MANY, Listener, Terms, no_place
from nimsg.server.retention import keep_purging
from nimsg.server.services import Services, wall_clock_ms
from nimsg.server.session import Session
from nimsg.server.socketpath import bound_socket
from nimsg.server.stats import keep_writing
from nimsg.server.threads import Threads
from nimsg.server.timers import Timers
from nimsg.server.tls import tls_of
from nimsg.store.base import Store


FULL_TOLD_S = 60.0


class Server:
    """A server on one store.

    `clock` gives ms UTC, `entropy` so many random bytes.
    """

    def __init__(
        self,
        config: ServerConfig,
        store: Store,
        clock: Callable[[], int] = wall_clock_ms,
        timers: Timers | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        threads: type[Threads] = Threads,
    ) -> None:
        self.config = config
        self.services = Services(config, store, clock, entropy, timers, threads)
        self.port = config.port
        self._listener: Listener | None = None
        self._listeners: list[Listener | asyncio.Server] = []
        self._sessions_most = config.max_clients
        self._full_again_s = -inf

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Listen, say `ready`, serve until `stop` is set, and end in order.

        Raises `Unavailable` for a port in use, `ConfigError` for a certificate that
        is none, `StorageFailure` when the disk fails.
        """
        try:
            await self._listen()
            self.services.countdown.due = stop.set
            if not self.config.local_only:
                self.services.begin()
            ready()
            async with asyncio.TaskGroup() as tasks:
                working = [tasks.create_task(work) for work in self._works()]
                await stop.wait()
                await self._finish()
                for task in working:
                    task.cancel()
        except* StorageFailure as group:
            raise StorageFailure(str(group.exceptions[0])) from group
        finally:
            await self._hang_up()
            self.services.close()

    def reload(self) -> None:
        """Read the certificate again; connections stay, new ones get the new one."""
        if self.services.tls is not None:
            self.services.tls.reload()
        elif not self.config.secured:
            LOGGER.warning("SIGHUP: there is no certificate to read again")

    def _works(self) -> Iterator[Coroutine[None, None, None]]:
        yield self.services.committer.run()
        if not self.config.local_only:
            yield self.services.indexing.run()
            yield keep_purging(self.services)
        if self._listener is not None:
            yield self._listener.run(self._terms(), self._serve)
        if self.services.tls is not None:
            yield self.services.tls.watch()
        if self.config.prometheus is not None:
            yield keep_writing(
                self.services,
                self.config.prometheus,
                self.config.prometheus_interval_s,
            )

    async def _listen(self) -> None:
        allow_many_files()
        if not self.config.local_only:
            # A host that is none gets no certificate, which would keep its name.
            self._listener = Listener(self.config.host, self.config.port)
            self._listeners.append(self._listener)
            self.port = self._listener.port
            self.services.meter.handshakes = self._listener.handshakes
            self.services.tls = tls_of(self.config, self.services.clock)
        admin = await asyncio.start_unix_server(
            self._serve_local,
            sock=bound_socket(self.config.var / "admin.sock"),
            limit=READ_BUFFER,
        )
        self._listeners.append(admin)
        if not self.config.local_only:
            self._limit_sessions()

    def _limit_sessions(self) -> None:
        """How many are served, so that the store always has its descriptors."""
        wanted, files, already = self.config.max_clients, most_files(), open_files()
        require_files(files, files_for(1, already))
        most = self._sessions_most = min(wanted, served_most(files, already))
        self.services.limits["clients"] = most
        if most < wanted:
            LOGGER.warning(
                "the limit of open files is %d: %d connections are taken at most, not "
                "%d (--max-clients), for which it has to be %d; %s",
                *(files, most, wanted, files_for(wanted, already), HOW_TO_RAISE),
            )

    def _terms(self) -> Terms:
        return Terms(
            self._context,
            self.config.tls_deadline_s,
            self._sessions_most + TURNED_AWAY,
            self.services.meter.refused,
            self.services.throttle.enter,
            self.services.throttle.leave,
            self._say_full,
            self.services.floods.spoke_no_tls,
        )

    def _context(self) -> ssl.SSLContext | None:
        tls = self.services.tls
        return tls.context if tls else None

    def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Coroutine[None, None, None] | None:
        if len(self.services.registry) >= self._sessions_most:
            self._say_full()
            self.services.meter.refused(TOO_MANY)
            writer.write(encode_refusal(None, no_place()))
            writer.close()
            return None
        return Session(self.services, reader, writer, local=False).run()

    def _say_full(self) -> None:
        """Log that somebody is refused; once in a minute, however many come."""
        now_s = self.services.timers.now_s()
        if now_s >= self._full_again_s:
            self._full_again_s = now_s + FULL_TOLD_S
            most = self._sessions_most
            by = "--max-clients"
            if most < self.config.max_clients:
                by = "the limit of open files"
            LOGGER.warning("connections are refused: the most is %d, by %s", most, by)

    def _serve_local(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Coroutine[None, None, None]:
        return Session(self.services, reader, writer, local=True).run()

    async def _finish(self) -> None:
        """Take nothing new, answer what was taken, say goodbye, cut off the rest."""
        services = self.services
        services.stopping = True
        for listener in self._listeners:
            listener.close()
        services.parking.wake_all()
        for session in services.registry:
            session.finish()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.stop_deadline_s):
                await services.registry.emptied()
        await services.committer.drained()

    async def _hang_up(self) -> None:
        """Leave no connection behind, however the serving ended."""
        for listener in self._listeners:
            listener.close()
        for session in self.services.registry:
            session.cut_off()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.stop_deadline_s):
                await self.services.registry.emptied()
