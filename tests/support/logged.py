"""A log that is set up as the server's is."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from nimsg.logs import LOGGER, finish, set_up


@contextmanager
def logged(level: str) -> Iterator[None]:
    """Log to the standard error, where all is written at the end."""
    loggers = (LOGGER, logging.getLogger("asyncio"))
    before = [(logger, logger.handlers[:], logger.level) for logger in loggers]
    set_up(level)
    try:
        yield
    finally:
        finish()
        for logger, handlers, number in before:
            logger.handlers[:] = handlers
            logger.setLevel(number)
