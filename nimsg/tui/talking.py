"""What a conversation asks of the client: a room's, a private link's, the console's."""

from collections.abc import Callable

from nimsg.client.registry import COMMANDS
from nimsg.errors import NimsgError
from nimsg.tui.ground import Ground, why
from nimsg.tui.privatedesk import PrivateDesk
from nimsg.tui.roomdesk import RoomDesk


Command = Callable[[str], bool]
LEADER = "/"
COLON = ":"


def is_command(text: str) -> bool:
    """Whether what is typed into a conversation is a command."""
    if text.startswith(LEADER):
        return not text.startswith(LEADER * 2)
    word = text.split(maxsplit=1)[0] if text.startswith(COLON) else ""
    return word[1:].lower() in COMMANDS


class Talking:
    """One conversation; a line that begins with `/` is a command, `//` a plain `/`.

    So is one that begins with `:` and the name of a command, as it is typed elsewhere;
    a second `:` makes a text of it.
    """

    def __init__(self, ground: Ground, command: Command) -> None:
        self.put_back: Callable[[str], None] = lambda _: None
        self._ground = ground
        self._command = command

    def post(self, text: str) -> bool:
        """Say something, or do the command; False where it is not taken."""
        if is_command(text):
            return self._command(text)
        doubled = text.startswith(COLON * 2) and is_command(text[1:])
        if doubled or text.startswith(LEADER):
            text = text[1:]
        return not text.strip() or self.utter(text)

    def utter(self, text: str) -> bool:
        """Say a text; where nobody hears it, it is a command."""
        return self._command(text)

    def older(self) -> None:
        """Ask for the page before."""

    def seen(self, position: int) -> None:
        """All up to this position was on the screen."""

    def now(self) -> int:
        """The time in ms UTC."""
        return self._ground.clock()

    def say(self, text: str) -> None:
        """Show a line of news."""
        self._ground.say(text)


class RoomTalk(Talking):
    """A room. What the server has not taken yet is in `unsaid`."""

    def __init__(
        self,
        ground: Ground,
        command: Command,
        rooms: RoomDesk,
        room: str,
        unsaid: list[str],
    ) -> None:
        super().__init__(ground, command)
        self._rooms = rooms
        self._room = room
        self._unsaid = unsaid

    def utter(self, text: str) -> bool:
        if not self._ground.home.is_up:
            self._ground.say("it is said when the connection is back")
        self._unsaid.append(text)
        self._ground.start(self._say_it(text))
        return True

    async def _say_it(self, text: str) -> None:
        try:
            await self._rooms.post(self._room, text)
        except NimsgError:
            self.put_back(text)
            raise
        finally:
            self._unsaid.remove(text)

    def older(self) -> None:
        self._rooms.older(self._room)

    def seen(self, position: int) -> None:
        self._rooms.seen_to(self._room, position)


class PrivateTalk(Talking):
    """A private link; without one nothing is taken, and the text stays."""

    def __init__(
        self, ground: Ground, command: Command, privates: PrivateDesk, user: str
    ) -> None:
        super().__init__(ground, command)
        self._privates = privates
        self._user = user

    def utter(self, text: str) -> bool:
        user = self._user
        if not self._privates.has(user):
            ask = f"there is no private link to {user} now: /startprivate {user}"
            self._ground.say(ask, bad=True)
            return False
        self._ground.start(self._send(text))
        return True

    async def _send(self, text: str) -> None:
        try:
            await self._privates.send(self._user, text)
        except NimsgError as error:
            self.put_back(text)
            self._privates.happened(self._user, f"not said: {why(error)}")


class ConsoleTalk(Talking):
    """The console: every line is a command."""

    def post(self, text: str) -> bool:
        return not text.strip() or self._command(text)
