"""Who was online when, and which names are locked, in the index."""

import sqlite3

from msgspec import Struct

from nimsg.core.commands import CountFailure, Failures, ForgiveFailures
from nimsg.core.lockout import decide_failure
from nimsg.protocol.constants import Departure, Device
from nimsg.protocol.results import LoginRow
from nimsg.store.base import Lock, SeenUser
from nimsg.store.messagerow import DEVICES


LOGIN = "n, at, address, device, refused, ended_at, reason"
OPEN = "ended_at IS NULL AND refused = 0"
# So many names that somebody got wrong are remembered.
LOCKOUTS_MOST = 100_000


class OpenLogin(Struct, frozen=True):
    """A login that has not ended, as far as is known."""

    uid: int
    at: int


def add(  # noqa: PLR0913 - the columns of a row
    connection: sqlite3.Connection,
    n: int,
    uid: int,
    at: int,
    address: str,
    device: Device | None,
    *,
    refused: bool,
) -> None:
    """A login, or a try that failed, by its journal number."""
    connection.execute(
        "INSERT INTO login VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)",
        (n, uid, at, address, device, refused),
    )


def drop(connection: sqlite3.Connection, n: int) -> None:
    """Forget a login, by its journal number."""
    connection.execute("DELETE FROM login WHERE n = ?", (n,))


def end(connection: sqlite3.Connection, uid: int, at: int, reason: Departure) -> bool:
    """End whatever login of an account is open; whether one was."""
    ended = connection.execute(
        f"UPDATE login SET ended_at = max(at, ?), reason = ? WHERE uid = ? AND {OPEN}",
        (at, reason, uid),
    )
    return ended.rowcount > 0


def open_logins(connection: sqlite3.Connection) -> list[OpenLogin]:
    """Logins that have not ended, oldest first."""
    rows = connection.execute(f"SELECT uid, at FROM login WHERE {OPEN} ORDER BY n")
    return [OpenLogin(*row) for row in rows]


def page(
    connection: sqlite3.Connection, uid: int, before: int | None, most: int
) -> list[LoginRow]:
    """An account's logins from before a number, newest first."""
    rows = connection.execute(
        f"SELECT {LOGIN} FROM login WHERE uid = ? AND (?2 IS NULL OR n < ?2)"
        " ORDER BY n DESC LIMIT ?",
        (uid, before, most),
    )
    return [_row(row) for row in rows]


def last(connection: sqlite3.Connection, uid: int) -> tuple[LoginRow | None, int]:
    """An account's last login, and how many tries have failed since."""
    row = connection.execute(
        f"SELECT {LOGIN} FROM login WHERE uid = ? AND refused = 0"
        " ORDER BY n DESC LIMIT 1",
        (uid,),
    ).fetchone()
    failed: int = connection.execute(
        "SELECT count(*) FROM login WHERE uid = ? AND n > ? AND refused = 1",
        (uid, row["n"] if row else 0),
    ).fetchone()[0]
    return (_row(row) if row else None), failed


def seen_since(connection: sqlite3.Connection, at: int) -> list[SeenUser]:
    """Who was online since a time, and when they last were; `at` for who still is."""
    rows = connection.execute(
        "SELECT uid, name, max(coalesce(ended_at, ?1)) FROM login JOIN account"
        " USING (uid) WHERE removed_at IS NULL AND n IN (SELECT n FROM login WHERE"
        f" {OPEN} UNION SELECT n FROM login WHERE ended_at >= ?1) GROUP BY uid",
        (at,),
    )
    return [SeenUser(*row) for row in rows]


def last_seen(connection: sqlite3.Connection, uid: int) -> int | None:
    """When an account was last online: the end of its last login that has ended."""
    seen: int | None = connection.execute(
        "SELECT max(coalesce(ended_at, at)) FROM login WHERE uid = ? AND refused = 0",
        (uid,),
    ).fetchone()[0]
    return seen


def count_failure(
    connection: sqlite3.Connection, command: CountFailure, now: int
) -> Failures:
    """Count one more, and lock where it is the last."""
    row = connection.execute(
        "SELECT failures FROM lockout WHERE name = ? AND address = ?",
        (command.name, command.address),
    ).fetchone()
    after = decide_failure(row["failures"] if row else 0, now, command.block_ms)
    locked = after.locked_until is not None
    connection.execute(
        "INSERT OR REPLACE INTO lockout VALUES (?, ?, ?, ?, ?)",
        (
            command.name,
            command.address,
            0 if locked else after.count,
            now,
            after.locked_until,
        ),
    )
    connection.execute(
        "DELETE FROM lockout WHERE at < (SELECT at FROM lockout ORDER BY at DESC"
        " LIMIT 1 OFFSET ?)",
        (LOCKOUTS_MOST - 1,),
    )
    return after


def forgive(connection: sqlite3.Connection, command: ForgiveFailures) -> int:
    """Forget failures; of how many addresses."""
    gone = connection.execute(
        "DELETE FROM lockout WHERE name = ?1 AND (?2 IS NULL OR address = ?2)",
        (command.name, command.address),
    )
    return gone.rowcount


def locks(connection: sqlite3.Connection) -> list[Lock]:
    """Names whose last logins have failed, the oldest first."""
    rows = connection.execute(
        "SELECT name, address, failures, locked_until FROM lockout ORDER BY at"
    )
    return [Lock(*row) for row in rows]


def _row(row: sqlite3.Row) -> LoginRow:
    return LoginRow(
        row["n"],
        row["at"],
        row["address"],
        DEVICES[row["device"]],
        bool(row["refused"]),
        row["ended_at"],
        None if row["reason"] is None else Departure(row["reason"]),
    )
