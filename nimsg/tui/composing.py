"""What writing asks of the client: names, saving, sending, another editor."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from nimsg.errors import Refusal
from nimsg.protocol.constants import AuthMode, Box
from nimsg.protocol.rules import check_name, is_single
from nimsg.protocol.strict import JsonObject
from nimsg.tui.completion import correspondents
from nimsg.tui.drafts import Drafts
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.ground import Ground
from nimsg.tui.letterdraft import Draft
from nimsg.tui.mailbox import MailWindow
from nimsg.tui.people import PeopleModel
from nimsg.tui.postdesk import PostDesk


Call = Callable[[str, JsonObject], Awaitable[JsonObject]]
ASK_AGAIN_MS = 5000  # in which a name does not become known


class Desktop(Protocol):
    """What shows and hides the windows of drafts."""

    def open_draft(self, draft: Draft) -> None:
        """Show a draft to write on."""
        ...

    def close_draft(self, draft: Draft) -> None:
        """Close the window of a draft."""
        ...

    def discard(self, draft: Draft) -> None:
        """Ask whether a draft is to be thrown away."""
        ...

    def edit_outside(self, draft: Draft) -> None:
        """Write in another editor."""
        ...

    def refresh(self) -> None:
        """Draw what has changed."""
        ...


class Composing:
    """The desk of the views that write."""

    def __init__(
        self,
        ground: Ground,
        post: PostDesk,
        people: PeopleModel,
        desktop: Desktop,
        boxes: Mapping[Box, MailWindow],
    ) -> None:
        self._ground = ground
        self._post = post
        self._people = people
        self._boxes = boxes
        self._desktop = desktop
        self._known: dict[str, bool | None] = {}
        self._asked_at: dict[str, int] = {}
        post.strangers = self._learn_strangers
        post.problems = self._problems

    @property
    def glyphs(self) -> Glyphs:
        """The signs of the screen."""
        return self._ground.glyphs

    @property
    def drafts(self) -> Drafts:
        """All drafts."""
        return self._post.drafts

    def names(self) -> Sequence[str]:
        """The people that are known by now."""
        found = [name for name, known in self._known.items() if known]
        rows = (row for box in self._boxes.values() for row in box.rows)
        return sorted({*self._people.names, *found, *correspondents(rows)})

    def known(self, name: str) -> bool | None:
        """Whether there is such a user; what is not known is asked for."""
        found = self._found(name)
        # Every frame asks this: the server is asked once, also where it says nothing.
        if not found and name not in self._asked_at:
            self._asked_at[name] = self.now()
            ask = self._ask(name, self._ground.home.insist)
            self._ground.start(ask, f"name {name}")
        return found

    def touched(self) -> None:
        """The person has pressed a key: who was unknown may have come by now."""
        now = self.now()
        for name, asked_at in tuple(self._asked_at.items()):
            if not self._known.get(name) and not 0 <= now - asked_at < ASK_AGAIN_MS:
                del self._asked_at[name]

    def now(self) -> int:
        """Ms UTC."""
        return self._ground.clock()

    def edited(self, _: Draft) -> None:
        """Something was typed."""
        self._post.edited()

    def keep(self, _: Draft) -> None:
        """Save it now."""
        self._post.save_now()

    def send(self, draft: Draft) -> None:
        """Send it off; it has no problems that are known here."""
        self._post.post(draft)
        # It would be seen as long as it waits, and vanish once it is sent.
        self._boxes[Box.OUTBOX].unfilter()
        self._desktop.close_draft(draft)

    def say(self, text: str) -> None:
        """Show a line of news."""
        self._ground.say(text)

    def open_draft(self, draft: Draft) -> None:
        """Go on writing."""
        self._desktop.open_draft(draft)

    def close_draft(self, draft: Draft) -> None:
        """Close the window and keep the draft."""
        self._post.leave(draft)
        self._desktop.close_draft(draft)

    def discard(self, draft: Draft) -> None:
        """Throw it away, after a question where it has a window."""
        self._desktop.discard(draft)

    def undo_discard(self) -> None:
        """Bring the last one back."""
        if (draft := self._post.undo_discard()) is None:
            self._ground.say("no draft was thrown away")
        else:
            self._desktop.open_draft(draft)
            self._ground.say("the draft is back")

    def edit_outside(self, draft: Draft) -> None:
        """Give the text to an external editor."""
        self._desktop.edit_outside(draft)

    def _learn_strangers(self, names: Iterable[str]) -> None:
        """Take from the server that nobody has these names."""
        for name in names:
            self._known[name] = False
            self._asked_at[name] = self.now()
        self._desktop.refresh()

    def _found(self, name: str) -> bool | None:
        """What is known of a name, without asking."""
        if name in self._people.names or name == self._ground.user:
            return True
        return self._known.get(name)

    async def _problems(self, draft: Draft) -> list[str]:
        """What is wrong with To, once all who are not known there were asked for."""
        if self._ground.home.auth == AuthMode.PASSWORD:
            wanted = [name for name in draft.recipients if not self._found(name)]
            # A name about which nothing is said now is left to the sending.
            with suppress(Refusal):
                await asyncio.gather(
                    *(self._ask(name, self._ground.call) for name in wanted)
                )
        return draft.recipient_problems(self._found)

    async def _ask(self, name: str, call: Call) -> None:
        try:
            check_name(name)
            await call("presence.seen", {"user": name})
        except Refusal as refusal:
            if refusal.kind not in {"unknown_user", "name_invalid"}:
                raise
            # Without passwords a name that nobody has becomes a mailbox by a message.
            proven = self._ground.home.auth == AuthMode.PASSWORD
            new = refusal.kind == "unknown_user" and is_single(name)
            may_be = new and not proven
            self._known[name] = None if may_be else False
        else:
            self._known[name] = True
        self._desktop.refresh()
