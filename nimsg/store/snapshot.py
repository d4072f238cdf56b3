"""The index as it was at one instant, copied so that a server is not held up."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from nimsg.core.accounts import Account
from nimsg.store import accountbook, draftbook, invitationbook, roombook, schema
from nimsg.store.base import JournalRow
from nimsg.store.findings import Findings
from nimsg.store.schema import INDEX_FORMAT, connect_still


# What SQLite may find in a column of a declared type.
STORED = {"INTEGER": "integer", "TEXT": "text", "BLOB": "blob"}

# The last number and line that were settled, the mark of the cursors, and when the
# server was last alive.
META = {
    "n": re.compile(r"[0-9]{1,18}\Z"),
    "head": re.compile(r"[0-9a-f]{64}\Z"),
    "epoch": re.compile(r"[0-9a-f]{8}\Z"),
    "alive_at": re.compile(r"[0-9]{1,18}\Z"),
}


class Snapshot:
    """A private copy of the index, and the journal within it.

    No row above `settled_n` was forgotten by then; the index keeps it whenever it
    forgets rows. `head` is the digest of the last ledger line that was settled.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._path = path
        self.journal = [
            JournalRow(*row)
            for row in connection.execute("SELECT * FROM journal ORDER BY n")
        ]
        self.waiting = {(row.kind, row.name): row.data for row in self.journal}
        self.settled_n = int(schema.meta(connection, "n"))
        self.head = schema.meta(connection, "head")
        self.uids: dict[str, int] = dict(
            tuple(row) for row in connection.execute("SELECT name, uid FROM account")
        )
        self.rooms = roombook.numbers(connection)

    def account(self, uid: int) -> Account | None:
        """An account as it was."""
        return accountbook.find_uid(self.connection, uid)

    def unsettled(self, kind: int, name: str, uid: int = 0) -> bool:
        """Whether a row's file may still change: seen on a second look.

        It may while a row waits in the journal, now or then, and where the
        account `uid`, or the invitation, room or draft `name`, has changed since.
        """
        if (kind, name) in self.waiting:
            return True
        with closing(connect_still(self._path)) as now:
            now.text_factory = _text
            waits = now.execute(
                "SELECT 1 FROM journal WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
            changed = accountbook.find_uid(now, uid) != self.account(uid)
            for by_id in (invitationbook.by_id, roombook.by_id, draftbook.by_id):
                changed = changed or by_id(now, name) != by_id(self.connection, name)
        return waits is not None or changed

    @property
    def messages(self) -> int:
        """How many messages there were."""
        return self._count("SELECT count(*) FROM message")

    @property
    def posts(self) -> int:
        """How many of them were in a room."""
        return self._count("SELECT count(*) FROM message WHERE room IS NOT NULL")

    def _count(self, query: str) -> int:
        count: int = self.connection.execute(query).fetchone()[0]
        return count


@contextmanager
def take_snapshot(path: Path, findings: Findings) -> Iterator[Snapshot | None]:
    """Copy the index; None, and its faults named, where it cannot be relied on.

    That there is none yet is no fault; to have lost it from beside its log is one.
    """
    say = findings.index("the file")
    if not path.exists():
        if has_log(path):
            say("is missing beside its log; the next start makes it anew")
        yield None
        return
    with closing(sqlite3.connect("")) as copy:
        copy.row_factory = sqlite3.Row
        copy.text_factory = _text
        try:
            _copy(path, copy)
            faults = _faults(copy)
        # SQLite may quote damaged names that are no UTF-8.
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            faults = [f"cannot be read: {error}"]
        for fault in faults:
            say(fault)
        yield None if faults else Snapshot(path, copy)


def has_log(path: Path) -> bool:
    """Whether a log lies beside an index, or beside where it was."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _copy(path: Path, copy: sqlite3.Connection) -> None:
    with closing(connect_still(path)) as reader:
        reader.backup(copy)
    copy.execute("PRAGMA journal_mode = OFF")
    copy.execute("PRAGMA synchronous = OFF")
    copy.execute("PRAGMA cache_size = -65536")
    copy.execute("PRAGMA user_version = 0")  # fails where nothing can be written


def _faults(connection: sqlite3.Connection) -> list[str]:
    """What is wrong with the index itself; each test relies on those before it."""
    for test in (_damage, _emptiness, _wrong_definitions, _wrong_types, _wrong_meta):
        faults = list(test(connection))
        if faults:
            return faults
    return []


def _damage(connection: sqlite3.Connection) -> Iterator[str]:
    for (fault,) in connection.execute("PRAGMA integrity_check"):
        if fault != "ok":
            yield f"is damaged: {fault}"


def _emptiness(connection: sqlite3.Connection) -> Iterator[str]:
    if not schema.has_tables(connection):
        yield "is empty"


def _wrong_definitions(connection: sqlite3.Connection) -> Iterator[str]:
    expected, found = _tables(), _definitions(connection)
    for name in sorted(expected.keys() | found.keys(), key=str):
        if expected.get(name) != found.get(name):
            yield f"has not the {name!r} that this version makes"


def _wrong_meta(connection: sqlite3.Connection) -> Iterator[str]:
    values = dict(
        tuple(row) for row in connection.execute("SELECT key, value FROM meta")
    )
    if values.get("format") != str(INDEX_FORMAT):
        yield f"has format {values.get('format')}; this version has {INDEX_FORMAT}"
    for key, pattern in META.items():
        if not pattern.match(values.get(key, "")):
            yield f"has no right value of `{key}`"


def _tables() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        schema.create(connection, "")
        return _definitions(connection)


def _definitions(connection: sqlite3.Connection) -> dict[str, str]:
    """What makes each table and index."""
    return dict(
        tuple(row)
        for row in connection.execute(
            "SELECT name, type || ' ' || tbl_name || ' ' || ifnull(sql, '')"
            " FROM sqlite_master"
        )
    )


def _wrong_types(connection: sqlite3.Connection) -> Iterator[str]:
    """Tables that hold what was never put there: SQLite itself would not mind."""
    wrong: dict[str, list[str]] = {}
    for table, column, type_ in connection.execute(
        "SELECT t.name, c.name, c.type FROM sqlite_master t"
        " JOIN pragma_table_info(t.name) c WHERE t.type = 'table'"
    ):
        test = f"typeof({column}) NOT IN ('{STORED[type_]}', 'null')"
        wrong.setdefault(table, []).append(test)
    for table, tests in wrong.items():
        found = connection.execute(
            f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {' OR '.join(tests)})"
        )
        if found.fetchone()[0]:
            yield f"holds a value of a wrong type in the table {table}"
