"""A logged-in connection for a verb, and how to come back when it is lost.

What is only needed when the server has answered is loaded while it does.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import TypeVar

from nimsg.cli.proof import Proof
from nimsg.cli.secret import Secret
from nimsg.cli.sources import Settings
from nimsg.client.blocking import BlockingClient, connect
from nimsg.client.failures import passes
from nimsg.client.query import Call, Query, run
from nimsg.errors import Refusal, Unreachable
from nimsg.protocol.answer import Answer, JsonObject
from nimsg.protocol.constants import Device


T = TypeVar("T")
PAUSE_S = 0.2
ANSWERS = "nimsg.client.answers"  # needed for that of the login


class Session:
    """Calls methods as one account. Use it in `with`.

    The modules `ahead` are loaded while the server is waited for: one during the
    login, one during each call. Raises what `connect` raises, and `Refusal` where the
    login fails.
    """

    def __init__(self, settings: Settings, ahead: Sequence[str] = ()) -> None:
        self._settings = settings
        self._ahead = [ANSWERS, *ahead]
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
        return self._settings.user or ""

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

    def run(self, query: Query[T]) -> T:
        """What a query finds. Raises what `call` raises."""
        return run(query, self.call)

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
        from nimsg.cli.stream import stream

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

    def _log_in(self, patience_s: float) -> BlockingClient:
        client = reach(self._settings, patience_s, self._load_next)
        try:
            self.welcome = self._authenticate(client)
        except BaseException:
            client.close()
            raise
        return client

    def _load_next(self) -> None:
        if self._ahead:
            import_module(self._ahead.pop(0))

    def _authenticate(self, client: BlockingClient) -> JsonObject:
        proof = self._proof(str(client.hello.get("auth")))
        try:
            welcome = proof.log_in(client.call)
        except Refusal as refusal:
            raise proof.explained(refusal) from None
        from nimsg.client.answers import maybe_text

        user = maybe_text(welcome, "user") or ""
        proof.check_holder(user)
        self._secret = proof.secret
        self._settings = self._settings._replace(user=user or self._settings.user)
        return welcome

    def _proof(self, auth: str) -> Proof:
        if not self._settings.may_ask:
            return Proof(self._settings, auth, Device.HEADLESS, self._secret)
        from nimsg.cli.login import Login

        return Login(self._settings, auth, Device.HEADLESS, self._secret)


def reach(
    settings: Settings,
    patience_s: float | None = None,
    meanwhile: Callable[[], object] = bool,
) -> BlockingClient:
    """A greeted connection that nobody is logged in on."""
    return connect(
        settings.address,
        settings.security,
        timeout_s=settings.timeout_s,
        patience_s=settings.patience_s if patience_s is None else patience_s,
        meanwhile=meanwhile,
    )
