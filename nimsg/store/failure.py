"""Why the disk does not do what it should, in words: which file, and what to do."""

import errno
import os
import sqlite3
from pathlib import Path

from nimsg.errors import StorageFailure
from nimsg.store.layout import Layout, StrPath, made_anew
from nimsg.store.schema import PRIMARY_CODE, is_damage


LOOK = 'see "When the disk fails" in docs/operating.md'
NO_FOLDER = "it has to be a folder of the store's; move it away"
NO_FILE = "it has to be a file of the store's; move it away"
NOT_OURS = "all that is in the store has to belong to the user who runs nimsg"
NO_SPACE = f"make room; {LOOK}"
# What is wrong with the place, and not with the disk.
REMEDIES = {
    errno.EEXIST: NO_FOLDER,
    errno.ENOTDIR: NO_FOLDER,
    errno.EISDIR: NO_FILE,
    errno.EACCES: NOT_OURS,
    errno.EPERM: NOT_OURS,
}
# EFBIG is for a limit of the process, as `ulimit -f` sets it.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


# Primary result codes that no question of anybody's brings about.
AT_FAULT = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
)


def words(error: Exception) -> str:
    """What an error says, without the number that the system has for it."""
    return getattr(error, "strerror", None) or str(error)


def disk_failure(error: OSError, place: StrPath) -> StorageFailure:
    """A call that failed, on the file that it names, else on `place`."""
    at = os.fsdecode(error.filename) if error.filename else place
    if error.errno in REMEDIES:
        remedy = REMEDIES[error.errno]
        if remedy == NO_FOLDER:
            # What is told is below it, where it stands in place of a folder.
            above = (path for path in Path(at).parents if path.is_file())
            at = next(above, at)
        return StorageFailure(f"{at} cannot be used: {words(error)}; {remedy}")
    remedy = NO_SPACE if error.errno in FULL else LOOK
    return StorageFailure(f"the disk failed: {words(error)} ({at}); {remedy}")


def why_unreadable(error: OSError, place: StrPath) -> str:
    """Why a file cannot be read, which one, and what to do where that is known."""
    remedy = REMEDIES.get(error.errno or 0, "")
    return f"{words(error)} ({place})" + (f"; {remedy}" if remedy else "")


def index_failure(
    error: Exception, layout: Layout, path: Path | None = None
) -> StorageFailure:
    """What SQLite could not do: its file is damaged, or the disk has failed.

    `path` is another file than the index itself.
    """
    if is_damage(error):
        return StorageFailure(
            f"{layout.index} is damaged ({error}); make it anew with "
            f"{made_anew(layout.root)}"
        )
    code = getattr(error, "sqlite_errorcode", 0)
    remedy = NO_SPACE if code == sqlite3.SQLITE_FULL else LOOK
    at = path or layout.index
    return StorageFailure(f"the disk failed: {error} ({at}); {remedy}")


def is_of_the_disk(error: sqlite3.Error) -> bool:
    """Whether the file or the disk is at fault, and not the question."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & PRIMARY_CODE in AT_FAULT


def read_only_failure(root: Path) -> StorageFailure:
    """A file system that takes no more writes, as it does after faults."""
    return StorageFailure(
        f"the disk failed: the file system has become read-only ({root}); {LOOK}"
    )
