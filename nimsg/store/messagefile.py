"""The file of a message: JSON that `cat` shows, written once, never changed."""

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from nimsg.errors import Refusal
from nimsg.protocol.constants import Notice
from nimsg.protocol.digest import body_hash, message_digest
from nimsg.protocol.results import Origin, Refused
from nimsg.protocol.times import parse_rfc3339
from nimsg.store.jsonfile import encode_file, text_of_time, time_of_text


FILE_FORMAT = 1


class Positions(Struct, frozen=True):
    """Where the message stands: in its sender's outbox, in each inbox by name."""

    inbox: dict[str, int]
    outbox: int


# The place of a message that is in a room.
NOWHERE = Positions({}, 0)


class OriginEntry(Struct, frozen=True):
    """An origin as the file has it: `date` is RFC 3339 in UTC."""

    sender: str = field(name="from")
    to: list[str]
    date: str | None
    zone: int | None
    message_id: str | None


class RoomPlace(Struct, frozen=True):
    """Where a message of a room stands."""

    name: str
    position: int


class NoticeEntry(Struct, frozen=True):
    """What the server's own message in a room is, and whom it is about."""

    kind: Notice
    about: str | None


class MessageFile(Struct, frozen=True):
    """The members of a message file.

    `hash`, `from`, `to`, `time` and `message` are what the oldest source stored:
    md5 of the body, sender, recipients, RFC 3339 time, body. The others are ours.
    An imported message answers the first of `references`, client_ids of its sender,
    that was imported too, before it or later; its `reply_to` is null.
    A message of a room goes to nobody else and has its position there; where the
    server says it, `from` is empty.
    """

    id: str
    hash: str
    sender: str = field(name="from")
    to: list[str]
    time: str
    message: str
    subject: str
    digest: str
    client_id: str
    reply_to: str | None
    positions: Positions
    refused: list[Refused]
    format: int = FILE_FORMAT
    origin_entry: OriginEntry | UnsetType = field(default=UNSET, name="origin")
    references: list[str] | UnsetType = UNSET
    room: RoomPlace | UnsetType = UNSET
    notice: NoticeEntry | UnsetType = UNSET

    @property
    def sent_at(self) -> int:
        """`time` in ms UTC. Raises `ValueError` where it is no time."""
        return parse_rfc3339(self.time)

    @property
    def origin(self) -> Origin | None:
        """Where an imported message came from. Raises `ValueError` for a wrong date."""
        entry = self.origin_entry
        if entry is UNSET:
            return None
        date = time_of_text(entry.date)
        return Origin(entry.sender, entry.to, date, entry.zone, entry.message_id)


def origin_entry(origin: Origin | None) -> OriginEntry | UnsetType:
    """What a file holds of an origin."""
    if origin is None:
        return UNSET
    date = text_of_time(origin.date)
    return OriginEntry(origin.sender, origin.to, date, origin.zone, origin.message_id)


DECODER = msgspec.json.Decoder(MessageFile)


def encode_message(message: MessageFile) -> bytes:
    """The file's bytes."""
    return encode_file(message)


def decode_message(data: bytes) -> MessageFile:
    """Read a file and check its digest and its hash.

    Raises `Refusal("damaged")` where it is not what was written.
    """
    try:
        message = DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refusal("damaged", f"the message file cannot be read: {error}") from None
    if not _is_whole(message):
        raise Refusal("damaged", data={"id": message.id})
    if body_hash(message.message) != message.hash:
        raise Refusal("damaged", "the message file's hash is not its body's md5")
    return message


def decode_as(data: bytes, id_: str) -> MessageFile:
    """Like `decode_message`, and refuses the file of another message."""
    message = decode_message(data)
    if message.id != id_:
        raise Refusal("damaged", f"it holds the message {message.id}")
    return message


def misfit(message: MessageFile) -> str:
    """What is wrong with whom a message is from and for, or nothing."""
    notice = message.notice is not UNSET
    if message.room is UNSET:
        if notice:
            return "is a notice, and of no room"
    elif message.to or message.positions != NOWHERE:
        return "is of a room, and has a place in mailboxes"
    elif notice == bool(message.sender):
        return "is from nobody and no notice, or a notice of somebody"
    if message.positions.inbox.keys() != set(message.to):
        return "has positions for others than its recipients"
    return ""


def _is_whole(message: MessageFile) -> bool:
    try:
        return digest_of(message) == message.digest
    except ValueError:
        return False


def digest_of(message: MessageFile) -> str:
    """The digest that the message's members add up to."""
    return message_digest(
        id=message.id,
        sender=message.sender,
        to=message.to,
        sent_at=message.sent_at,
        subject=message.subject,
        body=message.message,
        reply_to=message.reply_to,
        origin=message.origin,
        room=None if message.room is UNSET else message.room.name,
    )
