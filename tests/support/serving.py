"""A real server in this process, on a free port and a folder of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict, Unpack

from nimsg.config import ServerConfig
from nimsg.server.app import Server
from nimsg.server.services import wall_clock_ms
from nimsg.server.timers import Timers
from nimsg.store.base import Store
from nimsg.store.local import LocalStore


class Changes(TypedDict, total=False):
    """What a test may set of a server's config."""

    host: str
    port: int
    auth: str
    registration: str
    tls_cert: Path | None
    tls_key: Path | None
    tls: bool
    prometheus: Path | None
    prometheus_interval_s: float
    max_clients: int
    min_free_bytes: int
    login_deadline_s: float
    frame_deadline_s: float
    tls_deadline_s: float
    stop_deadline_s: float
    settle_interval_s: float
    block_duration_s: float
    lockout_scope: str
    idle_timeout_s: float
    hash_memory_kib: int
    hash_rounds: int
    limits: Mapping[str, int]


def quick_config(var: Path, **changes: Unpack[Changes]) -> ServerConfig:
    """A config whose password hashes cost next to nothing."""
    config = ServerConfig(
        var=var, port=0, hash_memory_kib=8, hash_rounds=1, settle_interval_s=0.01
    )
    return config._replace(**changes)


@asynccontextmanager
async def serving(
    config: ServerConfig,
    *,
    store: Store | None = None,
    clock: Callable[[], int] = wall_clock_ms,
    stop: asyncio.Event | None = None,
    timers: Timers | None = None,
) -> AsyncIterator[Server]:
    """A server that listens inside the block and has ended in order behind it.

    `stop` asks it to end earlier; `timers` are its deadlines, the real ones left out.
    """
    server = Server(
        config,
        store or LocalStore(config.var, min_free_bytes=config.min_free_bytes),
        clock,
        timers,
    )
    stop, ready = stop or asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(server.serve(stop, ready.set))
        waiting = tasks.create_task(ready.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        try:
            yield server
        finally:
            waiting.cancel()
            stop.set()
