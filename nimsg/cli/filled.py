"""Values on a command line that an unset variable must not leave empty."""

from argparse import ArgumentTypeError


def filled(text: str) -> str:
    """A value that says something. Raises `ArgumentTypeError`.

    An empty one asks for no folder that one happens to be in, nor for all addresses.
    """
    if not text:
        raise ArgumentTypeError("the value is empty; leave the option out, or fill it")
    return text
