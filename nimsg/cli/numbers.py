"""Numbers as they are typed."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from contextlib import suppress
from typing import Final


ROWS_MOST: Final = 1_000_000_000


def whole(least: int, most: int) -> Callable[[str], int]:
    """What reads an option's whole number; it raises `ArgumentTypeError`."""

    def read(text: str) -> int:
        digits = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
        if not digits or not least <= int(text) <= most:
            raise ArgumentTypeError(
                f"{text!r} is no whole number from {least} to {most}"
            )
        return int(text)

    return read


def number(text: str, what: str, most: int) -> float:
    """So much of something, parts too. Raises `ArgumentTypeError`."""
    with suppress(ValueError):
        if 0 <= float(text) <= most:
            return float(text)
    raise ArgumentTypeError(f"{text!r} is no number of {what} from 0 to {most}")


def capped(most: int) -> Callable[[str], int]:
    """Like `whole` from 0, but a greater number, however long, counts as `most`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()):
            raise ArgumentTypeError(f"{text!r} is no whole number")
        # One digit more than `most` has is enough to tell that it is greater.
        return min(int(text.lstrip("0")[: len(str(most)) + 1] or "0"), most)

    return read


# How many rows of a list are wanted; 0 is all.
ROWS = capped(ROWS_MOST)
