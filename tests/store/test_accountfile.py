"""The file of an account."""

import pytest

from nimsg.core.accounts import Account, Token
from nimsg.core.rooms import Membership
from nimsg.errors import StorageFailure
from nimsg.store.accountfile import decode_account, encode_account, is_as_written
from tests.support.post import START


ANN = Account(
    uid=7,
    name="../../x",
    role="admin",
    password_hash="$argon2id$",
    created_at=START,
    removed_at=START + 1,
    tokens=(
        Token("t1", "5e", "phone", START, None, START),
        Token("t2", "6f", "ü\n", START + 1, START + 2, None),
    ),
    blocks=(3, 11),
    rooms=(Membership("den", START, 4), Membership("lobby", START + 2, 0)),
)


def test_s0_20_an_account_file_is_json_that_people_can_read() -> None:
    assert encode_account(Account(7, "ann", "user", None, START)).decode() == """\
{
  "blocks": [],
  "created": "2026-11-18T11:06:40.000Z",
  "format": 1,
  "name": "ann",
  "password_hash": null,
  "removed": null,
  "role": "user",
  "rooms": [],
  "tokens": [],
  "uid": 7
}
"""  # fmt: skip


def test_rooms_and_blocks_of_an_account_file() -> None:
    assert """\
  "rooms": [
    {
      "joined": "2026-11-18T11:06:40.000Z",
      "mark": 4,
      "room": "den"
    },
""" in encode_account(ANN).decode()
    assert b'"blocks": [\n    3,\n    11\n  ]' in encode_account(ANN)


OLD = b"""\
{
  "created": "2026-11-18T11:06:40.000Z",
  "format": 1,
  "name": "ann",
  "password_hash": null,
  "removed": null,
  "role": "user",
  "tokens": [],
  "uid": 7
}
"""


def test_an_account_from_before_there_were_rooms_is_in_the_lobby() -> None:
    lobby = (Membership("lobby", START, 0),)
    removed = OLD.replace(b'"removed": null', b'"removed": "2026-11-18T11:06:41.000Z"')

    assert decode_account(OLD) == Account(7, "ann", "user", None, START, rooms=lobby)
    assert decode_account(removed).rooms == ()


def test_what_an_older_release_wrote_is_as_written() -> None:
    assert is_as_written(OLD, decode_account(OLD))
    assert is_as_written(encode_account(ANN), ANN)
    assert not is_as_written(OLD + b"\n", decode_account(OLD))
    assert not is_as_written(OLD, ANN)


def test_an_account_comes_back_as_it_was() -> None:
    assert decode_account(encode_account(ANN)) == ANN


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"\xff",
        encode_account(ANN)[:-4],
        encode_account(ANN).replace(b"2026-11-18T11:06:40.000Z", b"today"),
        encode_account(ANN).replace(b'"uid": 7', b'"uid": "7"'),
        encode_account(ANN).replace(b"phone", b"pho\xffe"),
        encode_account(ANN).replace(b"    3,", b"    12,"),
        encode_account(ANN).replace(b"    3,", b"    11,"),
        encode_account(ANN).replace(b'"den"', b'"zoo"'),
        encode_account(ANN).replace(b'"den"', b'"lobby"'),
        encode_account(ANN).replace(b'"den"', b'"#den"'),
    ],
)
def test_what_is_no_account_is_named(data: bytes) -> None:
    with pytest.raises(StorageFailure, match="an account file cannot be read"):
        decode_account(data)
