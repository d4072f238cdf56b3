"""What the commands of the session say on the screen: the console, and a text on top.

The words are those of line mode, from the same registry.
"""

import re
from collections.abc import Callable, Sequence

from nimsg.client.acts import Acts
from nimsg.client.acts_person import Person
from nimsg.client.acts_rooms import RoomBook, Rooms
from nimsg.client.lines import INDENT, SYSTEM
from nimsg.client.registry import (
    ALIASES,
    BLANKS,
    COMMANDS,
    LEADERS,
    Invocation,
    parse,
)
from nimsg.errors import NimsgError, UsageError
from nimsg.tui.ground import Ground
from nimsg.tui.keys import Context, KeyMap, key_text
from nimsg.tui.privatedesk import PrivateDesk
from nimsg.tui.talklog import Entry, Kind, TalkLog


# They open a window: what is said lies not on top of it, where it would take the keys.
GOING = frozenset({"create", "join"})
# What begins a message is called so elsewhere.
WRITING = dict.fromkeys(("send", "compose", "write", "mail"), "new")
TIME = re.compile(r"\A\d\d:\d\d ")
Screened = dict[str, Callable[[Invocation], None]]
Shown = Callable[[str, Sequence[str]], None]  # a title, lines


class Console:
    """Does commands that are typed. `shown` is given what takes more than a line.

    `screened` are the commands that the screen does itself, by showing something.
    """

    def __init__(
        self, ground: Ground, shown: Shown, columns: Callable[[], int], keys: KeyMap
    ) -> None:
        self.log = TalkLog(complete=True)
        self.screened: Screened = {}
        self._ground = ground
        self._shown = shown
        self._columns = columns
        self._keys = keys

    def person(self, put: Callable[[str], None]) -> Person:
        """Somebody to whom things are said by `put`."""
        ground = self._ground
        return Person(ground.home, put, _nobody, self._columns, ground.clock)

    def note(self, line: str) -> None:
        """Something has happened: say it, and keep it."""
        # The console has its own column of times.
        self.keep(TIME.sub("", _bare(line)))
        self._ground.say(_bare(line))

    def keep(self, line: str) -> None:
        """Keep a line in the console."""
        entry = Entry(None, self._ground.clock(), "", _bare(line), Kind.SYSTEM)
        self.log.add(entry)

    def do(self, line: str, rooms: RoomBook, privates: PrivateDesk) -> bool:
        """Do what a line asks for, in a task; False where it cannot be done at all."""
        try:
            typed = parse(line)
        except UsageError as error:
            self._ground.say(self._by_key(line) or str(error), bad=True)
            return False
        if typed is None:
            return True
        # The screen shows all that was said in a room; a part of it is told.
        part = typed.args.get("n") is not None
        act = None if part else self.screened.get(typed.command)
        if act is not None:
            try:
                act(typed)
            except NimsgError as error:
                self._ground.say(str(error), bad=True)
            return True
        goes = typed.command in GOING
        book = None if part else rooms
        self._ground.start(self._perform(line, book, privates, goes=goes))
        return True

    def _by_key(self, line: str) -> str:
        """What is said of what only a key does, as `drafts`; else nothing."""
        word = line.strip(BLANKS).lstrip("".join(LEADERS)).partition(" ")[0].lower()
        keys = self._keys.keys_of(WRITING.get(word, word), Context.LIST)
        if not keys or word in COMMANDS or word in ALIASES:
            return ""
        told = f"{word} is no command: {key_text(keys[0])} does it in the mail"
        return f"{told}, message USER TEXT here" if word in WRITING else told

    async def _perform(
        self, line: str, rooms: RoomBook | None, privates: PrivateDesk, *, goes: bool
    ) -> None:
        """Without a book of rooms, a page of one is said like everything else."""
        said: list[str] = []
        me = self.person(said.append)
        await Acts(me, rooms or Rooms(me), privates).perform(line)
        lines = [one for text in said for one in text.split("\n")]
        for one in lines:
            self.keep(one)
        if len(lines) == 1 or (goes and lines):
            self._ground.say(" ".join(map(_bare, lines)))
        elif lines:
            self._shown(line.strip(), [_bare(one) for one in lines])


async def _nobody(_: str, __: str) -> str:
    return ""


def _bare(line: str) -> str:
    """A line without what marks it in line mode."""
    return line.removeprefix(SYSTEM).removeprefix(INDENT)
