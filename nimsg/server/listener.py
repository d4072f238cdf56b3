"""Takes connections by TCP, and no more of them than there are descriptors for."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from nimsg.errors import ConfigError, NimsgError, Refusal, Unavailable, tls_words
from nimsg.logs import LOGGER
from nimsg.protocol.codec import encode_refusal
from nimsg.server.peer import keep_alive


BACKLOG = 1024
TOO_MANY = "too_many_clients"
READ_BUFFER = 65_536
# Else the system keeps megabytes of what a peer does not read, beside `unsent_bytes`.
SEND_BUFFER = 131_072
PAUSE_S = 1.0
# So many at once are told over TLS why they are refused; others are hung up on.
REFUSED_AT_ONCE = 16
OWN_HOST = (
    "give --host an address of this machine: 127.0.0.1 is for itself alone, 0.0.0.0 or "
    ":: for everybody"
)
PRIVILEGED = (
    "choose a port of 1024 or more with --port, or give the server the capability "
    "CAP_NET_BIND_SERVICE"
)
# Why there is nowhere to listen, and what to do, where another try mends nothing.
NOWHERE = {
    errno.EADDRNOTAVAIL: f"this machine has no such address; {OWN_HOST}",
    errno.EACCES: f"Permission denied; {PRIVILEGED}",
    errno.EINVAL: "an address that begins with fe80: needs its interface, as in "
    f"fe80::1%eth0; or {OWN_HOST}",
}
# No name of a host has these; a port or brackets bring them in.
NO_HOST = frozenset("[]:/")
HOST_ALONE = "give --host the host alone, without brackets, and the port to --port"
# Nothing more can be opened just now.
SCARCE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

Door = Callable[[str], object]
LetGo = Callable[[str], None]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None]


def no_place() -> Refusal:
    """The server has all its connections."""
    why = "the server is full; try again when somebody has gone"
    return Refusal(TOO_MANY, why, {"limit": "clients"})


class Terms(NamedTuple):
    """How connections are taken.

    `context` gives the TLS of the next one, None for none; `most` counts those that
    are still shaking hands too. `enter` raises `Refusal` for an address that has too
    many; `leave` is told when one that was let in is over, `full` that there are
    `most`, `no_tls` which address made no handshake, and why.
    """

    context: Callable[[], ssl.SSLContext | None]
    handshake_s: float
    most: int
    turned_away: Door
    enter: Door
    leave: Door
    full: Callable[[], object]
    no_tls: Callable[[str, str], object]


class Listener:
    """Places to connect to, from construction on.

    Raises `Unavailable` for a port in use, `ConfigError` for a host or a port that
    the server cannot have.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            self.sockets = _bound(host, port)
        except (OSError, UnicodeError) as error:
            raise nowhere(host, port, error) from None
        self.port: int = self.sockets[0].getsockname()[1]
        self.taken = 0
        self._shaking = 0
        self._refusing = 0
        self._accepting: list[asyncio.Task[None]] = []

    async def run(self, terms: Terms, serve: Serve) -> None:
        """Take connections until `close`; until cancelled for those not yet greeted."""
        async with asyncio.TaskGroup() as tasks:
            for sock in self.sockets:
                work = self._accept(sock, terms, serve, tasks)
                self._accepting.append(tasks.create_task(work))
                # Each closes its own, and no number is used again too early.
                self._accepting[-1].add_done_callback(partial(_close, sock))

    def handshakes(self) -> int:
        """How many are in the handshake of TLS."""
        return self._shaking

    def close(self) -> None:
        """Take none any more."""
        for task in self._accepting:
            task.cancel()
        if not self._accepting:
            for sock in self.sockets:
                sock.close()

    async def _accept(
        self, sock: socket.socket, terms: Terms, serve: Serve, tasks: asyncio.TaskGroup
    ) -> None:
        over = partial(self._let_go, terms)
        while True:
            found = await _next(sock)
            if found is None:
                continue
            connection, address = found
            try:
                self._let_in(address, terms)
            except Refusal as refusal:
                self._turn_away(found, terms, refusal, tasks)
                continue
            protocol = _Protocol(serve, address, over)
            tasks.create_task(self._take(connection, terms, protocol))

    def _let_in(self, address: str, terms: Terms) -> None:
        """Count one more. Raises `Refusal`."""
        if self.taken >= terms.most:
            terms.full()
            raise no_place()
        terms.enter(address)
        self.taken += 1

    async def _take(
        self, connection: socket.socket, terms: Terms, protocol: "_Protocol"
    ) -> None:
        """Begin with TLS where it is spoken, and hand the connection over."""
        tls = terms.context()
        self._shaking += 1
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=tls,
                ssl_handshake_timeout=terms.handshake_s if tls else None,
                ssl_shutdown_timeout=terms.handshake_s if tls else None,
            )
        except OSError as error:
            terms.no_tls(protocol.address, tls_words(error) or "it hung up")
        except Exception:  # noqa: BLE001 - one connection ends no server
            LOGGER.exception("a fault of ours in taking a connection")
        finally:
            self._shaking -= 1
            if not protocol.begun:
                protocol.over()

    def _let_go(self, terms: Terms, address: str) -> None:
        self.taken -= 1
        terms.leave(address)

    def _turn_away(
        self,
        found: tuple[socket.socket, str],
        terms: Terms,
        refusal: Refusal,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Hang up, with a reason: under TLS a few get one, which takes a handshake."""
        connection, address = found
        terms.turned_away(refusal.kind)
        if terms.context() is None:
            with suppress(OSError):
                connection.send(encode_refusal(None, refusal))
        elif self._refusing < REFUSED_AT_ONCE and self.taken < terms.most:
            self._refusing += 1
            # It has a descriptor as those have that are let in.
            self.taken += 1
            protocol = _Protocol(partial(_say_no, refusal), address, self._refused)
            tasks.create_task(self._take(connection, terms, protocol))
            return
        connection.close()

    def _refused(self, _: str) -> None:
        self._refusing -= 1
        self.taken -= 1


async def _say_no(
    refusal: Refusal, _: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(encode_refusal(None, refusal))
    writer.close()


async def _next(sock: socket.socket) -> tuple[socket.socket, str] | None:
    """The next connection and its address.

    None where whoever came is gone, or nothing can be opened. Those that wait already
    come without a pause, and others must have their turn.
    """
    await asyncio.sleep(0)
    try:
        connection, place = await asyncio.get_running_loop().sock_accept(sock)
        return connection, str(place[0])
    except OSError as error:
        if error.errno in SCARCE:
            LOGGER.warning("no connection is taken: %s", error.strerror)
            await asyncio.sleep(PAUSE_S)
        return None


def _close(sock: socket.socket, _: object) -> None:
    sock.close()


class _Protocol(asyncio.StreamReaderProtocol):
    """Streams that say when they are over."""

    def __init__(self, serve: Serve, address: str, let_go: LetGo) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(asyncio.StreamReader(READ_BUFFER, loop), serve, loop)
        self.begun = False
        self.address = address
        self._let_go = let_go

    def over(self) -> None:
        """The connection is over, or did not come about."""
        self._let_go(self.address)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.begun = True
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        super().connection_lost(exc)
        self.over()


def _bound(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address of a host; raises `OSError` for none."""
    rows = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    found: list[socket.socket] = []
    failure: OSError | None = None
    for family, _, _, _, place in dict.fromkeys(rows):
        # All on one port, where the system chooses it.
        at = (place[0], found[0].getsockname()[1]) if found and not port else place[:2]
        try:
            found.append(_listening(family, at))
        except OSError as error:
            failure = error
            # One kind of address may be missing; a port in use is in use.
            if error.errno == errno.EADDRINUSE:
                break
    if found and (failure is None or failure.errno != errno.EADDRINUSE):
        return found
    for sock in found:
        sock.close()
    raise failure or OSError(errno.EADDRNOTAVAIL, "the host has no address")


def _listening(family: int, place: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        keep_alive(sock)
        sock.bind(place)
        sock.settimeout(0)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def nowhere(host: str, port: int, error: OSError | UnicodeError) -> NimsgError:
    """Why nothing listens there, and what to do."""
    where = f"cannot listen on {host} port {port}"
    if not isinstance(error, OSError):
        return ConfigError(f"{where}: this is no name of a host; {OWN_HOST}")
    if isinstance(error, socket.gaierror):
        if NO_HOST.intersection(host):
            return ConfigError(f"{where}: {HOST_ALONE}")
        why = f"the name cannot be resolved ({error.strerror})"
        return ConfigError(f"{where}: {why}; {OWN_HOST}")
    number = error.errno or 0
    why = os.strerror(number)
    if number == errno.EADDRINUSE:
        return Unavailable(
            f"{where}: {why}; stop who has it, or choose another with --port"
        )
    return ConfigError(f"{where}: {NOWHERE.get(number, f'{why}; {OWN_HOST}')}")
