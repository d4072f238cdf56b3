"""Accounts, by whoever owns the server's machine: on var/admin.sock only."""

from functools import partial

from msgspec.structs import replace

from nimsg.core.commands import (
    CreateAccount,
    ForgiveFailures,
    RemoveAccount,
    SetPassword,
    SetRole,
)
from nimsg.protocol import requests as q
from nimsg.protocol.constants import CloseReason
from nimsg.protocol.results import Done, UserRow, Users
from nimsg.protocol.results_people import Kicked, Sessions, Unlocked
from nimsg.protocol.rules import check_new_name, check_new_password
from nimsg.server.audit import DONE, NOT_LOCKED
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.people import known_account
from nimsg.server.lockouts import Freed


async def add(context: Context, params: q.AddUser) -> Reply:
    """Make an account."""
    services = context.services
    check_new_name(params.user)
    password_hash = None
    if params.password is not None:
        check_new_password(params.password)
        password_hash = await services.passwords.hash(params.password)
    await services.commit(CreateAccount(params.user, password_hash, params.role), int)
    return Reply(Done())


async def list_(context: Context, params: q.ListUsers) -> Reply:
    """A page of all accounts."""
    services = context.services
    accounts = await services.read(services.store.accounts)
    names = [account.name for account in accounts]
    first = names.index(params.after) + 1 if params.after in names else 0
    page = accounts[first : first + params.limit]
    locked = services.lockouts.locked(services.clock())
    rows = [
        UserRow(
            account.name,
            account.role,
            account.created_at,
            account.removed_at,
            account.password_hash is not None,
            locked.get(account.name),
        )
        for account in page
    ]
    more = first + len(page) < len(accounts)
    return Reply(Users(rows, next=page[-1].name if more else None))


async def passwd(context: Context, params: q.SetPassword) -> Reply:
    """Set a password; whoever is logged in by the old one is not any more."""
    services = context.services
    account = await known_account(context.services, params.user)
    check_new_password(params.password)
    password_hash = await services.passwords.hash(params.password)
    live = partial(services.revoke, account.uid, CloseReason.REVOKED)
    await services.change(SetPassword(account.uid, password_hash), live)
    return Reply(Done())


async def role(context: Context, params: q.SetRole) -> Reply:
    """Make an account a user or an admin."""
    account = await known_account(context.services, params.user)
    services = context.services
    live = partial(services.registry.renew, replace(account, role=params.role))
    await services.change(SetRole(account.uid, params.role), live)
    return Reply(Done())


async def remove(context: Context, params: q.OneUser) -> Reply:
    """Close an account for good."""
    services = context.services
    account = await known_account(services, params.user)

    def remove_live() -> None:
        services.blocks.forget(account.uid)
        services.revoke(account.uid, CloseReason.REVOKED)

    await services.change(RemoveAccount(account.uid), remove_live)
    return Reply(Done())


async def unlock(context: Context, params: q.OneUser) -> Reply:
    """Forget wrong passwords for a name, whether anybody has it or not.

    A name that nobody has and nobody tried is `unknown_user`.
    """
    services = context.services
    freed: list[Freed] = []

    def unlock_live() -> None:
        freed.append(services.lockouts.unlock(params.user))

    await services.change(ForgiveFailures(params.user), unlock_live)
    [found] = freed
    if not found.failures:
        await known_account(services, params.user)
    outcome = DONE if found.locked else NOT_LOCKED
    return Reply(Unlocked(found.failures, found.locked), outcome=outcome)


async def sessions(context: Context, _: q.Nothing) -> Reply:
    """All connections but the local ones."""
    rows = [one.row for one in context.services.registry]
    found = [row for row in rows if row.address != "local"]
    return Reply(Sessions(sorted(found, key=lambda row: row.since)))


async def kick(context: Context, params: q.OneUser) -> Reply:
    """End an account's sessions; tokens and password stay."""
    services = context.services
    account = await known_account(services, params.user)
    return Reply(Kicked(services.revoke(account.uid, CloseReason.KICKED)))
