"""Invitations, by whoever owns the server's machine: on var/admin.sock only."""

import base64

from nimsg.core.commands import CreateInvitation, RevokeInvitation
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.results import Done, InvitationRow, Invitations, Invited
from nimsg.protocol.rules import INVITATION_PREFIX
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.auth import token_hash


CODE_BYTES = 24


async def invite(context: Context, params: q.Invite) -> Reply:
    """Make an invitation; its code is seen this once."""
    services = context.services
    now = services.clock()
    if params.expires_at is not None and params.expires_at <= now:
        raise Refusal("invalid_params", "the invitation would have expired already")
    random = services.entropy(CODE_BYTES)
    code = INVITATION_PREFIX + base64.urlsafe_b64encode(random).decode()
    id_ = ulid(now, services.entropy(RANDOM_BYTES))
    command = CreateInvitation(id_, token_hash(code), params.label, params.expires_at)
    await services.commit(command, int)
    return Reply(Invited(id_, code))


async def list_(context: Context, params: q.ListInvitations) -> Reply:
    """A page of all invitations, without their codes."""
    services = context.services
    found = await services.read(services.store.invitations)
    rest = [one for one in found if params.after is None or one.id > params.after]
    rows = [
        InvitationRow(
            one.id,
            one.label,
            one.created_at,
            one.expires_at,
            one.used_at,
            one.used_by,
            one.revoked_at,
        )
        for one in rest[: params.limit]
    ]
    more = len(rest) > len(rows)
    return Reply(Invitations(rows, next=rows[-1].id if more else None))


async def uninvite(context: Context, params: q.OneInvitation) -> Reply:
    """End an invitation."""
    await context.services.commit(RevokeInvitation(params.id), int)
    return Reply(Done())
