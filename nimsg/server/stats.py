"""The state of a server in one answer, and as a file for a monitor."""

import asyncio
import os
from pathlib import Path
from typing import NamedTuple

from nimsg import __version__
from nimsg.logs import LOGGER
from nimsg.protocol.constants import INTERACTIVE
from nimsg.protocol.results_stats import Connections, Queues, Stats
from nimsg.server.descriptors import most_files, open_files
from nimsg.server.exposition import exposition, write_exposition
from nimsg.server.services import Services


MEMORY = Path("/proc/self/statm")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# Where who owns the machine comes from.
LOCAL = "local"


async def stats(services: Services) -> Stats:
    """What the server is at. What takes a file is read on a reader's thread."""
    sizes = await services.read(services.store.sizes)
    process = await services.read(_process)
    committer, meter = services.committer, services.meter
    now_s = services.timers.now_s()
    tls, least = services.tls, services.config.min_free_bytes
    return Stats(
        server=f"nimsg {__version__}",
        at=services.clock(),
        uptime_s=int(now_s - meter.began_s),
        connections=_connections(services),
        connections_most=services.limits["clients"],
        accounts=sizes.accounts,
        messages=sizes.messages,
        rooms=sizes.rooms,
        queues=Queues(committer.waiting, sizes.journal, sizes.unindexed),
        sent=meter.sent,
        sent_minute=meter.sent_minute(now_s),
        commits=meter.commits(),
        refusals=dict(sorted(meter.refusals.items())),
        rss_bytes=process.rss_bytes,
        open_files=process.open_files,
        open_files_most=process.open_files_most,
        free_bytes=sizes.free_bytes,
        min_free_bytes=least,
        mail_refused=sizes.free_bytes < least,
        tls_ends_at=tls.certificate.until if tls else None,
        tls_begins_at=tls.certificate.since if tls else None,
    )


def _connections(services: Services) -> Connections:
    """How many of each kind, without those of the machine's owner."""
    rows = [one.row for one in services.registry]
    devices = [row.device for row in rows if row.address != LOCAL]
    anonymous = devices.count(None)
    interactive = sum(device in INTERACTIVE for device in devices)
    return Connections(
        anonymous,
        len(devices) - anonymous - interactive,
        interactive,
        services.meter.handshakes(),
    )


class _Process(NamedTuple):
    """What the system knows of this process."""

    rss_bytes: int
    open_files: int
    open_files_most: int


def _process() -> _Process:
    """Read from /proc, so not on the loop; no memory where there is none."""
    try:
        rss = int(MEMORY.read_text("ascii").split()[1]) * PAGE_BYTES
    except OSError:
        rss = 0
    return _Process(rss, open_files(), most_files())


async def keep_writing(services: Services, path: Path, every_s: float) -> None:
    """Keep a file for a monitor up to date; until cancelled."""
    file = MonitorFile(path)
    while True:
        text = exposition(await stats(services))
        await services.read(file.put, text)
        await asyncio.sleep(every_s)


class MonitorFile:
    """A file for a monitor, and whether it could be written the last time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failed = False

    def put(self, text: str) -> None:
        """Let it hold a text. That it fails is logged once, and that it works again."""
        try:
            write_exposition(self._path, text)
        except OSError as error:
            if not self._failed:
                LOGGER.warning("%s cannot be written: %s", self._path, error.strerror)
            self._failed = True
            return
        if self._failed:
            LOGGER.warning("%s is written again", self._path)
        self._failed = False
