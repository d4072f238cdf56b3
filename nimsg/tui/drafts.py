"""All drafts of a session: which are to be saved, and which are gone."""

from collections.abc import Iterable, Iterator

from nimsg.client.draft_answers import DraftRow
from nimsg.tui.letterdraft import Draft, kept_draft


QUIET_MS = 1000  # without a key, before a draft is saved
RETRY_MS = 5000  # between a save that failed and the next


class Drafts:
    """The drafts by client_id, in the order they came. Times are ms.

    A draft goes in three ways only: it was sent, it was discarded by hand, or it was
    left with nothing in it. The last discarded one can be had back.
    """

    def __init__(self) -> None:
        self.discarded: Draft | None = None
        self._drafts: dict[str, Draft] = {}
        self._retry_at: dict[str, int] = {}
        # A list asked for before a draft went may still name it.
        self._gone: set[str] = set()

    def __iter__(self) -> Iterator[Draft]:
        return iter(list(self._drafts.values()))

    def __len__(self) -> int:
        return len(self._drafts)

    def get(self, client_id: str) -> Draft | None:
        """The draft of this name."""
        return self._drafts.get(client_id)

    def add(self, draft: Draft) -> Draft:
        """A new one; the draft itself."""
        self._drafts[draft.client_id] = draft
        self._gone.discard(draft.client_id)
        return draft

    def take(self, rows: Iterable[DraftRow]) -> None:
        """Take over rows of `draft.list`. What was typed here is never overwritten."""
        for row in rows:
            found = kept_draft(row)
            if found.client_id not in self._gone:
                mine = self._drafts.setdefault(found.client_id, found)
                mine.take_over(found)

    # -- saving

    def due(self, now: int, *, at_once: bool = False) -> list[Draft]:
        """Those to be saved now: nothing was typed in them for a second.

        With `at_once` all that are not saved: before the end, before an editor starts
        and when the link is back.
        """
        return [
            draft
            for draft in self._drafts.values()
            if self._may_be_saved(draft) and (at_once or not self._wait(draft, now))
        ]

    def wait_ms(self, now: int) -> int | None:
        """How long until `due` has something; None while there is nothing to save."""
        wanting = filter(self._may_be_saved, self._drafts.values())
        return min((self._wait(draft, now) for draft in wanting), default=None)

    def saved(self, client_id: str, version: int, at: int) -> None:
        """The server holds this version of it since `at` (ms UTC)."""
        self._retry_at.pop(client_id, None)
        if draft := self._drafts.get(client_id):
            draft.saved(version, at)

    def save_failed(self, client_id: str, why: str, now: int) -> None:
        """A save failed; it is due again after a pause."""
        if draft := self._drafts.get(client_id):
            draft.save_failed(why)
            self._retry_at[client_id] = now + RETRY_MS

    def emptied(self, client_id: str, version: int) -> None:
        """The server holds none of it, as nothing is left in this version."""
        self.saved(client_id, version, 0)
        if draft := self._drafts.get(client_id):
            draft.saved_at = None

    @property
    def failing(self) -> list[Draft]:
        """Those whose last save failed, so that the next may fail too."""
        return [draft for draft in self.unsaved if draft.client_id in self._retry_at]

    @property
    def unsaved(self) -> list[Draft]:
        """Those of which something is only here."""
        return [draft for draft in self._drafts.values() if not draft.is_saved]

    @staticmethod
    def _may_be_saved(draft: Draft) -> bool:
        return not draft.is_saved and not draft.is_being_saved

    def _wait(self, draft: Draft, now: int) -> int:
        retry_at = self._retry_at.get(draft.client_id, 0)
        wait = max(draft.edited_at + QUIET_MS, retry_at) - now
        # A longer one means that the clock was set back: nobody waits an hour for it.
        return wait if 0 < wait <= RETRY_MS else 0

    # -- going

    def leave(self, draft: Draft) -> bool:
        """Its window was closed: whether it is kept.

        One that is untouched, or of which nothing is left, is not.
        """
        if (draft.is_untouched or draft.is_empty) and not draft.is_sending:
            self._remove(draft.client_id)
        return draft.client_id in self._drafts

    def drop(self, client_id: str) -> None:
        """It was sent: there is nothing left to keep."""
        self._remove(client_id)

    def discard(self, client_id: str) -> bool:
        """Throw one away; False where it is unknown or being sent."""
        draft = self._drafts.get(client_id)
        if draft is None or draft.is_sending:
            return False
        self._remove(client_id)
        self.discarded = draft
        return True

    def undo_discard(self, now: int) -> Draft | None:
        """Have the last discarded one back; it is due to be saved anew."""
        draft, self.discarded = self.discarded, None
        if draft is not None:
            # A save that was on its way may have come before or behind the deletion.
            draft.save_failed("")
            draft.touch(now)
            self.add(draft)
        return draft

    def _remove(self, client_id: str) -> None:
        self._drafts.pop(client_id, None)
        self._retry_at.pop(client_id, None)
        self._gone.add(client_id)
