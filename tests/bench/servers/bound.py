"""The least a Python server can do and still answer durably: a bound, not a product.

    python -m tests.bench.servers.bound MODE PORT FOLDER

A frame is 4 bytes of length, then the recipient, a NUL and the body; the answer is one
byte. Frames that come while a commit runs wait for the next one. What a commit does:

    none      nothing: only the loopback and the interpreter
    log       append the batch to one log, one fdatasync
    log-file  the same, then each message into a file of its own, not synced
    syncfs    each message into a file of its own, one syncfs
    fsync     each message into a file of its own, it and its folder synced, 16 threads
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from tests.bench.proc import HOST, sync_disk


THREADS = 16


class Store:
    """A log, and a folder for each recipient."""

    def __init__(self, mode: str, folder: Path) -> None:
        self._mode = mode
        self._folder = folder
        self._count = 0
        self._boxes: dict[bytes, tuple[str, int]] = {}
        self._pool = ThreadPoolExecutor(THREADS)
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
        self._log = os.open(folder / "log", flags, 0o600)

    def commit(self, frames: Sequence[bytes]) -> None:
        """Make a batch durable as the mode has it."""
        numbers = range(self._count, self._count + len(frames))
        self._count += len(frames)
        if self._mode in ("log", "log-file"):
            os.write(self._log, b"".join(frames))
            os.fdatasync(self._log)
        if self._mode in ("log-file", "syncfs"):
            for frame, number in zip(frames, numbers, strict=True):
                self._put(frame, number)
        if self._mode == "syncfs":
            sync_disk(self._folder)
        if self._mode == "fsync":
            list(self._pool.map(self._put_durably, frames, numbers))

    def _put(self, frame: bytes, number: int) -> None:
        box, _, fd = self._written(frame, number)
        os.close(fd)
        os.rename(f"{box}/t{number}", f"{box}/m{number}")  # noqa: PTH104 - the least

    def _put_durably(self, frame: bytes, number: int) -> None:
        box, folder, fd = self._written(frame, number)
        os.fsync(fd)
        os.close(fd)
        os.rename(f"{box}/t{number}", f"{box}/m{number}")  # noqa: PTH104
        os.fsync(folder)

    def _written(self, frame: bytes, number: int) -> tuple[str, int, int]:
        to, _, body = frame.partition(b"\0")
        box, folder = self._box(to)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
        fd = os.open(f"{box}/t{number}", flags, 0o600)
        os.write(fd, body)
        return box, folder, fd

    def _box(self, to: bytes) -> tuple[str, int]:
        if to not in self._boxes:
            path = self._folder / "box" / to.decode()
            path.mkdir(parents=True, exist_ok=True)
            self._boxes[to] = str(path), os.open(path, os.O_RDONLY)
        return self._boxes[to]


class Server:
    """Group commit, in a thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Connection, bytes]] = []
        self._work = asyncio.Event()

    def add(self, connection: "Connection", frame: bytes) -> None:
        """Let a frame wait for the next commit."""
        self._waiting.append((connection, frame))
        self._work.set()

    async def commit(self) -> None:
        """Commit what waits, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                batch, self._waiting = self._waiting, []
                frames = [frame for _, frame in batch]
                await loop.run_in_executor(None, self._store.commit, frames)
                for connection, _ in batch:
                    connection.answer()


class Connection(asyncio.Protocol):
    """Cuts frames out."""

    def __init__(self, server: Server, *, at_once: bool) -> None:
        self._server = server
        self._at_once = at_once
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        buffer = self._buffer
        buffer += data
        while len(buffer) >= 4:
            end = 4 + int.from_bytes(buffer[:4], "big")
            if len(buffer) < end:
                return
            if self._at_once:
                self.answer()
            else:
                self._server.add(self, bytes(buffer[4:end]))
            del buffer[:end]

    def answer(self) -> None:
        """Say that it is durable."""
        assert self._transport is not None
        self._transport.write(b"K")


async def serve(mode: str, port: int, folder: Path) -> None:
    """Serve for ever."""
    server = Server(Store(mode, folder))
    loop = asyncio.get_running_loop()
    await loop.create_server(
        lambda: Connection(server, at_once=mode == "none"), HOST, port, backlog=1024
    )
    await server.commit()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
