"""What a certificate says of itself: its fingerprint, and when it is good."""

import datetime
import hashlib
import ssl
from pathlib import Path
from typing import NamedTuple

from nimsg.errors import ConfigError


MS_PER_DAY = 86_400_000
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
SEQUENCE, VERSION = 0x30, 0xA0
# Both kinds of time of RFC 5280, section 4.1.2.5.
TIMES = {0x17: "%y%m%d%H%M%S%z", 0x18: "%Y%m%d%H%M%S%z"}
LONG = 0x80


class Certificate(NamedTuple):
    """The sha-256 in hex of a certificate, its first and last moment (ms UTC)."""

    fingerprint: str
    since: int
    until: int

    def days_left(self, now: int) -> int:
        """Whole days until it ends; below 0 where it has ended. `now` is ms UTC."""
        return (self.until - now) // MS_PER_DAY


def read_certificate(path: Path) -> Certificate:
    """The first certificate of a PEM file. Raises `ConfigError` naming the file."""
    try:
        pem = path.read_text(encoding="ascii", errors="replace")
        first = pem[pem.index(BEGIN) : pem.index(END) + len(END)]
        der = ssl.PEM_cert_to_DER_cert(first)
        return Certificate(hashlib.sha256(der).hexdigest(), *_validity(der))
    except OSError as error:
        why = error.strerror or "it cannot be read"
    except (ValueError, IndexError):
        why = "it holds no certificate"
    raise ConfigError(f"{path} cannot be used as a certificate: {why}")


def _validity(der: bytes) -> tuple[int, int]:
    """When it begins and ends (RFC 5280, section 4.1). Raises `ValueError`."""
    body = _content(_content(der, SEQUENCE), SEQUENCE)
    parts = list(_elements(body))
    if parts[0][0] == VERSION:
        del parts[0]
    # Serial number, algorithm, issuer, validity.
    begin, end = _elements(parts[3][1])
    return _time(*begin), _time(*end)


def _time(tag: int, text: bytes) -> int:
    format_ = TIMES.get(tag, "")
    at = datetime.datetime.strptime(text.decode("ascii"), format_)  # noqa: DTZ007 - %z
    return int(at.timestamp()) * 1000


def _content(der: bytes, wanted: int) -> bytes:
    tag, content = _elements(der)[0]
    if tag != wanted:
        raise ValueError("this is no certificate")
    return content


def _elements(der: bytes) -> list[tuple[int, bytes]]:
    """The elements of a DER text, each with its tag. Raises `IndexError`."""
    found = []
    while der:
        length, start = der[1], 2
        if length & LONG:
            start += length ^ LONG
            length = int.from_bytes(der[2:start], "big")
        found.append((der[0], der[start : start + length]))
        der = der[start + length :]
    return found
