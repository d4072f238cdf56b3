"""The messages that were opened on this screen: text, receipts and thread of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nimsg.client.answers import Letter, OutboxRow, Status
from nimsg.client.mailtables import Row
from nimsg.protocol.constants import CopyState


KEPT = 20
READ = frozenset({CopyState.OPENED, CopyState.ACKED, CopyState.IMPORTED})


@dataclass
class OpenMail:
    """A whole message, and what is known around it."""

    letter: Letter
    status: Status | None = None
    thread: list[Row] = field(default_factory=list)


class OpenMails:
    """The last ones opened, by id. They are in memory and nowhere else."""

    def __init__(self) -> None:
        self._mails: dict[str, OpenMail] = {}

    def get(self, id_: str) -> OpenMail | None:
        """An opened message, None where it is not held."""
        return self._mails.get(id_)

    def put(self, id_: str, mail: OpenMail) -> None:
        """Hold a message; the one put first gives way."""
        self._mails.pop(id_, None)
        self._mails[id_] = mail
        if len(self._mails) > KEPT:
            del self._mails[next(iter(self._mails))]

    def learn(
        self,
        id_: str,
        *,
        status: Status | None = None,
        thread: Sequence[Row] | None = None,
    ) -> None:
        """Learn the receipts or the thread of a message, where it is held."""
        mail = self._mails.get(id_)
        if mail is None:
            return
        if status is not None:
            mail.status = status
        if thread is not None:
            mail.thread = list(thread)

    def changed(self, row: Row) -> bool:
        """Whether a row that changed is of a message that is held."""
        return row.id in self._mails


def is_read(row: Row) -> bool:
    """Whether its text can be had without telling anybody."""
    return isinstance(row, OutboxRow) or row.receipt.state in READ
