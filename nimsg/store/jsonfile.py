"""How the store's files are written as JSON, and the times in them."""

import msgspec
from msgspec import Struct

from nimsg.protocol.times import parse_rfc3339, rfc3339


ENCODER = msgspec.json.Encoder(order="sorted")


def encode_file(file: Struct) -> bytes:
    """The file's bytes: sorted keys, two spaces of indent, a newline at the end."""
    return msgspec.json.format(ENCODER.encode(file), indent=2) + b"\n"


def text_of_time(at_ms: int | None) -> str | None:
    """What a file has for a time that may be missing."""
    return None if at_ms is None else rfc3339(at_ms)


def time_of_text(text: str | None) -> int | None:
    """The time that a file has. Raises `ValueError`."""
    return None if text is None else parse_rfc3339(text)
