"""Mail of other systems, taken over; and whole mailboxes, read for a copy."""

from msgspec.structs import asdict

from nimsg.core.commands import SendMail, SentMail
from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.results import Origin, Sent
from nimsg.protocol.rules import check_message, check_names
from nimsg.protocol.rules_origin import check_origin
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.people import living_account
from nimsg.server.services import Services
from nimsg.store.base import ReadQuery


async def import_(context: Context, params: q.Import) -> Reply:
    """Take over a mail, from and to the asker."""
    me = context.me.account
    return await _import(context.services, me.uid, [me.name], params)


async def import_for(context: Context, params: q.ImportFor) -> Reply:
    """Take over a mail between accounts."""
    check_names(params.to)
    uid = await _uid(context.services, params.user)
    return await _import(context.services, uid, params.to, params, beyond_quota=True)


async def read_mail(context: Context, params: q.ReadMail) -> Reply:
    """Whole messages of an account's box."""
    services = context.services
    uid = await _uid(services, params.user)
    query = ReadQuery(uid, params.box, params.after, params.limit)
    return Reply(await services.read(services.store.read, query))


async def _import(
    services: Services,
    uid: int,
    to: list[str],
    params: q.Import,
    *,
    beyond_quota: bool = False,
) -> Reply:
    check_message(params.subject, params.body)
    check_origin(params.origin)
    command = SendMail(
        uid,
        to,
        params.client_id,
        params.subject,
        params.body,
        None,
        origin=Origin(**asdict(params.origin)),
        references=params.references,
        beyond_quota=beyond_quota,
    )
    sent = await services.commit(command, SentMail)
    return Reply(Sent(**asdict(sent)))


async def _uid(services: Services, name: str) -> int:
    account = await living_account(services, name)
    if account is None:
        raise Refusal("unknown_user", data={"user": name})
    return account.uid
