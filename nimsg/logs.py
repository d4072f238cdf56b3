"""What is logged, and where: the server's standard error, and nothing else.

    ERROR    the operator must act: the disk failed, a fault of ours
    WARNING  something was refused that hints at trouble or an attack
    INFO     a connection came, logged in, went
    DEBUG    every request and its answer's kind; never a text, name of a file,
             password or token

A server shows ERROR and WARNING unless it is asked for more.
"""

import logging
from typing import Final


LOGGER: Final = logging.getLogger("nimsg")
LEVELS: Final = ("error", "warning", "info", "debug")


class _OneLine(logging.Formatter):
    """Control characters in a record are shown, so that no line can be forged."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line; a traceback keeps its own."""
        text = super().format(record)
        head, newline, trace = text.partition("\nTraceback ")
        head = "".join(
            char if char.isprintable() else repr(char)[1:-1] for char in head
        )
        return f"{head}{newline}{trace}"


def set_up(level: str) -> None:
    """Log `level` and above to the standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        _OneLine("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
    )
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(level.upper())
