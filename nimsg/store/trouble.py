"""What to do with what cannot be used while an index is made anew."""

import hashlib
import os
from collections.abc import Sequence, Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import NoReturn, Protocol

from nimsg.core.accounts import Account
from nimsg.core.rooms import LOBBY_ID, Room
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.errors import StorageFailure
from nimsg.store.accountfile import decode_account, encode_account
from nimsg.store.atomic import put_file
from nimsg.store.disk import Disk
from nimsg.store.layout import Layout, made_anew, typed
from nimsg.store.mailboxes import Mailbox
from nimsg.store.quarantine import Quarantine, lost_messages
from nimsg.store.removal import Stub, encode_stub, readable_stubs
from nimsg.store.rights import json_files
from nimsg.store.roomfile import decode_room, encode_room


class Stopped(Exception):
    """What a start cannot go on with, in words; no handler takes it for a fault."""


class Trouble(Protocol):
    """Told of each thing, in the order in which they are met."""

    @property
    def lost(self) -> AbstractSet[str]:
        """Ids of messages that are known to be gone."""
        ...

    @property
    def ends(self) -> Sequence[Mailbox]:
        """The last positions that are known to have been given."""
        ...

    @property
    def rooms(self) -> Sequence[Room]:
        """Rooms with the last positions that are known to have been given."""
        ...

    def bad_account(self, path: Path, why: str) -> Account | None:
        """An account file that is none; the account, where it is known otherwise."""
        ...

    def bad_invitation(self, path: Path, why: str) -> None:
        """An invitation file that is none."""
        ...

    def bad_draft(self, path: Path, why: str) -> None:
        """A draft file that is none, or of no account."""
        ...

    def bad_room(self, path: Path, why: str) -> Room | None:
        """A room file that is none; the room, where it is known otherwise."""
        ...

    def unknown_room(self, name: str) -> Room:
        """A member or a message is of a room that has no file.

        Raises `StorageFailure`, which makes the file that told of it one that is none.
        """
        ...

    def unknown_blocked(self, mended: Account) -> None:
        """An account blocked numbers that no account has; without them."""
        ...

    def unknown_creator(self, mended: Room) -> None:
        """A room was made by a number that no account has; without it."""
        ...

    def bad_message(self, path: Path, why: str) -> None:
        """A message file that is none."""
        ...

    def bad_removals(self, path: Path, why: str) -> list[Stub]:
        """A day's list of removed messages that is none; what can be read of it."""
        ...

    def unknown_name(self, name: str) -> Account:
        """A message, or a login, is of somebody who has no account file.

        Raises `StorageFailure` as `unknown_room` does.
        """
        ...

    def unknown_message(self, id_: str, where: str) -> None:
        """The ledger tells of a message that has no file."""
        ...

    def bad_line(self, path: Path, number: int, why: str) -> None:
        """A line of the ledger that is none, or tells what cannot have been."""
        ...


class Strict:
    """Goes on with nothing: a start must not decide what may be given up."""

    def __init__(self, layout: Layout) -> None:
        self._root = layout.root
        self.lost: AbstractSet[str] = lost_messages(layout)
        self.ends: Sequence[Mailbox] = ()
        self.rooms: Sequence[Room] = ()

    def bad_account(self, path: Path, why: str) -> Account | None:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def bad_invitation(self, path: Path, why: str) -> None:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def bad_draft(self, path: Path, why: str) -> None:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def bad_room(self, path: Path, why: str) -> Room | None:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def unknown_room(self, name: str) -> Room:
        """See `Trouble`."""
        raise StorageFailure(f"it names #{name}, and there is no such room")

    def unknown_blocked(self, mended: Account) -> None:
        """See `Trouble`."""
        self._stop(f"{mended.name} blocks an account that is not there")

    def unknown_creator(self, mended: Room) -> None:
        """See `Trouble`."""
        self._stop(f"#{mended.name} was made by an account that is not there")

    def bad_message(self, path: Path, why: str) -> None:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def bad_removals(self, path: Path, why: str) -> list[Stub]:
        """See `Trouble`."""
        self._stop(f"{path} is damaged: {why}")

    def unknown_name(self, name: str) -> Account:
        """See `Trouble`."""
        raise StorageFailure(f"it names {name!r}, and there is no such account")

    def unknown_message(self, id_: str, where: str) -> None:  # noqa: ARG002
        """See `Trouble`."""
        self._stop(where)

    def bad_line(self, path: Path, number: int, why: str) -> None:
        """See `Trouble`."""
        self._stop(f"{path} line {number}: {why}")

    def _stop(self, what: str) -> NoReturn:
        raise Stopped(
            f"{what}. `{made_anew(self._root)}` goes on without what cannot be used"
        )


class Lenient:
    """Takes aside what cannot be used, and goes on with the rest.

    `remarks` are lines for the operator about what is not in quarantine. A lost
    account is taken from `known`, the old index's accounts, or else gets a new file,
    without a password, under a number that is free. `ends` and `rooms` are of the old
    index too; a lost room that is not among these gets a new file without a topic.
    """

    def __init__(
        self,
        disk: Disk,
        layout: Layout,
        now: int,
        known: Sequence[Account] = (),
        ends: Sequence[Mailbox] = (),
        rooms: Sequence[Room] = (),
    ) -> None:
        self.ends = ends
        self.rooms = rooms
        self._known = {layout.user(one.uid).stem: one for one in known}
        self._disk = disk
        self._layout = layout
        self._now = now
        self.quarantine = Quarantine(disk, layout)
        self.lost: set[str] = lost_messages(layout)
        self.remarks: list[str] = []
        files = (path.stem for path in json_files(layout.users))
        uids = [int(stem) for stem in files if stem.isdecimal()]
        self._last_uid = max([0, *uids, *(one.uid for one in known)])

    def bad_account(self, path: Path, why: str) -> Account | None:
        """See `Trouble`."""
        self.quarantine.move(path, why)
        account = self._known.get(path.stem)
        if account is not None:
            self._restore(account)
        return account

    def bad_invitation(self, path: Path, why: str) -> None:
        """See `Trouble`. It admits nobody any more."""
        self.quarantine.move(path, why)

    def bad_draft(self, path: Path, why: str) -> None:
        """See `Trouble`."""
        self.quarantine.move(path, why)

    def restore_accounts(self) -> None:
        """Write the files of accounts that the old index has and nobody else.

        A file that can be read and is of another account goes to quarantine.
        """
        for account in self._known.values():
            path = self._layout.user(account.uid)
            try:
                found = decode_account(path.read_bytes())
                if (found.uid, found.name) != (account.uid, account.name):
                    self.bad_account(path, f"it is not of {account.name}")
            except FileNotFoundError:
                self._restore(account)
            except (OSError, StorageFailure):
                continue

    def bad_room(self, path: Path, why: str) -> Room | None:
        """See `Trouble`."""
        self.quarantine.move(path, why)
        room = next((one for one in self.rooms if one.id == path.stem), None)
        if room is not None:
            self._restore_room(room)
        return room

    def restore_rooms(self) -> None:
        """Write the files of rooms that the old index has and nobody else.

        A file that can be read and has the name of another goes to quarantine.
        """
        ids = {room.name: room.id for room in self.rooms}
        names = {room.id: room.name for room in self.rooms}
        for path in json_files(self._layout.rooms):
            with suppress(OSError, StorageFailure):
                name = decode_room(path.read_bytes(), path.stem).name
                here = (names.get(path.stem, name), ids.get(name, path.stem))
                if here != (name, path.stem):
                    self.quarantine.move(path, f"it is not of #{here[0]}")
        for room in self.rooms:
            named = room.id != LOBBY_ID or room.topic
            if named and not os.path.lexists(self._layout.room(room.id)):
                self._restore_room(room)

    def _restore_room(self, room: Room) -> None:
        self._put_room(room)
        self.remarks.append(f"the file of #{room.name} was taken from the index")

    def unknown_room(self, name: str) -> Room:
        """See `Trouble`."""
        digest = hashlib.sha256(name.encode()).digest()
        id_ = ulid(self._now, digest[:RANDOM_BYTES])
        room = Room(id_, name, "", self._now, None)
        self._put_room(room)
        self.remarks.append(f"#{name} had no file and got a new one without a topic")
        return room

    def unknown_blocked(self, mended: Account) -> None:
        """See `Trouble`."""
        self._put(mended)
        self.remarks.append(f"{mended.name} blocked somebody whose account is lost")

    def unknown_creator(self, mended: Room) -> None:
        """See `Trouble`."""
        self._put_room(mended)
        self.remarks.append(f"the account that made #{mended.name} is lost")

    def _put_room(self, room: Room) -> None:
        path = self._layout.room(room.id)
        put_file(self._disk, path, encode_room(room), durable=True)

    def _restore(self, account: Account) -> None:
        self._put(account)
        self.remarks.append(f"the file of {account.name} was taken from the index")

    def bad_message(self, path: Path, why: str) -> None:
        """See `Trouble`."""
        self.lost.add(path.stem)
        self.quarantine.move(path, why)

    def bad_removals(self, path: Path, why: str) -> list[Stub]:
        """See `Trouble`."""
        stubs = readable_stubs(path)
        self.quarantine.move(path, why)
        lines = b"".join(encode_stub(stub) + b"\n" for stub in stubs)
        put_file(self._disk, path, lines, durable=True)
        return stubs

    def unknown_name(self, name: str) -> Account:
        """See `Trouble`."""
        self._last_uid += 1
        account = Account(self._last_uid, name, "user", None, self._now)
        self._put(account)
        self.remarks.append(
            f"{name} had no account file and got a new one without a password: "
            f"set it with {typed(f'user passwd {quote(name)}', self._layout.root)}"
        )
        return account

    def _put(self, account: Account) -> None:
        path = self._layout.user(account.uid)
        put_file(self._disk, path, encode_account(account), durable=True)

    def unknown_message(self, id_: str, where: str) -> None:  # noqa: ARG002
        """See `Trouble`."""
        self.lost.add(id_)
        self.quarantine.give_up(id_, "the ledger tells of it, and it has no file")

    def bad_line(self, path: Path, number: int, why: str) -> None:
        """See `Trouble`."""
        below = path.relative_to(self._layout.root)
        self.remarks.append(f"{below} line {number} was passed over: {why}")
