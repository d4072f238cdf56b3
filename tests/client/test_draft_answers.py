"""Drafts as a server lists them: typed values, or a fault that names the member."""

from functools import partial

import msgspec
import pytest

from nimsg.client import draft_answers
from nimsg.client.draft_answers import DraftPage, DraftRow
from nimsg.protocol import drafts
from nimsg.protocol.strict import JsonObject
from tests.support.faults import fault_of


ID = "01HF0000000000000000000000"
ROW: JsonObject = {
    "client_id": "d1",
    "to": "bob, ",
    "subject": "s\x1b[31m",
    "body": "",
    "reply_to": ID,
    "saved_at": 5,
}
NEEDED = set(ROW) - {"reply_to"}
OTHER_TYPES: list[object] = [None, True, 1.5, {}, [1]]


def test_x10_a_page_of_drafts_is_parsed() -> None:
    page = draft_answers.page({"drafts": [ROW], "next": ID})

    assert page == DraftPage([DraftRow("d1", "bob, ", "s\x1b[31m", "", ID, 5)], ID)
    assert draft_answers.page({"drafts": [], "next": None}) == DraftPage([], None)


def test_x10_what_a_server_encodes_is_what_is_parsed() -> None:
    sent = drafts.Drafts([msgspec.convert(ROW, drafts.DraftRow)], next=None)
    page = draft_answers.page(msgspec.to_builtins(sent))

    assert [row._asdict() for row in page.drafts] == [ROW]


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_term_4_a_member_that_is_missing_or_senseless_is_named(name: str) -> None:
    rest = {key: value for key, value in ROW.items() if key != name}
    wrong = [rest, *({**ROW, name: value} for value in OTHER_TYPES)]

    for row in wrong:
        fault = fault_of(partial(draft_answers.draft, row))
        assert fault is not None, row
        assert repr(name) in str(fault)


@pytest.mark.parametrize("value", [1, True, {}, []])
def test_term_4_what_may_be_null_is_nothing_else(value: object) -> None:
    assert fault_of(lambda: draft_answers.draft({**ROW, "reply_to": value}))
    assert fault_of(lambda: draft_answers.page({"drafts": [], "next": value}))


@pytest.mark.parametrize("value", [None, 1, {}, [1], [None], [{}]])
def test_term_4_a_list_of_drafts_is_one(value: object) -> None:
    assert fault_of(lambda: draft_answers.page({"drafts": value, "next": None}))
