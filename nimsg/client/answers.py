"""What a server answers, as typed values. A server is believed no more than a peer.

Texts are kept as they came; whoever shows them cleans them.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import CopyState
from nimsg.protocol.origin import Origin as Origin
from nimsg.protocol.rules import is_id
from nimsg.protocol.strict import JsonObject


T = TypeVar("T")


class Receipt(NamedTuple):
    """One recipient's rung on the ladder; times are ms UTC."""

    user: str
    state: str
    fetched_at: int | None
    opened_at: int | None
    acked_at: int | None
    recalled_at: int | None
    deleted_at: int | None
    opened_by: str | None


class InboxRow(NamedTuple):
    """One received message, without its text."""

    position: int
    id: str
    sender: str
    to: list[str]
    subject: str
    size: int
    sent_at: int
    receipt: Receipt
    reply_to: str | None
    origin: Origin | None


class OutboxRow(NamedTuple):
    """One sent message and what became of its copies."""

    position: int
    id: str
    to: list[str]
    subject: str
    size: int
    sent_at: int
    receipts: list[Receipt]
    pending: bool
    reply_to: str | None
    origin: Origin | None
    deleted_at: int | None = None


class Hit(NamedTuple):
    """A message that a search found: a row of one box, and text around the words."""

    row: InboxRow | OutboxRow
    snippet: str | None


class Letter(NamedTuple):
    """A whole message."""

    id: str
    sender: str
    to: list[str]
    subject: str
    body: str
    sent_at: int
    reply_to: str | None
    digest: str
    receipt: Receipt | None
    origin: Origin | None
    answers: str | None = None


class Status(NamedTuple):
    """One message's receipts."""

    id: str
    sender: str
    to: list[str]
    subject: str
    sent_at: int
    receipts: list[Receipt]
    refused: list[tuple[str, str]]
    pending: bool
    origin: Origin | None = None


def identifier(row: JsonObject, key: str = "id") -> str:
    """A member that must be a message's id. Raises `ProtocolFault`."""
    found = text(row, key)
    if not is_id(found):
        raise unusable(key)
    return found


def recipients(row: JsonObject) -> list[str]:
    """Whom a message went to, one name at least. Raises `ProtocolFault`."""
    found = texts(row, "to")
    if not found:
        raise unusable("to")
    return found


def text(row: JsonObject, key: str) -> str:
    """A member that must be a text. Raises `ProtocolFault`."""
    return _typed(row, key, str)


def number(row: JsonObject, key: str) -> int:
    """A member that must be an integer. Raises `ProtocolFault`."""
    return _typed(row, key, int)


def maybe_number(row: JsonObject, key: str) -> int | None:
    """A member that is an integer, null or missing. Raises `ProtocolFault`."""
    return None if row.get(key) is None else number(row, key)


def maybe_text(row: JsonObject, key: str) -> str | None:
    """A member that is a text, null or missing. Raises `ProtocolFault`."""
    return None if row.get(key) is None else text(row, key)


def flag(row: JsonObject, key: str) -> bool:
    """A member that must be true or false. Raises `ProtocolFault`."""
    return _typed(row, key, bool)


def member(row: JsonObject, key: str) -> JsonObject:
    """A member that must be an object."""
    return _typed(row, key, dict)


def texts(row: JsonObject, key: str) -> list[str]:
    """A member that must be a list of texts. Raises `ProtocolFault`."""
    found = _typed(row, key, list)
    if not all(isinstance(item, str) for item in found):
        raise unusable(key)
    return found


def rows(row: JsonObject, key: str, parse: Callable[[JsonObject], T]) -> list[T]:
    """A member that must be a list of objects, each parsed. Raises `ProtocolFault`."""
    if key not in row:
        return []
    found = _typed(row, key, list)
    if not all(isinstance(item, dict) for item in found):
        raise unusable(key)
    return [parse(item) for item in found]


def receipt(row: JsonObject) -> Receipt:
    """Parse a receipt."""
    state = text(row, "state")
    if state not in STATES:
        raise unusable("state")
    return Receipt(
        text(row, "user"),
        state,
        maybe_number(row, "fetched_at"),
        maybe_number(row, "opened_at"),
        maybe_number(row, "acked_at"),
        maybe_number(row, "recalled_at"),
        maybe_number(row, "deleted_at"),
        maybe_text(row, "opened_by"),
    )


def inbox_row(row: JsonObject) -> InboxRow:
    """Parse a row of an inbox."""
    return InboxRow(
        number(row, "position"),
        identifier(row),
        text(row, "from"),
        recipients(row),
        text(row, "subject"),
        number(row, "size"),
        number(row, "sent_at"),
        receipt(member(row, "receipt")),
        maybe_text(row, "reply_to"),
        origin(row),
    )


def outbox_row(row: JsonObject) -> OutboxRow:
    """Parse a row of an outbox."""
    return OutboxRow(
        number(row, "position"),
        identifier(row),
        recipients(row),
        text(row, "subject"),
        number(row, "size"),
        number(row, "sent_at"),
        rows(row, "receipts", receipt),
        flag(row, "pending"),
        maybe_text(row, "reply_to"),
        origin(row),
        maybe_number(row, "deleted_at"),
    )


def refused(row: JsonObject) -> tuple[str, str]:
    """Parse who got no copy, and the kind of the refusal."""
    return text(row, "user"), text(row, "kind")


def hit(row: JsonObject) -> Hit:
    """Parse what a search found."""
    snippet = maybe_text(row, "snippet")
    if row.get("inbox") is not None:
        return Hit(inbox_row(member(row, "inbox")), snippet)
    return Hit(outbox_row(member(row, "outbox")), snippet)


def origin(row: JsonObject) -> Origin | None:
    """Parse where a message came from; None where it was sent here."""
    if row.get("origin") is None:
        return None
    found = member(row, "origin")
    return Origin(
        text(found, "from"),
        texts(found, "to"),
        maybe_number(found, "date"),
        maybe_number(found, "zone"),
        maybe_text(found, "message_id"),
    )


def letter(row: JsonObject) -> Letter:
    """Parse a whole message and check its digest. Raises `ProtocolFault`."""
    from nimsg.protocol.digest import message_digest

    found = Letter(
        identifier(row),
        text(row, "from"),
        recipients(row),
        text(row, "subject"),
        text(row, "body"),
        number(row, "sent_at"),
        maybe_text(row, "reply_to"),
        text(row, "digest"),
        receipt(member(row, "receipt")) if row.get("receipt") else None,
        origin(row),
        maybe_text(row, "answers"),
    )
    digest = message_digest(
        id=found.id,
        sender=found.sender,
        to=found.to,
        sent_at=found.sent_at,
        subject=found.subject,
        body=found.body,
        reply_to=found.reply_to,
        origin=found.origin,
    )
    if digest != found.digest:
        raise ProtocolFault(
            "damaged", "the message does not match its digest", fatal=False
        )
    return found


def status(row: JsonObject) -> Status:
    """Parse a status."""
    return Status(
        identifier(row),
        text(row, "from"),
        recipients(row),
        text(row, "subject"),
        number(row, "sent_at"),
        rows(row, "receipts", receipt),
        rows(row, "refused", refused),
        flag(row, "pending"),
        origin(row),
    )


def unusable(key: str) -> ProtocolFault:
    """The fault of a server whose answer has no such member, or a senseless one."""
    return ProtocolFault(
        "invalid_request", f"the server's answer has no usable {key!r}", fatal=True
    )


STATES = frozenset(CopyState)


def _typed(row: JsonObject, key: str, kind: type[T]) -> T:
    found = row.get(key)
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise unusable(key)
    return found
