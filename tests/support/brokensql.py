"""SQLite that fails where a test says so, on a connection that is otherwise real."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from typing import TYPE_CHECKING

from nimsg.store.local import LocalStore


if TYPE_CHECKING:
    from sqlite3 import _Parameters


class BrokenConnection(sqlite3.Connection):
    """Statements that begin with `verb` fail with each of `codes` in turn.

    They have been done all the same where they are `done`.
    """

    verb = ""
    codes: tuple[int, ...] = ()
    done = False

    def execute(self, sql: str, parameters: "_Parameters" = (), /) -> sqlite3.Cursor:
        if not self.codes or not sql.startswith(self.verb):
            return super().execute(sql, parameters)
        if self.done:
            super().execute(sql, parameters)
        error = sqlite3.OperationalError("made up")
        error.sqlite_errorcode, *rest = self.codes
        self.codes = tuple(rest)
        raise error


def connect_broken(path: Path) -> BrokenConnection:
    """A connection to an index; it fails once it is told how."""
    connection = sqlite3.connect(
        path, factory=BrokenConnection, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


class BrokenStore(LocalStore):
    """A store whose writer has such a connection, `broken`."""

    def _open_index(self, entropy: Callable[[int], bytes]) -> sqlite3.Connection:
        super()._open_index(entropy).close()
        self.broken = connect_broken(self.layout.index)
        return self.broken


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """The kernel refuses to write beyond: what fits is taken, then EFBIG."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
