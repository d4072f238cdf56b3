"""The end of the server, by an admin or by the owner of its folder."""

from nimsg.protocol import requests as q
from nimsg.protocol.results import Done
from nimsg.server.context import Context, Reply


async def announce(context: Context, params: q.Shutdown) -> Reply:
    """Announce the end."""
    return Reply(context.services.countdown.announce(params.delay_s))


async def cancel(context: Context, _: q.Nothing) -> Reply:
    """Cancel the end."""
    context.services.countdown.cancel()
    return Reply(Done())
