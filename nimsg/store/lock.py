"""One server on one store: an exclusive kernel lock that dies with its holder."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from nimsg.errors import ConfigError, Unavailable
from nimsg.store.disk import FILE_MODE
from nimsg.store.failure import REMEDIES, disk_failure


def unusable(root: Path, error: OSError) -> ConfigError:
    """The folder of a store cannot be written to."""
    return ConfigError(
        f"{root} cannot be used as a store: {error.strerror}; let the user who runs "
        "nimsg write to it, or give another folder with --var"
    )


class StoreLock:
    """Holds the lock from construction to `release`.

    `holder` is a line for people; a second server shows it. Raises `Unavailable`
    where the lock is held, and tells to stop the holder, `or_else`; `ConfigError` for
    a folder that cannot be written to.
    """

    def __init__(self, path: Path, holder: str, or_else: str = "") -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        except OSError as error:
            if error.errno in REMEDIES and os.path.lexists(path):
                raise ConfigError(str(disk_failure(error, path))) from None
            raise unusable(path.parent, error) from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = os.read(self._fd, 200).decode("utf-8", "replace").strip()
            os.close(self._fd)
            raise Unavailable(
                f"{path.parent} is in use by {other or 'another process'}; "
                f"stop it{or_else}"
            ) from None
        with suppress(OSError):  # a full disk has no room for the line
            os.truncate(self._fd, 0)
            os.pwrite(self._fd, f"{holder}\n".encode(), 0)

    def release(self) -> None:
        """Let the store go."""
        with suppress(OSError):  # a failed disk keeps the line
            os.truncate(self._fd, 0)
        os.close(self._fd)
