"""What a listing has brought to a device, written into the index all at once.

A page is hundreds of copies, of which only the asker's own climb, by one rung that
changes nothing else. `Mailbook.apply` would write the same, one after the other.
"""

import json
import sqlite3

from nimsg.core import mail
from nimsg.core.commands import MailAct
from nimsg.core.mail import MailFacts
from nimsg.errors import Refusal
from nimsg.store.mailboxes import Mailboxes
from nimsg.store.messagerow import copy_of
from nimsg.store.schema import COPY


FIND = (
    "SELECT m.id, m.m, m.sender, m.sent_at, m.deleted_at IS NOT NULL AS gone,"
    f" c.position, {', '.join(f'c.{column}' for column in COPY.split(', '))}"
    " FROM json_each(:ids) asked CROSS JOIN message m ON m.id = asked.value"
    " AND m.room IS NULL LEFT JOIN copy c ON c.m = m.m AND c.owner = :actor"
)
CLIMB = (
    "UPDATE copy SET change = ?, fetched_at = ?, fetched_by = ?"
    " WHERE owner = ? AND position = ?"
)
CHANGE = "UPDATE message SET change = ? WHERE m = ?"


def fetch(
    connection: sqlite3.Connection, mailboxes: Mailboxes, command: MailAct, now: int
) -> dict[str, int]:
    """Raise copies to fetched as `core.mail` decides; whose message each was, by id.

    What changes nothing is left out. Raises `Refusal("not_found")` where one of the
    messages is none.
    """
    asked = {"ids": json.dumps(command.ids), "actor": command.actor}
    found = {row["id"]: row for row in connection.execute(FIND, asked)}
    if not found.keys() >= set(command.ids):
        raise Refusal("not_found")
    copies: list[tuple[object, ...]] = []
    messages: list[tuple[int, int]] = []
    senders: dict[str, int] = {}
    for id_ in dict.fromkeys(command.ids):
        row = found[id_]
        own = {} if row["position"] is None else {command.actor: copy_of(row)}
        facts = MailFacts(row["sender"], row["sent_at"], own, bool(row["gone"]))
        change = mail.decide_fetch(facts, command, now)
        for uid, copy in change.copies.items():
            number = mailboxes[uid].next_change()
            at, by = copy.fetched_at, copy.fetched_by
            copies.append((number, at, by, uid, row["position"]))
            messages.append((mailboxes[facts.sender].next_change(), row["m"]))
            senders[id_] = facts.sender
    connection.executemany(CLIMB, copies)
    connection.executemany(CHANGE, messages)
    return senders
