"""The asyncio shell: one connection, many calls at once, and the server's events."""

import asyncio
import socket
from collections import deque

from nimsg.client.address import Address, Security
from nimsg.client.failures import broken, ended, lost, silent, turned_away, unreached
from nimsg.client.session import ClientSession
from nimsg.client.tls import (
    check_certificate,
    make_context,
    not_secured,
    tell_distrust,
)
from nimsg.errors import NimsgError, ProtocolFault, Refusal, tls_words
from nimsg.protocol.envelope import Answer, ServerEvent
from nimsg.protocol.strict import JsonObject


EVENTS_MOST = 2000
EVENTS_BYTES = 64 * 1024 * 1024  # received while events wait to be read
CLOSE_S = 1.0


class AioClient(asyncio.Protocol):
    """A connection that methods are called over. It reads as long as it is open.

    `close` it in the end. Each call has `timeout_s` unless it is given another.
    """

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address = address
        self.timeout_s = timeout_s
        self._session = ClientSession()
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[int, asyncio.Future[JsonObject]] = {}
        self._events: deque[ServerEvent] = deque()
        self._unread = 0
        self._news = asyncio.Event()
        self._closed = asyncio.Event()
        self._error: NimsgError | None = None
        self._refusal: Refusal | None = None

    @property
    def hello(self) -> JsonObject:
        """What the server said first."""
        return self._session.hello

    @property
    def closing(self) -> str:
        """Why the server ends the connection, empty where it has not said so."""
        return self._session.closing

    @property
    def local_host(self) -> str:
        """The address of this machine that the server is reached from."""
        transport = self._transport
        name = transport.get_extra_info("sockname") if transport else None
        return str(name[0]) if isinstance(name, tuple) else ""

    async def greet(self) -> None:
        """Wait for the server's hello.

        Raises `Refusal` where it says no instead, `Unreachable` where it says nothing.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                while not (self.hello or self._error or self._refusal):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise silent(self._address, greeted=False) from None
        if not self.hello:
            raise self._refusal or self._error or lost(self._address)

    async def call(
        self, method: str, params: JsonObject, timeout_s: float | None = None
    ) -> JsonObject:
        """The result of one method.

        Raises `Refusal` as the server does, `Unreachable` when the connection or the
        time is over, `ProtocolFault` where the server has broken the protocol.
        """
        if self._error is not None or self._transport is None:
            raise self._error or lost(self._address)
        id_, data = self._session.request(method, params)
        answer: asyncio.Future[JsonObject]
        answer = self._waiting[id_] = asyncio.get_running_loop().create_future()
        self._transport.write(data)
        try:
            async with asyncio.timeout(
                self.timeout_s if timeout_s is None else timeout_s
            ):
                return await answer
        except TimeoutError:
            raise silent(self._address, greeted=True) from None
        finally:
            # An answer that comes later is still one that was asked for.
            self._waiting.pop(id_, None)

    async def event(self) -> ServerEvent:
        """What the server says next, unasked.

        Once the connection is over and all was given, raises like `call`.
        """
        while not self._events:
            if self._error is not None:
                raise self._error
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    async def close(self) -> None:
        """Hang up, once what was written is gone or a second has passed."""
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._closed.wait()
        except TimeoutError:
            self._transport.abort()
            await self._closed.wait()

    def abort(self) -> None:
        """Hang up at once, whatever is unsent."""
        self._fail(lost(self._address))
        if self._transport is not None:
            self._transport.abort()

    # -- what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._error is not None:
            return
        self._unread = self._unread + len(data) if self._events else len(data)
        try:
            for message in self._session.receive(data):
                self._take(message)
        except ProtocolFault as fault:
            self._fail(broken(self._address, fault))
        self._news.set()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`."""
        try:
            self._session.end()
        except ProtocolFault as fault:
            self._fail(lost(self._address, str(fault)))

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._refusal is not None:
            self._fail(turned_away(self._address, self._refusal))
        why = self.closing or (tls_words(exc) if isinstance(exc, OSError) else "")
        self._fail(ended(self._address, why, greeted=bool(self.hello)))
        self._closed.set()

    # -- what came

    def _take(self, message: Answer | ServerEvent) -> None:
        if isinstance(message, ServerEvent):
            self._keep(message)
        elif message.id is None:
            self._refusal = message.refusal
        elif (answer := self._waiting.get(message.id)) and not answer.done():
            if message.refusal is not None:
                answer.set_exception(message.refusal)
            else:
                answer.set_result(message.result)

    def _keep(self, event: ServerEvent) -> None:
        if event.method in ("hello", "closing"):
            return
        if len(self._events) >= EVENTS_MOST or self._unread > EVENTS_BYTES:
            self._fail(lost(self._address, "it says more than is read here"))
            return
        self._events.append(event)

    def _fail(self, error: NimsgError) -> None:
        """Nothing more comes: say so to all who wait. The first reason stays."""
        if self._error is None:
            self._error = error
        if self._transport is not None:
            self._transport.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._error)
                # Nobody may be waiting any more.
                answer.exception()
        self._news.set()


async def connect(address: Address, security: Security, timeout_s: float) -> AioClient:
    """A greeted connection, made in `timeout_s` and the hello in as much again.

    Raises `Unreachable`, `Untrusted`, `ConfigError` for a CA file that is none, and
    `Refusal` where the server says no.
    """
    client = AioClient(address, timeout_s)
    sock = await _socket(address, timeout_s)
    loop = asyncio.get_running_loop()
    if security.wanted(address):
        await _secure(client, sock, address, security)
    else:
        await loop.create_connection(lambda: client, sock=sock)
    try:
        await client.greet()
    except BaseException:
        await client.close()
        raise
    return client


async def _socket(address: Address, timeout_s: float) -> socket.socket:
    """A connected socket, by the first address of the host that answers."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _first_that_answers(address)
    except (OSError, UnicodeError) as error:
        raise unreached(address, error) from None


async def _first_that_answers(address: Address) -> socket.socket:
    loop = asyncio.get_running_loop()
    failed: OSError = OSError(0, "the host has no address")
    # For a text the resolver's thread imports a codec, and an import that Ctrl-C has
    # broken off elsewhere would hold it for ever.
    host = address.host.encode() if address.host.isascii() else address.host
    for family, kind, proto, _, where in await loop.getaddrinfo(
        host, address.port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, proto)
        try:
            sock.setblocking(False)  # noqa: FBT003 - the socket's own way to say it
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, where)
        except OSError as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed


async def _secure(
    client: AioClient, sock: socket.socket, address: Address, security: Security
) -> None:
    """Speak TLS over the socket, with the server that was meant."""
    try:
        context = make_context(security)
    except BaseException:
        sock.close()
        raise
    tell_distrust(context, sock)
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_connection(
            lambda: client,
            sock=sock,
            ssl=context,
            server_hostname=address.host,
            ssl_handshake_timeout=client.timeout_s,
            ssl_shutdown_timeout=CLOSE_S,
        )
    except (OSError, ValueError) as error:
        raise not_secured(address, error, security) from None
    tls = transport.get_extra_info("ssl_object")
    try:
        check_certificate(tls.getpeercert(binary_form=True), address, security)
    except BaseException:
        transport.abort()
        raise
