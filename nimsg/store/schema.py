"""The index: SQLite tables that the files can always give back."""

import sqlite3
from pathlib import Path

from nimsg.core.rooms import LOBBY_ID
from nimsg.protocol.constants import LOBBY
from nimsg.store.disk import FILE_MODE


INDEX_FORMAT = 4
# What the first line of the ledger has for the digest of the line before it.
GENESIS = "0" * 64

# `message` is the sender's side, `copy` a recipient's. `change` is set from the
# first change after storing on, so that a send touches no change index. `new`
# and `pending` are what the partial indexes list. `dated_at` is when it was written,
# which for imported mail is long before `sent_at`. `gone_at` is since when nobody
# has it in view, `removed` that its text is gone too. `lost_in` and `lost_out` are
# positions that had no message when the index was made anew. A `reference` is what
# an imported message says that it answers, whether that is there or not. A message
# of a `room` has a position there and none in an outbox; one with the sender 0 is the
# server's own, and may be `about` an account. `login` is known by its journal number.
# `lockout` is all that no file gives back.
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE journal (
    n INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL
);
CREATE TABLE account (
    uid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fold TEXT NOT NULL,
    role TEXT NOT NULL, password_hash TEXT, created_at INTEGER NOT NULL,
    removed_at INTEGER
);
CREATE INDEX account_fold ON account (fold);
CREATE TABLE token (
    secret_hash TEXT PRIMARY KEY, uid INTEGER NOT NULL, id TEXT NOT NULL,
    label TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,
    used_at INTEGER
) WITHOUT ROWID;
CREATE INDEX token_uid ON token (uid, created_at);
CREATE TABLE invitation (
    id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL UNIQUE, label TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER, used_by TEXT,
    revoked_at INTEGER
) WITHOUT ROWID;
CREATE TABLE draft (
    id TEXT PRIMARY KEY, uid INTEGER NOT NULL, client_id TEXT NOT NULL,
    addressees TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
    reply_to TEXT, saved_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX draft_client ON draft (uid, client_id);
CREATE INDEX draft_uid ON draft (uid, id);
CREATE TABLE block (
    owner INTEGER NOT NULL, blocked INTEGER NOT NULL, PRIMARY KEY (owner, blocked)
) WITHOUT ROWID;
CREATE INDEX block_blocked ON block (blocked);
CREATE TABLE room (
    r INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL, created_at INTEGER NOT NULL, creator INTEGER,
    last INTEGER NOT NULL, lost INTEGER NOT NULL
);
CREATE TABLE member (
    uid INTEGER NOT NULL, r INTEGER NOT NULL, joined_at INTEGER NOT NULL,
    mark INTEGER NOT NULL, PRIMARY KEY (uid, r)
) WITHOUT ROWID;
CREATE INDEX member_room ON member (r);
CREATE TABLE login (
    n INTEGER PRIMARY KEY, uid INTEGER NOT NULL, at INTEGER NOT NULL,
    address TEXT NOT NULL, device TEXT, refused INTEGER NOT NULL,
    ended_at INTEGER, reason TEXT
);
CREATE INDEX login_uid ON login (uid, n);
CREATE INDEX login_ended ON login (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX login_open ON login (uid) WHERE ended_at IS NULL AND refused = 0;
CREATE TABLE lockout (
    name TEXT NOT NULL, address TEXT NOT NULL, failures INTEGER NOT NULL,
    at INTEGER NOT NULL, locked_until INTEGER, PRIMARY KEY (name, address)
) WITHOUT ROWID;
CREATE INDEX lockout_at ON lockout (at);
CREATE TABLE mailbox (
    uid INTEGER PRIMARY KEY,
    last_in INTEGER NOT NULL, last_out INTEGER NOT NULL, last_change INTEGER NOT NULL,
    new INTEGER NOT NULL, pending INTEGER NOT NULL,
    kept_in INTEGER NOT NULL, kept_out INTEGER NOT NULL,
    lost_in INTEGER NOT NULL, lost_out INTEGER NOT NULL
);
CREATE TABLE message (
    m INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sender INTEGER NOT NULL,
    position INTEGER, change INTEGER, client_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL, recipients TEXT NOT NULL, refused TEXT,
    subject TEXT NOT NULL, size INTEGER NOT NULL, sent_at INTEGER NOT NULL,
    reply_to TEXT, hash TEXT NOT NULL, digest TEXT NOT NULL, origin TEXT,
    dated_at INTEGER NOT NULL,
    pending INTEGER NOT NULL, deleted_at INTEGER, gone_at INTEGER,
    removed INTEGER NOT NULL, room INTEGER, room_position INTEGER, about INTEGER
);
CREATE UNIQUE INDEX message_room ON message (room, room_position)
    WHERE room IS NOT NULL;
CREATE UNIQUE INDEX message_position ON message (sender, position);
CREATE UNIQUE INDEX message_client ON message (sender, client_id);
CREATE INDEX message_change ON message (sender, change) WHERE change IS NOT NULL;
CREATE INDEX message_pending ON message (sender, position) WHERE pending = 1;
CREATE INDEX message_reply ON message (reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX message_gone ON message (gone_at)
    WHERE gone_at IS NOT NULL AND removed = 0;
CREATE TABLE reference (
    sender INTEGER NOT NULL, client_id TEXT NOT NULL, m INTEGER NOT NULL,
    place INTEGER NOT NULL, PRIMARY KEY (sender, client_id, m)
) WITHOUT ROWID;
CREATE INDEX reference_m ON reference (m, place);
CREATE TABLE copy (
    owner INTEGER NOT NULL, position INTEGER NOT NULL, m INTEGER NOT NULL,
    change INTEGER, new INTEGER NOT NULL,
    fetched_at INTEGER, fetched_by TEXT, opened_at INTEGER, opened_by TEXT,
    acked_at INTEGER, acked_by TEXT, recalled_at INTEGER, deleted_at INTEGER,
    imported INTEGER NOT NULL,
    PRIMARY KEY (owner, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX copy_message ON copy (m, owner);
CREATE INDEX copy_change ON copy (owner, change) WHERE change IS NOT NULL;
CREATE INDEX copy_new ON copy (owner, position) WHERE new = 1;
"""

# The format before there were rooms, and what an index of it lacks for its accounts.
ROOMLESS = "2"
BRIDGE = f"""
CREATE TEMP TABLE block (owner INTEGER, blocked INTEGER);
CREATE TEMP TABLE lockout (name TEXT);
CREATE TEMP TABLE room (
    r INTEGER, id TEXT, name TEXT, topic TEXT, created_at INTEGER, creator INTEGER,
    last INTEGER
);
INSERT INTO room VALUES (1, '{LOBBY_ID}', '{LOBBY}', '', 0, NULL, 0);
CREATE TEMP TABLE member AS SELECT uid, 1 AS r, created_at AS joined_at, 0 AS mark
    FROM account WHERE removed_at IS NULL;
"""

# Primary result codes that say that the file itself is wrong.
DAMAGE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PRIMARY_CODE = 0xFF
LADDER = (
    "fetched_at, fetched_by, opened_at, opened_by, "
    "acked_at, acked_by, recalled_at, deleted_at"
)
COPY = f"{LADDER}, imported"


def connect(path: Path) -> sqlite3.Connection:
    """The writer's connection: every commit is on the disk when it returns."""
    path.touch(FILE_MODE)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA cache_size = -16384")
    return connection


def connect_new(path: Path) -> sqlite3.Connection:
    """A connection to fill a new index quickly; nothing is durable before a sync."""
    path.touch(FILE_MODE)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -65536")
    return connection


def connect_reader(path: Path, options: str = "mode=ro") -> sqlite3.Connection:
    """A connection that cannot write; `options` are SQLite's for the file."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA cache_size = -4096")
    return connection


def connect_still(path: Path) -> sqlite3.Connection:
    """A connection that cannot write and leaves nothing behind.

    Where a log lies beside the index somebody has it open, or was killed, and
    SQLite's own files are there already; else the index alone is the whole.
    """
    return connect_reader(path, _still(path))


def still_uri(path: Path) -> str:
    """The same for a database that is attached."""
    return f"{path.absolute().as_uri()}?{_still(path)}"


def _still(path: Path) -> str:
    logged = path.with_name(f"{path.name}-wal").exists()
    return "mode=ro" if logged else "mode=ro&immutable=1"


def create(connection: sqlite3.Connection, epoch: str) -> None:
    """Make the tables, all or none; `epoch` marks this index's cursors."""
    connection.executescript(
        f"BEGIN; {SCHEMA} INSERT INTO meta VALUES ('format', '{INDEX_FORMAT}'),"
        f" ('epoch', '{epoch}'), ('n', '0'), ('head', '{GENESIS}'), ('alive_at', '0');"
        f" INSERT INTO room VALUES (1, '{LOBBY_ID}', '{LOBBY}', '', 0, NULL, 0, 0);"
        " COMMIT;"
    )


def has_tables(connection: sqlite3.Connection) -> bool:
    """Whether the tables were made: a file cut to nothing has none."""
    found = connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)")
    return bool(found.fetchone()[0])


def require_roots(connection: sqlite3.Connection) -> None:
    """Look at the first entry of every table and index: SQLite waits until asked.

    Costs the same however much is in them. Raises `sqlite3.DatabaseError`.
    """
    parts = connection.execute(
        "SELECT tbl_name, iif(type = 'index', 'INDEXED BY ' || name, 'NOT INDEXED'),"
        " ifnull(sql, '') FROM sqlite_master"
    )
    for table, by, sql in parts.fetchall():
        _, where, condition = sql.partition("WHERE")
        connection.execute(
            f"SELECT 1 FROM {table} {by} {where}{condition} LIMIT 1"
        ).fetchone()


def is_damage(error: Exception) -> bool:
    """Whether the file itself is wrong: so SQLite says, or what was read from it."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & PRIMARY_CODE in DAMAGE


def meta(connection: sqlite3.Connection, key: str, table: str = "meta") -> str:
    """One value of the table `meta`. Raises `sqlite3.DatabaseError` without it."""
    row = connection.execute(
        f"SELECT value FROM {table} WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        raise sqlite3.DatabaseError(f"the table meta has no {key}")
    value: str = row[0]
    return value


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Change one value of the table `meta`."""
    connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
