"""The blocking shell: one socket, one request at a time, for verbs and scripts.

It imports no event loop and nothing heavy: a shell prompt waits for it.
"""

import socket
import time
from collections.abc import Callable
from typing import cast

from nimsg.client.address import Address, Security
from nimsg.client.failures import (
    broken,
    ended,
    lost,
    pauses,
    silent,
    turned_away,
    unreached,
)
from nimsg.errors import ProtocolFault, Unreachable, tls_words
from nimsg.protocol.answer import Answer, JsonObject


READ_BYTES = 65_536
# The longest part of a host's name (RFC 1035, section 2.3.4).
LABEL_CHARS = 63


class BlockingClient:
    """A connection over which methods are called. Close it, or use it in `with`.

    Each call has `timeout_s` in all: bytes that answer nothing buy no time. Each time
    that it is to wait for the server it does something quick `meanwhile`.
    """

    def __init__(
        self,
        sock: socket.socket,
        address: Address,
        timeout_s: float,
        meanwhile: Callable[[], object] = bool,
    ) -> None:
        # Loaded while the server takes the connection and says hello.
        from nimsg.client.session import ClientSession

        self._socket = sock
        self._address = address
        self.timeout_s = timeout_s
        self._deadline = 0.0
        self._meanwhile = meanwhile
        self._session = ClientSession()
        self._early: list[Answer] = []

    def __enter__(self) -> "BlockingClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def hello(self) -> JsonObject:
        """What the server said first."""
        return self._session.hello

    def greet(self) -> None:
        """Wait for the server's hello.

        Raises `Refusal` where it says no instead, `Unreachable` where it says nothing.
        """
        self._start_clock(self.timeout_s)
        while not self._session.hello:
            self._receive()
            for answer in self._early:
                if answer.refusal is not None:
                    raise answer.refusal

    def call(
        self, method: str, params: JsonObject, timeout_s: float | None = None
    ) -> JsonObject:
        """The result of one method.

        `timeout_s` replaces the connection's own for this call. Raises `Refusal` as
        the server does, `Unreachable` when the connection or the time is over.
        """
        self._start_clock(self.timeout_s if timeout_s is None else timeout_s)
        answer = self._await(self._ask(method, params))
        if answer.refusal is not None:
            raise answer.refusal
        return answer.result

    def ask(self, method: str, params: JsonObject) -> int:
        """Send a request and do not wait; what `answer` is to be called with.

        Raises `Unreachable` when the connection is over.
        """
        self._start_clock(self.timeout_s)
        return self._ask(method, params)

    def answer(self, id_: int) -> Answer:
        """The answer to what was asked, as a result or a refusal.

        Raises `Unreachable` when the connection or the time is over.
        """
        self._start_clock(self.timeout_s)
        return self._await(id_)

    def _ask(self, method: str, params: JsonObject) -> int:
        id_, data = self._session.request(method, params)
        self._send(data)
        return id_

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _await(self, id_: int) -> Answer:
        while True:
            for answer in self._early:
                if answer.id in (id_, None):
                    self._early.remove(answer)
                    return answer
            self._receive()

    def _start_clock(self, timeout_s: float) -> None:
        self._deadline = time.monotonic() + timeout_s

    def _limit_time(self) -> None:
        """Give the next call of the socket what is left. Raises `TimeoutError`."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(left_s)

    def _send(self, data: bytes) -> None:
        try:
            self._limit_time()
            self._socket.sendall(data)
        except OSError as error:
            # The server may have said why before it hung up.
            if isinstance(error, BrokenPipeError | ConnectionResetError):
                self._receive_last()
            raise self._lost(error) from None

    def _receive(self) -> None:
        self._meanwhile()
        try:
            self._limit_time()
            data = self._socket.recv(READ_BYTES)
        except OSError as error:
            raise self._lost(error) from None
        if not data:
            raise self._ended()
        try:
            messages = self._session.receive(data)
        except ProtocolFault as fault:
            raise broken(self._address, fault) from None
        self._early += [message for message in messages if isinstance(message, Answer)]

    def _receive_last(self) -> None:
        try:
            self._receive()
        except (Unreachable, ProtocolFault):
            return

    def _lost(self, error: OSError | None) -> Unreachable:
        for answer in self._early:
            if answer.id is None and answer.refusal is not None:
                return turned_away(self._address, answer.refusal)
        if isinstance(error, TimeoutError):
            return silent(self._address, greeted=bool(self._session.hello))
        why = self._session.closing or (tls_words(error) if error else "")
        return ended(self._address, why, greeted=bool(self._session.hello))

    def _ended(self) -> Unreachable:
        try:
            self._session.end()
        except ProtocolFault as fault:
            return lost(self._address, str(fault))
        return self._lost(None)


def connect(
    address: Address,
    security: Security,
    *,
    timeout_s: float,
    patience_s: float = 0.0,
    meanwhile: Callable[[], object] = bool,
) -> BlockingClient:
    """A greeted connection.

    A server that is not there yet is tried again for `patience_s`, with growing
    pauses. Raises `Unreachable`, or `Refusal` where the server says no.
    """
    deadline = time.monotonic() + patience_s
    waits = pauses()
    while True:
        try:
            return _connect_once(address, security, timeout_s, meanwhile)
        except Unreachable:
            pause_s = next(waits)
            if time.monotonic() + pause_s > deadline:
                raise
        time.sleep(pause_s)  # noqa: TID251 - nothing else can happen meanwhile


def _connect_once(
    address: Address,
    security: Security,
    timeout_s: float,
    meanwhile: Callable[[], object],
) -> BlockingClient:
    sock = _open_socket(address, security, timeout_s)
    client = BlockingClient(sock, address, timeout_s, meanwhile)
    try:
        client.greet()
    except BaseException:
        client.close()
        raise
    return client


def _open_socket(
    address: Address, security: Security, timeout_s: float
) -> socket.socket:
    try:
        if address.host.startswith("/"):
            return _open_unix(address.host, timeout_s)
        sock = socket.create_connection(_encoded(address), timeout_s)
    except (OSError, UnicodeError) as error:
        raise unreached(address, error) from None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not security.wanted(address):
        return sock
    from nimsg.client.tls import secured

    return secured(sock, address, security)


def _encoded(address: Address) -> tuple[str, int]:
    """The address as bytes where that says the same, as the system wants them.

    For a text `socket` loads a codec for names in other scripts, which takes longer
    than connecting does.
    """
    labels = address.host.removesuffix(".").split(".")
    if not all(label.isascii() and 0 < len(label) <= LABEL_CHARS for label in labels):
        return address
    return cast("str", address.host.encode("ascii")), address.port


def _open_unix(path: str, timeout_s: float) -> socket.socket:
    from pathlib import Path

    from nimsg.socketpath import short_socket_path

    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    try:
        with short_socket_path(Path(path)) as short:
            sock.connect(short)
    except BaseException:
        sock.close()
        raise
    return sock
