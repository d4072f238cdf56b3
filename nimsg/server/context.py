"""What a handler is given beside its parameters."""

from typing import NamedTuple, Protocol

from nimsg.core.commands import MailAct
from nimsg.errors import Refusal
from nimsg.protocol.constants import CloseReason
from nimsg.protocol.packed import PackedPage
from nimsg.protocol.results import Result
from nimsg.server.audit import DONE
from nimsg.server.login import Login as Login
from nimsg.server.people import Person
from nimsg.server.registry import Live
from nimsg.server.services import Services


class Caller(Live, Person, Protocol):
    """The session that asks; a person's where its device is interactive."""


class Context(NamedTuple):
    """One request's surroundings."""

    services: Services
    session: Caller
    login: Login | None

    @property
    def me(self) -> Login:
        """Who asks. Raises `Refusal("login_required")`."""
        if self.login is None:
            raise Refusal("login_required")
        return self.login

    @property
    def uid(self) -> int:
        """The asking account's number."""
        return self.me.account.uid


class Reply(NamedTuple):
    """A result, and what is to follow once it has been sent.

    `login` makes the session somebody's; `afterwards` is committed and waited
    for by nobody; `goodbye` ends the session and says why. `outcome` is what the
    log says of an admin's act.
    """

    result: Result | PackedPage
    login: Login | None = None
    afterwards: MailAct | None = None
    goodbye: CloseReason | None = None
    outcome: str = DONE
