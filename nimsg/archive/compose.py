"""A mail of ours becomes the bytes of a message that others read the same.

Whatever a text holds: a header stays one header, no line of the text looks like
the start of the next message, and decoding gives back each byte.
"""

import base64
import re
from collections.abc import Iterator
from email.utils import format_datetime

from nimsg.archive.addresses import (
    ADDRESS,
    ATOM,
    Named,
    address_of as address_of,
    is_quoted,
    part_address,
    quoted,
    unquoted,
)
from nimsg.archive.mail import Mail, to_datetime
from nimsg.archive.message import EXACT
from nimsg.archive.words import encode_words, one_line


LINE_BYTES = 990
HEADER_CHARS = 900
NAME_CHARS = 60
ROW_CHARS = 73  # of quoted-printable, which allows 76
NOBODY = "nobody@nimsg.invalid"  # for a name alone: From has to have an address
WORDS = rf"{ATOM}(?: {ATOM})*"
VERBATIM = re.compile(
    rf'(?:(?:{WORDS}|"(?:[ !#-\[\]-~]|\\[ -~])*") <(?:{ADDRESS.pattern})>'
    rf"|{ADDRESS.pattern})"
)
PLAIN = re.compile(r"(?:[!-~](?:[\t -~]*[!-~])?)?")
VISIBLE_ID = re.compile(r"<[!-;=?-~]+>")

NOT_PLAIN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|^>?From |[^\n]\Z", re.MULTILINE)
NOT_QUOTABLE = re.compile(rb"[\x00\r]")
FROM = re.compile(r">?From ")
BLANK = re.compile(r"[ \t]\Z")
LITERAL = frozenset(b"	 " + bytes(range(ord("!"), ord("~") + 1))) - {ord("=")}
CELLS = [chr(byte) if byte in LITERAL else f"={byte:02X}" for byte in range(256)]


def compose(mail: Mail) -> bytes:
    """The message; it ends in a newline."""
    coding, body = _encoded(mail.body.encode("utf-8", "replace"))
    headers = [
        *_headers(mail),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Transfer-Encoding: {coding}",
        f"Content-Length: {len(body)}",
    ]
    if "\r" in mail.body:
        headers.append(": ".join(EXACT))
    return "\n".join([*headers, "\n"]).encode("ascii") + body


def _headers(mail: Mail) -> Iterator[str]:
    origin = mail.origin
    if origin.sender:
        yield f"From: {_sender(one_line(origin.sender))}"
    if origin.to:
        yield "To: " + ",\n ".join(
            _address(part_address(one_line(text))) for text in origin.to
        )
    if origin.date is not None:
        at = to_datetime(origin.date, origin.zone)
        known = at if origin.zone is not None else at.replace(tzinfo=None)
        yield f"Date: {format_datetime(known)}"
    yield f"Subject: {_unstructured(one_line(mail.subject))}"
    if origin.message_id:
        yield f"Message-ID: {_unstructured(one_line(origin.message_id))}"
    ids = [one for one in mail.references if VISIBLE_ID.fullmatch(one)]
    if ids:
        yield f"In-Reply-To: {ids[0]}"
        yield "References: " + "\n ".join(reversed(ids))


def _sender(text: str) -> str:
    """A header that is one already stays as it is."""
    short = len(text) <= HEADER_CHARS and "=?" not in text
    if short and VERBATIM.fullmatch(text):
        return text
    name, address = part_address(text)
    return _address(Named(unquoted(name) if is_quoted(name) else name, address))


def _address(named: Named) -> str:
    if not named.name:
        return named.address
    return f"{_phrase(named.name)} <{named.address or NOBODY}>"


def _phrase(name: str) -> str:
    if len(name) > NAME_CHARS or not PLAIN.fullmatch(name):
        return encode_words(name)
    atoms = re.fullmatch(WORDS, name) and "=?" not in name
    return name if atoms else quoted(name)


def _unstructured(text: str) -> str:
    plain = len(text) <= HEADER_CHARS and PLAIN.fullmatch(text) and "=?" not in text
    return text if plain else encode_words(text)


def _encoded(text: bytes) -> tuple[str, bytes]:
    """The transfer encoding that keeps a text and reads best, and what it gives."""
    if NOT_QUOTABLE.search(text):
        return "base64", base64.encodebytes(text)
    if NOT_PLAIN.search(text) or max(map(len, text.split(b"\n"))) > LINE_BYTES:
        return "quoted-printable", _quoted_printable(text)
    return "7bit" if text.isascii() else "8bit", text


def _quoted_printable(text: bytes) -> bytes:
    lines = ["=\n".join(_rows(line)) for line in text.split(b"\n")]
    end = "" if text.endswith(b"\n") else "=\n"
    return ("\n".join(lines) + end).encode("ascii")


def _rows(line: bytes) -> Iterator[str]:
    row = ""
    for byte in line:
        if len(row) + len(CELLS[byte]) > ROW_CHARS:
            yield _shielded(row)
            row = ""
        row += CELLS[byte]
    yield _shielded(BLANK.sub(lambda blank: f"={ord(blank[0]):02X}", row))


def _shielded(row: str) -> str:
    return f"={ord(row[0]):02X}{row[1:]}" if FROM.match(row) else row
