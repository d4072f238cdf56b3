"""The server, put together: store, services, listeners, and an orderly end."""

import asyncio
import os
import resource
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress

from nimsg.config import ServerConfig
from nimsg.errors import Refusal, StorageFailure, Unavailable
from nimsg.protocol.codec import encode_refusal
from nimsg.server.retention import keep_purging
from nimsg.server.services import Services, wall_clock_ms
from nimsg.server.session import Session
from nimsg.server.socketpath import bound_socket
from nimsg.server.timers import Timers
from nimsg.server.tls import server_context
from nimsg.store.base import Store


BACKLOG = 1024
READ_BUFFER = 65_536


class Server:
    """A server on one store. `clock` gives ms UTC."""

    def __init__(
        self,
        config: ServerConfig,
        store: Store,
        clock: Callable[[], int] = wall_clock_ms,
        timers: Timers | None = None,
    ) -> None:
        self.config = config
        self.services = Services(config, store, clock, timers=timers)
        self.port = config.port
        self._listeners: list[asyncio.Server] = []

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

    def _works(self) -> Iterator[Coroutine[None, None, None]]:
        yield self.services.committer.run()
        if not self.config.local_only:
            yield self.services.indexing.run()
            yield keep_purging(self.services)

    async def _listen(self) -> None:
        allow_many_files()
        if not self.config.local_only:
            await self._listen_to_everybody()
        admin = await asyncio.start_unix_server(
            self._serve_local,
            sock=bound_socket(self.config.var / "admin.sock"),
            limit=READ_BUFFER,
        )
        self._listeners.append(admin)

    async def _listen_to_everybody(self) -> None:
        tls = self._tls()
        try:
            listener = await asyncio.start_server(
                self._serve,
                self.config.host,
                self.config.port,
                ssl=tls,
                ssl_handshake_timeout=self.config.tls_deadline_s if tls else None,
                backlog=BACKLOG,
                limit=READ_BUFFER,
            )
        except OSError as error:
            raise Unavailable(
                f"cannot listen on {self.config.host} port {self.config.port}: "
                f"{_reason(error)}; stop who has it, or choose another with --port"
            ) from None
        self._listeners.append(listener)
        self.port = listener.sockets[0].getsockname()[1]

    def _tls(self) -> ssl.SSLContext | None:
        cert, key = self.config.tls_cert, self.config.tls_key
        return server_context(cert, key) if cert and key else None

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(self.services.registry) >= self.config.max_clients:
            writer.write(encode_refusal(None, Refusal("too_many_clients")))
            writer.close()
            return
        await Session(self.services, reader, writer, local=False).run()

    async def _serve_local(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await Session(self.services, reader, writer, local=True).run()

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


def _reason(error: OSError) -> str:
    """Why, in the system's words; asyncio has put its own before them."""
    if isinstance(error, socket.gaierror):
        return error.strerror or "the host is unknown"
    return os.strerror(error.errno or 0)


def allow_many_files() -> None:
    """Raise the limit of open files to what the system lets this process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
