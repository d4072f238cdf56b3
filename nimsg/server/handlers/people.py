"""Whom a request names."""

from nimsg.core.accounts import Account
from nimsg.errors import Refusal
from nimsg.server.context import Context
from nimsg.server.services import Services


async def living_account(services: Services, name: str) -> Account | None:
    """The account of a name, unless it was removed."""
    account = await services.read(services.store.account, name)
    return account if account is not None and account.removed_at is None else None


async def known_account(services: Services, name: str) -> Account:
    """The account of a name. Raises `Refusal("unknown_user")`."""
    account = await living_account(services, name)
    if account is None:
        raise Refusal("unknown_user", data={"user": name})
    return account


async def other_account(context: Context, name: str, why: str) -> Account:
    """The account of a name that is not the asker's.

    Raises `Refusal`: `unknown_user`, or `self_target` saying `why`.
    """
    if name == context.me.account.name:
        raise Refusal("self_target", why)
    return await known_account(context.services, name)
