"""A logged-in connection for a verb, and how to come back when it is lost."""

import sys
import time
from collections.abc import Iterable, Iterator

from nimsg.cli.secret import Secret, ask, ask_new, find_secret, no_secret
from nimsg.cli.settings import Settings
from nimsg.cli.show import note
from nimsg.cli.stream import Call, passes, stream
from nimsg.client.answers import maybe_text
from nimsg.client.blocking import BlockingClient, connect
from nimsg.errors import Refusal, Unreachable, UsageError
from nimsg.protocol.constants import AuthMode, Device
from nimsg.protocol.envelope import Answer
from nimsg.protocol.rules import check_name, is_token
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


TRIES = 3
PAUSE_S = 0.2


class Session:
    """Calls methods as one account. Use it in `with`.

    Raises what `connect` raises, and `Refusal` where the login fails.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._secret: Secret | None = None
        self.welcome: JsonObject = {}
        self._client = self._arrive(time.monotonic() + settings.patience_s)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def user(self) -> str:
        """Who is logged in."""
        return maybe_text(self.welcome, "user") or ""

    @property
    def secret(self) -> str | None:
        """What the login was proven with, None where the name was enough."""
        return self._secret.value if self._secret else None

    def call(
        self, method: str, params: JsonObject, *, parked_s: float = 0.0
    ) -> JsonObject:
        """One method's result; `parked_s` is how long the server may hold it."""
        timeout_s = self._settings.timeout_s + parked_s
        return self._client.call(method, params, timeout_s)

    def insist(
        self,
        method: str,
        params: JsonObject,
        *,
        deadline: float,
        parked_s: float = 0.0,
    ) -> JsonObject:
        """Like `call`, and comes back to a server that is lost until `deadline`.

        The deadline is one of `time.monotonic`. For methods that may be repeated.
        """
        while True:
            try:
                return self.call(method, params, parked_s=parked_s)
            except (Unreachable, Refusal) as error:
                if not passes(error) or time.monotonic() >= deadline:
                    raise
            self._client.close()
            self._client = self._arrive(deadline)

    def stream(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Answer]]:
        """Each call with its answer, in order; several are under way at once.

        A server that is lost is come back to, and asked again what it has not
        answered: for methods that may be repeated.
        """
        return stream(lambda: self._client, self._come_back, calls)

    def _come_back(self) -> None:
        self._client.close()
        self._client = self._arrive(time.monotonic() + self._settings.patience_s)

    def _arrive(self, deadline: float) -> BlockingClient:
        """Log in; what passes is tried again until `deadline`."""
        while True:
            try:
                return self._log_in(max(0.0, deadline - time.monotonic()))
            except (Unreachable, Refusal) as error:
                if not passes(error) or time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE_S)  # noqa: TID251 - nothing else can happen meanwhile

    # -- logging in ------------------------------------------------------------

    def _log_in(self, patience_s: float) -> BlockingClient:
        client = reach(self._settings, patience_s)
        try:
            self.welcome = self._authenticate(client)
        except BaseException:
            client.close()
            raise
        return client

    def _authenticate(self, client: BlockingClient) -> JsonObject:
        if client.hello.get("auth") == AuthMode.OPEN:
            return client.call("auth.login", {"user": self._user(), **DEVICE})
        secret = self._secret or find_secret(self._settings)
        if secret is None:
            if not self._settings.may_ask:
                raise no_secret()
            return self._authenticate_person(client)
        self._secret = secret
        return self._try(client, secret)

    def _try(self, client: BlockingClient, secret: Secret) -> JsonObject:
        try:
            if is_token(secret.value):
                return self._check_holder(
                    client.call("auth.token", {"token": secret.value, **DEVICE})
                )
            login = {"user": self._user(), "password": secret.value, **DEVICE}
            return client.call("auth.login", login)
        except Refusal as refusal:
            if refusal.kind in ("bad_credentials", "bad_token"):
                raise Refusal(
                    refusal.kind,
                    f"{refusal} (taken from {secret.source})",
                    refusal.data,
                ) from None
            raise

    def _check_holder(self, welcome: JsonObject) -> JsonObject:
        """A token names its account by itself; it must be the one that was meant."""
        holder, meant = maybe_text(welcome, "user") or "", self._settings.user
        if meant and holder != meant:
            raise Refusal("bad_token", f"the token is of {holder}, not of {meant}")
        return welcome

    def _authenticate_person(self, client: BlockingClient) -> JsonObject:
        """The name first, then what the server wants to know of it."""
        user = self._user()
        if client.call("auth.begin", {"user": user}).get("next") == "register":
            note(
                f"{clean_line(user)} has no account here yet; a new password makes it."
            )
            self._secret = Secret(ask_new(user), "the prompt")
            register = {"user": user, "password": self._secret.value, **DEVICE}
            return client.call("auth.register", register)
        for left in reversed(range(TRIES)):
            secret = Secret(ask(f"Password of {clean_line(user)}: "), "the prompt")
            try:
                welcome = self._try(client, secret)
            except Refusal as refusal:
                if refusal.kind != "bad_credentials" or left == 0:
                    raise
                note("That is not the password; again.")
                continue
            self._secret = secret
            return welcome
        raise AssertionError

    def _user(self) -> str:
        if self._settings.user:
            return check_name(self._settings.user)
        if not self._settings.may_ask:
            raise UsageError("no user: give --user NAME or NIMSG_USER")
        sys.stderr.write("User: ")
        sys.stderr.flush()
        name = check_name(sys.stdin.readline().strip())
        self._settings = self._settings._replace(user=name)
        return name


DEVICE: JsonObject = {"device": Device.HEADLESS.value}


def reach(settings: Settings, patience_s: float | None = None) -> BlockingClient:
    """A greeted connection that nobody is logged in on."""
    return connect(
        settings.address,
        settings.security,
        timeout_s=settings.timeout_s,
        patience_s=settings.patience_s if patience_s is None else patience_s,
    )
