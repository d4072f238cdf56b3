"""What is logged, and where: the server's standard error, and nothing else.

    ERROR    the operator must act: the disk failed, a message is damaged, a fault
             of ours
    WARNING  what hints at trouble or an attack: mail is refused as the disk is
             full, a name is locked, something cannot be written
    INFO     a login and one that failed, with name and address; faults of peers
    DEBUG    every request that was refused, and its kind
    AUDIT    what an admin has done, whatever the level

A server shows ERROR and WARNING unless it is asked for more. No line holds a text
of a message, a password or a token. Who logs never waits for who reads.
"""

import json
import logging
import re
import sys
import traceback
from typing import Final

from nimsg.logfile import LogFile


LOGGER: Final = logging.getLogger("nimsg")
LEVELS: Final = ("error", "warning", "info", "debug")
AUDIT: Final = logging.CRITICAL + 1
INDENT: Final = "  | "
PLAIN: Final = re.compile(r"[A-Za-z0-9_.:@/+-]+")
STANDARD_ERROR: Final = 2
# What is not read so long after the end is not waited for.
FINISH_S: Final = 0.5

logging.addLevelName(AUDIT, "AUDIT")
# Where nobody has set up a log there is none: Python's last resort would speak into
# what a verb prints.
LOGGER.addHandler(logging.NullHandler())


class _OneLine(logging.Formatter):
    """Control characters in a record are shown, so that no line can be forged."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line, and behind it where a fault was, line by line.

        The words of an exception are left out: they may hold what a user wrote.
        """
        head = f"{self.formatTime(record, self.datefmt)} {record.levelname} "
        lines = [head + one_line(record.getMessage())]
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            frames = traceback.format_tb(error.__traceback__)
            told = [*"".join(frames).splitlines(), type(error).__name__]
            lines += [INDENT + one_line(line) for line in told]
        return "\n".join(lines)


def one_line(text: str) -> str:
    """A text whose control characters, line ends and the like are shown."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def audit(**fields: object) -> None:
    """Log an act of an admin, `key=value` for each field; None is left out."""
    told = [
        f"{key}={word(value)}" for key, value in fields.items() if value is not None
    ]
    LOGGER.log(AUDIT, "%s", " ".join(told))


def word(value: object) -> str:
    """A value as one word, quoted as JSON does where it would not be one."""
    text = str(value)
    return text if PLAIN.fullmatch(text) else json.dumps(text)


class _Handler(logging.Handler):
    """Hands lines to a `LogFile` on a descriptor."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self.setFormatter(_OneLine(datefmt="%Y-%m-%d %H:%M:%S"))
        self._file = LogFile(fd, sys.stderr.encoding, self._lost)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        try:
            self._file.write(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 - a fault in a line of the log ends nothing
            self.handleError(record)

    def flush(self) -> None:
        """See `logging.Handler`; called at the end, and not for each line."""
        self._file.drain(FINISH_S)

    def _lost(self, count: int) -> str:
        words = "%d lines of the log are lost: nobody read them"
        told = logging.WARNING, "", 0, words, (count,), None
        return f"{self.format(LOGGER.makeRecord(LOGGER.name, *told))}\n"


def set_up(level: str) -> None:
    """Log `level` and above to the standard error, and asyncio's warnings with it."""
    handler = _Handler(STANDARD_ERROR)
    for logger in (LOGGER, logging.getLogger("asyncio")):
        logger.handlers[:] = [handler]
    LOGGER.setLevel(level.upper())


def finish() -> None:
    """Wait for what is logged to be written, and not where nobody reads."""
    for handler in LOGGER.handlers:
        handler.flush()
