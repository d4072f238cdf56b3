"""A login of a verb or of line mode: what is known before it, and who is asked."""

import sys

from nimsg.cli.secret import Secret, ask, find_secret, no_secret
from nimsg.cli.sources import Settings
from nimsg.client.login import Dialog, Question, tries_left
from nimsg.errors import Refusal, UsageError
from nimsg.protocol.constants import AuthMode, Device
from nimsg.protocol.rules import is_token


SECRETS = ("bad_credentials", "bad_token")


class Login:
    """One login by its `dialog`. `secret` is what was proven with, if anything.

    It is looked for a secret where one is kept, unless told not to `look`.
    Raises `ConfigError` and `UsageError` where something is not known and nobody can
    be asked.
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
        self._known = known
        if look and auth == AuthMode.PASSWORD:
            self._known = known or find_secret(settings)
            if self._known is None and not settings.may_ask:
                raise no_secret()
        self._by_token = self._known is not None and is_token(self._known.value)
        if not (settings.user or settings.may_ask or self._by_token):
            raise UsageError("no user: give --user NAME or NIMSG_USER")
        self.dialog = Dialog(
            auth,
            device.value,
            user=settings.user,
            secret=self._known.value if self._known else None,
            may_ask=settings.may_ask,
        )

    @property
    def secret(self) -> Secret | None:
        """What the login was proven with, None where the name was enough."""
        given = self.dialog.secret
        if given is None:
            return None
        if self._known is not None and self._known.value == given:
            return self._known
        return Secret(given, "the prompt")

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
            left = tries_left(refusal)
            why = f"{why} (taken from {self._known.source})"
            why = f"{why}; {left}" if left else why
        elif isinstance(free, str):
            why = f"{why}; {free} is free: --user {free}"
        return Refusal(refusal.kind, why, refusal.data)


def ask_person(question: Question, said: str) -> str:
    """Ask on the terminal. Raises `Refusal` where the input ends."""
    if said:
        from nimsg.cli.show import note

        note(said)
    if question.secret:
        return ask(question.text)
    sys.stderr.write(question.text)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise Refusal("login_required", "no name was given")
    return line
