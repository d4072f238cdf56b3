"""Mails as lines of JSON: one object each, ours or made by hand."""

import codecs
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from nimsg.archive.addresses import split_addresses
from nimsg.archive.mail import Mail, Origin, Unusable, fitted, to_datetime, to_ms
from nimsg.archive.scan import Item, item, readable


SCHEMA = "nimsg.mail/1"
MARK_BYTES = len(codecs.BOM_UTF8)
LINE_BYTES = 8 * 1024 * 1024
BLANK = b" \t\r\n"
RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
NO_ZONE = "Zz"
NOTHING = timedelta(0)
MINUTE = timedelta(minutes=1)
MS_PER_SECOND = 1000

Members = dict[str, object]


class Line(NamedTuple):
    """A line of the file; too long a one is not held."""

    data: bytes
    at: int
    ended: bool


def write_line(mail: Mail) -> bytes:
    """A mail as one line."""
    origin = mail.origin
    members = {
        "schema": SCHEMA,
        "from": origin.sender,
        "to": origin.to,
        "date": _rfc3339(origin.date, origin.zone),
        "subject": mail.subject,
        "message": mail.body,
        "message_id": origin.message_id,
        "references": mail.references,
    }
    text = json.dumps(members, ensure_ascii=False, sort_keys=True)
    return f"{text}\n".encode("utf-8", "replace")


def read_jsonl(path: Path) -> Iterator[Item]:
    """Each line that is not blank."""
    with readable(path), path.open("rb") as file:
        for number, line in enumerate(_lines(file), 1):
            if line.data.strip(BLANK):
                yield item(f"line {number}", line.at, partial(_mail, line))


def _lines(file: BufferedReader) -> Iterator[Line]:
    marked = file.peek(MARK_BYTES).startswith(codecs.BOM_UTF8)
    at = len(file.read(MARK_BYTES)) if marked else 0
    while data := file.readline(LINE_BYTES + 1):
        at += len(data)
        piece = data
        while not piece.endswith(b"\n") and (piece := file.readline(LINE_BYTES)):
            at += len(piece)
        yield Line(data, at, piece.endswith(b"\n"))


def _mail(line: Line) -> Mail:
    """The mail of a line. Raises `Unusable`."""
    if len(line.data) > LINE_BYTES:
        raise Unusable(f"the line is longer than {LINE_BYTES} bytes")
    try:
        members = json.loads(line.data.rstrip(BLANK).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unusable(_broken(f"not UTF-8 at byte {error.start + 1}", line)) from None
    except json.JSONDecodeError as error:
        raise Unusable(_broken(_fault(error), line)) from None
    except (RecursionError, ValueError):
        raise Unusable("nested too deep, or a number too long") from None
    if not isinstance(members, dict):
        raise Unusable("is no object")
    return fitted(_from_members(members))


def _fault(error: json.JSONDecodeError) -> str:
    return f"{error.msg.removesuffix(' at')} at column {error.colno}"


def _broken(why: str, line: Line) -> str:
    return why if line.ended else f"the line breaks off: {why}"


def _from_members(members: Members) -> Mail:
    if members.get("schema", SCHEMA) != SCHEMA:
        raise Unusable(f"'schema' is not {SCHEMA}")
    date, zone = _date(members)
    origin = Origin(
        _text(members, "from"),
        _recipients(members),
        date,
        zone,
        _text(members, "message_id") or None,
    )
    body = _text(members, "message") or _text(members, "body")
    remarks = [] if date is not None else ["no readable date"]
    references = _texts(members, "references")
    return Mail(origin, _text(members, "subject"), body, references, remarks)


def _text(members: Members, name: str) -> str:
    found = members.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Unusable(f"'{name}' is no text")
    return found


def _texts(members: Members, name: str) -> list[str]:
    found = members.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Unusable(f"'{name}' is no list of texts")
    return found


def _recipients(members: Members) -> list[str]:
    found = members.get("to")
    if isinstance(found, str):
        return [named.text() for named in split_addresses(found)]
    return _texts(members, "to")


def _date(members: Members) -> tuple[int | None, int | None]:
    """Ms UTC and the minutes east of it; None where nothing is said."""
    name = next(
        (name for name in ("date", "time") if members.get(name) is not None), "date"
    )
    found = members.get(name)
    if found is None:
        return None, None
    if isinstance(found, str):
        date, zone = _parse_rfc3339(found)
    elif isinstance(found, int) and not isinstance(found, bool):
        date, zone = _in_reach(found), None
    else:
        raise Unusable(f"'{name}' is neither a time nor ms")
    if date is None:
        raise Unusable(f"'{name}' is no time of RFC 3339, or out of reach")
    return date, zone


def _in_reach(date: int) -> int | None:
    return date if to_ms(to_datetime(date, None)) == date else None


def _parse_rfc3339(text: str) -> tuple[int | None, int | None]:
    match = RFC3339.fullmatch(text)
    if not match:
        return None, None
    day, clock, fraction, offset = match.groups("")
    known = "+00:00" if offset in NO_ZONE else offset
    try:
        at = datetime.fromisoformat(f"{day}T{clock}.{fraction[1:7]:0<6}{known}")
    except ValueError:
        return None, None
    zone = (at.utcoffset() or NOTHING) // MINUTE
    return to_ms(at), None if offset in NO_ZONE else zone


def _rfc3339(date: int | None, zone: int | None) -> str | None:
    if date is None:
        return None
    at = to_datetime(date, zone)
    exact = "milliseconds" if date % MS_PER_SECOND else "seconds"
    if zone is None:
        return f"{at.replace(tzinfo=None).isoformat(timespec=exact)}Z"
    return at.isoformat(timespec=exact)
