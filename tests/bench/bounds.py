"""The least a Python server can do and still answer durably: bounds, not products.

    python -m tests.bench.bounds MODE PORT FOLDER

A frame is 4 bytes of length and a body; the answer is one byte. Frames that come
while a commit runs wait for the next one. What a commit does is the mode:

    log      append the batch to one log, one fdatasync
    log+file the same, then every message into its own file, unsynced
    syncfs   every message into its own file, then one syncfs
"""

import asyncio
import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

from nimsg.cli.server import loop_factory


LIBC = ctypes.CDLL(None, use_errno=True)


class BoundStore:
    """Files and a log in one folder."""

    def __init__(self, mode: str, folder: Path) -> None:
        self._mode = mode
        self._folder = folder / "box"
        self._folder.mkdir()
        self._n = 0
        self._log = os.open(
            folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600
        )

    def commit(self, bodies: list[bytes]) -> None:
        """Make a batch durable as the mode has it."""
        if self._mode.startswith("log"):
            os.write(self._log, b"".join(bodies))
            os.fdatasync(self._log)
        if self._mode != "log":
            for body in bodies:
                self._put(body)
        if self._mode == "syncfs" and LIBC.syncfs(self._log):
            raise OSError(ctypes.get_errno(), "syncfs")

    def _put(self, body: bytes) -> None:
        self._n += 1
        temporary = self._folder / f"t{self._n}"
        fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.write(fd, body)
        os.close(fd)
        temporary.rename(self._folder / f"m{self._n}")


class BoundServer:
    """Group commit and nothing else."""

    def __init__(self, store: BoundStore) -> None:
        self._store = store
        self._waiting: list[tuple[asyncio.StreamWriter, bytes]] = []
        self._work = asyncio.Event()

    async def serve(self, port: int) -> None:
        """Serve for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._commit())
            await asyncio.start_server(self._take, "127.0.0.1", port)

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int.from_bytes(await reader.readexactly(4), "big")
                self._waiting.append((writer, await reader.readexactly(length)))
                self._work.set()

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                batch, self._waiting = self._waiting, []
                bodies = [body for _, body in batch]
                await loop.run_in_executor(None, self._store.commit, bodies)
                for writer, _ in batch:
                    writer.write(b"K")


def main() -> None:
    """Serve one mode."""
    mode, port, folder = sys.argv[1:]
    server = BoundServer(BoundStore(mode, Path(folder)))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(server.serve(int(port)))


if __name__ == "__main__":
    main()
