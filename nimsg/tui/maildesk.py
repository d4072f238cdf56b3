"""Both boxes as the screen has them: asked for, kept up, and what is done to mail."""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from nimsg.client import answers
from nimsg.client.answers import InboxRow, Letter, OutboxRow
from nimsg.client.finding import finding
from nimsg.client.mailtables import NEW, Row
from nimsg.client.mailwords import opening_told, recalled_from
from nimsg.client.query import run_async
from nimsg.client.references import inbox_reference, outbox_reference
from nimsg.client.tables import short_time
from nimsg.errors import NimsgError, ProtocolFault, Refusal
from nimsg.protocol.constants import Box, CopyState, limit
from nimsg.protocol.strict import JsonObject
from nimsg.text import many
from nimsg.tui.ground import Ground, why
from nimsg.tui.mailbox import BLOCK, Ask, MailWindow, is_deleted
from nimsg.tui.openmail import OpenMail, OpenMails


WAIT_MS = limit("wait_ms")
UNDO_S = 5.0
HITS = limit("search_rows")
TELL_MOST = 10_000
T = TypeVar("T")


class Removal(NamedTuple):
    """A message that is removed when the timer ends."""

    id: str
    timer: asyncio.TimerHandle


class MailDesk:
    """The inbox and the outbox. `watch` and `ping` are tasks; the first one enters."""

    def __init__(self, ground: Ground, changed: Callable[[], None]) -> None:
        self.boxes = {box: MailWindow(box) for box in Box}
        self.open = OpenMails()
        self._ground = ground
        self._changed = changed
        self._cursor = ""
        self._entered_at = 0
        self._newest = 0
        self._told: dict[tuple[str, str, str], None] = {}
        self._removing: dict[tuple[Box, int], Removal] = {}
        self._failed_at: dict[Box, int] = {}
        self._unsure = False
        self._last_removed: tuple[Box, int] | None = None

    @property
    def inbox(self) -> MailWindow:
        """What was received."""
        return self.boxes[Box.INBOX]

    @property
    def outbox(self) -> MailWindow:
        """What was sent."""
        return self.boxes[Box.OUTBOX]

    # -- keeping up

    async def enter(self) -> None:
        """Show the first page of both boxes."""
        self._entered_at = self._entered_at or self._ground.home.welcome.time
        for box, window in self.boxes.items():
            query: JsonObject = {"box": box.value, "all": True, "limit": BLOCK}
            page = await self._ground.home.insist("mail.list", query)
            # What comes between the two pages is told by the changes since the first.
            if box is Box.INBOX:
                self._cursor = answers.text(page, "cursor")
            window.start(page)
        self._newest = max(self._newest, self.inbox.newest)
        self._counted()

    async def watch(self) -> None:
        """Take over what changes, for ever."""
        ground = self._ground
        if not self._cursor:
            await self.enter()
        while True:
            wait_ms = WAIT_MS if ground.wait else 0
            query: JsonObject = {"since": self._cursor, "wait_ms": wait_ms}
            try:
                page = await ground.home.insist("mail.changes", query, wait_ms / 1000)
                await self._take(page)
            except Refusal as refusal:
                if refusal.kind != "cursor_invalid":
                    raise
                await self.enter()
                continue
            ground.status.polled_at = ground.clock()
            if not ground.wait and not answers.flag(page, "more"):
                await asyncio.sleep(ground.poll_s)

    async def ping(self) -> None:
        """Ask whether the server is there, for ever."""
        ground, status = self._ground, self._ground.status
        loop = asyncio.get_running_loop()
        told = ""
        while True:
            status.asked_at, asked_s = ground.clock(), loop.time()
            try:
                await ground.home.insist("session.ping", {})
            except Refusal as refusal:
                # It is asked again and again, and what stands is said once.
                if why(refusal) != told:
                    told = why(refusal)
                    ground.say(told, bad=True)
            else:
                told = ""
                status.rtt_ms = (loop.time() - asked_s) * 1000
                status.polled_at = ground.clock()
            status.asked_at = None
            await asyncio.sleep(ground.poll_s)

    def fill(self) -> None:
        """Ask for the rows that somebody has looked at and that are not here."""
        for box, window in self.boxes.items():
            if self._rests(box):
                continue
            for ask in window.wanted():
                self._ground.start(self._fetch(box, ask))

    def _rests(self, box: Box) -> bool:
        """Whether a question has just failed: every frame would ask it again."""
        since_ms = self._ground.clock() - self._failed_at.get(box, 0)
        return 0 <= since_ms < self._ground.pause_s * 1000

    async def _fetch(self, box: Box, ask: Ask) -> None:
        window = self.boxes[box]
        query: JsonObject = {
            "box": box.value,
            "all": True,
            "before": ask.before,
            "limit": ask.limit,
        }
        try:
            window.take(ask, await self._ground.home.insist("mail.list", query))
        except NimsgError:
            window.failed(ask)
            self._failed_at[box] = self._ground.clock()
            raise
        self._changed()

    async def _take(self, page: JsonObject) -> None:
        found: list[Row | None] = [
            *answers.rows(page, "inbox", _or_none(answers.inbox_row)),
            *answers.rows(page, "outbox", _or_none(answers.outbox_row)),
        ]
        self._cursor = answers.text(page, "cursor")
        rows = [row for row in found if row is not None]
        if len(rows) < len(found):
            bad = many(len(found) - len(rows), "message")
            self._ground.say(f"{bad} cannot be read: not as agreed", bad=True)
        self._unsure = self._unsure or bool(found and not rows)
        for row in sorted(rows, key=lambda row: row.position):
            box = Box.OUTBOX if isinstance(row, OutboxRow) else Box.INBOX
            self._unsure = not self.boxes[box].changed(row) or self._unsure
            self._tell(row)
            if self.open.changed(row) and not is_deleted(row):
                self._ground.start(self._look_again(row.id), f"status {row.id}")
        if self._unsure:
            await self._count()
            self._unsure = False
            self._counted()
        elif found:
            self._counted()

    async def _count(self) -> None:
        """Have the server count what is new and pending."""
        for box, window in self.boxes.items():
            query: JsonObject = {"box": box.value, "limit": 1}
            page = await self._ground.home.insist("mail.list", query)
            counts = (answers.number(page, key) for key in ("new", "pending", "total"))
            window.count(*counts)

    def _counted(self) -> None:
        status = self._ground.status
        status.new, status.pending = self.inbox.new, self.outbox.pending
        self._changed()

    # -- news

    def _tell(self, row: Row) -> None:
        ground = self._ground
        if isinstance(row, OutboxRow):
            self._sent(row)
            return
        number, sender = inbox_reference(row.position), row.sender
        if row.position > self._newest:
            self._newest = row.position
            if row.receipt.state in NEW and row.origin is None:
                subject = f": {row.subject}" if row.subject else ""
                ground.say(f"new message {number} from {sender}{subject}")
                ground.bell()
        if row.receipt.state == CopyState.RECALLED:
            at = row.receipt.recalled_at
            self._once(row.id, sender, "recalled", f"{sender} recalled {number}", at)

    def _sent(self, row: OutboxRow) -> None:
        number = outbox_reference(row.position)
        for one in row.receipts:
            said = f"{one.user} opened {number}"
            self._once(row.id, one.user, "opened", said, one.opened_at)
            said = f"{one.user} acknowledged {number}"
            self._once(row.id, one.user, "acked", said, one.acked_at)

    def _once(self, id_: str, user: str, what: str, said: str, at: int | None) -> None:
        """Tell of something that has happened since the login."""
        key = (id_, user, what)
        if at is None or at < self._entered_at or key in self._told:
            return
        self._told[key] = None
        if len(self._told) > TELL_MOST:
            del self._told[next(iter(self._told))]
        self._ground.say(f"{said} at {short_time(at, self._ground.clock())}")

    # -- one message

    def read(self, id_: str, *, peek: bool) -> None:
        """Have the text of a message; but for a `peek`, its sender sees that."""
        self._ground.start(self._read(id_, peek=peek), f"open {id_}")

    async def _read(self, id_: str, *, peek: bool) -> None:
        params: JsonObject = {"id": id_, "peek": peek}
        letter = answers.letter(await self._ground.call("mail.open", params))
        self.open.put(id_, OpenMail(letter))
        self._changed()
        told = opening_told(letter, self._ground.user)
        if told and not peek:
            self._ground.say(told)
        await self._look_again(id_)
        await self._look_around(id_)

    async def _look_again(self, id_: str) -> None:
        """Learn the receipts of a message that is shown."""
        status = answers.status(await self._ground.call("mail.status", {"id": id_}))
        self.open.learn(id_, status=status)
        self._changed()

    async def _look_around(self, id_: str) -> None:
        """Learn the thread of a message that is shown."""
        result = await self._ground.call("mail.thread", {"id": id_})
        rows: list[Row] = [
            *answers.rows(result, "inbox", answers.inbox_row),
            *answers.rows(result, "outbox", answers.outbox_row),
        ]
        self.open.learn(id_, thread=rows)
        self._changed()

    async def letter(self, id_: str, *, peek: bool) -> Letter:
        """A whole message; but for a `peek`, it is opened if it is not."""
        if (held := self.open.get(id_)) is None:
            await self._read(id_, peek=peek)
            held = self.open.get(id_)
        if held is None:
            raise Refusal("not_found")
        return held.letter

    async def ack(self, id_: str) -> None:
        """Acknowledge a message."""
        await self._ground.call("mail.ack", {"id": id_})
        self._ground.say("acknowledged: its sender sees that")

    async def recall(self, id_: str) -> None:
        """Withdraw a message from all who have not opened it."""
        ground = self._ground
        result = await ground.call("mail.recall", {"id": id_})
        complete = answers.flag(result, "complete")
        said = [
            recalled_from(one, lambda at: short_time(at, ground.clock()))
            for one in answers.rows(result, "receipts", answers.receipt)
        ]
        ground.say("; ".join(said) or "recalled", bad=not complete)

    # -- removing, and bringing back

    def remove(self, box: Box, row: Row) -> None:
        """Remove a row from the view in a few seconds; until then it can come back."""
        key = (box, row.position)
        if key in self._removing:
            return
        self.boxes[box].hide(row.position)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(UNDO_S, self._remove_now, key)
        self._removing[key] = Removal(row.id, timer)
        self._last_removed = key
        self._ground.say("removed from your view; u brings it back")
        self._changed()

    def bring_back(self) -> None:
        """Bring back what was removed last."""
        key = self._last_removed
        removal = self._removing.pop(key, None) if key else None
        if key is None or removal is None:
            self._ground.say("nothing to bring back")
            return
        removal.timer.cancel()
        self.boxes[key[0]].unhide(key[1])
        self._last_removed = next(reversed(self._removing), None)
        self._ground.say("back again")
        self._changed()

    async def settle(self) -> None:
        """Do what waits to be removed, as the session ends."""
        removing, self._removing = self._removing, {}
        for removal in removing.values():
            removal.timer.cancel()
        for (box, position), removal in removing.items():
            await self._remove(box, position, removal.id)

    def _remove_now(self, key: tuple[Box, int]) -> None:
        removal = self._removing.pop(key)
        self._ground.start(self._remove(*key, removal.id))

    async def _remove(self, box: Box, position: int, id_: str) -> None:
        try:
            await self._ground.home.insist("mail.delete", {"id": id_})
        except Refusal as refusal:
            if refusal.kind != "not_found":
                self.boxes[box].unhide(position)
                raise
        self.boxes[box].remove(position)
        self._counted()

    # -- finding

    async def search(
        self, words: str, box: Box, names: Iterable[str] = ()
    ) -> list[Row]:
        """Rows of a box that hold some words or are with whom they name, newest first.

        `names` are people who are known.
        """
        query: JsonObject = {"words": words, "box": box.value, "limit": HITS}
        result = await run_async(finding(query, names), self._ground.call)
        found = [answers.hit(row).row for row in result.hits]
        what = many(len(found), "message") if found else "nothing"
        where = "" if found else f" in the {box.value}"
        newest = "the newest " if result.more and found else ""
        self._ground.say(f"{newest}{what} found{where}")
        return found

    async def find(self, id_: str) -> Row:
        """The row of a message that is in view. Raises `Refusal`."""
        result = await self._ground.call("mail.thread", {"id": id_})
        rows: list[Row] = [
            *answers.rows(result, "inbox", answers.inbox_row),
            *answers.rows(result, "outbox", answers.outbox_row),
        ]
        for row in rows:
            if row.id == id_:
                return row
        raise Refusal("not_found")

    async def next_new(self, position: int | None) -> InboxRow | None:
        """The newest unopened message older than a position, else the newest at all."""
        for before in dict.fromkeys((position, None)):
            query: JsonObject = {"box": Box.INBOX.value, "limit": 1}
            if before is not None:
                query["before"] = before
            page = await self._ground.call("mail.list", query)
            rows = answers.rows(page, "inbox", answers.inbox_row)
            if rows:
                return rows[0]
        return None


def _or_none(parse: Callable[[JsonObject], T]) -> Callable[[JsonObject], T | None]:
    """Like `parse`, but None for a row that is not as agreed."""

    def parsed(row: JsonObject) -> T | None:
        try:
            return parse(row)
        except ProtocolFault:
            return None

    return parsed
