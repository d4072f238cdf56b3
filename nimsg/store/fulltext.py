"""The full text: which words stand in which message, in a database of its own.

It follows the index by message numbers, behind the filer, and is never synced: what
is damaged, or belongs to another index, is made anew from the message files. The
words of a text are kept, and not the text (SQLite's FTS5, contentless).
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from nimsg.core.words import Term, cut
from nimsg.errors import Refusal, StorageFailure
from nimsg.logs import LOGGER
from nimsg.store.disk import FILE_MODE
from nimsg.store.failure import index_failure, is_of_the_disk
from nimsg.store.layout import Layout
from nimsg.store.messagefile import MessageFile
from nimsg.store.messagerow import SERVER
from nimsg.store.schema import PRIMARY_CODE, is_damage, meta


FORMAT = "1"
# `who` has a word for the sender, s12, and for each recipient, r7; what is in a room
# has one for the room, q3, and for who wrote it there, p12. The next two are of the
# origin of imported mail.
SCHEMA = f"""
CREATE VIRTUAL TABLE words USING fts5(
    who, author, addressees, subject, body,
    content = '', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TABLE progress (
    epoch TEXT NOT NULL, format TEXT NOT NULL, last INTEGER NOT NULL
);
INSERT INTO progress VALUES ('', '{FORMAT}', 0);
"""
# So often in a row it is made anew; what is damaged then is no chance.
TRIES = 3
# How much is merged in one step; and what SQLite counts for a step that did anything.
STEP_PAGES = 256
MERGED_SOMETHING = 2
ADD = "INSERT INTO words (rowid, who, author, addressees, subject, body) VALUES"
DELETE = (
    "INSERT INTO words (words, rowid, who, author, addressees, subject, body)"
    " VALUES ('delete', ?, ?, ?, ?, ?, ?)"
)
NEXT = (
    "SELECT m, id, sender, room, removed, (SELECT group_concat(owner) FROM copy c"
    " WHERE c.m = t.m) AS owners FROM message t WHERE m > ? ORDER BY m LIMIT ?"
)
# `sz` has the number of words in each column, a byte where there is none.
ONE = (
    "SELECT m, sender, room, (SELECT group_concat(owner) FROM copy c WHERE c.m = t.m)"
    " AS owners, (SELECT sz FROM words_docsize d WHERE d.id = t.m) AS sz"
    " FROM message t WHERE id = ?"
)
BEING_MADE = "the full text is being made; try again"
NO_TEXTS = ("", "", "", "")
TEXT_COLUMNS = len(NO_TEXTS)


class FullText:
    """Owned by the thread that calls `index`; others only connect to read.

    `read` gives a message by its id and raises `Refusal` where it is damaged.
    """

    def __init__(self, layout: Layout, read: Callable[[str], MessageFile]) -> None:
        self._layout = layout
        self._read = read
        self._connection: sqlite3.Connection | None = None
        self._doubted: sqlite3.DatabaseError | None = None
        self._removed: deque[MessageFile] = deque()
        self._local = threading.local()
        self._unclean = False
        self._merging = False
        self._generation = 0
        self._discarded = 0
        self._readers: list[sqlite3.Connection] = []

    def forget(self, file: MessageFile) -> None:
        """The words of a message whose text is being removed go with the next round.

        A crash before that leaves them until the full text is made anew.
        """
        self._removed.append(file)

    def index(self, most: int) -> bool:
        """Take in at most so many messages; whether more wait.

        Raises `StorageFailure` where the index cannot be read.
        """
        try:
            if self._doubted is not None:
                raise self._doubted
            connection = self._connection or self._open()
            return self._round(connection, most)
        except StorageFailure:
            self._let_go()
            raise
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            self._doubted = None
            if not isinstance(error, sqlite3.DatabaseError) or not is_damage(error):
                LOGGER.warning("the full text stays behind: %s", error)
                return False
            LOGGER.info("the full text is made anew: %s", error)
            self._discard()
            self._discarded += 1
            return self._discarded < TRIES

    @contextmanager
    def or_busy(self) -> Iterator[None]:
        """For readers, around what is asked of the full text and not of the index.

        Raises `Refusal("busy")` for an error; after damage the next round makes it
        all anew.
        """
        try:
            yield
        except sqlite3.DatabaseError as error:
            code: int = getattr(error, "sqlite_errorcode", 0)
            if code & PRIMARY_CODE in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                self._doubted = error
            raise Refusal("busy", BEING_MADE) from None

    def last(self, connection: sqlite3.Connection) -> int:
        """The number of the last message that a reader's connection sees taken in."""
        with self.or_busy():
            row = connection.execute("SELECT last FROM progress").fetchone()
        return int(row[0])

    def behind(self, newest: int) -> int:
        """How many messages are not taken in, up to the index's number `newest`."""
        try:
            return max(0, newest - self.last(self.reader()))
        except Refusal:
            return newest

    def close(self) -> None:
        """Let the file go."""
        # The last one who closes and may write removes the log.
        while self._readers:
            self._readers.pop().close()
        self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def reader(self) -> sqlite3.Connection:
        """This thread's connection, with the index attached.

        Raises `Refusal("busy")` while there is no full text, and `sqlite3.Error` where
        the index cannot be read.
        """
        generation = self._generation
        known: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if known is not None and self._local.generation == generation:
            return known
        with self.or_busy():
            connection = _connect(self._layout, "mode=ro")
            own = _own(connection)
        if own != (_attach(connection, self._layout), FORMAT):
            raise Refusal("busy", BEING_MADE)
        self._local.reader, self._local.generation = connection, generation
        self._readers.append(connection)
        return connection

    def _open(self) -> sqlite3.Connection:
        self._layout.search.touch(FILE_MODE)
        connection = self._connection = _connect(self._layout, "mode=rw")
        connection.execute("PRAGMA main.journal_mode = WAL")
        connection.execute("PRAGMA main.synchronous = OFF")
        connection.execute("PRAGMA main.secure_delete = ON")
        tables = connection.execute("SELECT EXISTS (SELECT 1 FROM main.sqlite_master)")
        made = not tables.fetchone()[0]
        if made:
            connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        own = _own(connection)
        with self._or_failure():
            epoch = _attach(connection, self._layout)
        if made:
            connection.execute("UPDATE progress SET epoch = ?", (epoch,))
            self._generation += 1
        elif own != (epoch, FORMAT):
            raise sqlite3.DatabaseError("the full text is of another index")
        return connection

    @contextmanager
    def _or_failure(self) -> Iterator[None]:
        """Around what is asked of the index and not of the full text."""
        try:
            yield
        except sqlite3.Error as error:
            if is_of_the_disk(error):
                raise index_failure(error, self._layout) from error
            raise

    def _round(self, connection: sqlite3.Connection, most: int) -> bool:
        last: int = connection.execute("SELECT last FROM progress").fetchone()[0]
        with self._or_failure():
            rows = connection.execute(NEXT, (last, most)).fetchall()
        if not rows and not self._removed and not self._unclean:
            return False
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            connection.executemany(
                f"{ADD} (?, ?, ?, ?, ?, ?)",
                [
                    (row["m"], *self._document(row))
                    for row in rows
                    if not row["removed"] and row["sender"] != SERVER
                ],
            )
            if rows:
                connection.execute("UPDATE progress SET last = ?", (rows[-1]["m"],))
            self._delete_removed(connection)
        self._discarded = 0
        if self._unclean and len(rows) < most:
            return self._clean(connection)
        return len(rows) == most

    def _clean(self, connection: sqlite3.Connection) -> bool:
        """Let no word stay that only removed texts had: deleting is but a note.

        All is merged into one piece, in steps; whether more of them are needed.
        """
        before = connection.total_changes
        # The first step takes everything in; those after it go on with that.
        pages = STEP_PAGES if self._merging else -STEP_PAGES
        connection.execute(
            "INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,)
        )
        self._merging = connection.total_changes - before >= MERGED_SOMETHING
        if not self._merging:
            connection.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
            self._unclean = False
        return self._merging

    def _document(self, row: sqlite3.Row) -> tuple[str, ...]:
        try:
            with self._or_failure():
                file = self._read(row["id"])
        except Refusal:
            # Without words it is still found by its people and its date.
            return (_who(row), *NO_TEXTS)
        return (_who(row), *_texts(file))

    def _delete_removed(self, connection: sqlite3.Connection) -> None:
        while self._removed:
            file = self._removed.popleft()
            row = connection.execute(ONE, (file.id,)).fetchone()
            # What was never taken in must not be taken out.
            if row is not None and row["sz"] is not None:
                wordless = row["sz"].endswith(bytes(TEXT_COLUMNS))
                texts = NO_TEXTS if wordless else _texts(file)
                connection.execute(DELETE, (row["m"], _who(row), *texts))
                self._unclean = True

    def _discard(self) -> None:
        self._generation += 1
        for path in _files(self._layout):
            path.unlink(missing_ok=True)


def _own(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The epoch and the format that it says it is of."""
    row = connection.execute("SELECT epoch, format FROM progress").fetchone()
    connection.execute("SELECT rowid FROM words LIMIT 1")
    return tuple(row or ())


def mail_words(owner: int) -> list[str]:
    """The words of all that is in the mailbox of an account."""
    return [f"s{owner}", f"r{owner}"]


def room_words(rooms: Iterable[int]) -> list[str]:
    """The words of all that is in rooms, by the index's numbers of these."""
    return [f"q{room}" for room in rooms]


def expression(
    places: Sequence[str],
    terms: list[Term],
    people: list[tuple[str, int | None, str]],
) -> str:
    """What FTS5 shall look for in places, by the words of which there is one at least.

    `people` are a side (`from`, `to` or `with`), the account of the name, and the
    name itself, which may stand in the origin of imported mail.
    """
    parts = [f"who : ({' OR '.join(map(_quoted, places))})"]
    for side, uid, name in people:
        letters, columns = SIDES[side]
        known = [f"who : {_quoted(f'{letter}{uid}')}" for letter in letters]
        parts.append(f"({' OR '.join([*known, f'{columns} : {_quoted(cut(name))}'])})")
    parts += [f"{TEXT} : {_phrase(term)}" for term in terms if not term.excluded]
    without = [f" NOT {TEXT} : {_phrase(term)}" for term in terms if term.excluded]
    return f"({' AND '.join(parts)}){''.join(without)}"


TEXT = "{subject body}"
SIDES = {
    "from": ("sp", "author"),
    "to": ("r", "addressees"),
    "with": ("srp", "{author addressees}"),
}


def _phrase(term: Term) -> str:
    return _quoted(" ".join(term.words)) + (" *" if term.prefix else "")


def _quoted(text: str) -> str:
    """A string of FTS5's query language, which ends at a NUL."""
    doubled = text.replace('"', '""').replace("\0", " ")
    return f'"{doubled}"'


def _who(row: sqlite3.Row) -> str:
    if row["room"] is not None:
        return f"q{row['room']} p{row['sender']}"
    owners = str(row["owners"] or "").split(",")
    return " ".join([f"s{row['sender']}", *(f"r{owner}" for owner in owners if owner)])


def _texts(file: MessageFile) -> tuple[str, str, str, str]:
    origin = file.origin
    author, addressees = (
        (origin.sender, " ".join(origin.to)) if origin is not None else ("", "")
    )
    return cut(author), cut(addressees), cut(file.subject), cut(file.message)


def _connect(layout: Layout, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{layout.search.absolute().as_uri()}?{options}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    return connection


def _attach(connection: sqlite3.Connection, layout: Layout) -> str:
    """Have the index beside the full text; the index's epoch."""
    index = f"{layout.index.absolute().as_uri()}?mode=ro"
    connection.execute("ATTACH ? AS idx", (index,))
    return meta(connection, "epoch")


def _files(layout: Layout) -> list[Path]:
    return [
        layout.search.with_name(f"{layout.search.name}{end}")
        for end in ("", "-wal", "-shm")
    ]
