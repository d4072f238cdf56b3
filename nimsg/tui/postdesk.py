"""What is written and sent: drafts go to the server as they are typed, mail after."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from nimsg.client import answers
from nimsg.client.draft_answers import page as draft_page
from nimsg.client.mailwords import new_client_id, not_sent
from nimsg.client.references import outbox_reference
from nimsg.errors import NimsgError, ProtocolFault, Refusal, Unreachable
from nimsg.protocol.strict import JsonObject
from nimsg.tui.drafts import Drafts
from nimsg.tui.ground import Ground, passes, why
from nimsg.tui.letterdraft import Draft
from nimsg.tui.outgoing import Outgoing, Queued


Posted = Callable[[str, JsonObject, str], None]  # room, answer of room.post, body
UNKNOWN = "unknown_user"
SENT_BEFORE = "an earlier text of this was sent; this one is in the drafts"


class PostDesk:
    """Drafts and outgoing mail. `enter`, `save` and `send` are tasks.

    `posted` is told of a draft that went to a room, `strangers` of names in To that
    the server does not know. `problems` looks up who is in To, and says what is wrong
    there.
    """

    def __init__(
        self, ground: Ground, changed: Callable[[], None], posted: Posted
    ) -> None:
        self.drafts = Drafts()
        self.outgoing = Outgoing()
        self.strangers: Callable[[Iterable[str]], None] = lambda _: None
        self.problems: Callable[[Draft], Awaitable[list[str]]] = _none
        self._ground = ground
        self._changed = changed
        self._posted = posted
        self._typed = asyncio.Event()
        self._queued = asyncio.Event()
        self._forgotten: dict[str, None] = {}

    # -- drafts

    async def enter(self) -> None:
        """Fetch the drafts that the server keeps."""
        after: str | None = None
        while True:
            query: JsonObject = {} if after is None else {"after": after}
            result = await self._ground.home.insist("draft.list", query)
            page = draft_page(result)
            self.drafts.take(page.drafts)
            if page.next is None or page.next == after:
                break
            after = page.next
        self._changed()

    def new(self, to: str = "") -> Draft:
        """A new empty draft."""
        return self.drafts.add(Draft(new_client_id(), to=to))

    def edited(self) -> None:
        """Something was typed in a draft: it is saved soon."""
        self._typed.set()

    def save_now(self) -> None:
        """Save all that is not saved."""
        self._ground.start(self.save_all(), "save drafts")

    def returned(self) -> None:
        """The link is back: save and send what has waited for it."""
        self.save_now()
        self._queued.set()

    async def save_all(self) -> None:
        """Save what is not saved, and wait for that."""
        for draft in self.drafts.due(self._ground.clock(), at_once=True):
            await self._save(draft)

    async def settle(self) -> None:
        """Have the server know all that is here, as the session ends."""
        await self.save_all()
        for client_id in tuple(self._forgotten):
            await self._delete(client_id)

    async def save(self) -> None:
        """Save each draft a second after its last key, for ever."""
        clock = self._ground.clock
        while True:
            self._typed.clear()
            for draft in self.drafts.due(clock()):
                await self._save(draft)
            wait_ms = self.drafts.wait_ms(clock())
            pause_s = None if wait_ms is None else wait_ms / 1000
            try:
                async with asyncio.timeout(pause_s):
                    await self._typed.wait()
            except TimeoutError:
                continue

    async def _save(self, draft: Draft) -> None:
        version, name, empty = draft.version, draft.client_id, draft.is_empty
        params = draft.save()
        try:
            if empty:
                await self._ground.call("draft.delete", {"client_id": name})
                self.drafts.emptied(name, version)
            else:
                result = await self._ground.call("draft.save", params)
                self.drafts.saved(name, version, answers.number(result, "saved_at"))
        except NimsgError as error:
            self.drafts.save_failed(name, why(error), self._ground.clock())
        except asyncio.CancelledError:
            # Else it would seem to be on its way for ever, and not be saved at the end.
            self.drafts.save_failed(name, "", self._ground.clock())
            raise
        # It may have gone while it was on its way.
        if self.drafts.get(name) is None:
            self._ground.start(self._forget(name))
        self._changed()

    def leave(self, draft: Draft) -> None:
        """Its window was closed; one of which nothing is left is nowhere kept."""
        if not self.drafts.leave(draft) and not draft.is_untouched:
            self._ground.start(self._forget(draft.client_id))
        self._typed.set()

    def discard(self, draft: Draft) -> None:
        """Throw a draft away, here and on the server."""
        if self.drafts.discard(draft.client_id):
            self._ground.start(self._forget(draft.client_id))
            self._ground.say("thrown away; u in the drafts undoes it")

    def undo_discard(self) -> Draft | None:
        """Bring back the draft that was thrown away last."""
        draft = self.drafts.undo_discard(self._ground.clock())
        self._typed.set()
        return draft

    async def _forget(self, client_id: str) -> None:
        """Have the server keep no draft of this name, as soon as it can."""
        self._forgotten[client_id] = None
        while client_id in self._forgotten:
            try:
                await self._delete(client_id)
            except Refusal as refusal:
                if not passes(refusal):
                    raise
                await asyncio.sleep(self._ground.pause_s)

    async def _delete(self, client_id: str) -> None:
        await self._ground.home.insist("draft.delete", {"client_id": client_id})
        self._forgotten.pop(client_id, None)

    # -- sending

    def post(self, draft: Draft) -> None:
        """Send a draft off; it stays until the server has the message."""
        self.outgoing.add(draft, self._ground.clock())
        self._count()
        self._queued.set()

    def retry(self, client_id: str) -> bool:
        """Send again what was refused; False where it is none such."""
        if not self.outgoing.retry(client_id):
            return False
        self._queued.set()
        self._changed()
        return True

    def take_back(self, client_id: str) -> Draft | None:
        """The draft of a message that is not sent yet, to be written on."""
        draft = self.drafts.get(client_id)
        if draft is None or not self.outgoing.take_back(client_id):
            return None
        draft.take_back()
        self._count()
        return draft

    async def send(self) -> None:
        """Send what is queued, one after the other, for ever."""
        home = self._ground.home
        while True:
            self._queued.clear()
            # Without a link all wait, so that all can still be changed.
            while home.is_up and (queued := self.outgoing.next()) is not None:
                try:
                    settled = await self._send(queued)
                finally:
                    self._count()
                if not settled:
                    await asyncio.sleep(self._ground.pause_s)
            await self._queued.wait()

    async def _send(self, queued: Queued) -> bool:
        """Send one; False where the server does not take it now."""
        name = queued.client_id
        method, params = _request(queued)
        try:
            problems = await self._looked_up(queued)
        except Unreachable:
            self.outgoing.postponed()
            return True
        if problems:
            self._failed(name, "; ".join(problems))
            return True
        try:
            result = await self._ground.call(method, params)
        except Unreachable:
            self.outgoing.lost()
            return True
        except Refusal as refusal:
            return self._refused(name, refusal)
        self.outgoing.sent(name)
        self.drafts.drop(name)
        self._ground.start(self._forget(name))
        self._tell(queued, params, result)
        return True

    async def _looked_up(self, queued: Queued) -> list[str]:
        """What is wrong with To: the server would send to the others all the same."""
        draft = self.drafts.get(queued.client_id)
        # What the server may have already is asked for, whoever has left since.
        if draft is None or queued.to_room or queued.tried:
            return []
        return await self.problems(draft)

    def _refused(self, name: str, refusal: Refusal) -> bool:
        """Whether a refusal settles it; what passes is tried again after a pause."""
        told = why(refusal)
        unsure = refusal.kind == "storage_failed" or isinstance(refusal, ProtocolFault)
        if unsure or passes(refusal):
            (self.outgoing.lost if unsure else self.outgoing.postponed)()
            self._ground.say(f"not sent yet: {told}; it is tried again", bad=True)
            return False
        if refusal.kind == "client_id_conflict":
            self._rename(name)
            return True
        self.strangers(_strangers(refusal))
        self._failed(name, told)
        return True

    def _failed(self, name: str, told: str) -> None:
        """The server has no copy of it, and it can be changed again."""
        self.outgoing.failed(name, told)
        if draft := self.drafts.get(name):
            draft.refused(told)
        self._ground.say(f"not sent: {told}", bad=True)

    def _rename(self, name: str) -> None:
        """Keep a text under a new name: under its own another one was sent."""
        self.outgoing.sent(name)
        draft = self.drafts.get(name)
        if draft is not None:
            again = Draft(
                new_client_id(),
                to=draft.to,
                subject=draft.subject,
                body=draft.body,
                reply_to=draft.reply_to,
            )
            again.touch(self._ground.clock())
            again.refused(SENT_BEFORE)
            self.drafts.drop(name)
            self.drafts.add(again)
            self._ground.start(self._move(name, again))
        self._ground.say(f"not sent: {SENT_BEFORE}", bad=True)

    async def _move(self, name: str, draft: Draft) -> None:
        """Have the server keep a draft in place of one of another name."""
        self._forgotten[name] = None
        await self._save(draft)
        if draft.is_saved:
            await self._forget(name)

    def _tell(self, queued: Queued, params: JsonObject, result: JsonObject) -> None:
        """Say what became of a message that the server has."""
        ground = self._ground
        if (room := queued.room) is not None:
            self._posted(room, result, answers.text(params, "body"))
            ground.say(f"said in #{room}")
            return
        number = outbox_reference(answers.number(result, "position"))
        told = f"sent to {', '.join(answers.texts(result, 'to'))} as {number}"
        refused = answers.rows(result, "refused", answers.refused)
        self.strangers(user for user, kind in refused if kind == UNKNOWN)
        said = [told, *(not_sent(user, kind) for user, kind in refused)]
        ground.say("; ".join(said), bad=bool(refused))

    def _count(self) -> None:
        self._ground.status.queued = self.outgoing.waiting
        self._changed()


async def _none(_: Draft) -> list[str]:
    return []


def _strangers(refusal: Refusal) -> list[str]:
    """The names that a refusal to send says nobody has."""
    rows = refusal.data.get("refused")
    named = rows if isinstance(rows, list) else []
    return [
        user
        for row in named
        if isinstance(row, dict) and row.get("kind") == UNKNOWN
        if isinstance(user := row.get("user"), str)
    ]


def _request(queued: Queued) -> tuple[str, JsonObject]:
    """The method and the params that send a message."""
    if (room := queued.room) is None:
        return "mail.send", queued.params()
    return "room.post", {
        "room": room,
        "body": queued.body or queued.subject,
        "client_id": queued.client_id,
    }
