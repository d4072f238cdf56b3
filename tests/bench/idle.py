"""Ten thousand connections that want nothing: what they cost one server process."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.sizes import Row, Size
from tests.support.crowd import Crowd
from tests.support.process import ServerProcess, environment


# Of the sizes' seconds: a minute in full.
HELD = 3
ROOM_FOR = 16_000


def idle(size: Size, folder: Path) -> Iterator[Row]:
    """Idle logged-in connections to one server process, from a process of their own."""
    yield (
        *("connections", "logged in", "held", "RSS MiB empty", "RSS MiB held"),
        *("KiB a connection", "answered then"),
    )
    count, held_s = size.connections * size.room_s, HELD * size.room_s
    options = ("--auth", "open", "--max-clients", str(ROOM_FOR))
    home = folder / "idle"
    home.mkdir()
    with ServerProcess(home / "var", *options, env=environment(home)) as server:
        empty = rss_kib(server)
        begun = time.monotonic()
        with Crowd(server.port, idle=count) as crowd:
            crowd.ready()
            came_s = time.monotonic() - begun
            crowd.stays(held_s)
            full = rss_kib(server)
            pinged = crowd.pinged()
        yield (
            *(str(count), f"{came_s:.1f} s", f"{held_s} s"),
            *(f"{empty / 1024:.1f}", f"{full / 1024:.1f}"),
            *(f"{(full - empty) / count:.1f}", str(pinged)),
        )


def rss_kib(server: ServerProcess) -> int:
    """The memory of a server now."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0])
