"""Drafts: what a later version leaves of an earlier one."""

import pytest
from msgspec.structs import replace

from nimsg.core.commands import SaveDraft
from nimsg.core.drafts import Draft, decide_save
from nimsg.protocol.constants import limit
from tests.support.post import refused


NOW = 1_795_192_385_123
SAVE = SaveDraft("new", 7, "d1", "bob, nobody", "Hi", "text", "m1")
DRAFT = Draft("old", 7, "d1", "bob, nobody", "Hi", "text", "m1", 5)


def test_x10_a_draft_is_what_was_typed() -> None:
    assert decide_save(None, 0, SAVE, NOW) == replace(DRAFT, id="new", saved_at=NOW)


@pytest.mark.parametrize("member", ["to", "subject", "body", "reply_to"])
def test_x10_a_later_version_replaces_under_the_same_id(member: str) -> None:
    before = replace(DRAFT, **{member: "other"})

    assert decide_save(before, 1, SAVE, NOW) == replace(DRAFT, saved_at=NOW)


def test_x10_a_retry_changes_nothing() -> None:
    assert decide_save(DRAFT, 1, SAVE, NOW) is DRAFT


def test_sec_11_an_account_keeps_100_drafts_and_changes_each() -> None:
    most = limit("drafts")
    with refused("too_many"):
        decide_save(None, most, SAVE, NOW)

    assert decide_save(None, most - 1, SAVE, NOW).id == "new"
    assert decide_save(replace(DRAFT, body=""), most, SAVE, NOW).body == "text"
