"""A mail of an archive, as much of it as a message can carry, and its name."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from nimsg.archive.addresses import addresses as addresses
from nimsg.archive.words import one_line, scrubbed
from nimsg.errors import NimsgError
from nimsg.protocol.constants import limit
from nimsg.protocol.origin import Origin as Origin


TEXT_CHARS = limit("origin_chars")
REFERENCES = limit("references")
HEX_CHARS = 40
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)
FIRST = datetime(1900, 1, 2, tzinfo=UTC)  # RFC 5322 knows no year before
LAST = datetime(9999, 12, 30, tzinfo=UTC)
ZONE_END = 24 * 60  # minutes


class Unusable(NimsgError):
    """A mail that cannot be taken; the text says why, on one line."""


class Mail(NamedTuple):
    """A mail.

    `references` are the Message-IDs of what it answers, nearest first; `remarks`
    say what was not taken or was changed.
    """

    origin: Origin
    subject: str
    body: str
    references: list[str]
    remarks: list[str]


def client_id(mail: Mail) -> str:
    """The name under which a mail is imported, the same in each run."""
    origin = mail.origin
    if origin.message_id:
        return reference_id(origin.message_id)
    facts = [origin.sender, origin.to, origin.date, mail.subject, mail.body]
    return f"import-d{_hash(json.dumps(facts, separators=(',', ':')))}"


def reference_id(message_id: str) -> str:
    """The client_id of the mail that has this Message-ID."""
    return f"import-{_hash(message_id)}"


def to_ms(at: datetime) -> int | None:
    """Ms since 1970, None for a time that mail cannot write."""
    return (at - EPOCH) // MS if FIRST <= at <= LAST else None


def to_datetime(date: int, zone: int | None) -> datetime:
    """A time in its own zone; one that mail cannot write becomes the nearest."""
    ms = min(max(date, (FIRST - EPOCH) // MS), (LAST - EPOCH) // MS)
    return (EPOCH + ms * MS).astimezone(_zone(zone))


def fitted(mail: Mail) -> Mail:
    """The mail within the limits of a message, with a remark for each change.

    Raises `Unusable` where it has no text at all, or too much.
    """
    remarks = list(mail.remarks)
    subject = _cut(mail.subject, limit("subject_chars"), "subject", remarks)
    body = scrubbed(mail.body)
    size = len(body.encode("utf-8"))
    if size > limit("body_bytes"):
        raise Unusable(
            f"its text has {size} bytes; at most {limit('body_bytes')} are taken"
        )
    if not body and not subject:
        raise Unusable("has neither text nor subject")
    origin = _fitted_origin(mail.origin, remarks)
    return Mail(origin, subject, body, _fitted_ids(mail.references), remarks)


def _fitted_origin(origin: Origin, remarks: list[str]) -> Origin:
    most = limit("recipients")
    sender = _cut(origin.sender, TEXT_CHARS, "sender", remarks)
    if len(origin.to) > most:
        remarks.append(f"{most} of {len(origin.to)} recipients kept")
    to = [_cut(text, TEXT_CHARS, "recipient", remarks) for text in origin.to[:most]]
    message_id = one_line(origin.message_id or "") or None
    if message_id and len(message_id) > TEXT_CHARS:
        remarks.append(f"Message-ID of {len(message_id)} characters not taken")
        message_id = None
    zone = None if origin.date is None else origin.zone
    return Origin(sender, to, origin.date, zone, message_id)


def _fitted_ids(ids: Sequence[str]) -> list[str]:
    kept = [one_line(one) for one in ids if 0 < len(one) <= TEXT_CHARS]
    return list(dict.fromkeys(kept))[:REFERENCES]


def _cut(text: str, most: int, what: str, remarks: list[str]) -> str:
    text = one_line(text)
    if len(text) > most:
        remarks.append(f"{what} cut to {most} characters")
    return text[:most]


def _hash(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()[:HEX_CHARS]


def _zone(zone: int | None) -> timezone:
    return timezone(timedelta(minutes=zone or 0))
