"""What lies above the windows: questions, texts, lists, the typed line, the editor."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nimsg.client.mailtables import Row
from nimsg.text import clean_line
from nimsg.tui.commandline import CommandLine, Memory
from nimsg.tui.completing import Known
from nimsg.tui.ground import Ground
from nimsg.tui.letterlines import Reading, thread_lines
from nimsg.tui.options import Options
from nimsg.tui.popups import ListPopup, Popup, Question, TextPopup
from nimsg.tui.root import Root
from nimsg.tui.screen import Screen
from nimsg.tui.spans import Line


CAPTIONS = {"command": ":", "search": "/", "filter": "\\"}
TEXT_COLS = 92  # of a text on top, at most
EDGES = 8


class Above:
    """Shows and takes away what lies on top of one `root`."""

    def __init__(
        self,
        root: Root,
        screen: Screen,
        options: Options,
        ground: Ground,
        clock: Callable[[], int],
    ) -> None:
        self.last_key_at: int | None = None
        self._root = root
        self._screen = screen
        self._options = options
        self._ground = ground
        self._clock = clock
        self._memories = {kind: Memory() for kind in CAPTIONS}

    def columns(self) -> int:
        """The width of a text on top."""
        return min(self._screen.size[0] - EDGES, TEXT_COLS)

    # -- popups

    def push(self, popup: Popup) -> None:
        """Lay something on top."""
        self._root.popups.append(popup)
        self._changed()

    def take(self, popup: Popup) -> None:
        """Take it away."""
        if popup in self._root.popups:
            self._root.popups.remove(popup)
        self._changed()

    def show_text(self, title: str, lines: Sequence[str]) -> None:
        """Show lines on top."""
        shown: list[Line] = [[("text", clean_line(line))] for line in lines]
        popup = TextPopup(title, shown, lambda: self.take(popup), self._ground.glyphs)
        self.push(popup)

    def choose(
        self,
        title: str,
        items: Sequence[Line],
        chosen: Callable[[int], None],
        at: int = 0,
    ) -> None:
        """Have one of a list chosen, which begins at the place `at`."""
        popup = ListPopup(
            title, items, chosen, lambda: self.take(popup), self._ground.glyphs, at
        )
        self.push(popup)

    def question(
        self, text: str, keys: Mapping[str, str], answer: Callable[[str], None]
    ) -> None:
        """Ask something that one key answers; Esc is no."""

        def answered(key: str) -> None:
            self.take(popup)
            answer(key)

        glyphs = self._ground.glyphs
        popup = Question(text, keys, answered, glyphs=glyphs, escape="n")
        self.push(popup)

    async def ask(self, question: str, keys: str) -> str:
        """The key that answers a question of somebody else; it waits for quiet."""
        await self._quiet()
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        words = {"y": "yes", "n": "no"}
        text = question.removesuffix("[y/n] ").strip()
        meanings = {key: words.get(key, key) for key in keys}

        def answered(key: str) -> None:
            if not answer.done():
                answer.set_result(key)

        popup = Question(text, meanings, answered, glyphs=self._ground.glyphs)
        self._screen.bell()
        self.push(popup)
        try:
            return await answer
        finally:
            self.take(popup)

    async def _quiet(self) -> None:
        """Wait until the person has not typed for a while."""
        while True:
            pause_ms = Question.wait_ms(self._clock(), self.last_key_at)
            if pause_ms <= 0:
                return
            await asyncio.sleep(pause_ms / 1000)

    # -- lines

    def prompt(
        self,
        kind: str,
        taken: Callable[[str], None],
        known: Known | None = None,
        begin: str = "",
    ) -> None:
        """Have a line typed: a `command`, `search` or `filter`, begun or not."""
        line = self._root.prompt = CommandLine(
            CAPTIONS[kind], self._memories[kind], taken, self._close_prompt, known=known
        )
        if begin:
            line.begin(begin)
        self._changed()

    def _close_prompt(self) -> None:
        self._root.prompt = None
        self._changed()

    # -- outside

    def copy(self, text: str, what: str) -> None:
        """Give a text to the clipboard."""
        if self._screen.copy(text):
            self._ground.say(f"{what} is copied, where the terminal takes it (OSC 52)")
        else:
            self._ground.say(f"{what} is too long for the terminal", bad=True)

    def choose_mail(
        self, rows: Sequence[Row], here: str, chosen: Callable[[Row], None]
    ) -> None:
        """Have one of a thread chosen; it begins at the id of what is read `here`."""
        ground = self._ground
        reading = Reading(ground.user, self._clock(), ground.glyphs)
        lines = list(thread_lines(rows, reading))
        found = [row for row, _ in lines]
        at = next((at for at, row in enumerate(found) if row.id == here), 0)
        items = [line for _, line in lines]
        self.choose("Thread", items, lambda at: chosen(found[at]), at)

    def choose_link(self, links: Sequence[str]) -> None:
        """Have a link chosen, and opened."""
        items: list[Line] = [
            [("text", f"{at} "), ("link", clean_line(link))]
            for at, link in enumerate(links, 1)
        ]
        self.choose("Open a link", items, lambda at: self._open_link(links[at]))

    def _open_link(self, link: str) -> None:
        self._ground.start(self._browse(link))

    async def _browse(self, link: str) -> None:
        words = [*self._options.browser, link]
        quiet = asyncio.subprocess.DEVNULL
        try:
            if not self._options.browser:
                raise FileNotFoundError
            await asyncio.create_subprocess_exec(
                *words, stdin=quiet, stdout=quiet, stderr=quiet
            )
        except OSError:
            self.copy(link, "no browser is here; the link")
        else:
            self._ground.say(f"opening {link}")

    def edit(self, text: str, taken: Callable[[str], None]) -> None:
        """Have a text written in another editor."""
        self._ground.start(self._edit(text, taken), "editor")

    async def _edit(self, text: str, taken: Callable[[str], None]) -> None:
        """Give the editor a file that only its owner reads, and take it back."""
        with tempfile.TemporaryDirectory(prefix="nimsg-") as folder:
            path = Path(folder, "message.txt")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            words = [*self._options.editor, str(path)]
            code = await self._screen.outside(words)
            if code is None:
                editor = self._options.editor[0]
                self._ground.say(f"there is no editor {editor}: set EDITOR", bad=True)
                return
            new = _read(path, text)
        if code:
            self._ground.say(f"the editor ended with {code}: the text is as it was")
        else:
            # Editors end the last line of a file, which nobody has typed.
            taken(new if text.endswith("\n") else new.removesuffix("\n"))

    def _changed(self) -> None:
        self._root.refresh()
        self._ground.redraw()


def _read(path: Path, otherwise: str) -> str:
    """What a file holds now; `otherwise` where it is gone."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return otherwise
