"""The file of a draft."""

import pytest

from nimsg.core.drafts import Draft
from nimsg.errors import StorageFailure
from nimsg.store.draftfile import decode_draft, encode_draft
from tests.support.post import START
from tests.support.requests_table import ID


BARE = Draft(ID, 7, "d1", "", "", "", None, START)
FULL = Draft(ID, 7, "~", "bob, ü\x00", "Grüße", 'a\n\t"\x1b', ID, START + 1)


def test_s0_20_a_draft_file_is_json_that_people_can_read() -> None:
    assert (
        encode_draft(BARE).decode()
        == f"""\
{{
  "body": "",
  "client_id": "d1",
  "format": 1,
  "id": "{ID}",
  "reply_to": null,
  "subject": "",
  "time": "2026-11-18T11:06:40.000Z",
  "to": "",
  "uid": 7
}}
"""
    )


@pytest.mark.parametrize("draft", [BARE, FULL])
def test_a_draft_comes_back_as_it_was(draft: Draft) -> None:
    assert decode_draft(encode_draft(draft), ID) == draft


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"\xff",
        encode_draft(FULL)[:-4],
        encode_draft(FULL).replace(b"2026-11-18T11:06:40.001Z", b"today"),
        encode_draft(FULL).replace(b'"uid": 7', b'"uid": "7"'),
    ],
)
def test_what_is_no_draft_is_named(data: bytes) -> None:
    with pytest.raises(StorageFailure, match="a draft file cannot be read"):
        decode_draft(data, ID)


@pytest.mark.parametrize(
    ("inside", "name", "why"),
    [
        (ID, ID[:-1] + "Z", "holds the draft"),
        ("../../x", "../../x", "is the id of no draft"),
        ("", "", "is the id of no draft"),
    ],
)
def test_a_file_holds_the_draft_of_its_name(inside: str, name: str, why: str) -> None:
    data = encode_draft(BARE).replace(ID.encode(), inside.encode())

    with pytest.raises(StorageFailure, match=why):
        decode_draft(data, name)
