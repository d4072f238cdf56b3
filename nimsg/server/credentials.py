"""`credentials.txt`: one `user password` a line, taken in and hashed at once."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nimsg.core.commands import CreateAccount
from nimsg.errors import ConfigError, Refusal, unreadable
from nimsg.logs import LOGGER
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import check_name
from nimsg.server.passwords import Passwords
from nimsg.store.base import Store


OTHERS = 0o077
COMMENT = "#"
# A hundred thousand lines are far fewer.
BYTES_MOST = 16 * 2**20


class Credential(NamedTuple):
    """One line."""

    user: str
    password: str


class Imported(NamedTuple):
    """How many accounts a file made, and how many were there already."""

    made: int
    known: int


def read_credentials(path: Path, *, shred: bool = False) -> list[Credential]:
    """All lines of a file or a pipe; empty ones and those with a # first are none.

    A file that others can read is told of in the log; `shred` says that it is removed
    afterwards. Raises `ConfigError` naming the file and the line that cannot be taken.
    """
    text = _text_of(path, shred=shred)
    found: dict[str, Credential] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip("\r") or line.startswith(COMMENT):
            continue
        credential = _parse(path, number, line.removesuffix("\r"))
        if credential.user in found:
            raise _bad(path, number, f"{credential.user} stands twice")
        found[credential.user] = credential
    return list(found.values())


def _text_of(path: Path, *, shred: bool) -> str:
    """What a file or a pipe holds, with a look at what it is. Raises `ConfigError`."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            _require_kind(path, mode, shred=shred)
            content = file.read(BYTES_MOST + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(content) > BYTES_MOST:
        raise ConfigError(f"{path} has more than {BYTES_MOST} bytes; give a part of it")
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError as error:
        bad_line = content.count(b"\n", 0, error.start) + 1
        raise _bad(path, bad_line, "only ASCII characters can stand here") from None
    if stat.S_ISREG(mode) and mode & OTHERS:
        remedy = "it is removed now" if shred else f"chmod 600 {path}"
        LOGGER.warning("others can read the passwords in %s: %s", path, remedy)
    return text


def _require_kind(path: Path, mode: int, *, shred: bool) -> None:
    """Raises `ConfigError` for what has no end, and what cannot be removed."""
    if stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and not shred):
        return
    if stat.S_ISFIFO(mode):
        why = "--shred-credentials removes files, and this is a pipe; leave it out"
        raise ConfigError(f"{path}: {why}")
    raise ConfigError(f"{path} is neither a file nor a pipe; give one with passwords")


def _parse(path: Path, number: int, line: str) -> Credential:
    user, space, password = line.partition(" ")
    if not space or not password or " " in password:
        raise _bad(path, number, "a line is `user password`, with one space between")
    try:
        check_name(user)
    except Refusal as refusal:
        raise _bad(path, number, str(refusal)) from None
    if not password.isprintable() or len(password) > limit("password_bytes"):
        raise _bad(path, number, "the password cannot be used")
    return Credential(user, password)


def _bad(path: Path, number: int, why: str) -> ConfigError:
    return ConfigError(f"{path}, line {number}: {why}; nothing was imported")


def import_credentials(
    store: Store, passwords: Passwords, credentials: Sequence[Credential], now: int
) -> Imported:
    """Make the accounts that are missing; those there keep their passwords.

    Names are taken exactly, look-alikes included. Blocks; for use at the start.
    Raises `Refusal` where an account could not be made.
    """
    missing = [row for row in credentials if store.account(row.user) is None]
    batch = store.commit(
        [
            CreateAccount(row.user, passwords.hash_now(row.password), look_alike=True)
            for row in missing
        ],
        now,
    )
    store.file(batch)
    for outcome in batch.outcomes:
        if isinstance(outcome, Refusal):
            raise outcome
    return Imported(len(missing), len(credentials) - len(missing))


def shred(path: Path) -> None:
    """Overwrite and remove a file whose passwords are stored hashed now.

    Of a link both it and the file that it leads to are removed. Raises `ConfigError`; a
    copying file system may still hold the old blocks.
    """
    try:
        target = path.resolve(strict=True)
        with target.open("r+b") as file:
            file.write(bytes(target.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        target.unlink()
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be shredded: {error.strerror}") from None
