"""Invitations in the index, and what a batch changes of them."""

import sqlite3

from nimsg.core.commands import CreateInvitation, InvitationChange
from nimsg.core.invitations import Invitation, decide_revoke, made_by


INVITATION = (
    "id, secret_hash, label, created_at, expires_at, used_at, used_by, revoked_at"
)


def by_secret(connection: sqlite3.Connection, secret_hash: str) -> Invitation | None:
    """The invitation of a code, by its sha-256."""
    return _find(connection, "secret_hash", secret_hash)


def by_id(connection: sqlite3.Connection, id_: str) -> Invitation | None:
    """The invitation of this id."""
    return _find(connection, "id", id_)


def all_invitations(connection: sqlite3.Connection) -> list[Invitation]:
    """Every invitation, oldest first."""
    rows = connection.execute(f"SELECT {INVITATION} FROM invitation ORDER BY id")
    return [Invitation(*row) for row in rows]


def put(connection: sqlite3.Connection, invitation: Invitation) -> None:
    """Write an invitation. Raises `sqlite3.IntegrityError` where two have one code."""
    connection.execute(
        f"INSERT INTO invitation ({INVITATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at,"
        " used_by = excluded.used_by, revoked_at = excluded.revoked_at",
        (
            invitation.id,
            invitation.secret_hash,
            invitation.label,
            invitation.created_at,
            invitation.expires_at,
            invitation.used_at,
            invitation.used_by,
            invitation.revoked_at,
        ),
    )


def decide(
    connection: sqlite3.Connection, command: InvitationChange, now: int
) -> tuple[Invitation, bool]:
    """The invitation as a command leaves it, and whether that is a change.

    Raises `Refusal`.
    """
    if isinstance(command, CreateInvitation):
        return made_by(command, now), True
    before = by_id(connection, command.id)
    after = decide_revoke(before, command, now)
    return after, after != before


def _find(connection: sqlite3.Connection, column: str, value: str) -> Invitation | None:
    row = connection.execute(
        f"SELECT {INVITATION} FROM invitation WHERE {column} = ?", (value,)
    ).fetchone()
    return Invitation(*row) if row else None
