"""A way to a server on which an answer can be lost: the link breaks before it.

with Losing(server.port) as way:
    way.loses("mail.send")
    ...
    way.has_lost.wait(HANG_S)
"""

import json
import socket
import threading
from contextlib import suppress

from nimsg.protocol.constants import HEADER_BYTES
from tests.support.process import HANG_S


class Losing:
    """Passes on what both sides say. Use in `with`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._method = ""
        self._threads = [threading.Thread(target=self._serve)]
        self._open: list[socket.socket] = []
        self.has_lost = threading.Event()

    def __enter__(self) -> "Losing":
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(HANG_S)
        self._listener.close()
        self._cut(*self._open)
        for thread in self._threads:
            thread.join(HANG_S)
        for connection in self._open:
            connection.close()

    @property
    def address(self) -> str:
        """Where it listens."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def loses(self, method: str) -> None:
        """Break the link instead of passing on the next answer of a method."""
        self._method = method

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            self._open += [near, far]
            asked: set[object] = set()
            for one, other, back in ((near, far, False), (far, near, True)):
                thread = threading.Thread(
                    target=self._pass, args=(one, other, asked), kwargs={"back": back}
                )
                self._threads.append(thread)
                thread.start()

    def _pass(
        self,
        one: socket.socket,
        other: socket.socket,
        asked: set[object],
        *,
        back: bool,
    ) -> None:
        with suppress(OSError), one.makefile("rb") as heard:
            while header := heard.read(HEADER_BYTES):
                body = heard.read(int.from_bytes(header, "big"))
                said = json.loads(body)
                if said.get("method") == self._method:
                    asked.add(said["id"])
                    self._method = ""
                if back and said.get("id") in asked:
                    self.has_lost.set()
                    break
                other.sendall(header + body)
        self._cut(one, other)

    @staticmethod
    def _cut(*connections: socket.socket) -> None:
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
