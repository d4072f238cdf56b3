"""The file of an invitation."""

import pytest

from nimsg.core.invitations import Invitation
from nimsg.errors import StorageFailure
from nimsg.store.invitationfile import decode_invitation, encode_invitation
from tests.support.post import START
from tests.support.requests_table import ID


BARE = Invitation(ID, "5e", "", START)
FULL = Invitation(ID, "5e", "ü\n", START, START + 1, START + 2, "bob", START + 3)


def test_s0_20_an_invitation_file_is_json_that_people_can_read() -> None:
    assert (
        encode_invitation(BARE).decode()
        == f"""\
{{
  "created": "2026-11-18T11:06:40.000Z",
  "expires": null,
  "format": 1,
  "id": "{ID}",
  "label": "",
  "revoked": null,
  "secret_hash": "5e",
  "used": null,
  "used_by": null
}}
"""
    )


@pytest.mark.parametrize("invitation", [BARE, FULL])
def test_an_invitation_comes_back_as_it_was(invitation: Invitation) -> None:
    assert decode_invitation(encode_invitation(invitation), ID) == invitation


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"\xff",
        encode_invitation(FULL)[:-4],
        encode_invitation(FULL).replace(b"2026-11-18T11:06:40.000Z", b"today"),
        encode_invitation(FULL).replace(b'"5e"', b"5"),
    ],
)
def test_what_is_no_invitation_is_named(data: bytes) -> None:
    with pytest.raises(StorageFailure, match="an invitation file cannot be read"):
        decode_invitation(data, ID)


@pytest.mark.parametrize(
    ("inside", "name"), [(ID, ID[:-1] + "Z"), ("../../x", "../../x"), ("", "")]
)
def test_a_file_holds_the_invitation_of_its_name(inside: str, name: str) -> None:
    data = encode_invitation(BARE).replace(ID.encode(), inside.encode())

    with pytest.raises(StorageFailure, match="holds the invitation"):
        decode_invitation(data, name)
