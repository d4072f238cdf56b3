"""Receipts and logins that an old index has and the ledger has lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from nimsg.core.commands import Act
from nimsg.protocol.constants import Departure, Device
from nimsg.store.ledger import encode_event, encode_login, encode_logout
from nimsg.store.messagerow import DEVICES
from nimsg.store.schema import ROOMLESS, connect_reader, meta, still_uri


# What may stand for a copy, in the order in which it can have happened.
RUNGS = {
    Act.FETCHED: "fetched",
    Act.OPENED: "opened",
    Act.ACKED: "acked",
    Act.RECALLED: "recalled",
    Act.DELETED: "deleted",
}
COPIES = (
    "SELECT m.id, reader.name AS reader, sender.name AS sender, known.*"
    " FROM old.copy known JOIN old.message told ON told.m = known.m"
    " JOIN message m ON m.id = told.id"
    " JOIN old.account reader ON reader.uid = known.owner"
    " JOIN account sender ON sender.uid = m.sender"
    " JOIN account owner ON owner.name = reader.name"
    " JOIN copy found ON found.m = m.m AND found.owner = owner.uid"
    " WHERE known.{0}_at IS NOT NULL AND found.{0}_at IS NULL"
)
SENT = (
    "SELECT m.id, sender.name AS sender, told.deleted_at FROM old.message told"
    " JOIN message m ON m.id = told.id JOIN account sender ON sender.uid = m.sender"
    " WHERE told.deleted_at IS NOT NULL AND m.deleted_at IS NULL"
)


# A login is known by whose it is and when it was: its number is that of its line.
CAME = (
    "SELECT name, n, known.at, address, device, refused FROM old.login known"
    " JOIN old.account USING (uid) WHERE NOT EXISTS (SELECT 1 FROM login told"
    " JOIN account a USING (uid) WHERE a.name = old.account.name"
    " AND told.at = known.at AND told.refused = known.refused)"
)
WENT = (
    "SELECT name, n, known.ended_at, reason FROM old.login known"
    " JOIN old.account USING (uid) WHERE known.ended_at IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM login told JOIN account a USING (uid)"
    " WHERE a.name = old.account.name AND told.at = known.at"
    " AND told.ended_at IS NOT NULL)"
)


def lost_receipts(old: Path, new: Path) -> list[bytes]:
    """Events for the ledger, in the order in which they happened.

    Raises `sqlite3.Error` where the old index cannot be read.
    """
    with closing(connect_reader(new)) as connection:
        connection.execute("ATTACH ? AS old", (still_uri(old),))
        events = [*_events(connection), *_logins(connection)]
        found = sorted(events, key=lambda event: event[:2])
    return [data for _, _, data in found]


def _events(connection: sqlite3.Connection) -> Iterator[tuple[int, int, bytes]]:
    """When it was, which rung it is, and the event."""
    for rank, (act, rung) in enumerate(RUNGS.items()):
        for row in connection.execute(COPIES.format(rung)):
            who = row["sender"] if act is Act.RECALLED else row["reader"]
            at: int = row[f"{rung}_at"]
            yield at, rank, encode_event(act, who, [row["id"]], at, _device(row, rung))
    for row in connection.execute(SENT):
        at = row["deleted_at"]
        event = encode_event(Act.DELETED, row["sender"], [row["id"]], at)
        yield at, len(RUNGS), event


def _logins(connection: sqlite3.Connection) -> Iterator[tuple[int, int, bytes]]:
    """The same for logins; each begins before it ends, and ends before the next."""
    if meta(connection, "format", "old.meta") == ROOMLESS:
        return
    for row in connection.execute(WENT):
        at: int = row["ended_at"]
        reason = Departure(row["reason"])
        yield at, 2 * row["n"] + 1, encode_logout(row["name"], at, reason)
    for row in connection.execute(CAME):
        at, refused = row["at"], bool(row["refused"])
        device = DEVICES[row["device"]]
        came = encode_login(row["name"], at, device, row["address"], refused=refused)
        yield at, 2 * row["n"], came


def _device(row: sqlite3.Row, rung: str) -> Device | None:
    column = f"{rung}_by"
    return DEVICES[row[column]] if column in row.keys() else None  # noqa: SIM118
