"""Names and numbers of accounts, remembered while none of them changes."""

import sqlite3


REMEMBERED_MOST = 100_000


class Directory:
    """Looks accounts up for the writer, which tells it when one has changed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._uids: dict[str, int] = {}
        self._names: dict[int, str] = {}

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

    def forget(self) -> None:
        """An account has changed, or a change was taken back."""
        self._uids.clear()
        self._names.clear()

    def _remember(self, uid: int, name: str) -> None:
        if len(self._uids) >= REMEMBERED_MOST:
            self.forget()
        self._uids[name] = uid
        self._names[uid] = name
