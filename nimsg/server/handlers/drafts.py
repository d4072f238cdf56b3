"""Drafts: kept for their writer, on every client, until they are deleted."""

from nimsg.core.commands import DeleteDraft, SaveDraft
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.protocol import drafts as d
from nimsg.protocol.results import Done
from nimsg.protocol.rules import check_draft
from nimsg.server.context import Context, Reply


async def save(context: Context, params: d.SaveDraft) -> Reply:
    """Keep a draft in place of its earlier version."""
    services = context.services
    check_draft(params.to, params.subject, params.body)
    command = SaveDraft(
        ulid(services.clock(), services.entropy(RANDOM_BYTES)),
        context.uid,
        params.client_id,
        params.to,
        params.subject,
        params.body,
        params.reply_to,
    )
    saved_at = await services.commit(command, int)
    return Reply(d.DraftSaved(params.client_id, saved_at))


async def list_(context: Context, params: d.ListDrafts) -> Reply:
    """A page of the asker's drafts."""
    services = context.services
    page = await services.read(
        services.store.drafts, context.uid, params.after, params.limit
    )
    return Reply(page)


async def delete(context: Context, params: d.OneDraft) -> Reply:
    """Delete a draft; one that is not there is deleted already."""
    command = DeleteDraft(context.uid, params.client_id)
    await context.services.commit(command, int)
    return Reply(Done())
