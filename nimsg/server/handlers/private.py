"""Private links: the server brings two clients together and steps aside."""

from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.results import Done
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.people import other_account


async def invite(context: Context, params: q.OneUser) -> Reply:
    """Ask somebody for a link; answered when they have. Who blocks is not asked."""
    services = context.services
    why = "a private link needs somebody else"
    other = await other_account(context, params.user, why)
    if services.blocks.blocks(other.uid, context.uid):
        raise Refusal("blocked_by_recipient", data={"user": other.name})
    invitee = services.people.session(other.uid)
    if invitee is None:
        raise Refusal("user_offline", data={"user": other.name})
    return Reply(await services.privates.invite(context.session, invitee))


async def answer(context: Context, params: q.PrivateAnswer) -> Reply:
    """Accept or decline."""
    return Reply(context.services.privates.answer(context.session, params))


async def stop(context: Context, params: q.OneUser) -> Reply:
    """End a link, or take a question back."""
    why = "a private link needs somebody else"
    other = await other_account(context, params.user, why)
    context.services.privates.stop(context.session, other.uid)
    return Reply(Done())
