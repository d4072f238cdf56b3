"""The way in: a server is reached, and the login's questions are asked on the form."""

from collections.abc import Callable

from nimsg.client.acts_session import Steady, Way
from nimsg.client.address import parse_address
from nimsg.errors import NimsgError, Refusal
from nimsg.tui.loginview import Changed, LoginView
from nimsg.tui.options import Options


FINAL = frozenset({"account_locked"})
SECRETS = frozenset({"bad_credentials", "bad_token"})
OTHER = (
    "the windows here are those of {0}: log in as {0}, or end nimsg and start it again"
)
Check = Callable[[str], None]  # who is logged in; raises where it must be another


class Entrance:
    """Logs in on the form. `make` gives a session for a way to a server."""

    def __init__(
        self, options: Options, view: LoginView, make: Callable[[Way], Steady]
    ) -> None:
        self._options = options
        self._view = view
        self._make = make
        self._first = True

    async def enter(self) -> Steady:
        """The session of whoever has logged in.

        What fails is shown, and tried again when the person says so. Raises the
        refusal of a name that is locked.
        """
        way = self._options.way
        # Who has said who they are need not say it again.
        waits = self._options.user is None
        while True:
            typed = await self._view.address() if waits else str(way.address)
            waits = True
            home: Steady | None = None
            try:
                if typed != str(way.address):
                    way = way._replace(address=parse_address(typed))
                home = self._make(way)
                await self._log_in(home, self._options.user, _anybody)
            except Changed:
                await _close(home)
            except NimsgError as error:
                await _close(home)
                if isinstance(error, Refusal) and error.kind in FINAL:
                    raise
                self._show(error)
            else:
                return home
            finally:
                self._first = False

    async def enter_again(self, home: Steady, user: str) -> None:
        """Log in anew as the same person, whose windows are still there.

        What fails is shown, also what would end a first login: the drafts are here.
        """
        self._first = False
        self._view.ended()

        def check(name: str) -> None:
            if name != user:
                raise Refusal("not_permitted", OTHER.format(user))

        while True:
            await self._view.address()
            try:
                return await self._log_in(home, user, check)
            except Changed:
                await home.close()
            except NimsgError as error:
                await home.close()
                self._show(error)

    async def _log_in(self, home: Steady, user: str | None, check: Check) -> None:
        way = self._options.way
        await home.reach(way.patience_s if way.patience_s is not None else 0.0)
        login = self._options.begin(home.auth, user, self._first)

        def checked(name: str) -> None:
            login.check_holder(name)
            check(name)

        try:
            await home.log_in(login.dialog, self._view.ask, checked)
        except Refusal as refusal:
            raise login.explained(refusal) from None

    def _show(self, error: NimsgError) -> None:
        kind = error.kind if isinstance(error, Refusal) else ""
        self._view.failed(str(error), forget=kind in SECRETS)


async def _close(home: Steady | None) -> None:
    if home is not None:
        await home.close()


def _anybody(_: str) -> None:
    """Nobody is refused here."""
