"""Drafts in the index, with their texts."""

import sqlite3
from collections.abc import Iterator

import msgspec

from nimsg.core.drafts import Draft
from nimsg.protocol.constants import limit
from nimsg.protocol.drafts import DraftRow, Drafts


DRAFT = "id, uid, client_id, addressees, subject, body, reply_to, saved_at"


def by_client_id(
    connection: sqlite3.Connection, uid: int, client_id: str
) -> Draft | None:
    """The draft that an account calls by this name."""
    row = connection.execute(
        f"SELECT {DRAFT} FROM draft WHERE uid = ? AND client_id = ?", (uid, client_id)
    ).fetchone()
    return Draft(*row) if row else None


def by_id(connection: sqlite3.Connection, id_: str) -> Draft | None:
    """The draft of this id."""
    row = connection.execute(
        f"SELECT {DRAFT} FROM draft WHERE id = ?", (id_,)
    ).fetchone()
    return Draft(*row) if row else None


def all_drafts(connection: sqlite3.Connection) -> Iterator[Draft]:
    """Every draft, oldest first."""
    for row in connection.execute(f"SELECT {DRAFT} FROM draft ORDER BY id"):
        yield Draft(*row)


def ids_of(connection: sqlite3.Connection, uid: int) -> list[str]:
    """The ids of an account's drafts, oldest first."""
    rows = connection.execute("SELECT id FROM draft WHERE uid = ? ORDER BY id", (uid,))
    return [row["id"] for row in rows]


def put(connection: sqlite3.Connection, draft: Draft) -> None:
    """Write a draft.

    Raises `sqlite3.IntegrityError` where another of the account has its `client_id`.
    """
    connection.execute(
        f"INSERT INTO draft ({DRAFT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET addressees = excluded.addressees,"
        " subject = excluded.subject, body = excluded.body,"
        " reply_to = excluded.reply_to, saved_at = excluded.saved_at",
        (
            draft.id,
            draft.uid,
            draft.client_id,
            draft.to,
            draft.subject,
            draft.body,
            draft.reply_to,
            draft.saved_at,
        ),
    )


def remove(connection: sqlite3.Connection, id_: str) -> None:
    """Forget a draft."""
    connection.execute("DELETE FROM draft WHERE id = ?", (id_,))


def page(
    connection: sqlite3.Connection, uid: int, after: str | None, most: int
) -> Drafts:
    """As many drafts as one page takes, and at least one."""
    rows = connection.execute(
        f"SELECT {DRAFT} FROM draft WHERE uid = ? AND id > ? ORDER BY id",
        (uid, after or ""),
    )
    kept: list[DraftRow] = []
    last: str | None = None
    room = limit("page_bytes")
    for draft in (Draft(*row) for row in rows):
        row = _row(draft)
        room -= len(msgspec.json.encode(row))
        if len(kept) == most or (room < 0 and kept):
            return Drafts(kept, next=last)
        kept.append(row)
        last = draft.id
    return Drafts(kept, next=None)


def _row(draft: Draft) -> DraftRow:
    return DraftRow(
        draft.client_id,
        draft.to,
        draft.subject,
        draft.body,
        draft.reply_to,
        draft.saved_at,
    )
