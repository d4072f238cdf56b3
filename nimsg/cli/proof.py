"""What a login is proven with where nobody is asked anything."""

from collections.abc import Callable

from nimsg.cli.secret import Secret, find_secret, no_secret
from nimsg.cli.sources import Settings, config_path
from nimsg.client.proof import login_request
from nimsg.errors import Refusal, UsageError
from nimsg.protocol.answer import JsonObject
from nimsg.protocol.constants import AuthMode, Device
from nimsg.protocol.rules import check_name, is_token


SECRETS = ("bad_credentials", "bad_token")
Ask = Callable[[str, JsonObject], JsonObject]


class Proof:
    """A name, and the secret that is `known` or kept where it is looked for.

    It is not looked for where that is told. Raises `ConfigError` and `UsageError`
    where something is not known and nobody can be asked.
    """

    def __init__(
        self,
        settings: Settings,
        auth: str,
        device: Device,
        known: Secret | None = None,
        *,
        look: bool = True,
    ) -> None:
        self._settings = settings
        self._auth = auth
        self._device = device
        self._known = known
        if look and auth == AuthMode.PASSWORD:
            self._known = known or find_secret(settings)
            if self._known is None and not settings.may_ask:
                raise no_secret()
        self._by_token = self._known is not None and is_token(self._known.value)
        if not (settings.user or settings.may_ask or self._by_token):
            raise UsageError(
                f"no user: give --user NAME or NIMSG_USER, or user in {config_path()}"
            )

    @property
    def secret(self) -> Secret | None:
        """What the login was proven with, None where the name was enough."""
        return self._known

    def log_in(self, ask: Ask) -> JsonObject:
        """What the server answers the login with; `ask` calls it. Raises `Refusal`."""
        user = self._settings.user
        name = "" if user is None else check_name(user)
        secret = self._known.value if self._known else None
        return ask(*login_request(self._auth, self._device.value, name, secret))

    def check_holder(self, holder: str) -> None:
        """A token names its account by itself; it must be the one that was meant.

        Raises `Refusal`.
        """
        meant = self._settings.user
        if self._by_token and meant and holder != meant:
            raise Refusal("bad_token", f"the token is of {holder}, not of {meant}")

    def explained(self, refusal: Refusal) -> Refusal:
        """The refusal that ended it, with what helps."""
        why = str(refusal)
        free = refusal.data.get("suggestion")
        if self._known is not None and refusal.kind in SECRETS:
            from nimsg.client.login import tries_left

            left = tries_left(refusal)
            why = f"{why} (taken from {self._known.source})"
            why = f"{why}; {left}" if left else why
        elif isinstance(free, str):
            why = f"{why}; {free} is free: --user {free}"
        return Refusal(refusal.kind, why, refusal.data)
