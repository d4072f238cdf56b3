"""Lines of the ledger done again, by the decisions of the live server."""

import sqlite3
from collections.abc import Mapping

from msgspec import UNSET

from nimsg.core import mail
from nimsg.core.commands import Act, MailAct
from nimsg.errors import Refusal, StorageFailure
from nimsg.protocol.times import parse_rfc3339
from nimsg.store import loginbook
from nimsg.store.ledger import LOGIN, LOGOUT, REFUSED, Event, Line
from nimsg.store.mailbook import Mailbook


ACTS = frozenset(Act)
LOGINS = frozenset({LOGIN, LOGOUT, REFUSED})


class UnknownMessage(StorageFailure):
    """The ledger tells of a message that is not there."""


def command_of(event: Event | Line, uids: Mapping[str, int]) -> MailAct:
    """The act that a line tells of. Raises `StorageFailure` saying what is unknown."""
    if event.event not in ACTS:
        raise StorageFailure(f"there is no event {event.event!r}")
    actor = uid_of(event, uids)
    return MailAct(Act(event.event), actor, event.ids, event.device)


def uid_of(event: Event | Line, uids: Mapping[str, int]) -> int:
    """The account that a line is of. Raises `StorageFailure` where there is none."""
    if event.user not in uids:
        raise StorageFailure(f"there is no account {event.user!r}")
    return uids[event.user]


def redo(book: Mailbook, command: MailAct, id_: str, now: int) -> bool:
    """Do an act again; whether it changes anything.

    Raises `UnknownMessage`, or `StorageFailure` where it is none of the actor's.
    """
    known = book.find(id_)
    if known is None:
        raise UnknownMessage(f"there is no message {id_}")
    try:
        change = mail.DECISIONS[command.act](known.facts, command, now)
    except Refusal as refusal:
        raise StorageFailure(
            f"message {id_} cannot be {command.act}: {refusal}"
        ) from None
    return bool(book.apply(known, change, now))


def redo_login(
    connection: sqlite3.Connection, n: int, event: Event | Line, uid: int
) -> None:
    """Note a login, a failed one or the end of one again, by the line's number.

    Raises `StorageFailure` where it is none.
    """
    at = parse_rfc3339(event.time)
    if event.event == LOGOUT:
        if event.reason is UNSET:
            raise StorageFailure("the logout has no reason")
        if not loginbook.end(connection, uid, at, event.reason):
            raise StorageFailure(f"{event.user} was not logged in")
        return
    if event.address is UNSET:
        raise StorageFailure("the login has no address")
    refused = event.event == REFUSED
    try:
        loginbook.add(
            connection, n, uid, at, event.address, event.device, refused=refused
        )
    except sqlite3.IntegrityError:
        raise StorageFailure(f"another line has its number {n}") from None
