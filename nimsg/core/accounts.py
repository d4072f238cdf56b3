"""Accounts and their script tokens, and the decisions about them."""

from msgspec import Struct
from msgspec.structs import replace

from nimsg.core import rooms
from nimsg.core.commands import (
    AddBlock,
    CreateAccount,
    CreateToken,
    JoinRoom,
    LeaveRoom,
    MembershipChange,
    OwnChange,
    RemoveAccount,
    RemoveBlock,
    RevokeToken,
    SetPassword,
    SetRole,
)
from nimsg.core.rooms import Membership, Room
from nimsg.errors import Refusal
from nimsg.protocol.constants import limit


MS_PER_HOUR = 3_600_000


class Token(Struct, frozen=True):
    """A script token; `secret_hash` is a sha-256 in hex, `used_at` kept to the hour."""

    id: str
    secret_hash: str
    label: str
    created_at: int
    expires_at: int | None = None
    used_at: int | None = None


class Account(Struct, frozen=True):
    """One account; `uid` is never given again, and neither is `name`.

    `blocks` are the numbers of those who cannot write to it nor see it, in order;
    `rooms` are in the order of their names.
    """

    uid: int
    name: str
    role: str
    password_hash: str | None
    created_at: int
    removed_at: int | None = None
    tokens: tuple[Token, ...] = ()
    blocks: tuple[int, ...] = ()
    rooms: tuple[Membership, ...] = ()


class RoomFacts(Struct, frozen=True):
    """A room that somebody joins, leaves or reads, and how many are in it."""

    room: Room
    members: int


def decide_create(
    command: CreateAccount, same: Account | None, *, folded_taken: bool
) -> Account | None:
    """The account to return as it is, or None to make one.

    `same` has this very name; `folded_taken` says that a name equal when case is
    folded exists. Raises `Refusal("name_taken")`.
    """
    if same is not None and same.removed_at is None and command.existing:
        return same
    if same is not None or (folded_taken and not command.look_alike):
        raise Refusal("name_taken", data={"user": command.name})
    return None


def with_token(account: Account, command: CreateToken, now: int) -> Account:
    """The account with one more token. Raises `Refusal("not_permitted")`."""
    if len(account.tokens) >= limit("tokens"):
        raise Refusal(
            "not_permitted", f"an account has at most {limit('tokens')} tokens"
        )
    token = Token(
        command.id, command.secret_hash, command.label, now, command.expires_at
    )
    return replace(account, tokens=(*account.tokens, token))


def without_token(account: Account, token_id: str) -> Account:
    """The account without a token. Raises `Refusal("unknown_token")`."""
    tokens = tuple(token for token in account.tokens if token.id != token_id)
    if len(tokens) == len(account.tokens):
        raise Refusal("unknown_token", data={"id": token_id})
    return replace(account, tokens=tokens)


def with_token_used(account: Account, token_id: str, now: int) -> Account:
    """The account after a token's use, known to the hour."""
    hour = now - now % MS_PER_HOUR
    tokens = tuple(
        replace(token, used_at=hour) if token.id == token_id else token
        for token in account.tokens
    )
    return account if tokens == account.tokens else replace(account, tokens=tokens)


def with_password(account: Account, command: SetPassword) -> Account:
    """The account under a new hash."""
    if command.rehash_of is None:
        return replace(account, password_hash=command.password_hash, tokens=())
    if account.password_hash != command.rehash_of:
        return account
    return replace(account, password_hash=command.password_hash)


def token_alive(token: Token, now: int) -> bool:
    """Whether the token has not yet ended."""
    return token.expires_at is None or now < token.expires_at


def with_block(account: Account, command: AddBlock) -> Account:
    """The account with one more block.

    Raises `Refusal`: `self_target`, `already_blocked`, `too_many`.
    """
    if command.other == account.uid:
        raise Refusal("self_target", "you cannot block yourself")
    if command.other in account.blocks:
        raise Refusal("already_blocked")
    if len(account.blocks) >= limit("blocks"):
        raise Refusal("too_many", f"an account blocks at most {limit('blocks')} others")
    return replace(account, blocks=tuple(sorted({*account.blocks, command.other})))


def without_block(account: Account, command: RemoveBlock) -> Account:
    """The account with one block less.

    Raises `Refusal`: `self_target`, `not_blocked`.
    """
    if command.other == account.uid:
        raise Refusal("self_target", "you cannot unblock yourself")
    if command.other not in account.blocks:
        raise Refusal("not_blocked")
    kept = tuple(uid for uid in account.blocks if uid != command.other)
    return replace(account, blocks=kept)


def decide_membership(
    account: Account,
    command: MembershipChange,
    facts: RoomFacts,
    now: int,
) -> Account:
    """The account with another place in a room. Raises `Refusal`, see `core.rooms`."""
    if isinstance(command, JoinRoom):
        after = rooms.joined(account.rooms, facts.room, facts.members, now)
    elif isinstance(command, LeaveRoom):
        after = rooms.left(account.rooms, facts.room.name)
    else:
        after = rooms.marked(account.rooms, facts.room, command)
    return replace(account, rooms=after)


def require_living(account: Account) -> Account:
    """The account itself. Raises `Refusal("unknown_user")` where it was removed."""
    if account.removed_at is not None:
        raise Refusal("unknown_user", data={"user": account.name})
    return account


def decide_change(  # noqa: PLR0911 - a table of commands
    account: Account, command: OwnChange, now: int
) -> Account:
    """The account as a command leaves it.

    Raises `Refusal`: `unknown_user` for a removed account, and what the command
    itself is refused for.
    """
    require_living(account)
    match command:
        case SetPassword():
            return with_password(account, command)
        case SetRole():
            return replace(account, role=command.role)
        case RemoveAccount():
            return replace(
                account,
                removed_at=now,
                password_hash=None,
                tokens=(),
                blocks=(),
                rooms=(),
            )
        case CreateToken():
            return with_token(account, command, now)
        case RevokeToken():
            return without_token(account, command.id)
        case AddBlock():
            return with_block(account, command)
        case RemoveBlock():
            return without_block(account, command)
        case _:
            return with_token_used(account, command.id, now)
