"""What the writer does with commands upon rooms."""

import sqlite3
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from nimsg.core import mail, rooms
from nimsg.core.accounts import require_living
from nimsg.core.commands import (
    AccountChange,
    CreateAccount,
    CreateRoom,
    JoinRoom,
    PostNotice,
    PostToRoom,
    RoomAct,
    SentPost,
    SetTopic,
)
from nimsg.core.quota import own_full
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.errors import Refusal
from nimsg.protocol.constants import Notice
from nimsg.protocol.digest import body_hash
from nimsg.protocol.times import rfc3339
from nimsg.store import accountbook, roombook
from nimsg.store.directory import Directory
from nimsg.store.mailbook import Mailbook
from nimsg.store.messagefile import (
    MessageFile,
    NoticeEntry,
    Positions,
    RoomPlace,
    digest_of,
    encode_message,
)
from nimsg.store.messagerow import SERVER, Entry
from nimsg.store.plan import RowKind
from nimsg.store.roomfile import encode_room
from nimsg.store.roomreader import room_message


class AddRow(Protocol):
    """Journals what is to become a file or a line; its number."""

    def __call__(self, kind: RowKind, name: str, data: bytes) -> int:
        """See `JournalRow`."""
        ...


class RoomWriter:
    """Works within the writer's transaction, on its book and its journal."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        book: Mailbook,
        directory: Directory,
        add_row: AddRow,
        change_account: Callable[[CreateAccount | AccountChange, int], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._connection = connection
        self._book = book
        self._directory = directory
        self._add_row = add_row
        self._change_account = change_account
        self._entropy = entropy

    def write(self, command: RoomAct, now: int, *, full: bool) -> SentPost | int:
        """Do one. Raises `Refusal`; posts are `disk_full` on a `full` disk."""
        match command:
            case CreateRoom():
                return self._create(command, now)
            case SetTopic():
                return self._set_topic(command, now, full=full)
            case PostToRoom():
                return self._post(command, now, full=full)
            case _:
                if full:
                    raise Refusal("disk_full")
                return self._notice(command, now)

    def _create(self, command: CreateRoom, now: int) -> int:
        taken = roombook.by_name(self._connection, command.room) is not None
        made = roombook.made_by(self._connection, command.creator)
        room = rooms.decide_room(command, now, taken=taken, made=made)
        creator = accountbook.by_uid(self._connection, command.creator)
        # Before anything is written: who cannot join makes no room.
        rooms.joined(require_living(creator).rooms, room, 0, now)
        roombook.put(self._connection, room)
        self._add_row(RowKind.ROOM, room.id, encode_room(room))
        self._change_account(JoinRoom(command.creator, room.name), now)
        return 1

    def _set_topic(self, command: SetTopic, now: int, *, full: bool) -> SentPost | int:
        before = self._room(command.room)
        actor = accountbook.by_uid(self._connection, command.actor)
        room = rooms.decide_topic(before, command, actor.rooms)
        if room == before:
            return 0
        if full:
            raise Refusal("disk_full")
        roombook.put(self._connection, room)
        self._add_row(RowKind.ROOM, room.id, encode_room(room))
        text = f"{actor.name} set the topic: {room.topic}"
        if not room.topic:
            text = f"{actor.name} removed the topic"
        notice = PostNotice(Notice.TOPIC, text, None, room.name)
        return self._notice(notice, now)

    def _post(self, command: PostToRoom, now: int, *, full: bool) -> SentPost:
        room = self._room(command.room)
        if not roombook.is_member(self._connection, command.sender, room.name):
            raise Refusal("not_member", data={"room": room.name})
        print_ = mail.post_fingerprint(room.name, command.body)
        earlier = self._book.new.earlier(command.sender, command.client_id)
        if earlier is not None:
            if earlier != print_:
                data = {"client_id": command.client_id}
                raise Refusal("client_id_conflict", data=data)
            return self._book.posted(command.sender, command.client_id)
        if full:
            raise Refusal("disk_full")
        size = len(command.body.encode())
        if not self._book.usages.has_room(command.sender, size, messages=0):
            raise own_full(self._book.usages.quota)
        self._book.usages.charge((command.sender,), size, messages=0)
        name = self._directory.name(command.sender)
        file = self._file(room, name, command.client_id, command.body, now)
        return self._add(file, room, command.sender, None)

    def _notice(self, command: PostNotice, now: int) -> SentPost:
        room = self._room(command.room)
        about = None
        if command.about is not None:
            about = self._directory.name(command.about)
        file = self._file(room, "", "", command.text, now)
        file = replace(
            file, client_id=file.id, notice=NoticeEntry(command.notice, about)
        )
        return self._add(file, room, SERVER, command.about)

    def _file(
        self, room: rooms.Room, sender: str, client_id: str, body: str, now: int
    ) -> MessageFile:
        return MessageFile(
            id=ulid(now, self._entropy(RANDOM_BYTES)),
            hash=body_hash(body),
            sender=sender,
            to=[],
            time=rfc3339(now),
            message=body,
            subject="",
            digest="",
            client_id=client_id,
            reply_to=None,
            positions=Positions({}, 0),
            refused=[],
            room=RoomPlace(room.name, room.last + 1),
        )

    def _add(
        self, unsigned: MessageFile, room: rooms.Room, sender: int, about: int | None
    ) -> SentPost:
        file = replace(unsigned, digest=digest_of(unsigned))
        print_ = mail.post_fingerprint(room.name, file.message)
        r = roombook.number(self._connection, room.name)
        entry = Entry(file, sender, {}, print_, imported=False, room=r, about=about)
        self._book.add(entry)
        self._add_row(RowKind.MESSAGE, file.id, encode_message(file))
        return SentPost(
            room_message(file),
            file.hash,
            duplicate=False,
            sender=sender,
            client_id=file.client_id,
            about=about,
        )

    def _room(self, name: str) -> rooms.Room:
        return rooms.require_room(roombook.by_name(self._connection, name), name)
