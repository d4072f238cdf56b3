"""Whole numbers as they are typed."""

from argparse import ArgumentTypeError
from collections.abc import Callable


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
