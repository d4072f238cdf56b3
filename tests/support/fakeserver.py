"""Servers that are none: a listening thread that does to a client what it is told."""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from nimsg.errors import KINDS
from nimsg.protocol.constants import HEADER_BYTES, LIMITS, PROTOCOL_VERSION
from nimsg.protocol.framing import encode_frame
from nimsg.protocol.strict import JsonObject
from tests.support.process import HANG_S


Behaviour = Callable[[socket.socket], None]

WELCOME: JsonObject = {"user": "bob", "role": "user", "new": 0, "pending": 0, "time": 1}


class FakeServer:
    """Serves one connection after the other by `behave`. Use in `with`."""

    def __init__(self, behave: Behaviour, port: int = 0) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._began = threading.Event()

    def __enter__(self) -> "FakeServer":
        # Of two threads that install a tracer at once one fails, and a fake needs none.
        tracer = threading.gettrace()
        threading.settrace(None)
        self._thread.start()
        self._began.wait(HANG_S)
        if tracer is not None:
            threading.settrace(tracer)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(HANG_S)
        assert not self._thread.is_alive()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def _serve(self) -> None:
        self._began.set()
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(HANG_S)
            with connection, suppress(OSError):
                self._behave(connection)


# -- frames


def frame(message: object) -> bytes:
    """Any JSON value as a frame."""
    return encode_frame(json.dumps(message).encode())


def hello(**changes: object) -> bytes:
    """What a server says first."""
    params = {
        "server": "fake",
        "versions": [PROTOCOL_VERSION],
        "auth": "open",
        "registration": "open",
        "features": [],
        "limits": {name: row.value for name, row in LIMITS.items()},
        "time": 1,
    }
    return event("hello", {**params, **changes})


def event(method: object, params: object) -> bytes:
    """Something said unasked."""
    return frame({"jsonrpc": "2.0", "method": method, "params": params})


def result(id_: object, value: object) -> bytes:
    """An answer."""
    return frame({"jsonrpc": "2.0", "id": id_, "result": value})


def refusal(id_: object, kind: str, detail: str = "no") -> bytes:
    """A refusal."""
    code = KINDS[kind].code if kind in KINDS else -32099
    error = {"code": code, "message": detail, "data": {"kind": kind}}
    return frame({"jsonrpc": "2.0", "id": id_, "error": error})


def read_request(connection: socket.socket) -> JsonObject:
    """The next request. Raises `ConnectionError` at the end."""
    length = int.from_bytes(_read(connection, HEADER_BYTES), "big")
    request: JsonObject = json.loads(_read(connection, length))
    return request


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


# -- behaviours


def saying(*chunks: bytes) -> Behaviour:
    """Say something and hang up, whatever is asked."""

    def behave(connection: socket.socket) -> None:
        for chunk in chunks:
            connection.sendall(chunk)

    return behave


def saying_and_staying(*chunks: bytes) -> Behaviour:
    """Say something, then nothing, until the client hangs up."""

    def behave(connection: socket.socket) -> None:
        saying(*chunks)(connection)
        while connection.recv(65_536):
            pass

    return behave


def answering(reply: Callable[[JsonObject], bytes], greeting: bytes = b"") -> Behaviour:
    """Greet, and send whatever bytes a request is worth."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(greeting or hello())
        while True:
            connection.sendall(reply(read_request(connection)))

    return behave


def obliging(answers: Mapping[str, JsonObject | str]) -> Behaviour:
    """Log anybody in, and answer each method by a result or the kind of a refusal."""
    known: dict[str, JsonObject | str] = {"auth.login": WELCOME, **answers}

    def reply(request: JsonObject) -> bytes:
        answer = known.get(str(request["method"]), "method_not_found")
        if isinstance(answer, str):
            return refusal(request["id"], answer)
        return result(request["id"], answer)

    return answering(reply)
