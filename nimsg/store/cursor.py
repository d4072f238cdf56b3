"""The opaque cursor of `mail.changes`: an epoch and three numbers."""

import re

from msgspec import Struct

from nimsg.errors import Refusal


# Every number that 2^53 does not exceed; SQLite takes a few digits more.
NUMBER = re.compile(r"[0-9]{1,16}")


class Cursor(Struct, frozen=True):
    """How far a client has seen a mailbox.

    `last_in` and `last_out` are positions, `last_change` a change number; `epoch`
    is the index they belong to.
    """

    epoch: str
    last_in: int = 0
    last_out: int = 0
    last_change: int = 0

    def encode(self) -> str:
        """The cursor as the wire carries it."""
        return f"{self.epoch}-{self.last_in}-{self.last_out}-{self.last_change}"


def decode_cursor(text: str | None, epoch: str) -> Cursor:
    """The cursor back; None starts before everything.

    Raises `Refusal("cursor_invalid")` for another epoch's cursor and for none.
    """
    if text is None:
        return Cursor(epoch)
    theirs, *numbers = text.split("-")
    if theirs != epoch or len(numbers) != len(Cursor.__struct_fields__) - 1:
        raise Refusal("cursor_invalid")
    if not all(NUMBER.fullmatch(number) for number in numbers):
        raise Refusal("cursor_invalid")
    return Cursor(epoch, *(int(number) for number in numbers))
