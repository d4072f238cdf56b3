"""Names, numbers and blocks of accounts, remembered while none of them changes."""

import sqlite3

from nimsg.store import accountbook


REMEMBERED_MOST = 100_000


class Directory:
    """Looks accounts up for the writer, which tells it when one has changed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._uids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._blockers: dict[int, frozenset[int]] = {}

    def uid(self, name: str) -> int | None:
        """The living account of a name."""
        uid = self._uids.get(name)
        if uid is None:
            row = self._connection.execute(
                "SELECT uid FROM account WHERE name = ? AND removed_at IS NULL",
                (name,),
            ).fetchone()
            if row is None:
                return None
            uid = row["uid"]
            self._remember(uid, name)
        return uid

    def name(self, uid: int) -> str:
        """The name of an account, living or not."""
        name = self._names.get(uid)
        if name is None:
            row = self._connection.execute(
                "SELECT name, removed_at FROM account WHERE uid = ?", (uid,)
            ).fetchone()
            name = str(row["name"])
            if row["removed_at"] is None:
                self._remember(uid, name)
        return name

    def blockers(self, uid: int) -> frozenset[int]:
        """Who blocks an account."""
        found = self._blockers.get(uid)
        if found is None:
            found = accountbook.blockers(self._connection, uid)
            self._make_space()
            self._blockers[uid] = found
        return found

    def forget(self) -> None:
        """A name or a block has changed, or a change was taken back."""
        self._uids.clear()
        self._names.clear()
        self._blockers.clear()

    def _remember(self, uid: int, name: str) -> None:
        self._make_space()
        self._uids[name] = uid
        self._names[uid] = name

    def _make_space(self) -> None:
        if len(self._uids) + len(self._blockers) >= REMEMBERED_MOST:
            self.forget()
