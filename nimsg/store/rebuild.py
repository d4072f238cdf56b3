"""A new index from the files alone: people, messages, then what the ledger says."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from nimsg.core.accounts import Account
from nimsg.core.commands import MailAct
from nimsg.core.rooms import Room
from nimsg.errors import Refusal, StorageFailure
from nimsg.progress import Progress, Silent
from nimsg.protocol.rules import ID
from nimsg.protocol.times import parse_rfc3339
from nimsg.store import accountbook, draftbook, invitationbook, roombook
from nimsg.store.accountfile import decode_account
from nimsg.store.atomic import move_durably
from nimsg.store.disk import Disk
from nimsg.store.draftfile import decode_draft
from nimsg.store.failure import index_failure
from nimsg.store.invitationfile import decode_invitation
from nimsg.store.layout import Layout
from nimsg.store.ledger import Line, decode_line, line_digest, read_lines
from nimsg.store.mailbook import Mailbook
from nimsg.store.messagefile import MessageFile, decode_as, misfit
from nimsg.store.messagerow import Entry, entry_of
from nimsg.store.removal import Stub, read_stubs
from nimsg.store.replay import LOGINS, UnknownMessage, command_of, redo, redo_login
from nimsg.store.rights import json_files, own_faults, read_file
from nimsg.store.roomfile import decode_room
from nimsg.store.schema import GENESIS, connect_new, create, is_damage, set_meta
from nimsg.store.trouble import Stopped, Strict, Trouble


RECEIVED = "SELECT count(*) FROM copy WHERE owner = ?"
# What is in a room has no position in an outbox.
SENT = "SELECT count(position) FROM message WHERE sender = ?"
STRAY_BLOCKS = (
    "SELECT DISTINCT owner FROM block WHERE blocked NOT IN (SELECT uid FROM account)"
)


class Rebuilt(Struct, frozen=True):
    """How much went into a new index, and how many positions have no message.

    `posts` are those of the messages that are in a room.
    """

    accounts: int
    messages: int
    lines: int
    lost: int
    rooms: int = 0
    posts: int = 0


class Replayed(NamedTuple):
    """How many lines a ledger has; number and digest of the last, and the last time."""

    lines: int
    last_n: int
    head: str
    last_at: int


def rebuild_index(
    disk: Disk, layout: Layout, entropy: Callable[[int], bytes]
) -> Rebuilt:
    """Make index.db anew, from files that can all be used.

    Raises `StorageFailure` naming the first that cannot.
    """
    rebuilt = fill_index(disk, layout, entropy, Strict(layout), Silent())
    place_index(disk, layout)
    return rebuilt


def fill_index(
    disk: Disk,
    layout: Layout,
    entropy: Callable[[int], bytes],
    trouble: Trouble,
    progress: Progress,
) -> Rebuilt:
    """Make a new index beside the old one; `trouble` is told what cannot be used.

    Raises `StorageFailure` or `OSError`, and leaves nothing then.
    """
    new = layout.new_index
    new.unlink(missing_ok=True)
    try:
        with closing(connect_new(new)) as connection:
            create(connection, epoch_of(entropy))
            connection.execute("BEGIN")
            rebuilt = Filling(connection, disk, layout, trouble, progress).run()
            connection.execute("COMMIT")
    except BaseException as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        if isinstance(error, Stopped):
            raise StorageFailure(str(error)) from None
        if isinstance(error, sqlite3.OperationalError) and not is_damage(error):
            raise index_failure(error, layout, new) from error
        raise
    return rebuilt


def place_index(disk: Disk, layout: Layout) -> None:
    """Give the new index its name, which replaces an old one. Raises `OSError`."""
    move_durably(disk, layout.new_index, layout.index)


def epoch_of(entropy: Callable[[int], bytes]) -> str:
    """A name for the cursors of a new index."""
    return entropy(4).hex()


class Filling:
    """Puts what the files say into empty tables, within the caller's transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        disk: Disk,
        layout: Layout,
        trouble: Trouble,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._disk = disk
        self._layout = layout
        self._trouble = trouble
        self._progress = progress
        self._book = Mailbook(connection)
        self._uids: dict[str, int] = {}
        self._rooms = roombook.numbers(connection)
        self._messages = self._posts = 0

    def run(self) -> Rebuilt:
        """Read everything once."""
        self._add_rooms()
        self._add_accounts()
        self._mend()
        self._add_invitations()
        self._add_drafts()
        self._add_messages()
        lost = self._count_lost()
        lost += roombook.count_lost(self._connection, self._trouble.rooms)
        replayed = self._replay()
        self._book.mailboxes.flush()
        set_meta(self._connection, "n", str(replayed.last_n))
        set_meta(self._connection, "head", replayed.head)
        set_meta(self._connection, "alive_at", str(replayed.last_at))
        self._progress.end()
        return Rebuilt(
            len(self._uids),
            self._messages,
            replayed.lines,
            lost,
            len(self._rooms),
            self._posts,
        )

    def _add_rooms(self) -> None:
        for path in json_files(self._layout.rooms):
            try:
                self._add_room(decode_room(read_file(path), path.stem))
            except StorageFailure as failure:
                self._bad_room(path, str(failure))
            except sqlite3.IntegrityError as error:
                self._bad_room(path, f"its name is another's: {error}")

    def _bad_room(self, path: Path, why: str) -> None:
        room = self._trouble.bad_room(path, why)
        if room is not None:
            self._add_room(room)

    def _add_room(self, room: Room) -> None:
        roombook.put(self._connection, room)
        self._rooms[room.name] = roombook.number(self._connection, room.name)

    def _add_accounts(self) -> None:
        for path in json_files(self._layout.users):
            try:
                self._add_account(self._read_account(path))
            except StorageFailure as failure:
                account = self._trouble.bad_account(path, str(failure))
                if account is not None:
                    self._add_account(account)

    def _read_account(self, path: Path) -> Account:
        account = decode_account(read_file(path))
        if self._layout.user(account.uid) != path:
            raise StorageFailure(f"it holds the account {account.uid}")
        other = self._uids.get(account.name)
        if other is not None:
            raise StorageFailure(f"it has the name of account {other}")
        return account

    def _add_account(self, account: Account) -> None:
        for place in account.rooms:
            self._room(place.room)
        accountbook.put(self._connection, account)
        self._uids[account.name] = account.uid

    def _room(self, name: str) -> int:
        if name not in self._rooms:
            self._add_room(self._trouble.unknown_room(name))
        return self._rooms[name]

    def _mend(self) -> None:
        """Take out numbers that no account has any more."""
        uids = frozenset(self._uids.values())
        for (uid,) in self._connection.execute(STRAY_BLOCKS).fetchall():
            account = accountbook.by_uid(self._connection, uid)
            blocks = tuple(other for other in account.blocks if other in uids)
            mended = replace(account, blocks=blocks)
            self._trouble.unknown_blocked(mended)
            accountbook.put(self._connection, mended, account)
        for room in roombook.all_rooms(self._connection):
            if room.creator is not None and room.creator not in uids:
                mended_room = replace(room, creator=None)
                self._trouble.unknown_creator(mended_room)
                roombook.put(self._connection, mended_room)

    def _add_invitations(self) -> None:
        for path in json_files(self._layout.invitations):
            try:
                invitation = decode_invitation(read_file(path), path.stem)
                invitationbook.put(self._connection, invitation)
            except (StorageFailure, sqlite3.IntegrityError) as error:
                self._trouble.bad_invitation(path, str(error))

    def _add_drafts(self) -> None:
        # Of two under one client_id the newer is kept.
        for path in reversed(json_files(self._layout.drafts)):
            try:
                self._add_draft(path)
            except StorageFailure as failure:
                self._trouble.bad_draft(path, str(failure))
            except sqlite3.IntegrityError as error:
                self._trouble.bad_draft(path, f"its client_id is another's: {error}")

    def _add_draft(self, path: Path) -> None:
        draft = decode_draft(read_file(path), path.stem)
        account = accountbook.find_uid(self._connection, draft.uid)
        if account is None:
            raise StorageFailure(f"it is of the account {draft.uid}, which is none")
        if account.removed_at is None:
            draftbook.put(self._connection, draft)
        else:
            # Its journal row is lost with the index it was in.
            self._disk.unlink(path)

    def _add_messages(self) -> None:
        days = list(self._layout.day_folders())
        count = sum(len(json_files(day)) for day in days)
        self._progress.begin("messages", count, "messages")
        for day in days:
            removed = self._add_stubs(day)
            for path in json_files(day):
                self._progress.advance()
                if path.stem in removed:
                    # Its journal row is lost with the index it was in.
                    self._disk.unlink(path)
                else:
                    self._add_file(path)
            # Counters of many mailboxes are not kept in memory for all days.
            self._book.mailboxes.flush()

    def _add_stubs(self, day: Path) -> set[str]:
        """Add the removed messages of a day; their ids."""
        ids: set[str] = set()
        path = self._layout.removals_of(day)
        for stub in self._read_stubs(path):
            ids.add(stub.id)
            self._messages += 1
            try:
                self._book.add(self._entry_of(stub))
            except StorageFailure as failure:
                self._trouble.bad_removals(path, str(failure))
        return ids

    def _entry_of(self, stub: Stub) -> Entry:
        uids = {name: self._uid(name) for name in (stub.sender, *stub.to)}
        sender, to = uids[stub.sender], {name: uids[name] for name in stub.to}
        file, mark = stub.as_file(), stub.fingerprint
        return Entry(file, sender, to, mark, stub.imported, removed=True)

    def _read_stubs(self, path: Path) -> list[Stub]:
        try:
            with own_faults():
                return list(read_stubs(path))
        except StorageFailure as failure:
            return self._trouble.bad_removals(path, str(failure))

    def _add_file(self, path: Path) -> None:
        try:
            entry = entry_of(self._read_message(path), self._uid, self._room)
            self._book.add(entry)
        except (Refusal, StorageFailure) as error:
            self._trouble.bad_message(path, str(error))
        except sqlite3.IntegrityError as error:
            self._book.take_back(path.stem)
            self._trouble.bad_message(path, f"its position is another's: {error}")
        else:
            self._messages += 1
            self._posts += entry.room is not None

    def _read_message(self, path: Path) -> MessageFile:
        file = decode_as(read_file(path), path.stem)
        if not ID.match(file.id):
            raise StorageFailure("its id is none")
        if self._layout.message(file.id) != path:
            raise StorageFailure("it is not in the folder of its day")
        fault = misfit(file)
        if fault:
            raise StorageFailure(f"it {fault}")
        return file

    def _uid(self, name: str) -> int:
        uid = self._uids.get(name)
        if uid is None:
            account = self._trouble.unknown_name(name)
            self._add_account(account)
            uid = account.uid
        return uid

    def _count_lost(self) -> int:
        """Note in each mailbox how many positions have no message."""
        lost = 0
        for end in self._trouble.ends:
            known = self._book.mailboxes[end.uid]
            known.last_in = max(known.last_in, end.last_in)
            known.last_out = max(known.last_out, end.last_out)
        self._book.mailboxes.flush()
        uids = self._connection.execute("SELECT uid FROM mailbox").fetchall()
        for (uid,) in uids:
            mailbox = self._book.mailboxes[uid]
            mailbox.lost_in = mailbox.last_in - self._count(RECEIVED, uid)
            mailbox.lost_out = mailbox.last_out - self._count(SENT, uid)
            lost += mailbox.lost_in + mailbox.lost_out
        return lost

    def _count(self, query: str, uid: int) -> int:
        count: int = self._connection.execute(query, (uid,)).fetchone()[0]
        return count

    def _replay(self) -> Replayed:
        """Do again what the ledger tells."""
        lines = last_n = last_at = 0
        head = GENESIS
        sizes = (path.stat().st_size for path in self._layout.ledger.glob("*.jsonl"))
        self._progress.begin("ledger", sum(sizes), "B")
        for path, number, data in read_lines(self._layout):
            self._progress.advance(len(data) + 1)
            head = line_digest(data)
            lines += 1
            try:
                line = _line(data)
                last_n = line.n
                last_at = max(last_at, parse_rfc3339(line.time))
                self._redo_line(line, path, number)
            except StorageFailure as failure:
                self._trouble.bad_line(path, number, str(failure))
        return Replayed(lines, last_n, head, last_at)

    def _redo_line(self, line: Line, path: Path, number: int) -> None:
        if line.event in LOGINS:
            redo_login(self._connection, line.n, line, self._uid(line.user))
            return
        command = command_of(line, self._uids)
        for id_ in command.ids:
            self._redo(command, id_, line.time, path, number)

    def _redo(
        self, command: MailAct, id_: str, time: str, path: Path, number: int
    ) -> None:
        try:
            redo(self._book, command, id_, parse_rfc3339(time))
        except UnknownMessage as failure:
            if id_ not in self._trouble.lost:
                self._trouble.unknown_message(id_, f"{path} line {number}: {failure}")
        except StorageFailure as failure:
            self._trouble.bad_line(path, number, str(failure))


def _line(data: bytes) -> Line:
    try:
        return decode_line(data)
    except ValueError:
        raise StorageFailure("it cannot be read") from None
