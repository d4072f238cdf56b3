"""What the writer notes of logins, and of those that fail."""

import sqlite3

from nimsg.core.commands import (
    CountFailure,
    EndLogins,
    Failures,
    LoginNote,
    NoteAlive,
    NoteLogin,
    NoteLogout,
    NoteRefused,
)
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.protocol.constants import Departure
from nimsg.store import accountbook, loginbook
from nimsg.store.ledger import encode_login, encode_logout
from nimsg.store.plan import RowKind
from nimsg.store.roomwriter import AddRow
from nimsg.store.schema import meta, set_meta


# No account has this number.
NOBODY = 0
# No draft has this id: what it is the end of leaves nothing.
NOBODYS_DRAFT = ulid(0, bytes(RANDOM_BYTES))


class LoginWriter:
    """Works within the writer's transaction, on its journal."""

    def __init__(self, connection: sqlite3.Connection, add_row: AddRow) -> None:
        self._connection = connection
        self._add_row = add_row

    def write(  # noqa: PLR0911 - a table of commands
        self, command: LoginNote, now: int
    ) -> Failures | int:
        """Note one; a number, or what a failure came to."""
        match command:
            case NoteLogin():
                return self._came(command, now)
            case NoteLogout():
                return self._went(command.uid, command.reason, now)
            case NoteRefused():
                return self._failed(command, now)
            case EndLogins():
                return self._end_all(now)
            case NoteAlive():
                set_meta(self._connection, "alive_at", str(now))
                return 0
            case CountFailure():
                return loginbook.count_failure(self._connection, command, now)
            case _:
                return loginbook.forgive(self._connection, command)

    def _came(self, command: NoteLogin, now: int) -> int:
        name = self._name(command.uid)
        line = encode_login(name, now, command.device, command.address, refused=False)
        n = self._add_row(RowKind.EVENT, "", line)
        loginbook.add(
            self._connection,
            n,
            command.uid,
            now,
            command.address,
            command.device,
            refused=False,
        )
        return n

    def _failed(self, command: NoteRefused, now: int) -> int:
        if command.uid is None:
            return self._nobody(command, now)
        name = self._name(command.uid)
        line = encode_login(name, now, None, command.address, refused=True)
        n = self._add_row(RowKind.EVENT, "", line)
        loginbook.add(
            self._connection, n, command.uid, now, command.address, None, refused=True
        )
        return n

    def _nobody(self, command: NoteRefused, now: int) -> int:
        """Take as long as for an account, and leave nothing."""
        n = self._add_row(RowKind.DRAFT_END, NOBODYS_DRAFT, b"")
        loginbook.add(
            self._connection, n, NOBODY, now, command.address, None, refused=True
        )
        loginbook.drop(self._connection, n)
        return n

    def _went(self, uid: int, reason: Departure, at: int) -> int:
        if not loginbook.end(self._connection, uid, at, reason):
            return 0
        line = encode_logout(self._name(uid), at, reason)
        return self._add_row(RowKind.EVENT, "", line)

    def _end_all(self, now: int) -> int:
        """Whoever was online was lost when the server was last known to be alive."""
        alive_at = min(int(meta(self._connection, "alive_at")), now)
        found = loginbook.open_logins(self._connection)
        for one in found:
            self._went(one.uid, Departure.LOST, max(one.at, alive_at))
        return len(found)

    def _name(self, uid: int) -> str:
        return accountbook.by_uid(self._connection, uid).name
