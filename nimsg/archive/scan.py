"""What all readers of archives give: items, one for each mail, read as a stream."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from nimsg.archive.mail import Mail, Unusable
from nimsg.errors import unreadable
from nimsg.text import clean_line


MESSAGE_BYTES = 64 * 1024 * 1024  # no mail server takes more


class Item(NamedTuple):
    """One place of an archive: its mail, or why there is none.

    `done` says how far the archive is read, in the unit of its total.
    """

    where: str
    done: int
    mail: Mail | None
    why: str


def item(where: str, done: int, read: Callable[[], Mail]) -> Item:
    """The item of what `read` gives, or of the `Unusable` it raises."""
    try:
        return Item(clean_line(where), done, read(), "")
    except Unusable as error:
        return Item(clean_line(where), done, None, clean_line(str(error)))


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """An error of the system becomes a `ConfigError` that names the path."""
    try:
        yield
    except OSError as error:
        raise unreadable(path, error) from None
