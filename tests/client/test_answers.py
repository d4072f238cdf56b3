"""Answers of every shape: typed values, or a fault that names the member."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

from nimsg.client import answers
from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import CopyState
from nimsg.protocol.digest import message_digest
from nimsg.protocol.strict import JsonObject
from tests.support.examples import few
from tests.support.faults import fault_of


ID = "01HF0000000000000000000000"
RECEIPT: JsonObject = {"user": "bob", "state": "opened", "opened_at": 5}
INBOX: JsonObject = {
    "position": 1,
    "id": ID,
    "from": "ann",
    "to": ["bob"],
    "subject": "s",
    "size": 1,
    "sent_at": 2,
    "receipt": RECEIPT,
}
OUTBOX: JsonObject = {**INBOX, "receipts": [RECEIPT], "pending": False}
STATUS: JsonObject = {**OUTBOX, "refused": [{"user": "eve", "kind": "unknown_user"}]}
LETTER: JsonObject = {
    **INBOX,
    "body": "text",
    "reply_to": None,
    "digest": message_digest(
        id=ID,
        sender="ann",
        to=["bob"],
        sent_at=2,
        subject="s",
        body="text",
        reply_to=None,
    ),
}


class Shape(NamedTuple):
    """What parses an object, one that is right, and the members it cannot lack."""

    parse: Callable[[JsonObject], object]
    good: JsonObject
    needed: set[str]

    def fault(self, **changes: object) -> ProtocolFault | None:
        """What is found wrong once these members are changed."""
        return fault_of(lambda: self.parse({**self.good, **changes}))

    def fault_without(self, name: str) -> ProtocolFault | None:
        """What is found wrong once a member is gone."""
        rest = {key: value for key, value in self.good.items() if key != name}
        return fault_of(lambda: self.parse(rest))


LISTED = set(INBOX) - {"from", "receipt"}
SHAPES = {
    "inbox": Shape(answers.inbox_row, INBOX, set(INBOX)),
    "outbox": Shape(answers.outbox_row, OUTBOX, LISTED | {"pending"}),
    "status": Shape(answers.status, STATUS, LISTED - {"position", "size"} | {"from"}),
    "letter": Shape(
        answers.letter,
        LETTER,
        {"id", "from", "to", "subject", "body", "sent_at", "digest"},
    ),
    "receipt": Shape(answers.receipt, RECEIPT, {"user", "state"}),
}
OTHER_TYPES: list[object] = [None, True, 1.5, {}, [1], [[]], [None]]
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)

# JSON as a hostile server may send it, for any member.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@every_shape
def test_what_the_protocol_promises_is_parsed(shape: Shape) -> None:
    assert shape.fault() is None
    assert shape.needed <= set(shape.good)


@every_shape
def test_term_4_a_missing_member_is_a_fault_that_names_it(shape: Shape) -> None:
    for name in shape.needed:
        fault = shape.fault_without(name)

        assert fault is not None, name
        assert repr(name) in str(fault)


@every_shape
def test_term_4_a_member_of_another_type_is_a_fault(shape: Shape) -> None:
    for name in shape.needed:
        for value in OTHER_TYPES:
            same = type(value) is type(shape.good[name]) and not isinstance(value, list)

            assert same or shape.fault(**{name: value}), (name, value)


@every_shape
@given(data=st.data())
@few
def test_term_4_no_shape_raises_anything_else(
    shape: Shape, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(shape.good)))
    fault = shape.fault(**{name: data.draw(JSON)})

    assert fault is None or str(fault)


@pytest.mark.parametrize("state", [state.value for state in CopyState])
def test_n1_every_rung_is_known(state: str) -> None:
    assert answers.receipt({**RECEIPT, "state": state}).state == state


@pytest.mark.parametrize("state", ["", "read", "OPENED", 1, None])
def test_n1_no_other_rung_is(state: object) -> None:
    assert fault_of(lambda: answers.receipt({**RECEIPT, "state": state}))


@pytest.mark.parametrize(
    "id_", ["", "x", ID[:-1], ID + "0", ID + "\n", "\x1b]0;gotcha\x07", "../../x"]
)
def test_term_1_an_id_is_an_id(id_: str) -> None:
    assert fault_of(lambda: answers.inbox_row({**INBOX, "id": id_}))
    assert fault_of(lambda: answers.identifier({"id": id_}))


def test_a_message_goes_to_somebody() -> None:
    assert fault_of(lambda: answers.outbox_row({**OUTBOX, "to": []}))


@pytest.mark.parametrize(
    "change",
    [
        {"body": "Text"},
        {"subject": "S"},
        {"from": "eve"},
        {"to": ["bob", "eve"]},
        {"sent_at": 3},
        {"reply_to": ID},
        {"digest": "0" * 64},
    ],
)
def test_s3_12_a_letter_that_was_changed_on_the_way_is_not_shown(
    change: JsonObject,
) -> None:
    with pytest.raises(ProtocolFault) as caught:
        answers.letter({**LETTER, **change})

    assert caught.value.kind == "damaged"
    assert caught.value.exit == 74


def test_a_senders_own_letter_has_no_receipt() -> None:
    assert answers.letter({**LETTER, "receipt": None}).receipt is None


def test_rows_that_are_missing_are_none() -> None:
    assert answers.rows({}, "inbox", answers.inbox_row) == []


@pytest.mark.parametrize("rows", [None, {}, "x", 1, [None], [[]], ["x"], [{}]])
def test_term_4_rows_that_are_none_are_a_fault(rows: object) -> None:
    assert fault_of(lambda: answers.rows({"inbox": rows}, "inbox", answers.inbox_row))


def test_true_is_no_number() -> None:
    assert fault_of(lambda: answers.number({"n": True}, "n"))
    assert answers.maybe_number({"n": None}, "n") is None
    assert answers.maybe_text({}, "n") is None
