"""Invitations: who may make an account with one, and what ends it."""

import pytest
from msgspec.structs import replace

from nimsg.core import invitations
from nimsg.core.commands import CreateInvitation, RevokeInvitation
from nimsg.core.invitations import Invitation
from nimsg.errors import Data, Refusal


NOW = 1_795_192_385_123
FRESH = Invitation("i1", "a" * 64, "for bob", 5)
USED = replace(FRESH, used_at=7, used_by="eve")
REVOKED = replace(FRESH, revoked_at=8)
REVOKE = RevokeInvitation("i1")

ADMITS: dict[str, tuple[Invitation | None, bool]] = {
    "fresh": (FRESH, True),
    "ends in a moment": (replace(FRESH, expires_at=NOW + 1), True),
    "ends now": (replace(FRESH, expires_at=NOW), False),
    "ended long ago": (replace(FRESH, expires_at=0), False),
    "used": (USED, False),
    "revoked": (REVOKED, False),
    "unknown": (None, False),
}


def refusal(invitation: Invitation | None) -> tuple[str, str, Data]:
    with pytest.raises(Refusal) as caught:
        invitations.decide_use(invitation, "bob", NOW)
    return caught.value.kind, caught.value.detail, caught.value.data


def test_s1_3_an_invitation_is_what_it_was_made_as() -> None:
    command = CreateInvitation("i1", "a" * 64, "for bob", 99)

    assert invitations.made_by(command, 5) == replace(FRESH, expires_at=99)


@pytest.mark.parametrize("case", ADMITS)
def test_s1_3_who_is_admitted_by_an_invitation(case: str) -> None:
    invitation, admits = ADMITS[case]

    if admits:
        assert invitation is not None
        used = invitations.decide_use(invitation, "bob", NOW)
        assert used == replace(invitation, used_at=NOW, used_by="bob")
        assert invitations.require_usable(invitation, NOW) is invitation
    else:
        assert refusal(invitation)[0] == "invitation_invalid"


def test_s1_3_strangers_are_not_told_why_an_invitation_is_refused() -> None:
    bad = [invitation for invitation, admits in ADMITS.values() if not admits]

    assert len({repr(refusal(invitation)) for invitation in bad}) == 1


def test_an_invitation_is_revoked_once() -> None:
    revoked = invitations.decide_revoke(FRESH, REVOKE, NOW)

    assert revoked == replace(FRESH, revoked_at=NOW)
    assert invitations.decide_revoke(revoked, REVOKE, NOW + 1) is revoked


@pytest.mark.parametrize(
    ("invitation", "words"),
    [
        (None, "there is no such invitation"),
        (USED, "eve has used this invitation already"),
    ],
)
def test_what_cannot_be_revoked(invitation: Invitation | None, words: str) -> None:
    with pytest.raises(Refusal, match=words) as caught:
        invitations.decide_revoke(invitation, REVOKE, NOW)

    assert caught.value.kind == "unknown_invitation"
    assert caught.value.data == {"id": "i1"}
