"""Private links as the screen has them: a log for each, and one key to accept one."""

import asyncio
from collections.abc import Callable

from nimsg.client.acts_person import Person
from nimsg.client.acts_private import Privates
from nimsg.errors import Refusal
from nimsg.tui.ground import Ground, why
from nimsg.tui.talklog import Entry, Kind, TalkLog


class PrivateDesk(Privates):
    """The links of a person. What is said on them is in memory and nowhere else.

    `changed` is told whose link has changed.
    """

    greeting = "type in its window"

    def __init__(
        self,
        me: Person,
        tasks: asyncio.TaskGroup,
        port: int,
        ground: Ground,
        changed: Callable[[str], None],
    ) -> None:
        super().__init__(me, tasks, port)
        self.logs: dict[str, TalkLog] = {}
        self._ground = ground
        self._changed = changed

    def start(self, user: str) -> None:
        """Ask somebody for a link; where there is one already, that is said."""
        try:
            super().start(user)
        except Refusal as refusal:
            self._ground.say(why(refusal), bad=True)

    def log(self, user: str) -> TalkLog:
        """What was said with somebody, from the first link of this session on."""
        return self.logs.setdefault(user, TalkLog(complete=True))

    def told(self, user: str, sender: str, text: str) -> None:
        """Show what was said on the link to `user`, by either side."""
        kind = Kind.SAID if sender == user else Kind.OWN
        self.log(user).add(Entry(None, self._ground.clock(), sender, text, kind))
        self._changed(user)

    def happened(self, user: str, text: str) -> None:
        """Show what became of the link to somebody."""
        entry = Entry(None, self._ground.clock(), "", text, Kind.SYSTEM)
        self.log(user).add(entry)
        self._ground.say(text)
        self._changed(user)
