"""Accounts and tokens in the index, and what a batch changes of them."""

import sqlite3

from nimsg.core.accounts import (
    Account,
    Token,
    decide_change,
    decide_create,
    decide_membership,
    require_living,
)
from nimsg.core.commands import AccountChange, CreateAccount, MembershipChange
from nimsg.core.rooms import Membership
from nimsg.protocol.constants import LOBBY
from nimsg.store import roombook


ACCOUNT = "uid, name, role, password_hash, created_at, removed_at"
NAMED = f"""
SELECT {ACCOUNT} FROM account WHERE name = coalesce(
    (SELECT name FROM account WHERE name >= ? ORDER BY name LIMIT 1),
    (SELECT name FROM account ORDER BY name LIMIT 1))
"""
TOKEN = "id, secret_hash, label, created_at, expires_at, used_at"  # noqa: S105 - columns


def by_name(connection: sqlite3.Connection, name: str) -> Account | None:
    """The account of this exact name.

    Where nobody has it the next one is read in its place, so that the time tells
    nothing.
    """
    row = connection.execute(NAMED, (name,)).fetchone()
    account = _account(connection, row) if row else None
    return account if account is not None and account.name == name else None


def by_uid(connection: sqlite3.Connection, uid: int) -> Account:
    """The account of this number, which must exist."""
    account = find_uid(connection, uid)
    if account is None:
        raise LookupError(f"there is no account {uid}")
    return account


def find_uid(connection: sqlite3.Connection, uid: int) -> Account | None:
    """The account of this number."""
    row = connection.execute(
        f"SELECT {ACCOUNT} FROM account WHERE uid = ?", (uid,)
    ).fetchone()
    return _account(connection, row) if row else None


def by_token(
    connection: sqlite3.Connection, secret_hash: str
) -> tuple[int, Token] | None:
    """The number of the account that a token logs in, and the token."""
    row = connection.execute(
        f"SELECT uid, {TOKEN} FROM token WHERE secret_hash = ?", (secret_hash,)
    ).fetchone()
    if row is None:
        return None
    uid, *token = row
    return uid, Token(*token)


def all_accounts(connection: sqlite3.Connection) -> list[Account]:
    """Every account, oldest first."""
    rows = connection.execute(f"SELECT {ACCOUNT} FROM account ORDER BY uid").fetchall()
    return [_account(connection, row) for row in rows]


def put(
    connection: sqlite3.Connection, account: Account, before: Account | None = None
) -> None:
    """Write an account with its tokens, blocks and rooms, as far as they changed."""
    connection.execute(
        "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            account.uid,
            account.name,
            account.name.casefold(),
            account.role,
            account.password_hash,
            account.created_at,
            account.removed_at,
        ),
    )
    if before is None or account.tokens != before.tokens:
        _put_tokens(connection, account)
    if before is None or account.blocks != before.blocks:
        connection.execute("DELETE FROM block WHERE owner = ?", (account.uid,))
        connection.executemany(
            "INSERT INTO block VALUES (?, ?)",
            [(account.uid, other) for other in account.blocks],
        )
    if before is None or account.rooms != before.rooms:
        roombook.put_memberships(connection, account.uid, account.rooms)


def all_blocks(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Who blocks whom."""
    rows = connection.execute("SELECT owner, blocked FROM block")
    return [(row["owner"], row["blocked"]) for row in rows]


def blockers(connection: sqlite3.Connection, blocked: int) -> frozenset[int]:
    """Who blocks an account."""
    rows = connection.execute("SELECT owner FROM block WHERE blocked = ?", (blocked,))
    return frozenset(row["owner"] for row in rows)


def _put_tokens(connection: sqlite3.Connection, account: Account) -> None:
    connection.execute("DELETE FROM token WHERE uid = ?", (account.uid,))
    connection.executemany(
        "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                token.secret_hash,
                account.uid,
                token.id,
                token.label,
                token.created_at,
                token.expires_at,
                token.used_at,
            )
            for token in account.tokens
        ],
    )


def decide(
    connection: sqlite3.Connection, command: CreateAccount | AccountChange, now: int
) -> tuple[Account, Account | None]:
    """The account as a command leaves it, and as it was; None for a new one.

    Raises `Refusal`.
    """
    if isinstance(command, CreateAccount):
        return _create(connection, command, now)
    before = require_living(by_uid(connection, command.uid))
    if isinstance(command, MembershipChange):
        facts = roombook.facts(connection, command.room)
        return decide_membership(before, command, facts, now), before
    return decide_change(before, command, now), before


def _create(
    connection: sqlite3.Connection, command: CreateAccount, now: int
) -> tuple[Account, Account | None]:
    taken = connection.execute(
        "SELECT 1 FROM account WHERE fold = ?", (command.name.casefold(),)
    ).fetchone()
    existing = decide_create(
        command, by_name(connection, command.name), folded_taken=taken is not None
    )
    if existing is not None:
        return existing, existing
    last: int = connection.execute(
        "SELECT coalesce(max(uid), 0) FROM account"
    ).fetchone()[0]
    account = Account(
        last + 1,
        command.name,
        command.role,
        command.password_hash,
        now,
        rooms=(Membership(LOBBY, now, 0),),
    )
    return account, None


def _account(connection: sqlite3.Connection, row: sqlite3.Row) -> Account:
    tokens = connection.execute(
        f"SELECT {TOKEN} FROM token WHERE uid = ? ORDER BY created_at, id",
        (row["uid"],),
    )
    return Account(
        uid=row["uid"],
        name=row["name"],
        role=row["role"],
        password_hash=row["password_hash"],
        created_at=row["created_at"],
        removed_at=row["removed_at"],
        tokens=tuple(Token(*token) for token in tokens),
        blocks=tuple(
            other["blocked"]
            for other in connection.execute(
                "SELECT blocked FROM block WHERE owner = ? ORDER BY blocked",
                (row["uid"],),
            )
        ),
        rooms=roombook.memberships(connection, row["uid"]),
    )
