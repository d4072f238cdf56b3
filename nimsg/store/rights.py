"""What of a store may be used by who runs nimsg, seen before anything is changed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nimsg.errors import StorageFailure
from nimsg.store.failure import FULL, words
from nimsg.store.layout import Layout
from nimsg.store.quarantine import LIST


# What a file that cannot be read has no part in: the next one meets it too.
RIGHTS = (errno.EACCES, errno.EPERM)
ELSEWHERE = (*RIGHTS, *FULL, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
LOOK = os.O_RDONLY | os.O_NONBLOCK
CHANGE = os.O_RDWR | os.O_NONBLOCK
EFFECTIVE = os.access in os.supports_effective_ids


def require_kinds(layout: Layout) -> None:
    """Look whether what there is of the store are folders and files as they should.

    Raises `OSError` naming one that is not.
    """
    folders = (*layout.folders, layout.quarantine)
    files = (layout.format, layout.reserve, *layout.databases)
    for path in (*folders, *files):
        if path.exists() and path.is_dir() != (path in folders):
            number = errno.ENOTDIR if path in folders else errno.EISDIR
            raise OSError(number, os.strerror(number), str(path))


def require_rights(layout: Layout, *, files: bool) -> None:
    """Look whether folders and index can be used, and all `files` be read.

    Raises `OSError` naming what cannot. What is missing, or wrong in another way, is
    left to who uses it.
    """
    for folder in (*layout.folders, layout.quarantine):
        _require_folder(folder)
    _require_file(layout.format, LOOK)
    _require_file(layout.quarantine / LIST, LOOK)
    for path in layout.databases:
        _require_file(path, CHANGE)
    for folder in layout.folders if files else ():
        _require_tree(folder)


def _require_tree(folder: Path) -> None:
    for parent, folders, names in os.walk(folder):
        for name in folders:
            _require_folder(Path(parent, name))
        for name in names:
            _require_file(Path(parent, name), LOOK)


def _require_folder(folder: Path) -> None:
    try:
        os.scandir(folder).close()
    except (FileNotFoundError, NotADirectoryError):
        return
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=EFFECTIVE):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _require_file(path: Path, flags: int) -> None:
    """What else is wrong with it shows when it is read."""
    try:
        os.close(os.open(path, flags))
    except OSError as error:
        if error.errno in RIGHTS:
            raise


@contextmanager
def own_faults() -> Iterator[None]:
    """Read a file: `StorageFailure` where the fault is its own, else `OSError`."""
    try:
        yield
    except OSError as error:
        if error.errno in ELSEWHERE:
            raise
        raise StorageFailure(f"cannot be read: {words(error)}") from None


def read_file(path: Path) -> bytes:
    """What is in a file; see `own_faults`."""
    with own_faults():
        return path.read_bytes()


def json_files(folder: Path) -> list[Path]:
    """The files of a folder that are meant to be read, by name. Raises `OSError`."""
    return sorted(path for path in folder.iterdir() if path.suffix == ".json")
