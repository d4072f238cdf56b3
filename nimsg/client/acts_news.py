"""New mail and receipts, as they come: what a parked question brings."""

from nimsg.client import answers
from nimsg.client.acts_mail import show_inbox
from nimsg.client.acts_person import Person
from nimsg.client.answers import InboxRow, OutboxRow, Receipt
from nimsg.client.mailtables import NEW
from nimsg.client.references import inbox_reference, outbox_reference
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box, CopyState, limit
from nimsg.protocol.strict import JsonObject


FIRST_ROWS = 10
TOLD_MOST = 10_000


class News:
    """Tells of each message once, and of each receipt once. `watch` runs as a task."""

    def __init__(self, me: Person) -> None:
        self._me = me
        self._cursor = ""
        self._last = 0
        self._since = 0
        self._told: dict[tuple[str, str, str], None] = {}

    async def enter(self) -> None:
        """Show what is new now, where anything is."""
        self._since = self._me.home.welcome.time
        page = await self._list()
        if answers.rows(page, "inbox", dict):
            show_inbox(self._me, page, everything=False)

    async def watch(self) -> None:
        """Tell what comes, for ever."""
        while True:
            wait_ms = limit("wait_ms")
            query: JsonObject = {"since": self._cursor, "wait_ms": wait_ms}
            try:
                page = await self._me.home.insist("mail.changes", query, wait_ms / 1000)
            except Refusal as refusal:
                if refusal.kind != "cursor_invalid":
                    raise
                await self._list()
                continue
            self._cursor = answers.text(page, "cursor")
            rows = answers.rows(page, "inbox", answers.inbox_row)
            for row in sorted(rows, key=lambda row: row.position):
                self._received(row)
            for sent in answers.rows(page, "outbox", answers.outbox_row):
                self._sent(sent)

    async def _list(self) -> JsonObject:
        query: JsonObject = {"box": Box.INBOX.value, "limit": FIRST_ROWS}
        page = await self._me.home.insist("mail.list", query)
        self._cursor = answers.text(page, "cursor")
        rows = answers.rows(page, "inbox", answers.inbox_row)
        self._last = max([self._last, *(row.position for row in rows)])
        return page

    def _received(self, row: InboxRow) -> None:
        number, sender = inbox_reference(row.position), row.sender
        if row.position > self._last:
            self._last = row.position
            if row.receipt.state in NEW:
                subject = f": {row.subject}" if row.subject else ""
                at = self._me.time(row.sent_at)
                self._me.note(
                    f"new message {number} from {sender} {at}{subject} (open {number})"
                )
        if row.receipt.state == CopyState.RECALLED:
            self._once(row.id, row.receipt, "recalled", f"{sender} recalled {number}")

    def _sent(self, row: OutboxRow) -> None:
        number = outbox_reference(row.position)
        for receipt in row.receipts:
            for what, words in (("opened", "opened"), ("acked", "acknowledged")):
                said = f"{receipt.user} {words} {number}"
                self._once(row.id, receipt, what, said)

    def _once(self, id_: str, receipt: Receipt, what: str, said: str) -> None:
        """Tell of something that has happened since the login."""
        at = {
            "opened": receipt.opened_at,
            "acked": receipt.acked_at,
            "recalled": receipt.recalled_at,
        }[what]
        key = (id_, receipt.user, what)
        if at is None or at < self._since or key in self._told:
            return
        self._told[key] = None
        if len(self._told) > TOLD_MOST:
            del self._told[next(iter(self._told))]
        self._me.note(f"{said} at {self._me.time(at)}")
