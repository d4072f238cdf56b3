"""Accounts, by whoever owns the server's machine: on var/admin.sock only."""

from nimsg.core.accounts import Account
from nimsg.core.commands import CreateAccount, RemoveAccount, SetPassword, SetRole
from nimsg.errors import Refusal
from nimsg.protocol import requests as q
from nimsg.protocol.results import Done, UserRow, Users
from nimsg.protocol.rules import check_new_name, check_new_password
from nimsg.server.context import Context, Reply
from nimsg.server.handlers.auth import living_account


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
    rows = [
        UserRow(
            account.name,
            account.role,
            account.created_at,
            account.removed_at,
            account.password_hash is not None,
        )
        for account in page
    ]
    more = first + len(page) < len(accounts)
    return Reply(Users(rows, next=page[-1].name if more else None))


async def passwd(context: Context, params: q.SetPassword) -> Reply:
    """Set a password; whoever is logged in by the old one is not any more."""
    services = context.services
    account = await _account(context, params.user)
    check_new_password(params.password)
    password_hash = await services.passwords.hash(params.password)
    await services.commit(SetPassword(account.uid, password_hash), int)
    services.registry.revoke(account.uid)
    return Reply(Done())


async def role(context: Context, params: q.SetRole) -> Reply:
    """Make an account a user or an admin."""
    account = await _account(context, params.user)
    await context.services.commit(SetRole(account.uid, params.role), int)
    return Reply(Done())


async def remove(context: Context, params: q.OneUser) -> Reply:
    """Close an account for good."""
    account = await _account(context, params.user)
    await context.services.commit(RemoveAccount(account.uid), int)
    context.services.registry.revoke(account.uid)
    return Reply(Done())


async def _account(context: Context, name: str) -> Account:
    account = await living_account(context.services, name)
    if account is None:
        raise Refusal("unknown_user", data={"user": name})
    return account
