"""The end of the server, by an admin or by the owner of its folder."""

from nimsg.logs import LOGGER
from nimsg.protocol import requests as q
from nimsg.protocol.results import Done
from nimsg.server.context import Context, Reply


async def announce(context: Context, params: q.Shutdown) -> Reply:
    """Announce the end."""
    LOGGER.info("shutdown in %d s, asked for by %s", params.delay_s, _who(context))
    return Reply(context.services.countdown.announce(params.delay_s))


async def cancel(context: Context, _: q.Nothing) -> Reply:
    """Cancel the end."""
    context.services.countdown.cancel()
    LOGGER.info("shutdown canceled by %s", _who(context))
    return Reply(Done())


def _who(context: Context) -> str:
    return context.session.name or "the owner of the folder"
