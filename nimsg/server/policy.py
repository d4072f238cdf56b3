"""How a name is proven: one object for each `auth` mode, the same path for all."""

from typing import Protocol

from nimsg.core.accounts import Account
from nimsg.core.commands import CreateAccount, SetPassword
from nimsg.core.invitations import require_usable
from nimsg.errors import Refusal
from nimsg.protocol.constants import AuthMode, Registration
from nimsg.protocol.rules import (
    check_name,
    check_new_name,
    check_new_password,
    check_single,
)
from nimsg.server.services import Services


class Policy(Protocol):
    """What a mode asks of who logs in or registers.

    Where it does not `tell_names`, `ask` says the same of all: none is looked up then,
    so that the time says nothing either.
    """

    tells_names: bool

    def ask(self, account: Account | None) -> str:
        """What to ask for next: `password`, `register` or `nothing`."""
        ...

    async def admit(
        self, name: str, account: Account | None, password: str | None
    ) -> Account:
        """The account that may log in. Raises `Refusal`."""
        ...

    async def register(
        self, name: str, password: str | None, invitation: str | None
    ) -> Account:
        """A new account; `invitation` is the sha-256 of a code. Raises `Refusal`."""
        ...


class PasswordPolicy:
    """A password proves the name; strangers learn nothing about who exists."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._registration = services.config.registration
        self.tells_names = self._registration == Registration.OPEN

    def ask(self, account: Account | None) -> str:
        """See `Policy`. Every name looks known where not everybody may register."""
        return "register" if account is None and self.tells_names else "password"

    async def admit(
        self,
        name: str,  # noqa: ARG002 - the account says it
        account: Account | None,
        password: str | None,
    ) -> Account:
        """See `Policy`. A known and an unknown name take equally long."""
        known = account.password_hash if account else None
        right = await self._services.passwords.verify(known, password or "")
        if account is None or known is None or not right:
            raise Refusal("bad_credentials")
        if password is not None and self._services.passwords.outdated(known):
            fresh = await self._services.passwords.hash(password)
            # The login stands without it, on a full disk too.
            self._services.commit_later(SetPassword(account.uid, fresh, known))
        return account

    async def register(
        self, name: str, password: str | None, invitation: str | None
    ) -> Account:
        """See `Policy`."""
        if self._registration == Registration.CLOSED:
            raise Refusal("registration_closed")
        invitation = await invited(self._services, invitation)
        check_new_name(name)
        check_new_password(password or "")
        password_hash = await self._services.passwords.hash(password or "")
        return await create(
            self._services, CreateAccount(name, password_hash, invitation=invitation)
        )


class OpenPolicy:
    """Knowing a name is enough; a name that is used becomes a mailbox."""

    tells_names = False

    def __init__(self, services: Services) -> None:
        self._services = services
        self._registration = services.config.registration

    def ask(self, account: Account | None) -> str:  # noqa: ARG002
        """See `Policy`."""
        return "nothing"

    async def admit(
        self,
        name: str,
        account: Account | None,
        password: str | None,  # noqa: ARG002
    ) -> Account:
        """See `Policy`."""
        if account is None and self._registration == Registration.INVITE:
            why = "there is no such user; nimsg register makes one with an invitation"
            raise Refusal("unknown_user", why, {"user": name})
        return account or await self.register(name, None, None)

    async def register(
        self,
        name: str,
        password: str | None,  # noqa: ARG002
        invitation: str | None,
    ) -> Account:
        """See `Policy`."""
        if self._registration == Registration.CLOSED:
            raise Refusal("unknown_user", data={"user": name})
        invitation = await invited(self._services, invitation)
        check_name(name)
        if await self._services.read(self._services.store.account, name) is None:
            check_single(name)
        new = CreateAccount(
            name, None, look_alike=True, existing=True, invitation=invitation
        )
        return await create(self._services, new)


class NickPolicy(OpenPolicy):
    """A name is its user's alone as long as they are online, and then anybody's."""

    async def admit(
        self, name: str, account: Account | None, password: str | None
    ) -> Account:
        """See `Policy`. A name like one that is in use is taken too."""
        self._services.people.require_free(name)
        return await super().admit(name, account, password)

    async def register(
        self, name: str, password: str | None, invitation: str | None
    ) -> Account:
        """See `Policy`."""
        self._services.people.require_free(name)
        return await super().register(name, password, invitation)


POLICIES: dict[str, type[PasswordPolicy | OpenPolicy]] = {
    AuthMode.NICK: NickPolicy,
    AuthMode.PASSWORD: PasswordPolicy,
    AuthMode.OPEN: OpenPolicy,
}


async def invited(services: Services, invitation: str | None) -> str | None:
    """What an account has to be made with; None where no invitation is asked for.

    Before the name is looked at: who has none is told the same, as fast, of every
    name. The writer decides again. Raises `Refusal("invitation_invalid")`.
    """
    if services.config.registration != Registration.INVITE:
        return None
    found = await services.read(services.store.invitation, invitation or "")
    return require_usable(found, services.clock()).secret_hash


async def create(services: Services, command: CreateAccount) -> Account:
    """Make an account and read it back. Raises `Refusal`."""
    uid = await services.commit(command, int)
    return await services.read(services.store.account_by_uid, uid)
