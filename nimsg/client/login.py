"""The login dialog as a table: what is asked next, of the person or of the server.

It reads and writes nothing: a shell asks the `question` or sends the `request`, and
tells the dialog what came back.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from nimsg.client.proof import login_request
from nimsg.client.query import Query, Request
from nimsg.errors import Refusal
from nimsg.protocol.constants import AuthMode
from nimsg.protocol.rules import check_name, check_new_password, is_token
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line, many


TRIES = 3
AGAIN = "The same again: "
END_OTHER = "log out there first, or have the server's owner type: nimsg user kick {}"
DIFFERENT = "The two are not the same; again."


class Step(StrEnum):
    """Where the dialog stands."""

    NAME = "name"
    BEGIN = "begin"
    PASSWORD = "password"  # noqa: S105 - a state, not a secret
    NEW = "new password"
    AGAIN = "new password again"
    LOGIN = "login"
    REGISTER = "register"
    IN = "in"
    ENDED = "ended"


class Happening(StrEnum):
    """What moves it on; the refusals that do not end it are named as their kinds."""

    GIVEN = "given"
    UNUSABLE = "unusable"
    DIFFERENT = "different"
    ASKS_PASSWORD = "password"  # noqa: S105 - an event, not a secret
    ASKS_REGISTER = "register"
    ASKS_NOTHING = "nothing"
    WELCOME = "welcome"
    WRONG = "bad_credentials"
    ELSEWHERE = "duplicate_login"
    TAKEN = "name_taken"
    RESERVED = "name_reserved"
    BAD_PASSWORD = "password_invalid"  # noqa: S105 - an event, not a secret
    REFUSED = "refused"


H = Happening
TABLE: dict[Step, dict[Happening, Step]] = {
    Step.NAME: {H.GIVEN: Step.BEGIN, H.UNUSABLE: Step.NAME},
    Step.BEGIN: {
        H.ASKS_PASSWORD: Step.PASSWORD,
        H.ASKS_REGISTER: Step.NEW,
        H.ASKS_NOTHING: Step.LOGIN,
        H.REFUSED: Step.ENDED,
    },
    Step.PASSWORD: {H.GIVEN: Step.LOGIN, H.UNUSABLE: Step.PASSWORD},
    Step.NEW: {H.GIVEN: Step.AGAIN, H.UNUSABLE: Step.NEW},
    Step.AGAIN: {H.GIVEN: Step.REGISTER, H.DIFFERENT: Step.NEW},
    Step.LOGIN: {
        H.WELCOME: Step.IN,
        H.WRONG: Step.PASSWORD,
        H.ELSEWHERE: Step.NAME,
        H.TAKEN: Step.NAME,
        H.RESERVED: Step.NAME,
        H.REFUSED: Step.ENDED,
    },
    Step.REGISTER: {
        H.WELCOME: Step.IN,
        H.TAKEN: Step.NAME,
        H.RESERVED: Step.NAME,
        H.BAD_PASSWORD: Step.NEW,
        H.REFUSED: Step.ENDED,
    },
    Step.IN: {},
    Step.ENDED: {},
}
PERSONS = frozenset({Step.NAME, Step.PASSWORD, Step.NEW, Step.AGAIN})


class Question(NamedTuple):
    """What the person is asked; the answer to a `secret` one is not shown."""

    text: str
    secret: bool


Ask = Callable[[Question, str], str]


class Dialog:
    """One login. `user` and `secret` are what is known before anybody is asked.

    A secret that was known and is refused ends it; so does any refusal where nobody
    `may_ask`. `said` is what the person is to be told before the next question.
    """

    def __init__(
        self,
        auth: str,
        device: str,
        *,
        user: str | None = None,
        secret: str | None = None,
        may_ask: bool = True,
    ) -> None:
        self.step = Step.NAME
        self.user = ""
        self.secret = secret
        self.said = ""
        self.refusal: Refusal | None = None
        self._auth = auth
        self._device = device
        self._known = secret is not None
        self._may_ask = may_ask
        self._suggestion = ""
        self._failures = 0
        if user is not None:
            self._name(check_name(user))
        elif secret is not None and auth == AuthMode.PASSWORD and is_token(secret):
            self._name("")  # a token names its account

    def __repr__(self) -> str:
        return f"<Dialog at {self.step}>"

    @property
    def question(self) -> Question | None:
        """What the person is to be asked now."""
        name = clean_line(self.user)
        texts = {
            Step.NAME: f"User [{self._suggestion}]: " if self._suggestion else "User: ",
            Step.PASSWORD: f"Password of {name}: ",
            Step.NEW: new_password_question(self.user),
            Step.AGAIN: AGAIN,
        }
        if self.step not in texts:
            return None
        return Question(texts[self.step], secret=self.step is not Step.NAME)

    @property
    def request(self) -> Request | None:
        """What the server is to be asked now."""
        if self.step is Step.BEGIN:
            return Request("auth.begin", {"user": self.user})
        if self.step is Step.REGISTER:
            return self._proof("auth.register", user=self.user, password=self.secret)
        if self.step is Step.LOGIN:
            return login_request(self._auth, self._device, self.user, self.secret)
        return None

    def answer(self, text: str) -> None:
        """What the person typed at the question."""
        self.said = ""
        {
            Step.NAME: self._take_name,
            Step.PASSWORD: self._take_password,
            Step.NEW: self._take_new,
            Step.AGAIN: self._take_again,
        }[self.step](text)

    def result(self, result: JsonObject) -> None:
        """What the server answered to the request."""
        self.said = ""
        if self.step is not Step.BEGIN:
            self._move(H.WELCOME)
            return
        asks = _ASKED.get(str(result.get("next")), H.ASKS_PASSWORD)
        if asks is H.ASKS_REGISTER:
            name = clean_line(self.user)
            self.said = f"{name} has no account here yet; a new password makes it."
        self._move(asks)

    def refused(self, refusal: Refusal) -> None:
        """The server refused the request."""
        self.refusal = refusal
        happening = H(refusal.kind) if refusal.kind in _KINDS else H.REFUSED
        self._failures += happening is H.WRONG
        final = (
            not self._may_ask
            or happening not in TABLE[self.step]
            or (happening is H.WRONG and (self._known or self._failures == TRIES))
        )
        self._move(H.REFUSED if final else happening)
        if self.step is Step.PASSWORD:
            self.secret = None
            left = tries_left(refusal)
            self.said = f"That is not the password; {left or 'again'}."
        elif self.step is not Step.ENDED:
            self._start_over(refusal)

    def _start_over(self, refusal: Refusal) -> None:
        """Another name, or another new password, may do."""
        why = clean_line(str(refusal))
        self.said = f"{why}; try again."
        if refusal.kind == H.ELSEWHERE:
            self.said = f"{why}; {END_OTHER.format(clean_line(self.user))}"
        self.secret = None
        self._known = False
        suggestion = refusal.data.get("suggestion")
        self._suggestion = ""
        if isinstance(suggestion, str):
            self._suggestion = clean_line(suggestion)
            self.said = f"{clean_line(str(refusal))}."

    def _take_name(self, text: str) -> None:
        name = text.strip() or self._suggestion
        try:
            self._name(check_name(name))
        except Refusal as refusal:
            self.said = try_again(refusal)
            self._move(H.UNUSABLE)

    def _name(self, name: str) -> None:
        self.user = name
        self._move(H.GIVEN)
        if self._auth != AuthMode.PASSWORD:
            self._move(H.ASKS_NOTHING)
        # Who has brought a password has an account; asking would only make one.
        elif self.secret is not None:
            self._move(H.ASKS_PASSWORD)
            self._move(H.GIVEN)

    def _take_password(self, text: str) -> None:
        self.secret = text
        self._move(H.GIVEN if text else H.UNUSABLE)

    def _take_new(self, text: str) -> None:
        try:
            check_new_password(text)
        except Refusal as refusal:
            self.said = try_again(refusal)
            self._move(H.UNUSABLE)
            return
        self.secret = text
        self._move(H.GIVEN)

    def _take_again(self, text: str) -> None:
        if text != self.secret:
            self.said = DIFFERENT
        self._move(H.GIVEN if text == self.secret else H.DIFFERENT)

    def _move(self, happening: Happening) -> None:
        self.step = TABLE[self.step][happening]

    def _proof(self, method: str, **params: str | None) -> Request:
        return Request(method, {**params, "device": self._device})


_ASKED = {one.value: one for one in (H.ASKS_REGISTER, H.ASKS_NOTHING)}
_KINDS = (H.WRONG, H.ELSEWHERE, H.TAKEN, H.RESERVED, H.BAD_PASSWORD)


def logging_in(dialog: Dialog, ask: Ask) -> Query[JsonObject]:
    """Take the dialog to its end; what the server answers a login with.

    `ask` is given each question, and what is to be said before it. Raises the refusal
    that ends it.
    """
    answer: JsonObject = {}
    while (request := dialog.request) or dialog.question:
        if request is None:
            if (question := dialog.question) is not None:
                dialog.answer(ask(question, dialog.said))
            continue
        try:
            answer = yield request
        except Refusal as refusal:
            dialog.refused(refusal)
        else:
            dialog.result(answer)
    if dialog.refusal is not None and dialog.step is Step.ENDED:
        raise dialog.refusal
    return answer


def new_password_question(name: str) -> str:
    """How a new password is asked for."""
    return f"New password for {clean_line(name)}: "


def tries_left(refusal: Refusal) -> str:
    """How often a wrong password may follow before the name is locked, if known."""
    left = refusal.data.get("attempts_left")
    return f"{many(left, 'try', 'tries')} left" if isinstance(left, int) else ""


def try_again(refusal: Refusal) -> str:
    """What a rule says, as a sentence, and that there is another try."""
    text = str(refusal)
    return f"{text[:1].upper()}{text[1:]}; again."
