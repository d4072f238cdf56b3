"""The bytes of one mail (RFC 5322, MIME) become a mail of ours."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.errors import CloseBoundaryNotFoundDefect, StartBoundaryNotFoundDefect
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.utils import parsedate_tz

from nimsg.archive.addresses import split_addresses
from nimsg.archive.mail import ZONE_END, Mail, Origin, Unusable, fitted, to_ms
from nimsg.archive.words import decode_words, decoded, one_line, unfolded
from nimsg.text import clean_line


EXACT = ("x-nimsg-text", "exact")  # our mark: line breaks are part of the text
MESSAGE_ID = re.compile(r"<[^<>\s]+>")
UTC_ZONE = re.compile(r"\+0000|\b(?:GMT|UTC?|Z)\b")
CRLF = "\r\n"
NAME_CHARS = 80  # of a type or a file name in a remark
PARTS = 20  # each with a remark of its own
LAST_SECOND = 59
SECONDS = 60
UNCLOSED = (CloseBoundaryNotFoundDefect, StartBoundaryNotFoundDefect)

Headers = dict[str, str]


def read_message(data: bytes) -> Mail:
    """The mail in the bytes of one message. Raises `Unusable`."""
    try:
        return fitted(_mail(BytesParser().parsebytes(data)))
    except Unusable:
        raise
    except Exception as error:  # noqa: BLE001 - the email package raises anything
        raise Unusable(f"cannot be parsed: {type(error).__name__}") from None


def unclosed_boundary(data: bytes) -> str | None:
    """The boundary that should close the message and is missing."""
    try:
        message = BytesParser().parsebytes(data)
        found = any(isinstance(defect, UNCLOSED) for defect in message.defects)
        return message.get_boundary("") if found else None
    except Exception:  # noqa: BLE001 - as above; reading it tells
        return None


def content_length(head: bytes) -> int | None:
    """How many bytes follow, as the headers say."""
    try:
        text = HeaderParser().parsestr(head.decode("latin-1"))
        return int(text.get("content-length", ""))
    except Exception:  # noqa: BLE001 - as above
        return None


def message_ids(text: str) -> list[str]:
    """The Message-IDs in a header, in their order."""
    return MESSAGE_ID.findall(text)


def read_date(text: str) -> tuple[int | None, int | None]:
    """Ms UTC and the minutes east of it that a Date header says."""
    try:
        fields = parsedate_tz(text)
        if fields is None:
            return None, None
        offset = (fields[9] or 0) // SECONDS
        zone = offset if offset or UTC_ZONE.search(text) else None
        at = datetime(*fields[:5], min(fields[5], LAST_SECOND), tzinfo=UTC)
        date_ms = to_ms(at - timedelta(minutes=offset))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None, None
    if date_ms is None or abs(offset) >= ZONE_END:
        return None, None
    return date_ms, zone


def _mail(message: Message) -> Mail:
    headers = _headers(message)
    if not headers:
        raise Unusable("has no headers")
    remarks: list[str] = []
    body = _text(message, remarks, exact=headers.get(EXACT[0]) == EXACT[1])
    origin = _origin(message, headers, remarks)
    subject = one_line(decode_words(headers.get("subject", "")))
    answered = message_ids(headers.get("in-reply-to", ""))
    thread = message_ids(headers.get("references", ""))[::-1]
    return Mail(origin, subject, body, answered + thread, remarks)


def _headers(message: Message) -> Headers:
    """The first header of each name, unfolded."""
    found: Headers = {}
    for name, raw in message.raw_items():
        found.setdefault(name.lower(), unfolded(raw))
    return found


def _origin(message: Message, headers: Headers, remarks: list[str]) -> Origin:
    date, zone = read_date(headers.get("date", ""))
    if date is None:
        remarks.append("no readable date")
    to = [
        named.text()
        for name, raw in message.raw_items()
        if name.lower() in ("to", "cc")
        for named in split_addresses(unfolded(raw))
    ]
    message_id = decode_words(headers.get("message-id", ""))
    ids = [*message_ids(message_id), message_id or None]
    sender = one_line(decode_words(headers.get("from", ""))).strip()
    return Origin(sender, to, date, zone, ids[0])


def _text(message: Message, remarks: list[str], *, exact: bool) -> str:
    """The first part of plain text; the others are remarked."""
    others: list[Message] = []
    text = None
    for part in _leaves(message):
        if text is None and part.get_content_type() == "text/plain":
            text = _part_text(part, exact=exact)
        else:
            others.append(part)
    if text is None:
        types = dict.fromkeys(_shown(part.get_content_type()) for part in others)
        raise Unusable(f"no text/plain part, only {', '.join([*types][:PARTS])}")
    remarks += [_remark(part) for part in others[:PARTS]]
    if len(others) > PARTS:
        remarks.append(f"{len(others) - PARTS} more parts not taken")
    return text


def _leaves(message: Message) -> Iterator[Message]:
    return (part for part in message.walk() if not part.is_multipart())


def _part_text(part: Message, *, exact: bool) -> str:
    coding = str(part.get("content-transfer-encoding", "")).strip().lower()
    del part["content-transfer-encoding"]
    part["content-transfer-encoding"] = coding
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise Unusable("its text cannot be decoded")
    text = decoded(data, part.get_content_charset())
    return text if exact else text.replace(CRLF, "\n")


def _remark(part: Message) -> str:
    name = part.get_filename()
    shown = f" '{_shown(decode_words(unfolded(name)))}'" if name else ""
    return f"{_shown(part.get_content_type())} part{shown} not taken"


def _shown(text: str) -> str:
    return clean_line(text[:NAME_CHARS])
