"""Questions to a local store: answered from the index, the full text and the files."""

import os
import sqlite3
import threading

import msgspec

from nimsg.core import mail
from nimsg.core.accounts import Account, Token
from nimsg.core.invitations import Invitation
from nimsg.core.ladder import receipt
from nimsg.errors import Refusal
from nimsg.logs import LOGGER
from nimsg.protocol.constants import limit
from nimsg.protocol.drafts import Drafts
from nimsg.protocol.results import (
    ChangePage,
    Hits,
    Letters,
    LoginRow,
    Opened,
    Status,
    Thread,
)
from nimsg.protocol.results_rooms import Members, RoomInfo, RoomPage, Rooms
from nimsg.store import (
    accountbook,
    draftbook,
    finder,
    invitationbook,
    loginbook,
    reader,
    roomreader,
    threads,
)
from nimsg.store.base import (
    Arrival,
    Counts,
    HistoryQuery,
    LastLogin,
    Listing,
    ListQuery,
    Lock,
    ReadQuery,
    RoomsQuery,
    SearchQuery,
    SeenUser,
    Sizes,
)
from nimsg.store.failure import why_unreadable
from nimsg.store.fulltext import FullText
from nimsg.store.layout import Layout
from nimsg.store.mailbook import Mailbook
from nimsg.store.messagefile import MessageFile, decode_as
from nimsg.store.pages import Pages
from nimsg.store.plan import RowKind
from nimsg.store.schema import connect_reader


# Messages are numbered from 1 on, and none is ever taken from the index: the last
# number is how many there are. To count a million takes milliseconds.
SIZES = """
SELECT (SELECT count(*) FROM account WHERE removed_at IS NULL) AS accounts,
    (SELECT ifnull(max(m), 0) FROM message) AS messages,
    (SELECT count(*) FROM room) AS rooms,
    (SELECT count(*) FROM journal) AS journal
"""

# Who reads mail cannot mend it; what is wrong with the file is for the owner.
DAMAGED = (
    "this message is damaged on the server; whoever runs the server can find out more "
    "with nimsg check"
)


class Questions:
    """The part of `nimsg.store.base.Store` that changes nothing.

    Each thread has a connection of its own; `hang_up` closes them all.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._full_text = FullText(layout, self._read)
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._damaged: set[str] = set()
        self._pages = Pages()

    def hang_up(self) -> None:
        """Let go of the databases; nothing can be asked any more."""
        self._full_text.close()
        while self._readers:
            self._readers.pop().close()

    @property
    def _reader(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._local.reader = connect_reader(self.layout.index)
            self._readers.append(connection)
        return connection

    def account(self, name: str) -> Account | None:
        """See `Store`."""
        return accountbook.by_name(self._reader, name)

    def account_by_uid(self, uid: int) -> Account:
        """See `Store`."""
        return accountbook.by_uid(self._reader, uid)

    def arrival(self, uid: int, *, last: bool) -> Arrival:
        """See `Store`."""
        with reader.snapshot(self._reader):
            return self._arrival(uid, None, last=last)

    def token_arrival(self, secret_hash: str, *, last: bool) -> Arrival | None:
        """See `Store`."""
        with reader.snapshot(self._reader):
            found = accountbook.by_token(self._reader, secret_hash)
            return self._arrival(*found, last=last) if found else None

    def _arrival(self, uid: int, token: Token | None, *, last: bool) -> Arrival:
        return Arrival(
            self.account_by_uid(uid),
            self.counts(uid),
            self.last_login(uid) if last else None,
            token,
        )

    def accounts(self) -> list[Account]:
        """See `Store`."""
        return accountbook.all_accounts(self._reader)

    def invitation(self, secret_hash: str) -> Invitation | None:
        """See `Store`."""
        return invitationbook.by_secret(self._reader, secret_hash)

    def invitations(self) -> list[Invitation]:
        """See `Store`."""
        return invitationbook.all_invitations(self._reader)

    def drafts(self, uid: int, after: str | None, limit: int) -> Drafts:
        """See `Store`."""
        return draftbook.page(self._reader, uid, after, limit)

    def counts(self, owner: int) -> Counts:
        """See `Store`."""
        return reader.counts(self._reader, owner)

    def page(self, query: ListQuery) -> Listing:
        """See `Store`."""
        found = self._pages.find(query)
        if found is None:
            written = self._pages.written(query.owner)
            found = reader.page(self._reader, query)
            self._pages.keep(query, written, found)
        return found

    def page_at_hand(self, query: ListQuery) -> Listing | None:
        """See `Store`."""
        return self._pages.find(query)

    def changes(self, owner: int, since: str | None, limit: int) -> ChangePage:
        """See `Store`."""
        return reader.changes(self._reader, owner, since, limit)

    def find_hash(self, asker: int, body_md5: str) -> str:
        """See `Store`."""
        return reader.find_hash(self._reader, asker, body_md5)

    def status(self, asker: int, id: str) -> Status:  # noqa: A002
        """See `Store`."""
        return reader.status(self._reader, asker, id)

    def search(self, query: SearchQuery) -> Hits:
        """See `Store`."""
        return finder.search(self._full_text, query, self._read)

    def thread(self, asker: int, id: str) -> Thread:  # noqa: A002
        """See `Store`."""
        return threads.thread(self._reader, asker, id)

    def read(self, query: ReadQuery) -> Letters:
        """See `Store`."""
        found = reader.letter_ids(self._reader, query)
        letters: list[Opened] = []
        damaged: list[str] = []
        room = limit("page_bytes")
        before = query.after
        for position, id_ in found:
            try:
                letter = self.letter(query.owner, id_)
            except Refusal:
                damaged.append(id_)
            else:
                room -= len(msgspec.json.encode(letter))
                if room < 0 and letters:
                    return Letters(letters, damaged, before)
                letters.append(letter)
            before = position
        last = found[-1][0] if len(found) == query.limit else None
        return Letters(letters, damaged, last)

    def letter(self, asker: int, id: str) -> Opened:  # noqa: A002
        """See `Store`."""
        with reader.snapshot(self._reader):
            known = Mailbook(self._reader).find(id)
            if known is None:
                raise Refusal("not_found")
            copy = mail.visible_copy(known.facts, asker)
            file = self._read(id)
        return Opened(
            id=file.id,
            sender=file.sender,
            to=file.to,
            subject=file.subject,
            body=file.message,
            sent_at=file.sent_at,
            reply_to=file.reply_to,
            digest=file.digest,
            hash=file.hash,
            receipt=receipt(known.names[asker], copy) if copy else None,
            origin=file.origin,
            answers=known.reply_to,
        )

    def blocks(self) -> list[tuple[int, int]]:
        """See `Store`."""
        return accountbook.all_blocks(self._reader)

    def room(self, asker: int, name: str) -> RoomInfo:
        """See `Store`."""
        return roomreader.info(self._reader, asker, name)

    def rooms(self, query: RoomsQuery) -> Rooms:
        """See `Store`."""
        return roomreader.rooms(self._reader, query)

    def members(self, asker: int, room: str, after: str | None, limit: int) -> Members:
        """See `Store`."""
        return roomreader.members(self._reader, asker, room, after, limit)

    def history(self, query: HistoryQuery) -> RoomPage:
        """See `Store`."""
        return roomreader.history(self._reader, query, self._read)

    def logins(self, uid: int, before: int | None, limit: int) -> list[LoginRow]:
        """See `Store`."""
        return loginbook.page(self._reader, uid, before, limit)

    def last_login(self, uid: int) -> LastLogin:
        """See `Store`."""
        return LastLogin(*loginbook.last(self._reader, uid))

    def seen_since(self, at: int) -> list[SeenUser]:
        """See `Store`."""
        return loginbook.seen_since(self._reader, at)

    def last_seen(self, uid: int) -> int | None:
        """See `Store`."""
        return loginbook.last_seen(self._reader, uid)

    def locks(self) -> list[Lock]:
        """See `Store`."""
        return loginbook.locks(self._reader)

    def sizes(self) -> Sizes:
        """See `Store`."""
        row = self._reader.execute(SIZES).fetchone()
        status = os.statvfs(self.layout.root)
        return Sizes(
            accounts=row["accounts"],
            messages=row["messages"],
            rooms=row["rooms"],
            journal=row["journal"],
            unindexed=self._full_text.behind(row["messages"]),
            free_bytes=status.f_bavail * status.f_frsize,
        )

    def _read(self, id_: str) -> MessageFile:
        """A message. Where it is damaged the operator is told, once for each."""
        try:
            return self._file(id_)
        except Refusal as refusal:
            if id_ not in self._damaged:
                self._damaged.add(id_)
                path = self.layout.message(id_)
                if isinstance(why := refusal.__cause__, OSError):
                    said = why_unreadable(why, path)
                    LOGGER.error("the message %s cannot be read: %s", id_, said)
                else:
                    LOGGER.error("the message %s is damaged: %s", id_, path)
            raise

    def _file(self, id_: str) -> MessageFile:
        """The file, or the journal row of one that is being filed just now.

        In one snapshot: a row that is forgotten meanwhile is still seen.
        """
        try:
            data = self.layout.message(id_).read_bytes()
        except FileNotFoundError:
            row = self._reader.execute(
                "SELECT data FROM journal WHERE kind = ? AND name = ?",
                (RowKind.MESSAGE, id_),
            ).fetchone()
            # It may have been filed and forgotten in between.
            data = row["data"] if row else self._read_again(id_)
        except OSError as error:
            raise Refusal("damaged", DAMAGED) from error
        try:
            return decode_as(data, id_)
        except Refusal:
            raise Refusal("damaged", DAMAGED) from None

    def _read_again(self, id_: str) -> bytes:
        try:
            return self.layout.message(id_).read_bytes()
        except FileNotFoundError as error:
            raise Refusal("damaged", DAMAGED) from error
