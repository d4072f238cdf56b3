"""The login dialog: every way through its table (C6, C7, K1, S1-3, S4-3)."""

import pytest

from nimsg.client.login import TABLE, TRIES, Dialog, Happening, Step
from nimsg.client.query import Request
from nimsg.errors import Refusal
from nimsg.protocol.strict import JsonObject


PASSWORD = "correct horse"
WELCOME: JsonObject = {"user": "ann"}


def dialog(
    auth: str = "password",
    *,
    user: str | None = None,
    secret: str | None = None,
    may_ask: bool = True,
) -> Dialog:
    return Dialog(auth, "line", user=user, secret=secret, may_ask=may_ask)


def asked(one: Dialog) -> str:
    """The question that stands."""
    assert one.question is not None
    assert one.request is None
    return one.question.text


def over(one: Dialog) -> Step:
    """Where it ended: nobody is asked any more."""
    assert one.question is None
    assert one.request is None
    return one.step


def begun(then: str = "password") -> Dialog:
    """A dialog whose name was typed, and which the server answered."""
    one = dialog()
    one.answer(" ann\n")
    assert one.request == Request("auth.begin", {"user": "ann"})
    one.result({"next": then})
    return one


def named(auth: str) -> Dialog:
    """A dialog whose name was typed, where that is enough."""
    one = dialog(auth)
    one.answer("ann")
    return one


def refused(kind: str, **data: object) -> Refusal:
    return Refusal(kind, data=data)


# -- the table


def test_every_step_has_a_row_and_every_row_leads_to_a_step() -> None:
    assert set(TABLE) == set(Step)
    assert {step for row in TABLE.values() for step in row.values()} <= set(Step)


def test_every_step_can_be_reached_and_all_but_the_ends_be_left() -> None:
    reached = {Step.NAME} | {to for row in TABLE.values() for to in row.values()}
    assert reached == set(Step)
    assert {step for step, row in TABLE.items() if not row} == {Step.IN, Step.ENDED}


def test_every_happening_is_in_the_table() -> None:
    assert {event for row in TABLE.values() for event in row} == set(Happening)


# -- a person at a password server


def test_a_name_and_its_password_are_a_login() -> None:
    one = begun()
    assert asked(one) == "Password of ann: "
    assert one.question is not None
    assert one.question.secret
    one.answer(PASSWORD)
    assert one.request == Request(
        "auth.login", {"user": "ann", "password": PASSWORD, "device": "line"}
    )
    one.result(WELCOME)
    assert over(one) is Step.IN


def test_s1_3_a_new_name_needs_the_same_password_twice() -> None:
    one = begun(then="register")
    assert one.said == "ann has no account here yet; a new password makes it."
    one.answer("short")
    assert one.said == "A password has at least 8 characters; again."
    one.answer(PASSWORD)
    assert asked(one) == "The same again: "
    one.answer("another")
    assert one.said == "The two are not the same; again."
    assert asked(one) == "New password for ann: "
    one.answer(PASSWORD)
    one.answer(PASSWORD)
    assert one.request == Request(
        "auth.register", {"user": "ann", "password": PASSWORD, "device": "line"}
    )
    one.result(WELCOME)
    assert one.step is Step.IN


@pytest.mark.parametrize(
    ("left", "said"),
    [(2, "2 tries left."), (1, "1 try left."), (None, "again.")],
)
def test_c6_a_wrong_password_is_asked_again(left: int | None, said: str) -> None:
    one = begun()
    one.answer("wrong")
    data = {} if left is None else {"attempts_left": left}
    one.refused(refused("bad_credentials", **data))
    assert one.step is Step.PASSWORD
    assert one.said.endswith(said)
    assert one.secret is None


def test_c6_a_locked_name_ends_it() -> None:
    one = begun()
    one.answer("wrong")
    one.refused(refused("account_locked"))
    assert one.step is Step.ENDED
    assert one.refusal is not None
    assert one.refusal.kind == "account_locked"


def test_c6_a_server_that_locks_nothing_is_asked_three_times() -> None:
    one = begun()
    for _ in range(TRIES):
        assert one.step is Step.PASSWORD
        one.answer("wrong")
        one.refused(refused("bad_credentials"))
    assert one.step is Step.ENDED


def test_c7_who_is_logged_in_elsewhere_may_be_somebody_else_here() -> None:
    one = begun()
    one.answer(PASSWORD)
    one.refused(refused("duplicate_login", user="ann"))
    assert one.said.startswith("this name is logged in already")
    assert one.said.endswith(
        "; log out there first, or have the server's owner type: nimsg user kick ann"
    )
    assert asked(one) == "User: "
    one.answer("bob")
    assert one.request == Request("auth.begin", {"user": "bob"})
    assert one.secret is None


def test_a_name_that_cannot_be_one_is_asked_again() -> None:
    one = dialog()
    one.answer("two words")
    assert one.step is Step.NAME
    assert one.said.endswith("; again.")


def test_an_empty_password_is_asked_again() -> None:
    one = begun()
    one.answer("")
    assert asked(one) == "Password of ann: "


# -- names alone


def test_under_auth_open_the_name_is_enough() -> None:
    one = named("open")
    assert one.request == Request("auth.login", {"user": "ann", "device": "line"})


def test_k1_a_taken_nickname_comes_with_a_suggestion() -> None:
    one = named("nick")
    assert one.request == Request("auth.nick", {"nick": "ann", "device": "line"})
    one.refused(refused("name_taken", user="ann", suggestion="ann2"))
    assert asked(one) == "User [ann2]: "
    one.answer("")
    assert one.request == Request("auth.nick", {"nick": "ann2", "device": "line"})


def test_a_suggestion_is_cleaned_before_it_is_shown() -> None:
    one = named("nick")
    one.refused(refused("name_taken", suggestion="\x1b[2Jann"))
    assert asked(one) == "User [ann]: "


def test_k1_another_name_than_the_suggestion_will_do() -> None:
    one = named("nick")
    one.refused(refused("name_taken", suggestion="ann2"))
    one.answer("cyd")
    assert one.request == Request("auth.nick", {"nick": "cyd", "device": "line"})


# -- what is known before


def test_a_known_password_is_not_asked_for() -> None:
    one = dialog(user="ann", secret=PASSWORD)
    assert one.request is not None
    assert one.request.method == "auth.login"


def test_a_token_is_shown_as_one() -> None:
    one = dialog(user="ann", secret="nimsg_abc")
    assert one.request == Request(
        "auth.token", {"token": "nimsg_abc", "device": "line"}
    )


def test_a_token_names_its_account() -> None:
    one = dialog(secret="nimsg_abc")
    assert one.request == Request(
        "auth.token", {"token": "nimsg_abc", "device": "line"}
    )
    assert asked(dialog(secret=PASSWORD)) == "User: "


def test_a_known_password_that_is_wrong_ends_it() -> None:
    one = dialog(user="ann", secret="wrong")
    one.refused(refused("bad_credentials", attempts_left=2))
    assert one.step is Step.ENDED


@pytest.mark.parametrize("kind", ["duplicate_login", "name_taken", "bad_credentials"])
def test_where_nobody_may_ask_every_refusal_ends_it(kind: str) -> None:
    one = dialog(user="ann", secret=PASSWORD, may_ask=False)
    one.refused(refused(kind))
    assert one.step is Step.ENDED


def test_a_known_name_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(Refusal, match="a name has"):
        dialog(user="two words")


def test_no_secret_is_in_what_is_printed_of_it() -> None:
    one = dialog(user="ann", secret=PASSWORD)
    assert PASSWORD not in f"{one!r} {one.request!r}"
