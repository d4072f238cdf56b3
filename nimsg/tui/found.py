"""What was searched for in a box: going from hit to hit, or seeing only these rows."""

from collections.abc import Callable

from nimsg.client.mailtables import Row
from nimsg.tui.desktop import Desktop
from nimsg.tui.mailpane import MailPane


class Found:
    """The last search. `look` shows what the focus is on now."""

    def __init__(self, desktop: Desktop, look: Callable[[], None]) -> None:
        self._desktop = desktop
        self._look = look
        self._rows: list[Row] = []

    def search(self, words: str) -> None:
        """Go to the newest row with some words, or with somebody."""
        if words.strip():
            self._desktop.ground.start(self._search(words))

    def filter(self, words: str) -> None:
        """Show only the rows with some words, or with somebody; for no words all."""
        pane = self._desktop.view.pane
        if words.strip():
            self._desktop.ground.start(self._filter(words))
        else:
            pane.window.unfilter()
            pane.refresh()

    def go(self, step: int) -> None:
        """To the next hit, or the one before, around the end."""
        pane = self._desktop.view.pane
        positions = [row.position for row in self._rows]
        if not positions:
            self._desktop.ground.say("nothing was searched for: / searches")
            return
        here = pane.position or 0
        ahead = [at for at in positions if (at < here if step > 0 else at > here)]
        around = positions[0] if step > 0 else positions[-1]
        nearest = (ahead[0] if step > 0 else ahead[-1]) if ahead else around
        pane.to(nearest)

    async def _search(self, words: str) -> None:
        pane = self._desktop.view.pane
        self._rows = await self._ask(words, pane)
        if self._rows:
            pane.to(self._rows[0].position)
        self._look()

    async def _filter(self, words: str) -> None:
        pane = self._desktop.view.pane
        pane.window.filter(await self._ask(words, pane))
        pane.refresh()
        self._look()

    async def _ask(self, words: str, pane: MailPane) -> list[Row]:
        desktop = self._desktop
        names = desktop.composing.names()
        return await desktop.mail.search(words, pane.window.box, names)
