"""Finding mail again: search and threads."""

from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.constants import limit
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.mail import fetched
from nimsg.store.base import SearchQuery


async def search(context: Context, params: q.Search) -> Reply:
    """Messages in the asker's view; those listed for the first time become fetched."""
    services = context.services
    query = SearchQuery(
        owner=context.uid,
        words=params.words,
        sender=params.sender,
        to=params.to,
        person=params.person,
        box=params.box,
        room=params.room,
        show=params.show,
        since=params.since,
        until=params.until,
        before=params.before,
        limit=params.limit,
    )
    await services.indexing.caught_up(limit("search_wait_ms") / 1000)
    try:
        hits = await services.read(services.store.search, query)
    except Refusal as refusal:
        if refusal.kind == "busy":
            services.indexing.note()
        raise
    rows = [hit.inbox for hit in hits.hits if hit.inbox is not None]
    return Reply(hits, afterwards=fetched(context, rows))


async def thread(context: Context, params: q.OneMail) -> Reply:
    """A message with what it answers and what answers it."""
    services = context.services
    found = await services.read(services.store.thread, context.uid, params.id)
    return Reply(found, afterwards=fetched(context, found.inbox))
