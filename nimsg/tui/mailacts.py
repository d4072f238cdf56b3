"""What the keys do to mail: one table from actions to what is done."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

from nimsg.client.answers import InboxRow, OutboxRow
from nimsg.client.mailtables import Row
from nimsg.client.mailwords import new_client_id
from nimsg.client.tables import long_time
from nimsg.protocol.constants import Box, CopyState
from nimsg.text import clean_line, many
from nimsg.tui import answering
from nimsg.tui.desktop import Desktop
from nimsg.tui.found import Found
from nimsg.tui.letterdraft import Draft
from nimsg.tui.letterlines import Reading, header_lines, letter_lines
from nimsg.tui.mailpane import MailPane
from nimsg.tui.mailview import Spot
from nimsg.tui.openmail import OpenMail, is_read


Make = Callable[[answering.Message, str, str], Draft]
MakeOfText = Callable[[answering.Message, str, str, answering.Clock], Draft]

MINUTE_MS = 60_000
GLANCE_S = 0.15  # before the text of an opened message is fetched for a preview
NO_MESSAGE = "no message here"
NOT_SENT = "this is not sent yet: Enter goes on writing"
STEPS = {"down": 1, "up": -1}
PAGES = {"page-down": 1.0, "page-up": -1.0, "half-down": 0.5, "half-up": -0.5}


class Around(Protocol):
    """What of the terminal the acts need."""

    def prompt(self, kind: str, taken: Callable[[str], None]) -> None:
        """Have a line typed: `search` or `filter`."""
        ...

    def copy(self, text: str, what: str) -> None:
        """Give a text to the clipboard."""
        ...

    def choose_link(self, links: Sequence[str]) -> None:
        """Have a link chosen, and opened."""
        ...

    def choose_mail(self, rows: Sequence[Row]) -> None:
        """Have one of a thread chosen."""
        ...


class MailActs:
    """The actions of both boxes and of the message."""

    def __init__(self, desktop: Desktop, around: Around) -> None:
        self._desktop = desktop
        self._around = around
        self._view = desktop.view
        self._mail = desktop.mail
        self._ground = desktop.ground
        self._all_marked = False
        self._raw = False
        self._shown = ""
        self._made_of: tuple[object, ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        found = Found(desktop, self.look)
        self._acts: dict[str, Callable[[], None]] = {
            "open": self._open,
            "new": lambda: desktop.write_to(""),
            "reply": lambda: self._answer(answering.reply),
            "reply-all": lambda: self._answer(answering.reply_all),
            "quote": lambda: self._with_text(answering.quote),
            "forward": lambda: self._with_text(answering.forward),
            "ack": lambda: self._each(self._ack),
            "recall": self._recall,
            "delete": lambda: self._each(self._delete),
            "undelete": self._mail.bring_back,
            "keep-unread": lambda: self._each(self._keep),
            "mark": self._mark,
            "marked": self._next_for_marked,
            "search": lambda: around.prompt("search", found.search),
            "filter": lambda: around.prompt("filter", found.filter),
            "search-next": lambda: found.go(1),
            "search-previous": lambda: found.go(-1),
            "next-unread": lambda: self._start(self._to_unread()),
            "retry": self._retry,
            "copy-body": lambda: self._start(self._copy_body()),
            "copy-id": self._copy_id,
            "older": lambda: self._beside(1),
            "newer": lambda: self._beside(-1),
            "link": self._link,
            "headers": self._toggle_raw,
            "thread": self._thread,
        }

    # -- what the app calls

    def act(self, action: str) -> bool:
        """Do an action of the key table; False for one that is not of mail."""
        for_marked, self._all_marked = self._all_marked, False
        if not self._move(action):
            act = self._acts.get(action)
            if act is None:
                return False
            self._all_marked = for_marked
            act()
            self._all_marked = self._all_marked and action == "marked"
        self.look()
        return True

    def look(self) -> None:
        """Show what the focus is on, and open it where it has been looked at enough."""
        row, view = self._view.row, self._view
        held = None if row is None else self._mail.open.get(row.id)
        self._show(row, held)
        seen = view.guest is None and (view.together or view.spot is Spot.VIEW)
        key = f"{row.id} {view.spot}" if row is not None and held is None else ""
        if key == self._shown and seen:
            return
        self._shown = key if seen else ""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if row is None or held is not None or not seen:
            return
        pause_s = GLANCE_S if is_read(row) else self._ground.dwell_s
        if is_read(row) or (view.spot is Spot.VIEW and pause_s > 0):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(pause_s, self._dwelt, row)

    def _show(self, row: Row | None, held: OpenMail | None) -> None:
        ground, message, raw = self._ground, self._view.message, self._raw
        # Laying a long text out takes longer than a frame: not without a reason.
        known = (held.letter, held.status, tuple(held.thread)) if held else None
        made_of = (row, known, raw, ground.clock() // MINUTE_MS)
        if made_of == self._made_of:
            return
        self._made_of = made_of
        reading = Reading(ground.user, ground.clock(), ground.glyphs)
        if row is None:
            message.clear()
        elif held is None:
            message.show(row.id, lambda cells: header_lines(row, cells, reading))
        else:
            message.show(
                row.id,
                lambda cells: letter_lines(
                    held.letter,
                    cells,
                    reading,
                    status=held.status,
                    thread=held.thread,
                    raw=raw,
                ),
            )

    @property
    def told(self) -> str:
        """What the status says where there is no news: who sees an opening."""
        row = self._view.row
        if self._view.guest is not None or not isinstance(row, InboxRow):
            return ""
        if is_read(row) or row.receipt.state == CopyState.RECALLED:
            return ""
        return f"{clean_line(row.sender)} will see that you opened this"

    @property
    def place(self) -> str:
        """Where one is in what has the focus."""
        if self._view.spot is Spot.VIEW:
            return "" if self._view.guest else self._view.message.place
        return self._view.pane.place

    def leave(self) -> bool:
        """Esc and q: from the message to its box, or from a filter to all rows."""
        pane = self._view.pane
        if self._view.back():
            self._raw = False
            self.look()
            return True
        if pane.window.filtered is not None and self._view.guest is None:
            pane.window.unfilter()
            pane.refresh()
            return True
        if pane.marked and self._view.guest is None:
            pane.marked.clear()
            pane.refresh()
            return True
        return False

    # -- moving

    def _move(self, action: str) -> bool:
        if self._view.spot is Spot.VIEW and self._view.guest is None:
            return self._view.message.act(action)
        pane = self._view.pane
        if action in STEPS:
            pane.move(STEPS[action])
        elif action in PAGES:
            pane.page(PAGES[action])
        elif action == "top":
            pane.to_top()
        elif action == "bottom":
            pane.to_bottom()
        else:
            return False
        return True

    def _beside(self, step: int) -> None:
        """To the message beside the one that is read."""
        self._view.pane.move(step)
        self._view.message.act("top")

    async def _to_unread(self) -> None:
        pane = self._view.panes[Box.INBOX]
        row = await self._mail.next_new(pane.position)
        if row is None:
            self._ground.say("no new messages")
            return
        self._view.go(Box.INBOX)
        pane.window.unfilter()
        pane.to(row.position)
        self.look()

    # -- one message

    @property
    def _row(self) -> Row | None:
        """The message with the focus; what is missing is said."""
        row = self._view.row
        if row is None:
            is_queued = self._view.pane.queued is not None
            self._ground.say(NOT_SENT if is_queued else NO_MESSAGE)
        return row

    def _open(self) -> None:
        pane = self._view.pane
        if (queued := pane.queued) is not None:
            draft = self._desktop.post.drafts.get(queued.client_id)
            if draft is not None:
                self._desktop.open_draft(draft)
            return
        if (row := self._row) is not None:
            self.open(row)

    def open(self, row: Row) -> None:
        """Go to a message, and have its text."""
        self._view.pane.kept.discard(row.position)
        if self._mail.open.get(row.id) is None:
            self._mail.read(row.id, peek=is_read(row))
        self._view.read()

    def _dwelt(self, row: Row) -> None:
        """A message was looked at long enough."""
        self._timer = None
        now = self._view.row
        if now is not None and now.id == row.id:
            self._mail.read(row.id, peek=is_read(row))

    def _answer(self, make: Make) -> None:
        row = self._row
        if row is None:
            return
        held = self._mail.open.get(row.id)
        message: answering.Message = held.letter if held else row
        draft = make(message, self._ground.user, new_client_id())
        self._desktop.open_draft(self._desktop.post.drafts.add(draft))

    def _with_text(self, make: MakeOfText) -> None:
        if (row := self._row) is not None:
            self._start(self._answer_text(row, make))

    async def _answer_text(self, row: Row, make: MakeOfText) -> None:
        letter = await self._mail.letter(row.id, peek=is_read(row))
        draft = make(letter, self._ground.user, new_client_id(), long_time)
        self._desktop.open_draft(self._desktop.post.drafts.add(draft))

    async def _copy_body(self) -> None:
        if (row := self._row) is None:
            return
        held = self._mail.open.get(row.id)
        if held is None and not is_read(row):
            self._ground.say("open it first: its sender sees that it was read")
            return
        letter = held.letter if held else await self._mail.letter(row.id, peek=True)
        self._around.copy(letter.body, "the text")

    def _copy_id(self) -> None:
        if (row := self._row) is not None:
            self._around.copy(row.id, "the id")

    def _link(self) -> None:
        links = self._view.message.links
        if links:
            self._around.choose_link(links)
        else:
            self._ground.say("no links here")

    def _toggle_raw(self) -> None:
        if self._row is not None:
            self._raw = not self._raw

    def _thread(self) -> None:
        if (row := self._row) is None:
            return
        held = self._mail.open.get(row.id)
        if held is None or len(held.thread) <= 1:
            self._ground.say("no other message belongs to this one")
        else:
            self._around.choose_mail(held.thread)

    def _retry(self) -> None:
        queued = self._view.pane.queued
        if queued is None or not self._desktop.post.retry(queued.client_id):
            self._ground.say("nothing failed here")

    # -- one message, or all that are marked

    def _mark(self) -> None:
        pane = self._view.pane
        if (position := pane.position) is not None:
            pane.marked ^= {position}
            pane.move(1)
        else:
            self._ground.say(NO_MESSAGE if pane.queued is None else NOT_SENT)

    def _next_for_marked(self) -> None:
        count = len(self._view.pane.marked)
        self._all_marked = count > 0
        what = many(count, "marked message")
        self._ground.say(f"{what}: a d x U" if count else "nothing is marked: v marks")

    def _each(self, act: Callable[[MailPane, Row], None]) -> None:
        """Act on the focused message, or on all that are marked."""
        pane = self._view.pane
        if not self._all_marked:
            if (row := self._row) is not None:
                act(pane, row)
            return
        for position in sorted(pane.marked):
            if (row := pane.window.row(position)) is not None:
                act(pane, row)
        pane.marked.clear()

    def _ack(self, _: MailPane, row: Row) -> None:
        if isinstance(row, OutboxRow):
            self._ground.say("only who received a message can acknowledge it")
        else:
            self._start(self._mail.ack(row.id))

    def _recall(self) -> None:
        """Ask once, for there is no undoing it, then recall."""
        rows: list[Row] = []
        self._each(lambda _, row: rows.append(row))
        sent = [row for row in rows if isinstance(row, OutboxRow)]
        if len(sent) < len(rows):
            self._ground.say("only who sent a message can recall it")
        if not sent:
            return
        to = sent[0].to
        others = f" and {len(to) - 1} more" if to[1:] else ""
        what = many(len(sent), "message")
        what = what if sent[1:] else f"from {to[0]}{others}"

        def recall() -> None:
            for row in sent:
                self._start(self._mail.recall(row.id))

        self._desktop.confirm(f"Recall {what}?", recall)

    def _delete(self, pane: MailPane, row: Row) -> None:
        self._view.back()
        self._mail.remove(pane.window.box, row)

    def _keep(self, pane: MailPane, row: Row) -> None:
        pane.kept ^= {row.position}
        if row.position in pane.kept:
            self._ground.say("shown as unread here; the sender's time of reading stays")

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._ground.start(work)
