"""What a message is called: its id, or its number as the tables show it.

`i12` is the twelfth message that ever came into the inbox, `o3` the third that
was sent: numbers that never change and are never given again.
"""

import re
from typing import NamedTuple

from nimsg.errors import UsageError
from nimsg.protocol.constants import Box, limit
from nimsg.protocol.rules import is_id


NUMBER = r"([ioIO])([0-9]{1,16})\Z"  # compiled at its first use
SHOWN_CHARS = 64
BOXES = {"i": Box.INBOX, "o": Box.OUTBOX}


class Place(NamedTuple):
    """A message by its number in a box."""

    box: Box
    position: int


def parse_reference(text: str) -> str | Place:
    """The id, or the place of a message. Raises `UsageError`."""
    if is_id(text.upper()):
        return text.upper()
    number = re.match(NUMBER, text)
    if number is None or not 0 < int(number[2]) < limit("integer_max"):
        raise UsageError(
            f"{text[:SHOWN_CHARS]!r} names no message: give its id of 26 characters, "
            "or its number as the tables show it, i12 or o3"
        )
    return Place(BOXES[number[1].lower()], int(number[2]))


def plain_reference(text: str) -> str:
    """A usable reference as it is written in tables."""
    found = parse_reference(text)
    if isinstance(found, str):
        return found
    if found.box is Box.INBOX:
        return inbox_reference(found.position)
    return outbox_reference(found.position)


def inbox_reference(position: int) -> str:
    """What a received message is called in a table."""
    return f"i{position}"


def outbox_reference(position: int) -> str:
    """What a sent message is called in a table."""
    return f"o{position}"


def room_reference(room: str, position: int) -> str:
    """What a message of a room is called in a table."""
    return f"#{room} {position}"
