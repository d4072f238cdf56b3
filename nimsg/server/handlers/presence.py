"""Who is online, who was, and a text for all who are."""

from nimsg.protocol import requests as q
from nimsg.protocol.codec import encode_event
from nimsg.protocol.results_people import (
    Broadcasted,
    BroadcastText,
    Online,
    OnlineRow,
    Seen,
    SeenRow,
    SeenSince,
)
from nimsg.protocol.rules import check_message
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.people import known_account


MS_PER_S = 1000


async def list_(context: Context, _: q.Nothing) -> Reply:
    """Who else is online."""
    rows = [
        OnlineRow(person.name, person.since, person.device)
        for person in context.services.people.seen_by(context.uid)
    ]
    return Reply(Online(sorted(rows, key=lambda row: row.user)))


async def since(context: Context, params: q.OnlineSince) -> Reply:
    """Who else was online in the last seconds."""
    services, now = context.services, context.services.clock()
    since_at = now - params.seconds * MS_PER_S
    written = await services.read(services.store.seen_since, since_at)
    rows = {
        one.name: SeenRow(one.name, online=False, seen_at=one.at)
        for one in written
        if one.uid != context.uid and not services.blocks.blocks(one.uid, context.uid)
    }
    for person in services.people.seen_by(context.uid):
        rows[person.name] = SeenRow(person.name, online=True, seen_at=now)
    return Reply(SeenSince([rows[name] for name in sorted(rows)], since_at))


async def seen(context: Context, params: q.OneUser) -> Reply:
    """When somebody was last online. Who blocks the asker never was."""
    services = context.services
    account = await known_account(services, params.user)
    if services.blocks.blocks(account.uid, context.uid):
        return Reply(Seen(account.name, online=False, seen_at=None))
    if services.people.session(account.uid) is not None:
        return Reply(Seen(account.name, online=True, seen_at=services.clock()))
    seen_at = await services.read(services.store.last_seen, account.uid)
    return Reply(Seen(account.name, online=False, seen_at=seen_at))


async def broadcast(context: Context, params: q.Broadcast) -> Reply:
    """Tell everybody who is online, but those who block the asker."""
    services, me = context.services, context.me.account
    check_message("", params.body)
    text = BroadcastText(me.name, params.body, services.clock())
    frame = encode_event("broadcast", text)
    reached, unreached = 0, False
    for person in services.people:
        if person.uid == me.uid:
            continue
        if services.blocks.blocks(person.uid, me.uid):
            unreached = True
        else:
            person.push(frame)
            reached += 1
    return Reply(Broadcasted(reached, unreached))
