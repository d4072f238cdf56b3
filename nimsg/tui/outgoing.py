"""Messages on their way: what waits for the link, and what was refused."""

from enum import StrEnum
from typing import NamedTuple

from nimsg.protocol.strict import JsonObject
from nimsg.tui.letterdraft import ROOM_MARK, Draft


class QueuedState(StrEnum):
    """Where a message stands before the server has answered."""

    QUEUED = "queued"
    SENDING = "sending"
    FAILED = "failed"


class Queued(NamedTuple):
    """A message as it will be sent. `queued_at` is in ms UTC; `why` it failed.

    `tried` is one whose answer was lost: the server may have it. It is sent again
    under its name, so that it is there once; changed, the server refuses it.
    """

    client_id: str
    to: list[str]
    subject: str
    body: str
    reply_to: str | None
    queued_at: int
    state: QueuedState
    why: str
    draft_version: int
    to_room: bool = False
    tried: bool = False

    @property
    def room(self) -> str | None:
        """The room it goes to, without its #; None for a letter."""
        return self.to[0].removeprefix(ROOM_MARK) if self.to_room else None

    def params(self) -> JsonObject:
        """The params of `mail.send`."""
        params: JsonObject = {
            "to": list(self.to),
            "client_id": self.client_id,
            "subject": self.subject,
            "body": self.body,
        }
        return params if self.reply_to is None else params | {"reply_to": self.reply_to}


class Outgoing:
    """Messages in the order they were sent off; one at a time is on its way."""

    def __init__(self) -> None:
        self._queue: dict[str, Queued] = {}

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, draft: Draft, now: int) -> Queued:
        """Send a draft off at `now` (ms UTC); it is locked until this is settled."""
        queued = Queued(
            draft.client_id,
            draft.recipients,
            draft.subject,
            draft.body,
            draft.reply_to,
            now,
            QueuedState.QUEUED,
            "",
            draft.version,
            to_room=draft.is_room,
        )
        draft.send()
        # Behind all others, also where it failed before.
        self._queue.pop(draft.client_id, None)
        self._queue[draft.client_id] = queued
        return queued

    def get(self, client_id: str) -> Queued | None:
        """The message of this name, unless it is settled."""
        return self._queue.get(client_id)

    def next(self) -> Queued | None:
        """The oldest one that waits, now on its way; None where one already is."""
        rows = self._queue.values()
        if any(row.state is QueuedState.SENDING for row in rows):
            return None
        for row in rows:
            if row.state is QueuedState.QUEUED:
                return self._set(row, QueuedState.SENDING)
        return None

    def sent(self, client_id: str) -> None:
        """The server has it."""
        self._queue.pop(client_id, None)

    def failed(self, client_id: str, why: str) -> None:
        """The server refused it: it has no copy."""
        if row := self._queue.get(client_id):
            self._set(row._replace(tried=False), QueuedState.FAILED, why)

    def lost(self) -> None:
        """Nobody knows what became of what was on its way: it is sent again."""
        self._again(tried=True)

    def postponed(self) -> None:
        """The server has not taken what was on its way: it is sent again."""
        self._again(tried=False)

    def retry(self, client_id: str) -> bool:
        """Send a failed one again as it is; False for any other."""
        row = self._queue.get(client_id)
        if row is None or row.state is not QueuedState.FAILED:
            return False
        self._set(row, QueuedState.QUEUED)
        return True

    def take_back(self, client_id: str) -> bool:
        """Take one out to be changed; False while it waits for its answer."""
        row = self._queue.get(client_id)
        if row is None or row.state is QueuedState.SENDING:
            return False
        del self._queue[client_id]
        return True

    def rows(self) -> list[Queued]:
        """All that are not settled, newest first."""
        return list(reversed(self._queue.values()))

    @property
    def waiting(self) -> int:
        """How many are still to be sent by themselves."""
        return sum(row.state is not QueuedState.FAILED for row in self._queue.values())

    def _again(self, *, tried: bool) -> None:
        rows = [row for row in self._queue.values() if row.state is QueuedState.SENDING]
        for row in rows:
            self._set(row._replace(tried=row.tried or tried), QueuedState.QUEUED)

    def _set(self, row: Queued, state: QueuedState, why: str = "") -> Queued:
        row = row._replace(state=state, why=why)
        self._queue[row.client_id] = row
        return row
