"""Mail: send, list, open, acknowledge, recall, delete, and what changed."""

import asyncio

from msgspec.structs import replace

from nimsg.core.commands import Act, Copies, MailAct, SendMail, SentMail
from nimsg.core.ladder import for_sender, receipt
from nimsg.core.mail import recall_complete
from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.constants import CopyState, limit
from nimsg.protocol.results import (
    Acked,
    ChangePage,
    Done,
    InboxRow,
    Recalled,
    Receipt,
    Sent,
)
from nimsg.protocol.rules import check_message, check_recipients
from nimsg.server.context import Context, Reply
from nimsg.store.base import ListQuery


async def send(context: Context, params: q.Send) -> Reply:
    """Store a message; the answer says that its file stands."""
    services, me = context.services, context.me.account
    check_recipients(me.name, params.to)
    check_message(params.subject, params.body)
    if params.since is not None:
        # What is no cursor is refused before anything is stored.
        await _since(context, params.since, 1)
    sent = await services.commit(
        SendMail(
            me.uid,
            params.to,
            params.client_id,
            params.subject,
            params.body,
            params.reply_to,
            services.makes_mailboxes,
        ),
        SentMail,
    )
    changes = None
    if params.since is not None:
        changes = await _since(context, params.since, limit("page_rows"))
    return Reply(
        Sent(
            id=sent.id,
            sent_at=sent.sent_at,
            position=sent.position,
            to=sent.to,
            refused=sent.refused,
            digest=sent.digest,
            hash=sent.hash,
            duplicate=sent.duplicate,
            changes=changes,
        ),
        afterwards=fetched(context, changes.inbox) if changes else None,
    )


async def list_(context: Context, params: q.ListMail) -> Reply:
    """One page of a box. A page of an inbox sets fetched once it is sent."""
    services = context.services
    query = ListQuery(context.uid, params.box, params.all, params.before, params.limit)
    listing = services.store.page_at_hand(query)
    if listing is None:
        listing = await services.read(services.store.page, query)
    return Reply(listing.page, afterwards=listed(context, listing.stored))


async def changes(context: Context, params: q.Changes) -> Reply:
    """What changed since the cursor; parked while that is nothing."""
    services, uid = context.services, context.uid
    loop = asyncio.get_running_loop()
    deadline = loop.time() + params.wait_ms / 1000
    while True:
        # The ticket is taken before the question: nothing falls between them.
        ticket = services.parking.park(uid)
        try:
            page = await services.read(
                services.store.changes, uid, params.since, params.limit
            )
            left = 0.0 if services.stopping else deadline - loop.time()
            if page.inbox or page.outbox or left <= 0:
                return Reply(page, afterwards=fetched(context, page.inbox))
            await asyncio.wait({ticket}, timeout=left)
        finally:
            services.parking.leave(uid, ticket)


async def open_(context: Context, params: q.OpenMail) -> Reply:
    """A whole message. For a recipient `opened` is durable before it leaves."""
    services, me = context.services, context.me
    id_ = await _find(context, params)
    letter = await services.read(services.store.letter, context.uid, id_)
    if letter.receipt is None or letter.receipt.opened_at is not None:
        return Reply(letter)
    if params.peek:
        if letter.sender != me.account.name:
            raise Refusal("not_permitted", "opening it would set a receipt")
        return Reply(letter)
    act = MailAct(Act.OPENED, context.uid, [id_], me.device)
    copies = await services.commit(act, Copies)
    mine = _own(context, copies)
    return Reply(replace(letter, receipt=mine))


async def ack(context: Context, params: q.OneMail) -> Reply:
    """Acknowledge a received message."""
    act = MailAct(Act.ACKED, context.uid, [params.id], context.me.device)
    copies = await context.services.commit(act, Copies)
    return Reply(Acked(params.id, _own(context, copies)))


async def status(context: Context, params: q.OneMail) -> Reply:
    """One message's receipts."""
    services = context.services
    return Reply(await services.read(services.store.status, context.uid, params.id))


async def recall(context: Context, params: q.OneMail) -> Reply:
    """Withdraw a sent message from all who have not opened it."""
    act = MailAct(Act.RECALLED, context.uid, [params.id])
    copies = (await context.services.commit(act, Copies)).copies
    return Reply(
        Recalled(
            params.id,
            recall_complete(copies),
            [for_sender(receipt(name, copy)) for name, copy in copies.items()],
        )
    )


async def delete(context: Context, params: q.OneMail) -> Reply:
    """Remove a message from the asker's own view."""
    act = MailAct(Act.DELETED, context.uid, [params.id])
    await context.services.commit(act, Copies)
    return Reply(Done())


async def _find(context: Context, params: q.OpenMail) -> str:
    if (params.id is None) == (params.hash is None):
        raise Refusal("invalid_params", "give either an id or a hash")
    if params.id is not None:
        return params.id
    services = context.services
    return await services.read(services.store.find_hash, context.uid, params.hash or "")


async def _since(context: Context, since: str, most: int) -> ChangePage:
    services = context.services
    return await services.read(services.store.changes, context.uid, since, most)


def fetched(context: Context, rows: list[InboxRow]) -> MailAct | None:
    """What is to be written after these rows have reached the asker's device."""
    stored = [row.id for row in rows if row.receipt.state is CopyState.STORED]
    return listed(context, stored)


def listed(context: Context, ids: list[str]) -> MailAct | None:
    """The same for messages that were all only stored."""
    if not ids:
        return None
    return MailAct(Act.FETCHED, context.uid, ids, context.me.device)


def _own(context: Context, copies: Copies) -> Receipt:
    name = context.me.account.name
    return receipt(name, copies.copies[name])
