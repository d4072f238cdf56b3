"""What the system refuses, where nothing nearer to it has found words."""

import errno
import os

from nimsg.errors import ConfigError, NimsgError, StorageFailure, Unavailable


NOT_LET = "let the user who runs nimsg use it, or name another place"
NAME_ANOTHER = "name another place"
# What is wrong with a place that was named, and what to do.
PLACES = {
    errno.EACCES: NOT_LET,
    errno.EPERM: NOT_LET,
    errno.EROFS: NAME_ANOTHER,
    errno.ELOOP: NAME_ANOTHER,
    errno.ENAMETOOLONG: NAME_ANOTHER,
    errno.ENOENT: "make it, or name another place",
    errno.EEXIST: "move it away, or name another place",
    errno.ENOTEMPTY: "move it away, or name another place",
    errno.EISDIR: "no folder can be there: move it away, or name another place",
    errno.ENOTDIR: "it has to be a folder: move it away, or name another place",
}
DISK = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EFBIG: "the limit of a file's size is reached (ulimit -f)",
    errno.EIO: "look at the disk",
    errno.ESTALE: "look at the disk",
}
SCARCE = {
    errno.EMFILE: "raise the limit of open files (ulimit -n), or try again later",
    errno.ENFILE: "try again later",
    errno.ENOMEM: "try again later",
    errno.EBUSY: "try again later",
    errno.ETXTBSY: "try again later",
}


def in_words(error: OSError) -> NimsgError | None:
    """An error of the system with its file and its exit code; None for a bug."""
    number = error.errno or 0
    if number in SCARCE:
        words = f"nimsg cannot go on: {error.strerror}; {SCARCE[number]}"
        return Unavailable(words)
    if error.filename is None:
        return None
    what = f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}"
    if number in PLACES:
        return ConfigError(f"{what}; {PLACES[number]}")
    if number in DISK:
        return StorageFailure(f"{what}; {DISK[number]}")
    return None
