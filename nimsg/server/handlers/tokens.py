"""Script tokens: a secret for cron and scripts that a person can take back."""

import base64
from functools import partial

from nimsg.core.commands import CreateToken, RevokeToken
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.constants import CloseReason
from nimsg.protocol.results import CreatedToken, Done, TokenRow, Tokens
from nimsg.protocol.rules import TOKEN_PREFIX
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.auth import token_hash


SECRET_BYTES = 32


async def create(context: Context, params: q.CreateToken) -> Reply:
    """Make a token; its secret is seen this once."""
    services = context.services
    now = services.clock()
    if params.expires_at is not None and params.expires_at <= now:
        raise Refusal("invalid_params", "the token would have expired already")
    random = services.entropy(SECRET_BYTES)
    secret = TOKEN_PREFIX + base64.urlsafe_b64encode(random).decode().rstrip("=")
    id_ = ulid(now, services.entropy(RANDOM_BYTES))
    command = CreateToken(
        context.uid, id_, token_hash(secret), params.label, params.expires_at
    )
    await services.commit(command, int)
    return Reply(CreatedToken(id_, secret))


async def list_(context: Context, _: q.Nothing) -> Reply:
    """The account's tokens without their secrets."""
    services = context.services
    account = await services.read(services.store.account_by_uid, context.uid)
    return Reply(
        Tokens(
            [
                TokenRow(
                    token.id,
                    token.label,
                    token.created_at,
                    token.expires_at,
                    token.used_at,
                )
                for token in account.tokens
            ]
        )
    )


async def revoke(context: Context, params: q.RevokeToken) -> Reply:
    """End a token and the sessions that came by it, once the asker is answered."""
    services, own = context.services, context.me.token
    live = partial(
        services.registry.revoke, context.uid, keep=context.session, token_id=params.id
    )
    await services.change(RevokeToken(context.uid, params.id), live)
    mine = own is not None and own.id == params.id
    return Reply(Done(), goodbye=CloseReason.REVOKED if mine else None)
