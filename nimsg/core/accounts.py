"""Accounts and their script tokens, and the decisions about them."""

from msgspec import Struct
from msgspec.structs import replace

from nimsg.core.commands import (
    AccountChange,
    CreateAccount,
    CreateToken,
    RemoveAccount,
    RevokeToken,
    SetPassword,
    SetRole,
)
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
    """One account; `uid` is never given again, and neither is `name`."""

    uid: int
    name: str
    role: str
    password_hash: str | None
    created_at: int
    removed_at: int | None = None
    tokens: tuple[Token, ...] = ()


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


def decide_change(account: Account, command: AccountChange, now: int) -> Account:
    """The account as a command leaves it.

    Raises `Refusal`: `unknown_user` for a removed account, and what the command
    itself is refused for.
    """
    if account.removed_at is not None:
        raise Refusal("unknown_user", data={"user": account.name})
    match command:
        case SetPassword():
            return with_password(account, command)
        case SetRole():
            return replace(account, role=command.role)
        case RemoveAccount():
            return replace(account, removed_at=now, password_hash=None, tokens=())
        case CreateToken():
            return with_token(account, command, now)
        case RevokeToken():
            return without_token(account, command.id)
        case _:
            return with_token_used(account, command.id, now)
