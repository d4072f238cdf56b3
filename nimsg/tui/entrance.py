"""The way in: a server is reached, and the login's questions are asked on the form."""

from collections.abc import Callable

from nimsg.client.acts_session import Steady, Way
from nimsg.client.address import parse_address
from nimsg.errors import NimsgError, Refusal
from nimsg.tui.loginview import Changed, LoginView
from nimsg.tui.options import Options


FINAL = frozenset({"account_locked"})
SECRETS = frozenset({"bad_credentials", "bad_token"})


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
                await self._log_in(home, self._options.user)
            except Changed:
                await _close(home)
            except NimsgError as error:
                await _close(home)
                self._fail(error)
            else:
                return home
            finally:
                self._first = False

    async def enter_again(self, home: Steady, user: str) -> None:
        """Log in anew as the same person, whose windows are still there."""
        self._first = False
        while True:
            await self._view.address()
            try:
                await self._log_in(home, user)
            except Changed:
                continue
            except NimsgError as error:
                self._fail(error)
                continue
            if home.welcome.user == user:
                return
            await home.log_out()
            self._view.failed(
                f"the windows here are those of {user}: log in as {user}, "
                "or end nimsg and start it again"
            )

    async def _log_in(self, home: Steady, user: str | None) -> None:
        way = self._options.way
        await home.reach(way.patience_s if way.patience_s is not None else 0.0)
        login = self._options.begin(home.auth, user, self._first)
        try:
            await home.log_in(login.dialog, self._view.ask)
            login.check_holder(home.welcome.user)
        except Refusal as refusal:
            raise login.explained(refusal) from None

    def _fail(self, error: NimsgError) -> None:
        kind = error.kind if isinstance(error, Refusal) else ""
        if kind in FINAL:
            raise error
        self._view.failed(str(error), forget=kind in SECRETS)


async def _close(home: Steady | None) -> None:
    if home is not None:
        await home.close()
