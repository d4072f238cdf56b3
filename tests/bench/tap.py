"""A wire between a client and a server that tells when an answer has come through."""

import select
import socket
import struct
import time
from typing import Self

from tests.bench.proc import HOST
from tests.bench.pty import CHUNK, PATIENCE_S, Terminal, Wrote


HEADER = struct.Struct(">I")


class Tap:
    """Passes on what one client and the server on `port` say. Use in `with`.

    `answered_s` is when the first answer that holds `wanted` was passed on.
    """

    def __init__(self, port: int, wanted: bytes) -> None:
        self.answered_s: float | None = None
        self._wanted = wanted
        self._server_port = port
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self._others: dict[socket.socket, socket.socket] = {}
        self._server: socket.socket | None = None
        self._said = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (*self._others, self._listening):
            one.close()

    def watch(self, terminal: Terminal, quiet_s: float) -> list[Wrote]:
        """What a client draws until it is quiet after the answer."""
        wrote: list[Wrote] = []
        until_s = time.perf_counter() + PATIENCE_S
        while True:
            sources: list[int | socket.socket] = [
                terminal.fd,
                self._listening,
                *self._others,
            ]
            left_s = max(until_s - time.perf_counter(), 0)
            ready, _, _ = select.select(sources, [], [], left_s)
            if not ready:
                return wrote
            if terminal.fd in ready:
                wrote.append(terminal.read())
            if self._listening in ready:
                self._accept()
            for one in ready:
                if isinstance(one, socket.socket) and one in self._others:
                    self._pass_on(one)
            if self.answered_s is not None:
                until_s = self.answered_s + quiet_s

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        server = socket.create_connection((HOST, self._server_port))
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = server
        self._others |= {client: server, server: client}

    def _pass_on(self, source: socket.socket) -> None:
        data = source.recv(CHUNK)
        if source is self._server and self.answered_s is None:
            self._hear(data)
        if data:
            self._others[source].sendall(data)
            return
        other = self._others.pop(source)
        self._others.pop(other, None)
        source.close()
        other.close()

    def _hear(self, data: bytes) -> None:
        """Look into each whole frame."""
        self._said += data
        while len(self._said) >= HEADER.size:
            end = HEADER.size + HEADER.unpack_from(self._said)[0]
            if len(self._said) < end:
                return
            if self._wanted in self._said[:end]:
                self.answered_s = time.perf_counter()
                return
            del self._said[:end]
