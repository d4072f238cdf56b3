"""What the server is at, for who owns its machine."""

from nimsg.protocol import requests as q
from nimsg.server.context import Context, Reply
from nimsg.server.stats import stats


async def show(context: Context, _: q.Nothing) -> Reply:
    """Counts and measures."""
    return Reply(await stats(context.services))
