"""Texts that nobody has in view any more are removed when their time has come."""

import asyncio

from nimsg.core.commands import PurgeMail
from nimsg.errors import Refusal
from nimsg.logs import LOGGER
from nimsg.server.services import Services


BATCH_MOST = 100
MS_PER_DAY = 86_400_000


async def keep_purging(services: Services) -> None:
    """Look at the start and every hour; until cancelled."""
    while True:
        try:
            await purge(services)
        except Refusal as refusal:
            # The end of a server whose disk failed says itself what has failed.
            if refusal.kind != "storage_failed":
                LOGGER.warning("texts of deleted messages stay for now: %s", refusal)
        await asyncio.sleep(services.config.purge_interval_s)


async def purge(services: Services) -> int:
    """Remove what is due now; how many messages. Raises `Refusal`."""
    age_ms = int(services.config.retention_days * MS_PER_DAY)
    purged = 0
    while True:
        command = PurgeMail(services.clock() - age_ms + 1, BATCH_MOST)
        count = await services.commit(command, int)
        purged += count
        if count < BATCH_MOST:
            return purged
