"""What the index keeps of a message and of a copy, there and back."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring_ascii as quoted

import msgspec
from msgspec import UNSET, Struct

from nimsg.core import mail
from nimsg.core.ladder import Copy
from nimsg.protocol.constants import Device
from nimsg.protocol.results import Origin, Refused
from nimsg.store.messagefile import MessageFile


# Who sends the server's own messages.
SERVER = 0
DEVICES: dict[str | None, Device | None] = {None: None, **{d: d for d in Device}}

ORIGIN = msgspec.json.Decoder(Origin)
Column = int | str | None
# The columns of a message that never change.
FIXED = (
    "id",
    "sender",
    "position",
    "client_id",
    "fingerprint",
    "recipients",
    "refused",
    "subject",
    "size",
    "sent_at",
    "reply_to",
    "hash",
    "digest",
    "origin",
    "dated_at",
    "room",
    "room_position",
    "about",
)


class Entry(Struct, frozen=True):
    """What of a message the index is told when it is new.

    Nobody waits for an `imported` one; from and to the same account it is not in
    the outbox (`hidden`). `removed` says that its text is gone. `room` is the index's
    number of a room, and a notice may be `about` an account.
    """

    file: MessageFile
    sender: int
    to: Mapping[str, int]
    fingerprint: str
    imported: bool
    removed: bool = False
    room: int | None = None
    about: int | None = None

    @property
    def hidden(self) -> bool:
        """Whether it is in the recipient's view only."""
        return self.imported and [self.sender] == list(self.to.values())


def entry_of(
    file: MessageFile, uid: Callable[[str], int], room: Callable[[str], int]
) -> Entry:
    """A whole file as the index is told of it; a name's number is asked for."""
    print_ = fingerprint_of(file)
    if file.room is UNSET:
        imported = file.origin is not None
        sender = uid(file.sender)
        return Entry(file, sender, {n: uid(n) for n in file.to}, print_, imported)
    sender, about = SERVER, None
    if file.notice is UNSET:
        sender = uid(file.sender)
    elif file.notice.about is not None:
        about = uid(file.notice.about)
    r = room(file.room.name)
    return Entry(file, sender, {}, print_, imported=False, room=r, about=about)


def fingerprint_of(file: MessageFile) -> str:
    """The fingerprint of the send or the post that a message came from."""
    if file.room is not UNSET:
        return mail.post_fingerprint(file.room.name, file.message)
    everyone = [*file.to, *(row.user for row in file.refused)]
    return mail.fingerprint(
        everyone, file.subject, file.message, file.reply_to, file.origin
    )


def message_row(entry: Entry) -> tuple[Column, ...]:
    """What the index keeps of a message file, in the order of `FIXED`."""
    file = entry.file
    origin, place = file.origin, file.room
    return (
        file.id,
        entry.sender,
        file.positions.outbox if place is UNSET else None,
        file.client_id,
        entry.fingerprint,
        encode_names(file.to),
        encode_refused(file.refused),
        file.subject,
        len(file.message.encode()),
        file.sent_at,
        file.reply_to,
        file.hash,
        file.digest,
        encode_origin(origin),
        file.sent_at if origin is None or origin.date is None else origin.date,
        entry.room,
        None if place is UNSET else place.position,
        entry.about,
    )


def copy_of(row: sqlite3.Row) -> Copy:
    """A copy from the index's ladder columns."""
    return Copy(
        row["fetched_at"],
        DEVICES[row["fetched_by"]],
        row["opened_at"],
        DEVICES[row["opened_by"]],
        row["acked_at"],
        DEVICES[row["acked_by"]],
        row["recalled_at"],
        row["deleted_at"],
        bool(row["imported"]),
    )


def encode_names(names: Sequence[str]) -> str:
    """What the index keeps of the recipients of a message: what `json.dumps` says."""
    return f"[{', '.join(map(quoted, names))}]"


def encode_origin(origin: Origin | None) -> str | None:
    """What the index keeps of an origin."""
    return None if origin is None else msgspec.json.encode(origin).decode()


def decode_origin(text: str | None) -> Origin | None:
    """The origin back."""
    return None if text is None else ORIGIN.decode(text)


def encode_refused(refused: Sequence[Refused]) -> str | None:
    """What the index keeps of the refusals of a message; mostly nothing."""
    return json.dumps([[row.user, row.kind] for row in refused]) if refused else None


def decode_refused(text: str | None) -> list[Refused]:
    """The refusals back."""
    return [Refused(user, kind) for user, kind in json.loads(text)] if text else []
