"""What the writer does with commands upon drafts."""

import sqlite3

from nimsg.core.accounts import require_living
from nimsg.core.commands import DraftAct, SaveDraft
from nimsg.core.drafts import decide_save
from nimsg.errors import Refusal
from nimsg.store import accountbook, draftbook
from nimsg.store.draftfile import encode_draft
from nimsg.store.plan import RowKind
from nimsg.store.roomwriter import AddRow


class DraftWriter:
    """Works within the writer's transaction, on its journal."""

    def __init__(self, connection: sqlite3.Connection, add_row: AddRow) -> None:
        self._connection = connection
        self._add_row = add_row

    def write(self, command: DraftAct, now: int, *, full: bool) -> int:
        """Do one: when a draft was saved, or how many were deleted.

        Raises `Refusal`; new texts are `disk_full` on a `full` disk.
        """
        found = draftbook.by_client_id(self._connection, command.uid, command.client_id)
        if isinstance(command, SaveDraft):
            require_living(accountbook.by_uid(self._connection, command.uid))
            count = len(draftbook.ids_of(self._connection, command.uid))
            draft = decide_save(found, count, command, now)
            if draft != found:
                if full:
                    raise Refusal("disk_full")
                draftbook.put(self._connection, draft)
                self._add_row(RowKind.DRAFT, draft.id, encode_draft(draft))
            return draft.saved_at
        if found is not None:
            self._remove(found.id)
        return int(found is not None)

    def remove_all(self, uid: int) -> None:
        """Delete all drafts of an account that is closed."""
        for id_ in draftbook.ids_of(self._connection, uid):
            self._remove(id_)

    def _remove(self, id_: str) -> None:
        draftbook.remove(self._connection, id_)
        self._add_row(RowKind.DRAFT_END, id_, b"")
