"""A backup taken, started on, and compared with what it was taken of."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from nimsg.progress import Progress, Silent
from nimsg.store.backup import Report, backup_store
from nimsg.store.check import check_store
from nimsg.store.disk import Disk, RealDisk
from nimsg.store.layout import Layout
from tests.support.post import BACKENDS, Post


TABLES = ("account", "token", "invitation", "draft", "mailbox", "block", "login")
MESSAGES = "SELECT {}, (SELECT id FROM room WHERE r = room) FROM message"
ROOMS = "SELECT id, name, topic, created_at, creator, last, lost FROM room"
MEMBERS = "SELECT uid, id, joined_at, mark FROM member JOIN room USING (r)"
COPIES = (
    "SELECT t.id, owner, c.position, c.change, new, fetched_at, fetched_by, opened_at,"
    " opened_by, acked_at, acked_by, recalled_at, c.deleted_at, c.imported"
    " FROM copy c JOIN message t USING (m)"
)
Rows = dict[str, list[tuple[object, ...]]]


def take(
    root: Path,
    target: Path,
    *,
    disk: Disk | None = None,
    progress: Progress | None = None,
) -> Report:
    """Back a store up."""
    return backup_store(
        disk or RealDisk(), Layout(root), Layout(target), progress or Silent()
    )


def index_rows(root: Path) -> Rows:
    """Every row of an index, with messages and rooms known by their ids."""
    with closing(sqlite3.connect(root / "index.db")) as index:
        info = index.execute("SELECT name FROM pragma_table_info('message')")
        columns = ", ".join(name for (name,) in info if name not in ("m", "room"))
        queries = {table: f"SELECT * FROM {table}" for table in TABLES}  # noqa: S608
        queries |= {"message": MESSAGES.format(columns), "copy": COPIES}
        queries |= {"room": ROOMS, "member": MEMBERS}
        return {
            name: sorted((tuple(row) for row in index.execute(query)), key=repr)
            for name, query in queries.items()
        }


def start_on(target: Path, scratch: Path) -> Post:
    """A server's store on a copy of a backup."""
    shutil.copytree(target, scratch)
    return Post(BACKENDS["local"], scratch)


def restored(target: Path, scratch: Path) -> Rows:
    """The index that a start on a backup makes; the store is sound."""
    shutil.rmtree(scratch, ignore_errors=True)
    post = start_on(target, scratch)
    assert check_store(scratch).problems == []
    post.store.close()
    return index_rows(scratch)


def listing(root: Path) -> dict[Path, tuple[bytes, int, int]]:
    """Every file of a folder, with its number and time: a rewritten one loses both.

    A number alone may be given again, to the file that is written next but one.
    """
    return {
        path.relative_to(root): (
            path.read_bytes(),
            path.stat().st_ino,
            path.stat().st_mtime_ns,
        )
        for path in root.rglob("*")
        if path.is_file()
    }
