"""Logging in and out, and the account's own password."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from msgspec.structs import replace

from nimsg.core.accounts import MS_PER_HOUR, Account, Token, token_alive
from nimsg.core.commands import (
    CountFailure,
    Failures,
    ForgiveFailures,
    NoteRefused,
    SetPassword,
    TouchToken,
)
from nimsg.errors import Refusal
from nimsg.logs import LOGGER, word
from nimsg.protocol import requests as q
from nimsg.protocol.constants import INTERACTIVE, AuthMode, CloseReason, Device
from nimsg.protocol.results import Began, Done, Welcome
from nimsg.protocol.results_people import Logins
from nimsg.protocol.rules import check_new_password
from nimsg.server.context import Context, Login, Reply
from nimsg.server.handlers.people import living_account
from nimsg.server.lockouts import CHANGING, Key
from nimsg.server.policy import POLICIES, Policy
from nimsg.server.services import Services
from nimsg.store.base import Arrival


SECRET_BYTES = 32
# What is told of in the log; a server that is busy says nothing of a password.
TOLD = ("bad_credentials", "account_locked")
RESUME_PREFIX = "nimsg-resume_"


async def begin(context: Context, params: q.Begin) -> Reply:
    """Say what to ask for next."""
    policy, account = policy_of(context), None
    if policy.tells_names:
        account = await living_account(context.services, params.user)
    return Reply(Began(policy.ask(account)))


async def login(context: Context, params: q.Login) -> Reply:
    """Prove a name."""
    services = context.services
    key = services.lockouts.key(params.user, context.session.address)
    async with _one_try(context, key) as tried:
        account = await living_account(services, params.user)
        tried.uid = account.uid if account else None
        _count_new(context, account)
        admitted = await policy_of(context).admit(params.user, account, params.password)
    return await welcome(context, admitted.uid, params.device)


async def nick(context: Context, params: q.Nick) -> Reply:
    """Be somebody for as long as the session lasts."""
    services = context.services
    if services.config.auth != AuthMode.NICK:
        why = "nicknames are for a server with --auth nick"
        raise Refusal("not_permitted", why)
    account = await living_account(services, params.nick)
    _count_new(context, account)
    account = await policy_of(context).admit(params.nick, account, None)
    return await welcome(context, account.uid, params.device)


async def resume(context: Context, params: q.Resume) -> Reply:
    """Come back to a session. Waits for nothing to be written."""
    services = context.services
    if params.device not in INTERACTIVE:
        raise Refusal("interactive_only")
    shown = token_hash(params.token)
    uid = services.resumes.holder(shown)
    return await welcome(context, uid, params.device, resumed=shown)


async def register(context: Context, params: q.Register) -> Reply:
    """Make an account and be it."""
    code = params.invitation
    account = await policy_of(context).register(
        params.user, params.password, token_hash(code) if code else None
    )
    return await welcome(context, account.uid, params.device)


async def token(context: Context, params: q.TokenLogin) -> Reply:
    """Be who made the token. Waits for nothing to be written."""
    services = context.services
    secret_hash, last = token_hash(params.token), params.device in INTERACTIVE
    found = await services.read(
        partial(services.store.token_arrival, secret_hash, last=last)
    )
    now = services.clock()
    if found is None or found.token is None or not token_alive(found.token, now):
        LOGGER.info("login by token from %s failed", context.session.address)
        raise Refusal("bad_token")
    note_use(services, found.account, found.token, now)
    return _welcome(services, found, Login(found.account, params.device, found.token))


async def logout(_: Context, __: q.Nothing) -> Reply:
    """End the session."""
    return Reply(Done(), goodbye=CloseReason.LOGOUT)


async def passwd(context: Context, params: q.ChangePassword) -> Reply:
    """Change the password, which ends every other session and token."""
    services, me = context.services, context.me.account
    account = await services.read(services.store.account_by_uid, me.uid)
    # Counted apart: who cannot log in shall not keep others from their own password.
    async with _one_try(context, Key(account.name, CHANGING)) as tried:
        tried.uid = account.uid
        if not await services.passwords.verify(account.password_hash, params.old):
            raise Refusal("bad_credentials", "the old password is wrong")
    check_new_password(params.new)
    password_hash = await services.passwords.hash(params.new)
    live = partial(services.revoke, me.uid, CloseReason.REVOKED, keep=context.session)
    await services.change(SetPassword(me.uid, password_hash), live)
    return Reply(Done())


async def ping(_: Context, __: q.Nothing) -> Reply:
    """Be there."""
    return Reply(Done())


async def touch(_: Context, __: q.Nothing) -> Reply:
    """Somebody is there: the call itself says it."""
    return Reply(Done())


async def logins(context: Context, params: q.ListLogins) -> Reply:
    """A page of the asker's logins."""
    services = context.services
    rows = await services.read(
        services.store.logins, context.uid, params.before, params.limit + 1
    )
    page = rows[: params.limit]
    return Reply(Logins(page, next=page[-1].n if len(rows) > len(page) else None))


async def welcome(
    context: Context, uid: int, device: Device, *, resumed: str | None = None
) -> Reply:
    """What a login is answered with."""
    services = context.services
    # The last of all: a role or a room may have changed since the name was proven.
    last = device in INTERACTIVE
    found = await services.read(partial(services.store.arrival, uid, last=last))
    return _welcome(services, found, Login(found.account, device, resumed=resumed))


def _welcome(services: Services, found: Arrival, login: Login) -> Reply:
    """The same of what was found; a person also gets a way to come back."""
    account, last = found.account, found.last
    reply = Welcome(
        user=account.name,
        role=account.role,
        new=found.counts.new,
        pending=found.counts.pending,
        time=services.clock(),
    )
    if last is None:
        return Reply(reply, login=login)
    secret = RESUME_PREFIX + services.entropy(SECRET_BYTES).hex()
    reply = replace(
        reply,
        resume=secret,
        last_login=last.login,
        failures=last.failures,
        timeout_s=int(services.config.idle_timeout_s),
    )
    return Reply(reply, login=login._replace(resume=token_hash(secret)))


def _count_new(context: Context, account: Account | None) -> None:
    """Where a name alone makes an account it is a registration. Raises `Refusal`."""
    if account is None and context.services.makes_mailboxes:
        context.services.throttle.register(context.session.address)


class _Tried:
    """Whose password is tried: an account's number, or None for nobody's."""

    uid: int | None = None


@asynccontextmanager
async def _one_try(context: Context, key: Key) -> AsyncIterator[_Tried]:
    """Let a password be tried for a name, and count it where it is wrong.

    Raises `Refusal("account_locked")`.
    """
    services, tried = context.services, _Tried()
    async with services.lockouts.turn(key):
        try:
            services.lockouts.check(key)
            yield tried
        except Refusal as refusal:
            if refusal.kind in TOLD:
                _tell(context, key, refusal.kind)
            if refusal.kind != "bad_credentials":
                raise
            raise await _failed(context, key, tried.uid, refusal) from None
        if services.lockouts.forgive(key):
            # Behind it, all is written down that was noted of the failures.
            with suppress(Refusal):
                await services.committed(ForgiveFailures(*key))


async def _failed(
    context: Context, key: Key, uid: int | None, refusal: Refusal
) -> Refusal:
    """Count a failure; what it is answered with, once that is durable."""
    services = context.services
    if services.lockouts.block_ms:
        command = CountFailure(*key, services.lockouts.block_ms)
        failures = await services.commit(command, Failures)
        refusal = services.lockouts.failed(key, failures.count, refusal.detail)
        if refusal.kind == "account_locked":
            LOGGER.warning(
                "%ss as %s are locked for %g s by wrong passwords, the last from %s",
                _act(key),
                word(key.name),
                services.config.block_duration_s,
                context.session.address,
            )
    # Behind the count, and for everybody: neither this answer nor the next one comes
    # sooner where nobody has the name.
    services.commit_later(NoteRefused(uid, context.session.address))
    return refusal


def _tell(context: Context, key: Key, kind: str) -> None:
    """Tell who keeps the log of a password that was not taken."""
    address, name = context.session.address, word(key.name)
    LOGGER.info("%s as %s from %s failed: %s", _act(key), name, address, kind)


def _act(key: Key) -> str:
    return "password change" if key.address == CHANGING else "login"


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
