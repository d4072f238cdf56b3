"""Decisions about mail: who may do what, and what comes of it."""

import pytest

from nimsg.core import mail
from nimsg.core.commands import Act, MailAct, SendMail
from nimsg.core.ladder import Copy
from nimsg.core.mail import NOTHING, Change, Delivery, MailFacts, SendFacts
from nimsg.errors import Refusal
from nimsg.protocol.constants import Device
from nimsg.protocol.results import Origin, Refused
from tests.support.requests_table import ID


TUI, LINE, HEADLESS = Device
SENT_AT, NOW = 1000, 5000

ALICE, BOB, CAROL, DAVE, ERIN, FRANK, EVE = range(1, 8)
ROLES: dict[str, int] = {
    "sender": ALICE,
    "recipient": BOB,
    "recipient who opened": CAROL,
    "recipient who deleted": DAVE,
    "recipient after a recall": ERIN,
    "recipient who opened and deleted": FRANK,
    "stranger": EVE,
}
COPIES: dict[int, Copy] = {
    BOB: Copy(),
    CAROL: Copy(2000, LINE, 3000, LINE),
    DAVE: Copy(deleted_at=2000),
    ERIN: Copy(recalled_at=2000),
    FRANK: Copy(2000, LINE, 3000, LINE, deleted_at=4000),
}
MAIL = MailFacts(ALICE, SENT_AT, COPIES, sender_deleted=False)
MAIL_LEFT = MailFacts(ALICE, SENT_AT, COPIES, sender_deleted=True)

# S0-19: what comes of each act of each role: whose copies change, or the refusal.
# "sender who deleted" acts upon a message that left the sender's own view.
Result = frozenset[int] | str
NONE: frozenset[int] = frozenset()
MATRIX: dict[Act, dict[str, Result]] = {
    Act.FETCHED: {
        "sender": NONE,
        "sender who deleted": NONE,
        "recipient": frozenset({BOB}),
        "recipient who opened": NONE,
        "recipient who deleted": NONE,
        "recipient after a recall": NONE,
        "recipient who opened and deleted": NONE,
        "stranger": NONE,
    },
    Act.OPENED: {
        "sender": NONE,
        "sender who deleted": "not_found",
        "recipient": frozenset({BOB}),
        "recipient who opened": NONE,
        "recipient who deleted": "not_found",
        "recipient after a recall": "recalled",
        "recipient who opened and deleted": "not_found",
        "stranger": "not_found",
    },
    Act.ACKED: {
        "sender": "not_recipient",
        "sender who deleted": "not_found",
        "recipient": frozenset({BOB}),
        "recipient who opened": frozenset({CAROL}),
        "recipient who deleted": "not_found",
        "recipient after a recall": "recalled",
        "recipient who opened and deleted": "not_found",
        "stranger": "not_found",
    },
    Act.RECALLED: {
        "sender": frozenset({BOB}),
        "sender who deleted": frozenset({BOB}),
        "recipient": "not_sender",
        "recipient who opened": "not_sender",
        "recipient who deleted": "not_sender",
        "recipient after a recall": "not_sender",
        "recipient who opened and deleted": "not_sender",
        "stranger": "not_found",
    },
    Act.DELETED: {
        "sender": NONE,
        "sender who deleted": "not_found",
        "recipient": frozenset({BOB}),
        "recipient who opened": frozenset({CAROL}),
        "recipient who deleted": "not_found",
        "recipient after a recall": frozenset({ERIN}),
        "recipient who opened and deleted": "not_found",
        "stranger": "not_found",
    },
}


def decide(act: Act, actor: int, facts: MailFacts = MAIL, *, now: int = NOW) -> Change:
    return mail.DECISIONS[act](facts, MailAct(act, actor, [ID], TUI), now)


def mail_to(*copies: Copy) -> MailFacts:
    return MailFacts(ALICE, SENT_AT, dict(enumerate(copies, BOB)), sender_deleted=False)


def send(reply_to: str | None = None) -> SendMail:
    return SendMail(ALICE, ["bob"], "c1", "s", "b", reply_to)


def refusal_of(facts: SendFacts, command: SendMail, print_: str = "f") -> Refusal:
    with pytest.raises(Refusal) as caught:
        mail.decide_send(facts, command, print_)
    return caught.value


@pytest.mark.parametrize("act", Act)
def test_s0_19_the_matrix_knows_every_act_and_every_role(act: Act) -> None:
    assert mail.DECISIONS.keys() == MATRIX.keys() == set(Act)
    assert MATRIX[act].keys() == ROLES.keys() | {"sender who deleted"}


@pytest.mark.parametrize(
    ("act", "role"), [(act, role) for act in MATRIX for role in MATRIX[act]]
)
def test_s0_19_every_act_of_every_role(act: Act, role: str) -> None:
    facts = MAIL_LEFT if role == "sender who deleted" else MAIL
    actor = ROLES.get(role, ALICE)
    expected = MATRIX[act][role]

    if isinstance(expected, str):
        with pytest.raises(Refusal) as caught:
            decide(act, actor, facts)
        assert caught.value.kind == expected
    else:
        assert decide(act, actor, facts).copies.keys() == expected


@pytest.mark.parametrize("facts", [MAIL, MAIL_LEFT])
def test_s0_19_a_stranger_learns_nothing_by_any_act(facts: MailFacts) -> None:
    for act in (Act.OPENED, Act.ACKED, Act.RECALLED, Act.DELETED):
        with pytest.raises(Refusal) as caught:
            decide(act, EVE, facts)
        assert (caught.value.kind, caught.value.data) == ("not_found", {})
    assert decide(Act.FETCHED, EVE, facts) is NOTHING


def test_n1_a_rung_is_given_the_time_and_device_of_the_act() -> None:
    assert decide(Act.FETCHED, BOB).copies[BOB] == Copy(NOW, TUI)
    assert decide(Act.OPENED, BOB).copies[BOB] == Copy(NOW, TUI, NOW, TUI)
    assert decide(Act.ACKED, CAROL).copies[CAROL].acked_by is TUI


def test_n1_an_act_without_a_device_counts_as_headless() -> None:
    change = mail.decide_fetch(MAIL, MailAct(Act.FETCHED, BOB, [ID]), NOW)

    assert change.copies[BOB].fetched_by is HEADLESS


@pytest.mark.parametrize("act", Act)
def test_n1_nothing_happens_before_the_message_was_sent(act: Act) -> None:
    actor = ALICE if act is Act.RECALLED else BOB

    (copy,) = decide(act, actor, mail_to(Copy()), now=3).copies.values()

    assert {at for at in copy_times(copy) if at is not None} == {SENT_AT}


def copy_times(copy: Copy) -> tuple[int | None, ...]:
    rungs = (copy.fetched_at, copy.opened_at, copy.acked_at)
    return (*rungs, copy.recalled_at, copy.deleted_at)


@pytest.mark.parametrize("act", [Act.FETCHED, Act.OPENED, Act.ACKED])
def test_n1_a_repeated_act_changes_nothing(act: Act) -> None:
    first = decide(act, BOB)
    later = MailFacts(ALICE, SENT_AT, first.copies, sender_deleted=False)

    assert decide(act, BOB, later, now=NOW + 1) is NOTHING


def test_n7_a_repeated_recall_changes_nothing() -> None:
    first = decide(Act.RECALLED, ALICE)
    later = MailFacts(ALICE, SENT_AT, {**COPIES, **first.copies}, sender_deleted=False)

    assert decide(Act.RECALLED, ALICE, later, now=NOW + 1) == NOTHING


def test_n7_a_recall_withdraws_from_all_who_have_not_opened() -> None:
    facts = mail_to(Copy(), Copy(2000, LINE), Copy(2000, LINE, 3000, LINE))

    assert decide(Act.RECALLED, ALICE, facts) == Change(
        {BOB: Copy(recalled_at=NOW), CAROL: Copy(2000, LINE, recalled_at=NOW)}
    )


def test_n7_of_open_and_recall_the_first_to_commit_wins() -> None:
    facts = mail_to(Copy())
    opened = MailFacts(
        ALICE, SENT_AT, decide(Act.OPENED, BOB, facts).copies, sender_deleted=False
    )
    recalled = MailFacts(
        ALICE, SENT_AT, decide(Act.RECALLED, ALICE, facts).copies, sender_deleted=False
    )

    assert decide(Act.RECALLED, ALICE, opened) == NOTHING
    with pytest.raises(Refusal) as caught:
        decide(Act.OPENED, BOB, recalled)
    assert caught.value.data == {"recalled_at": NOW}


@pytest.mark.parametrize(
    ("copies", "complete"),
    [
        ({}, True),
        ({"b": Copy(recalled_at=1)}, True),
        ({"b": Copy(recalled_at=1), "c": Copy(deleted_at=1)}, True),
        ({"b": Copy(recalled_at=1, deleted_at=2)}, True),
        ({"b": Copy(recalled_at=1), "c": Copy(1, TUI, 2, TUI)}, False),
        ({"b": Copy(1, TUI, 2, TUI, deleted_at=3)}, False),
        ({"b": Copy()}, False),
    ],
)
def test_n7_a_recall_is_complete_when_nobody_opened_it(
    copies: dict[str, Copy], complete: bool
) -> None:
    assert mail.recall_complete(copies) is complete


def test_a_recipient_deletes_the_own_copy_only() -> None:
    assert decide(Act.DELETED, BOB) == Change({BOB: Copy(deleted_at=NOW)})


def test_a_sender_deletes_the_own_view_only() -> None:
    assert decide(Act.DELETED, ALICE) == Change({}, sender_deletes=True)


def test_who_is_sender_and_recipient_deletes_both() -> None:
    facts = MailFacts(ALICE, SENT_AT, {ALICE: Copy()}, sender_deleted=False)
    gone = MailFacts(ALICE, SENT_AT, {ALICE: Copy(deleted_at=9)}, sender_deleted=False)

    assert decide(Act.DELETED, ALICE, facts) == Change(
        {ALICE: Copy(deleted_at=NOW)}, True
    )
    assert decide(Act.DELETED, ALICE, gone).sender_deletes


def test_c12_a_message_goes_to_those_who_exist_and_the_others_are_told() -> None:
    facts = SendFacts({"bob": BOB, "nobody": None, "carol": CAROL}, None, False)

    assert mail.decide_send(facts, send(), "f") == Delivery(
        {"bob": BOB, "carol": CAROL}, [Refused("nobody", "unknown_user")]
    )


def test_c12_a_message_to_nobody_who_exists_is_refused_by_name() -> None:
    refusal = refusal_of(SendFacts({"x": None, "y": None}, None, False), send())

    assert refusal.kind == "all_refused"
    assert "x, y" in refusal.detail
    assert refusal.data == {
        "refused": [
            {"user": "x", "kind": "unknown_user"},
            {"user": "y", "kind": "unknown_user"},
        ]
    }


def test_c17_who_blocks_the_sender_gets_no_copy() -> None:
    people: dict[str, int | None] = {"bob": BOB, "carol": CAROL, "nobody": None}
    facts = SendFacts(people, None, False, frozenset({BOB, EVE}))
    blocked = Refused("bob", "blocked_by_recipient")
    unknown = Refused("nobody", "unknown_user")

    delivery = mail.decide_send(facts, send(), "f")
    assert delivery == Delivery({"carol": CAROL}, [blocked, unknown])
    del people["carol"]
    refusal = refusal_of(facts, send())
    assert refusal.kind == "all_refused"
    assert str(refusal) == (
        "blocked by: bob; there is no such user: nobody; nothing was stored"
    )


def test_s1_13_the_same_message_again_is_a_retry() -> None:
    facts = SendFacts({"bob": None}, "f", False)

    assert mail.decide_send(facts, send(reply_to=ID), "f") is None


def test_s1_13_another_message_under_the_same_client_id_is_a_conflict() -> None:
    refusal = refusal_of(SendFacts({"bob": BOB}, "f", True), send(), "g")

    assert (refusal.kind, refusal.data) == ("client_id_conflict", {"client_id": "c1"})


def test_s0_19_a_reply_goes_to_what_the_sender_can_see() -> None:
    command = send(reply_to=ID)

    refusal = refusal_of(SendFacts({"bob": BOB}, None, False), command)
    taken = mail.decide_send(SendFacts({"bob": BOB}, None, True), command, "f")

    assert (refusal.kind, refusal.data) == ("not_found", {"id": ID})
    assert taken == Delivery({"bob": BOB}, [])


def test_s1_13_a_fingerprint_is_of_the_whole_message() -> None:
    prints = {
        mail.fingerprint(["bob"], "s", "b", None),
        mail.fingerprint(["bob", "carol"], "s", "b", None),
        mail.fingerprint(["bo", "b"], "s", "b", None),
        mail.fingerprint(["bob"], "sb", "", None),
        mail.fingerprint(["bob"], "", "sb", None),
        mail.fingerprint(["bob"], "s", "b", ""),
        mail.fingerprint(["bob"], "s", "b", ID),
    }

    assert len(prints) == 7
    assert all(len(print_) == 64 for print_ in prints)


def test_s1_13_a_fingerprint_does_not_depend_on_the_order_of_names() -> None:
    one = mail.fingerprint(["bob", "carol"], "s", "b", None)

    assert one == mail.fingerprint(["carol", "bob"], "s", "b", None)


def test_x16_an_imports_fingerprint_is_of_its_origin_and_not_of_what_it_answers() -> (
    None
):
    origin = Origin("a", ["b"], 1, None, None)
    prints = {
        mail.fingerprint(["bob"], "s", "b", None),
        mail.fingerprint(["bob"], "s", "b", None, origin),
        mail.fingerprint(["bob"], "s", "b", None, Origin("a", ["b"], 2, None, None)),
        mail.fingerprint(["bob"], "s", "b", None, Origin("a", ["c"], 1, None, None)),
    }

    assert len(prints) == 4
    assert mail.fingerprint(["bob"], "s", "b", ID, origin) in prints
