"""A server for the machine's owner alone, on a folder that no other server has."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nimsg.config import ServerConfig
from nimsg.errors import NimsgError
from nimsg.server.app import Server
from nimsg.store.local import LocalStore


@contextmanager
def serving_offline(var: Path, holder: str) -> Iterator[None]:
    """Answer on var/admin.sock, from a thread, as long as the `with` lasts.

    Nobody else can connect, no text is removed and none is indexed. Raises what
    opening a store raises, and `StorageFailure` where the disk fails meanwhile.
    """
    config = ServerConfig(var, local_only=True)
    server = Server(config, LocalStore(var, holder=holder))
    serving = Serving(server)
    serving.start()
    try:
        yield
    finally:
        serving.stop()


class Serving(threading.Thread):
    """A server's loop in a thread. `start` and `stop` are called from outside."""

    def __init__(self, server: Server) -> None:
        super().__init__(name="offline server")
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._stop_asked = asyncio.Event()
        self._ready = threading.Event()
        self._failure: NimsgError | OSError | None = None

    def run(self) -> None:
        """See `threading.Thread`."""
        try:
            self._loop.run_until_complete(
                self._server.serve(self._stop_asked, self._ready.set)
            )
        except (NimsgError, OSError) as error:
            self._failure = error
        finally:
            self._loop.close()
            self._ready.set()

    def start(self) -> None:
        """Return when it listens. Raises what listening raises."""
        super().start()
        self._ready.wait()
        if self._failure is not None:
            self.stop()

    def stop(self) -> None:
        """End in order. Raises what serving raised."""
        with suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._stop_asked.set)
        self.join()
        if self._failure is not None:
            raise self._failure
