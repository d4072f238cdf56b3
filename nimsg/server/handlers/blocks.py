"""Blocking: durable first, then true for everything that lives."""

from functools import partial

from nimsg.core.commands import AddBlock, RemoveBlock
from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.results import Done
from nimsg.protocol.results_people import Blocks
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.people import other_account


async def add(context: Context, params: q.OneUser) -> Reply:
    """Block somebody; they are not told."""
    services, uid = context.services, context.uid
    other = await other_account(context, params.user, "you cannot block yourself")
    live = partial(services.blocks.add, uid, other.uid)
    await services.change(AddBlock(uid, other.uid), live)
    return Reply(Done())


async def remove(context: Context, params: q.OneUser) -> Reply:
    """Take a block back, of a closed account too."""
    services, uid = context.services, context.uid
    other = await services.read(services.store.account, params.user)
    if other is None:
        raise Refusal("unknown_user", data={"user": params.user})
    live = partial(services.blocks.remove, uid, other.uid)
    await services.change(RemoveBlock(uid, other.uid), live)
    return Reply(Done())


async def list_(context: Context, _: q.Nothing) -> Reply:
    """Whom the asker blocks."""
    services = context.services
    me = await services.read(services.store.account_by_uid, context.uid)
    others = [
        await services.read(services.store.account_by_uid, other) for other in me.blocks
    ]
    return Reply(Blocks(sorted(other.name for other in others)))
