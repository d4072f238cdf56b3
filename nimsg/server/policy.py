"""How a name is proven: one object for each `auth` mode, the same path for all."""

from typing import Protocol

from nimsg.core.accounts import Account
from nimsg.core.commands import CreateAccount, SetPassword
from nimsg.errors import Refusal
from nimsg.protocol.constants import AuthMode, Registration
from nimsg.protocol.rules import check_name, check_new_name, check_new_password
from nimsg.server.services import Services


class Policy(Protocol):
    """What a mode asks of who logs in or registers."""

    def ask(self, account: Account | None) -> str:
        """What to ask for next: `password`, `register` or `nothing`."""
        ...

    async def admit(
        self, name: str, account: Account | None, password: str | None
    ) -> Account:
        """The account that may log in. Raises `Refusal`."""
        ...

    async def register(self, name: str, password: str | None) -> Account:
        """A new account. Raises `Refusal`."""
        ...


class PasswordPolicy:
    """A password proves the name; strangers learn nothing about who exists."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._open = services.config.registration == Registration.OPEN

    def ask(self, account: Account | None) -> str:
        """See `Policy`. With closed registration every name looks known."""
        return "register" if account is None and self._open else "password"

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

    async def register(self, name: str, password: str | None) -> Account:
        """See `Policy`."""
        if not self._open:
            raise Refusal("registration_closed")
        check_new_name(name)
        check_new_password(password or "")
        password_hash = await self._services.passwords.hash(password or "")
        return await create(self._services, CreateAccount(name, password_hash))


class OpenPolicy:
    """Knowing a name is enough; a name that is used becomes a mailbox."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._open = services.config.registration == Registration.OPEN

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
        return account or await self.register(name, None)

    async def register(self, name: str, password: str | None) -> Account:  # noqa: ARG002
        """See `Policy`."""
        if not self._open:
            raise Refusal("unknown_user", data={"user": name})
        check_name(name)
        return await create(
            self._services,
            CreateAccount(name, None, look_alike=True, existing=True),
        )


POLICIES: dict[str, type[PasswordPolicy | OpenPolicy]] = {
    AuthMode.PASSWORD: PasswordPolicy,
    AuthMode.OPEN: OpenPolicy,
}


async def create(services: Services, command: CreateAccount) -> Account:
    """Make an account and read it back. Raises `Refusal`."""
    uid = await services.commit(command, int)
    return await services.read(services.store.account_by_uid, uid)
