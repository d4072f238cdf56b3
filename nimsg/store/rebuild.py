"""A new index from the files alone: accounts, messages, then what the ledger says."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import Struct

from nimsg.core import mail
from nimsg.core.commands import Act, MailAct
from nimsg.errors import Refusal, StorageFailure
from nimsg.protocol.times import parse_rfc3339
from nimsg.store import accountbook
from nimsg.store.accountfile import decode_account
from nimsg.store.atomic import move_durably
from nimsg.store.disk import Disk
from nimsg.store.layout import Layout
from nimsg.store.ledger import Event, Line, line_digest, parse_line, read_lines
from nimsg.store.mailbook import Mailbook
from nimsg.store.messagefile import MessageFile, decode_message
from nimsg.store.schema import GENESIS, connect_new, create, set_meta


ACTS = frozenset(Act)


class Rebuilt(Struct, frozen=True):
    """How much went into a new index."""

    accounts: int
    messages: int
    lines: int


class Replayed(NamedTuple):
    """How many lines a ledger has; the number and the digest of the last one."""

    lines: int
    last_n: int
    head: str


def rebuild_index(
    disk: Disk, layout: Layout, entropy: Callable[[int], bytes]
) -> Rebuilt:
    """Make index.db anew; an old one is replaced only when the new one is whole.

    Raises `StorageFailure` naming the file that cannot be read.
    """
    new = layout.index.with_name("index.db.new")
    new.unlink(missing_ok=True)
    connection = connect_new(new)
    try:
        create(connection, epoch_of(entropy))
        connection.execute("BEGIN")
        rebuilt = fill_index(connection, layout)
        connection.execute("COMMIT")
    finally:
        connection.close()
    move_durably(disk, new, layout.index)
    return rebuilt


def epoch_of(entropy: Callable[[int], bytes]) -> str:
    """A name for the cursors of a new index."""
    return entropy(4).hex()


def fill_index(connection: sqlite3.Connection, layout: Layout) -> Rebuilt:
    """Put what the files say into empty tables, within the caller's transaction."""
    uids: dict[str, int] = {}
    for path in sorted(layout.users.glob("*.json")):
        account = decode_account(path.read_bytes())
        accountbook.put(connection, account)
        uids[account.name] = account.uid
    book = Mailbook(connection)
    messages = 0
    for path in layout.message_files():
        messages += 1
        try:
            file = decode_message(path.read_bytes())
            _add(book, file, uids)
        except (Refusal, KeyError, sqlite3.IntegrityError) as error:
            raise StorageFailure(f"{path} is damaged: {error}") from None
    book.mailboxes.flush()
    replayed = _replay(book, layout, uids)
    book.mailboxes.flush()
    set_meta(connection, "n", str(replayed.last_n))
    set_meta(connection, "head", replayed.head)
    return Rebuilt(len(uids), messages, replayed.lines)


def _add(book: Mailbook, file: MessageFile, uids: Mapping[str, int]) -> None:
    to = {name: uids[name] for name in file.to}
    book.add(file, uids[file.sender], to, fingerprint_of(file))
    for name, uid in to.items():
        book.mailboxes[uid].restore_in(file.positions.inbox[name])
    book.mailboxes[uids[file.sender]].restore_out(file.positions.outbox)


def fingerprint_of(file: MessageFile) -> str:
    """The fingerprint of the send that a message came from."""
    everyone = [*file.to, *(row.user for row in file.refused)]
    return mail.fingerprint(everyone, file.subject, file.message, file.reply_to)


def _replay(book: Mailbook, layout: Layout, uids: Mapping[str, int]) -> Replayed:
    """Do again what the ledger tells."""
    lines = last_n = 0
    head = GENESIS
    for path, number, data in read_lines(layout):
        line = parse_line(data, path)
        try:
            command = command_of(line, uids)
            for id_ in command.ids:
                redo(book, command, id_, parse_rfc3339(line.time))
        except StorageFailure as failure:
            raise StorageFailure(f"{path} line {number}: {failure}") from None
        lines, last_n, head = lines + 1, line.n, line_digest(data)
    return Replayed(lines, last_n, head)


def command_of(event: Event | Line, uids: Mapping[str, int]) -> MailAct:
    """The act that a line tells of. Raises `StorageFailure` saying what is unknown."""
    if event.event not in ACTS:
        raise StorageFailure(f"there is no event {event.event!r}")
    if event.user not in uids:
        raise StorageFailure(f"there is no account {event.user!r}")
    return MailAct(Act(event.event), uids[event.user], event.ids, event.device)


def redo(book: Mailbook, command: MailAct, id_: str, now: int) -> bool:
    """Do an act again; whether it changes anything.

    Raises `StorageFailure` where there is no such message, or none of the actor's.
    """
    known = book.find(id_)
    if known is None:
        raise StorageFailure(f"there is no message {id_}")
    try:
        change = mail.DECISIONS[command.act](known.facts, command, now)
    except Refusal as refusal:
        raise StorageFailure(
            f"message {id_} cannot be {command.act}: {refusal}"
        ) from None
    return bool(book.apply(known, change, now))
