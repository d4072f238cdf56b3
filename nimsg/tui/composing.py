"""What writing asks of the client: names, saving, sending, another editor."""

from collections.abc import Sequence
from typing import Protocol

from nimsg.errors import Refusal
from nimsg.protocol.rules import check_name
from nimsg.tui.drafts import Drafts
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.ground import Ground
from nimsg.tui.letterdraft import Draft
from nimsg.tui.people import PeopleModel
from nimsg.tui.postdesk import PostDesk


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
        self, ground: Ground, post: PostDesk, people: PeopleModel, desktop: Desktop
    ) -> None:
        self._ground = ground
        self._post = post
        self._people = people
        self._desktop = desktop
        self._known: dict[str, bool | None] = {}

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
        return sorted({*self._people.names, *found})

    def known(self, name: str) -> bool | None:
        """Whether there is such a user; what is not known is asked for."""
        if name in self._known:
            return self._known[name]
        if name in self._people.names or name == self._ground.user:
            return True
        # Asked for once: every frame asks this again, also where there is no answer.
        self._known[name] = None
        self._ground.start(self._ask(name))
        return None

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
        self._desktop.close_draft(draft)

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

    def edit_outside(self, draft: Draft) -> None:
        """Give the text to an external editor."""
        self._desktop.edit_outside(draft)

    async def _ask(self, name: str) -> None:
        try:
            check_name(name)
            await self._ground.home.insist("presence.seen", {"user": name})
        except Refusal as refusal:
            if refusal.kind not in {"unknown_user", "name_invalid"}:
                raise
            self._known[name] = False
        else:
            self._known[name] = True
        self._desktop.refresh()
