"""Mail in the index: the facts a decision needs, and what it changes.

Everything here runs inside the writer's transaction. `Mailbook` answers the
live server and the rebuild alike, so that a rebuilt index equals the live one.
"""

import json
import sqlite3

from msgspec.structs import astuple

from nimsg.core.commands import SentMail, SentPost
from nimsg.core.ladder import Copy
from nimsg.core.mail import Change, MailFacts
from nimsg.core.quota import NO_QUOTA, Quota
from nimsg.protocol.results_rooms import RoomMessage
from nimsg.protocol.times import rfc3339
from nimsg.store.mailboxes import Mailboxes
from nimsg.store.messagefile import Positions
from nimsg.store.messagerow import FIXED, Entry, copy_of, decode_refused, message_row
from nimsg.store.newmail import NewMail
from nimsg.store.removal import Stub
from nimsg.store.schema import COPY
from nimsg.store.usages import Usages


ADD_MESSAGE = (
    f"INSERT INTO message ({', '.join(FIXED)}, pending, deleted_at, removed)"
    f" VALUES ({', '.join('?' * len(FIXED))}, ?, ?, ?)"
)
POSITION = FIXED.index("room_position")
ADD_COPY = (
    "INSERT INTO copy VALUES"
    " (?, ?, ?, NULL, ?, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ?)"
)
# What a message loses with its text.
REMOVE = (
    "UPDATE message SET subject = '', size = 0, hash = '', digest = '', refused = NULL,"
    " reply_to = iif(origin IS NULL, reply_to, NULL), origin = NULL,"
    " dated_at = sent_at, removed = 1 WHERE id = ?"
)
FORGET_REFERENCES = (
    "DELETE FROM reference WHERE m = (SELECT m FROM message WHERE id = ?)"
)


class Known:
    """A message as the index holds it, with its recipients' copies by account."""

    def __init__(self, row: sqlite3.Row) -> None:
        gone = row["deleted_at"] is not None
        self.m: int = row["m"]
        self.reply_to: str | None = row["reply_to"]
        self.pending: int = row["pending"]
        self.size: int = row["size"]
        self.copies: dict[int, Copy] = {}
        self.positions: dict[int, int] = {}
        self.names: dict[int, str] = {}
        self.facts = MailFacts(row["sender"], row["sent_at"], self.copies, gone)

    def named_copies(self) -> dict[str, Copy]:
        """The copies by their owners' names, in the order of their accounts."""
        return {self.names[uid]: copy for uid, copy in self.copies.items()}


class Mailbook:
    """Messages and copies, changed through one connection in one transaction."""

    def __init__(self, connection: sqlite3.Connection, quota: Quota = NO_QUOTA) -> None:
        self._connection = connection
        self.mailboxes = Mailboxes(connection)
        self.new = NewMail(connection)
        self.usages = Usages(connection, quota, self.new.flush)

    def flush(self) -> None:
        """Write what is held back: a batch is whole."""
        self.new.flush()
        self.mailboxes.flush()

    def forget(self) -> None:
        """Remember nothing: the transaction was rolled back."""
        self.new.forget()
        self.mailboxes.forget()
        self.usages.forget()

    def sent(self, sender: int, client_id: str) -> SentMail:
        """What was answered when a message was first sent."""
        self.new.flush()
        row = self._connection.execute(
            "SELECT * FROM message WHERE sender = ? AND client_id = ?",
            (sender, client_id),
        ).fetchone()
        return SentMail(
            row["id"],
            row["sent_at"],
            row["position"],
            json.loads(row["recipients"]),
            decode_refused(row["refused"]),
            row["digest"],
            row["hash"],
            duplicate=True,
        )

    def send(self, entry: Entry) -> None:
        """A new message from somebody to others, as `add`; it is written by `flush`."""
        self.new.add(entry)
        self._count(entry)

    def add(self, entry: Entry) -> None:
        """A new message at its positions, with a copy for each recipient."""
        self.new.flush()
        self.new.note(entry)
        if entry.room is not None:
            self._add_to_room(entry, entry.room)
            return
        file, new = entry.file, not entry.imported
        cursor = self._connection.execute(
            ADD_MESSAGE,
            (
                *message_row(entry),
                new,
                file.sent_at if entry.hidden else None,
                entry.removed,
            ),
        )
        positions = file.positions
        self._connection.executemany(
            ADD_COPY,
            [
                (uid, positions.inbox[name], cursor.lastrowid, new, entry.imported)
                for name, uid in entry.to.items()
            ],
        )
        if entry.imported and cursor.lastrowid is not None:
            self._refer(cursor.lastrowid, entry)
        self._count(entry)

    def _count(self, entry: Entry) -> None:
        positions, new = entry.file.positions, not entry.imported
        for name, uid in entry.to.items():
            self.mailboxes[uid].receive(positions.inbox[name], new=new)
        sender = self.mailboxes[entry.sender]
        sender.send(positions.outbox, pending=new, kept=not entry.hidden)

    def _add_to_room(self, entry: Entry, room: int) -> None:
        row = message_row(entry)
        self._connection.execute(ADD_MESSAGE, (*row, 0, None, 0))
        self._connection.execute(
            "UPDATE room SET last = max(last, ?) WHERE r = ?", (row[POSITION], room)
        )

    def posted(self, sender: int, client_id: str) -> SentPost:
        """What was answered when a message was first posted to a room."""
        row = self._connection.execute(
            "SELECT t.*, r.name FROM message t JOIN room r ON r.r = t.room"
            " WHERE sender = ? AND client_id = ?",
            (sender, client_id),
        ).fetchone()
        message = RoomMessage(
            room=row["name"],
            position=row["room_position"],
            id=row["id"],
            sender="",
            body="",
            sent_at=row["sent_at"],
            digest=row["digest"],
        )
        return SentPost(
            message, row["hash"], duplicate=True, sender=sender, client_id=client_id
        )

    def take_back(self, id_: str) -> None:
        """Undo an `add` that broke off: its counters were not touched yet."""
        row = self._connection.execute(
            "SELECT m FROM message WHERE id = ?", (id_,)
        ).fetchone()
        if row is not None:
            for table in ("copy", "message", "reference"):
                self._connection.execute(f"DELETE FROM {table} WHERE m = ?", row)

    def find(self, id_: str) -> Known | None:
        """A message to people and its copies; one of a room is none."""
        self.new.flush()
        row = self._connection.execute(
            "SELECT m, sender, sent_at, pending, deleted_at, reply_to, size"
            " FROM message WHERE id = ? AND room IS NULL",
            (id_,),
        ).fetchone()
        if row is None:
            return None
        known = Known(row)
        for copy in self._connection.execute(
            f"SELECT owner, position, name, {COPY} FROM copy"
            " JOIN account ON uid = owner WHERE m = ?",
            (known.m,),
        ):
            owner = copy["owner"]
            known.copies[owner] = copy_of(copy)
            known.positions[owner] = copy["position"]
            known.names[owner] = copy["name"]
        return known

    def visible(self, asker: int, id_: str) -> bool:
        """Whether a message is in somebody's view, and so may be replied to."""
        known = self.find(id_)
        if known is None:
            return False
        copy = known.copies.get(asker)
        if copy is not None:
            return copy.deleted_at is None
        return known.facts.sender == asker and not known.facts.sender_deleted

    def apply(self, known: Known, change: Change, now: int) -> frozenset[int]:
        """Write a decision's change; the accounts that see something new."""
        if not change.copies and not change.sender_deletes:
            return frozenset()
        for uid, after in change.copies.items():
            self._write_copy(known, uid, after)
        self._write_message(known, change, now)
        return frozenset({known.facts.sender, *change.copies})

    def _write_copy(self, known: Known, uid: int, after: Copy) -> None:
        before = known.copies[uid]
        mailbox = self.mailboxes[uid]
        mailbox.new += after.is_new - before.is_new
        mailbox.kept_in -= (after.deleted_at is None) < (before.deleted_at is None)
        self._connection.execute(
            "UPDATE copy SET change = ?, new = ?, fetched_at = ?, fetched_by = ?,"
            " opened_at = ?, opened_by = ?, acked_at = ?, acked_by = ?,"
            " recalled_at = ?, deleted_at = ?, imported = ?"
            " WHERE owner = ? AND position = ?",
            (
                mailbox.next_change(),
                after.is_new,
                *astuple(after),
                uid,
                known.positions[uid],
            ),
        )
        known.copies[uid] = after

    def _write_message(self, known: Known, change: Change, now: int) -> None:
        facts = known.facts
        gone = facts.sender_deleted or change.sender_deletes
        pending = not gone and any(copy.is_new for copy in known.copies.values())
        mailbox = self.mailboxes[facts.sender]
        mailbox.pending += pending - known.pending
        mailbox.kept_out -= change.sender_deletes
        self._connection.execute(
            "UPDATE message SET change = ?, pending = ?,"
            " deleted_at = coalesce(deleted_at, ?) WHERE m = ?",
            (
                mailbox.next_change(),
                pending,
                facts.at(now) if change.sender_deletes else None,
                known.m,
            ),
        )
        if gone and facts.gone_at is not None:
            self._connection.execute(
                "UPDATE message SET gone_at = max(deleted_at, ?) WHERE m = ?",
                (facts.gone_at, known.m),
            )

    def purgeable(self, before: int, most: int) -> list[Stub]:
        """What to keep of messages that were in nobody's view before a time."""
        rows = self._connection.execute(
            "SELECT m, id FROM message WHERE gone_at < ? AND removed = 0"
            " ORDER BY gone_at, m LIMIT ?",
            (before, most),
        ).fetchall()
        return [self._stub(row["m"]) for row in rows]

    def remove(self, id_: str) -> None:
        """Forget the texts of a message."""
        self._connection.execute(FORGET_REFERENCES, (id_,))
        self._connection.execute(REMOVE, (id_,))

    def _stub(self, m: int) -> Stub:
        row = self._connection.execute(
            "SELECT t.*, a.name FROM message t JOIN account a ON uid = sender"
            " WHERE m = ?",
            (m,),
        ).fetchone()
        copies = self._connection.execute(
            "SELECT name, position, imported FROM copy JOIN account ON uid = owner"
            " WHERE m = ?",
            (m,),
        ).fetchall()
        return Stub(
            id=row["id"],
            sender=row["name"],
            to=json.loads(row["recipients"]),
            time=rfc3339(row["sent_at"]),
            client_id=row["client_id"],
            fingerprint=row["fingerprint"],
            reply_to=None if row["origin"] else row["reply_to"],
            positions=Positions(
                {copy["name"]: copy["position"] for copy in copies}, row["position"]
            ),
            imported=any(copy["imported"] for copy in copies),
        )

    def _refer(self, m: int, entry: Entry) -> None:
        """Link an imported message with what it answers, and with its answers."""
        file = entry.file
        self._connection.executemany(
            "INSERT INTO reference VALUES (?, ?, ?, ?)",
            [
                (entry.sender, client_id, m, place)
                for place, client_id in enumerate(file.references or ())
            ],
        )
        waiting = self._connection.execute(
            "SELECT m FROM reference WHERE sender = ? AND client_id = ?",
            (entry.sender, file.client_id),
        ).fetchall()
        for one in {m, *(row["m"] for row in waiting)}:
            self._connection.execute(
                "UPDATE message SET reply_to = ? WHERE m = ?",
                (answered(self._connection, one), one),
            )


def answered(connection: sqlite3.Connection, m: int) -> str | None:
    """What an imported message answers, of all that was imported so far."""
    row = connection.execute(
        "SELECT t.id FROM reference r JOIN message t ON t.sender = r.sender"
        " AND t.client_id = r.client_id AND t.m != r.m AND t.room IS NULL"
        " WHERE r.m = ?"
        " ORDER BY place LIMIT 1",
        (m,),
    ).fetchone()
    return row["id"] if row else None
