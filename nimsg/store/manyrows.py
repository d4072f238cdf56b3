"""Rows that are written, or looked up, by one statement for many of them.

The interpreter's other threads run while SQLite is at a statement: one for each row
would be waited for once for each row.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain


Values = Sequence[object]
# Rows in a statement, most first. Older builds of SQLite bind at most 999 values.
SIZES = (32, 8, 1)


class ManyRows:
    """A statement for rows of so many columns; `{}` in its text stands for them."""

    def __init__(self, text: str, columns: int) -> None:
        row = f"({', '.join('?' * columns)})"
        self._statements = {
            size: text.format(f"VALUES {', '.join([row] * size)}") for size in SIZES
        }

    def run(
        self, connection: sqlite3.Connection, rows: Sequence[Values]
    ) -> Iterator[sqlite3.Cursor]:
        """Run it for all rows; the cursors of what it gives."""
        at = 0
        for size, statement in self._statements.items():
            while len(rows) - at >= size:
                values = chain.from_iterable(rows[at : at + size])
                yield connection.execute(statement, tuple(values))
                at += size

    def write(self, connection: sqlite3.Connection, rows: Sequence[Values]) -> None:
        """Run it for all rows."""
        for _ in self.run(connection, rows):
            pass
