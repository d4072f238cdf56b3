"""The people around as the screen has them: who is there, who was, who is blocked."""

from collections.abc import Callable

from nimsg.client import answers, people_answers
from nimsg.client.peopletables import BLOCKED, UNBLOCKED
from nimsg.protocol.strict import JsonObject
from nimsg.tui.ground import Ground
from nimsg.tui.people import PeopleModel


BACK_S = 30 * 24 * 3600  # how far back it is looked for who was there


class PeopleDesk:
    """Who is known. `write` begins a message, `ask` asks for a private link."""

    def __init__(
        self,
        ground: Ground,
        changed: Callable[[], None],
        write: Callable[[str], None],
        ask: Callable[[str], None],
    ) -> None:
        self.people = PeopleModel(ground.user)
        self._ground = ground
        self._changed = changed
        self._write = write
        self._ask = ask

    def clock(self) -> int:
        """The time in ms UTC."""
        return self._ground.clock()

    def load(self) -> None:
        """Learn it all anew."""
        self._ground.start(self.enter(), "people")

    async def enter(self) -> None:
        """Learn who is there, who was, and who is blocked."""
        call = self._ground.call
        seen: JsonObject = {"seconds": BACK_S}
        online = await call("presence.list", {})
        since = await call("presence.since", seen)
        blocked = await call("block.list", {})
        people = self.people
        people.set_online(answers.rows(online, "users", people_answers.online_row))
        people.set_seen(answers.rows(since, "users", people_answers.seen_row))
        people.set_blocked(answers.texts(blocked, "users"))
        self._changed()

    def write_to(self, name: str) -> None:
        """Begin a message to somebody."""
        self._write(name)

    def ask_private(self, name: str) -> None:
        """Ask somebody for a private link."""
        self._ask(name)

    def say(self, text: str) -> None:
        """Show a line of news."""
        self._ground.say(text)

    def block(self, name: str) -> None:
        """Keep somebody away."""
        self._ground.start(self._set("block.add", name, BLOCKED))

    def unblock(self, name: str) -> None:
        """Let somebody come back."""
        self._ground.start(self._set("block.remove", name, UNBLOCKED))

    async def _set(self, method: str, name: str, said: str) -> None:
        await self._ground.call(method, {"user": name})
        self._ground.say(said.format(name))
        await self.enter()
