"""A login that may ask a person."""

import sys
from functools import cached_property

from nimsg.cli.proof import Ask, Proof
from nimsg.cli.secret import Secret, ask
from nimsg.client.login import Dialog, Question, logging_in
from nimsg.client.query import run
from nimsg.errors import Refusal
from nimsg.protocol.answer import JsonObject


class Login(Proof):
    """One login by its `dialog`, which knows whether it may ask."""

    @cached_property
    def dialog(self) -> Dialog:
        """What is asked of a person, and what of the server, in order."""
        return Dialog(
            self._auth,
            self._device.value,
            user=self._settings.user,
            secret=self._known.value if self._known else None,
            may_ask=self._settings.may_ask,
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

    def log_in(self, ask: Ask) -> JsonObject:
        """See `Proof`; a person is asked for what is not known."""
        return run(logging_in(self.dialog, ask_person), ask)


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
