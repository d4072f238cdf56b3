"""The file of an account, below users/. Times are RFC 3339."""

import msgspec
from msgspec import Struct

from nimsg.core.accounts import Account, Token
from nimsg.errors import StorageFailure
from nimsg.protocol.times import parse_rfc3339, rfc3339
from nimsg.store.jsonfile import encode_file, text_of_time, time_of_text


class TokenEntry(Struct, frozen=True):
    """A script token as the file has it."""

    id: str
    secret_hash: str
    label: str
    created: str
    expires: str | None
    used: str | None


class AccountFile(Struct, frozen=True):
    """The members of an account file."""

    uid: int
    name: str
    role: str
    password_hash: str | None
    created: str
    removed: str | None
    tokens: list[TokenEntry]
    format: int = 1


DECODER = msgspec.json.Decoder(AccountFile)


def encode_account(account: Account) -> bytes:
    """The file's bytes."""
    file = AccountFile(
        account.uid,
        account.name,
        account.role,
        account.password_hash,
        rfc3339(account.created_at),
        text_of_time(account.removed_at),
        [
            TokenEntry(
                token.id,
                token.secret_hash,
                token.label,
                rfc3339(token.created_at),
                text_of_time(token.expires_at),
                text_of_time(token.used_at),
            )
            for token in account.tokens
        ],
    )
    return encode_file(file)


def decode_account(data: bytes) -> Account:
    """Read a file. Raises `StorageFailure` where it is no account."""
    try:
        file = DECODER.decode(data)
        return Account(
            file.uid,
            file.name,
            file.role,
            file.password_hash,
            parse_rfc3339(file.created),
            time_of_text(file.removed),
            tuple(
                Token(
                    entry.id,
                    entry.secret_hash,
                    entry.label,
                    parse_rfc3339(entry.created),
                    time_of_text(entry.expires),
                    time_of_text(entry.used),
                )
                for entry in file.tokens
            ),
        )
    except (msgspec.MsgspecError, ValueError) as error:
        raise StorageFailure(f"an account file cannot be read: {error}") from None
