"""Logging in and out, and the account's own password."""

import hashlib

from nimsg.core.accounts import MS_PER_HOUR, Account, Token, token_alive
from nimsg.core.commands import SetPassword, TouchToken
from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.constants import CloseReason
from nimsg.protocol.results import Began, Done, Welcome
from nimsg.protocol.rules import check_new_password
from nimsg.server.context import Context, Login, Reply
from nimsg.server.policy import POLICIES, Policy
from nimsg.server.services import Services


async def begin(context: Context, params: q.Begin) -> Reply:
    """Say what to ask for next."""
    account = await living_account(context.services, params.user)
    return Reply(Began(policy_of(context).ask(account)))


async def login(context: Context, params: q.Login) -> Reply:
    """Prove a name."""
    account = await living_account(context.services, params.user)
    account = await policy_of(context).admit(params.user, account, params.password)
    return await welcome(context, Login(account, params.device))


async def register(context: Context, params: q.Register) -> Reply:
    """Make an account and be it."""
    code = params.invitation
    account = await policy_of(context).register(
        params.user, params.password, token_hash(code) if code else None
    )
    return await welcome(context, Login(account, params.device))


async def token(context: Context, params: q.TokenLogin) -> Reply:
    """Be who made the token. Waits for nothing to be written."""
    services = context.services
    holder = await services.read(services.store.token_holder, token_hash(params.token))
    now = services.clock()
    if holder is None or not token_alive(holder.token, now):
        raise Refusal("bad_token")
    note_use(services, holder.account, holder.token, now)
    return await welcome(context, Login(holder.account, params.device, holder.token))


async def logout(_: Context, __: q.Nothing) -> Reply:
    """End the session."""
    return Reply(Done(), goodbye=CloseReason.LOGOUT)


async def passwd(context: Context, params: q.ChangePassword) -> Reply:
    """Change the password, which ends every other session and token."""
    services, me = context.services, context.me.account
    account = await services.read(services.store.account_by_uid, me.uid)
    if not await services.passwords.verify(account.password_hash, params.old):
        raise Refusal("bad_credentials", "the old password is wrong")
    check_new_password(params.new)
    password_hash = await services.passwords.hash(params.new)
    await services.commit(SetPassword(me.uid, password_hash), int)
    services.registry.revoke(me.uid, keep=context.session)
    return Reply(Done())


async def ping(_: Context, __: q.Nothing) -> Reply:
    """Be there."""
    return Reply(Done())


async def welcome(context: Context, login: Login) -> Reply:
    """What a login is answered with."""
    services, account = context.services, login.account
    counts = await services.read(services.store.counts, account.uid)
    return Reply(
        Welcome(
            user=account.name,
            role=account.role,
            new=counts.new,
            pending=counts.pending,
            time=services.clock(),
        ),
        login=login,
    )


async def living_account(services: Services, name: str) -> Account | None:
    """The account of a name, unless it was removed."""
    account = await services.read(services.store.account, name)
    return account if account is not None and account.removed_at is None else None


def policy_of(context: Context) -> Policy:
    """The policy of the server's `auth` mode."""
    return POLICIES[context.services.config.auth](context.services)


def token_hash(secret: str) -> str:
    """What is kept of a token or code: it is random enough for a plain sha-256."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def note_use(services: Services, account: Account, token: Token, now: int) -> None:
    """Write down a token's last use, at most once an hour; nobody waits for it."""
    if token.used_at is None or now - token.used_at >= MS_PER_HOUR:
        services.commit_later(TouchToken(account.uid, token.id))
