"""A new index from the files alone: accounts, messages, then what the ledger says."""

import sqlite3
from collections.abc import Callable

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
from nimsg.store.ledger import parse_line, read_lines
from nimsg.store.mailbook import Mailbook
from nimsg.store.messagefile import MessageFile, decode_message
from nimsg.store.schema import connect_new, create


class Rebuilt(Struct, frozen=True):
    """How much went into a new index."""

    accounts: int
    messages: int
    lines: int


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
        except (Refusal, KeyError) as error:
            raise StorageFailure(f"{path} is damaged: {error}") from None
    book.mailboxes.flush()
    lines = _replay(book, layout, uids)
    book.mailboxes.flush()
    return Rebuilt(len(uids), messages, lines)


def _add(book: Mailbook, file: MessageFile, uids: dict[str, int]) -> None:
    sender = uids[file.sender]
    to = {name: uids[name] for name in file.to}
    everyone = [*file.to, *(row.user for row in file.refused)]
    print_ = mail.fingerprint(everyone, file.subject, file.message, file.reply_to)
    book.add(file, sender, to, print_)
    for name, uid in to.items():
        book.mailboxes[uid].restore_in(file.positions.inbox[name])
    book.mailboxes[sender].restore_out(file.positions.outbox)


def _replay(book: Mailbook, layout: Layout, uids: dict[str, int]) -> int:
    """Do again what the ledger tells; how many lines that were."""
    count = 0
    for path, _, data in read_lines(layout):
        line = parse_line(data, path)
        count += 1
        now = parse_rfc3339(line.time)
        command = MailAct(Act(line.event), uids[line.user], line.ids, line.device)
        for id_ in line.ids:
            known = book.find(id_)
            if known is None:
                raise StorageFailure(f"{path} names {id_}, and there is no such file")
            change = mail.DECISIONS[command.act](known.facts, command, now)
            book.apply(known, change, now)
    return count
