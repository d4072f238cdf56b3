"""The file of an account."""

import pytest

from nimsg.core.accounts import Account, Token
from nimsg.errors import StorageFailure
from nimsg.store.accountfile import decode_account, encode_account
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
)


def test_s0_20_an_account_file_is_json_that_people_can_read() -> None:
    assert encode_account(Account(7, "ann", "user", None, START)).decode() == """\
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
"""  # fmt: skip


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
    ],
)
def test_what_is_no_account_is_named(data: bytes) -> None:
    with pytest.raises(StorageFailure, match="an account file cannot be read"):
        decode_account(data)
