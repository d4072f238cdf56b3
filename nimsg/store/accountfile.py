"""The file of an account, below users/. Times are RFC 3339."""

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from nimsg.core.accounts import Account, Token
from nimsg.core.rooms import Membership
from nimsg.errors import Refusal, StorageFailure
from nimsg.protocol.constants import LOBBY
from nimsg.protocol.rules import check_room
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


class MembershipEntry(Struct, frozen=True):
    """A place in a room as the file has it."""

    room: str
    joined: str
    mark: int


class AccountFile(Struct, frozen=True):
    """The members of an account file; `blocks` are numbers of accounts.

    Without both it is of a release before there were any: it is in #lobby.
    """

    uid: int
    name: str
    role: str
    password_hash: str | None
    created: str
    removed: str | None
    tokens: list[TokenEntry]
    blocks: list[int] | UnsetType = UNSET
    rooms: list[MembershipEntry] | UnsetType = UNSET
    format: int = 1


DECODER = msgspec.json.Decoder(AccountFile)


def encode_account(account: Account) -> bytes:
    """The file's bytes."""
    return encode_file(_file_of(account))


def is_as_written(data: bytes, account: Account) -> bool:
    """Whether a file's bytes are what this release, or one before it, wrote of it."""
    file = _file_of(account)
    old = replace(file, blocks=UNSET, rooms=UNSET)
    return data in (encode_file(file), encode_file(old))


def _file_of(account: Account) -> AccountFile:
    return AccountFile(
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
        list(account.blocks),
        [
            MembershipEntry(place.room, rfc3339(place.joined_at), place.mark)
            for place in account.rooms
        ],
    )


def decode_account(data: bytes) -> Account:
    """Read a file. Raises `StorageFailure` where it is no account."""
    try:
        file = DECODER.decode(data)
        created_at = parse_rfc3339(file.created)
        return Account(
            file.uid,
            file.name,
            file.role,
            file.password_hash,
            created_at,
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
            _blocks(file),
            _memberships(file, created_at),
        )
    except (msgspec.MsgspecError, ValueError, Refusal) as error:
        raise StorageFailure(f"an account file cannot be read: {error}") from None


def _blocks(file: AccountFile) -> tuple[int, ...]:
    blocks = [] if file.blocks is UNSET else file.blocks
    if blocks != sorted(set(blocks)):
        raise ValueError("its blocks are not in order")
    return tuple(blocks)


def _memberships(file: AccountFile, created_at: int) -> tuple[Membership, ...]:
    if file.rooms is not UNSET:
        names = [check_room(entry.room) for entry in file.rooms]
        if names != sorted(set(names)):
            raise ValueError("its rooms are not in order")
        return tuple(
            Membership(entry.room, parse_rfc3339(entry.joined), entry.mark)
            for entry in file.rooms
        )
    return () if file.removed else (Membership(LOBBY, created_at, 0),)
