"""`nimsg talk`: a session in lines: commands are typed, and news come in between."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from nimsg.cli import show
from nimsg.cli.lineeditor import EndOfInput, Line
from nimsg.cli.login import Login, ask_person
from nimsg.cli.prompt import Prompt
from nimsg.cli.sources import Settings
from nimsg.cli.terminal import drop_typed
from nimsg.client.acts import Acts
from nimsg.client.acts_news import News
from nimsg.client.acts_person import Person
from nimsg.client.acts_private import Privates
from nimsg.client.acts_rooms import Rooms
from nimsg.client.acts_session import Steady, Way
from nimsg.client.events import parse
from nimsg.client.failures import first_of
from nimsg.client.lines import folded, system
from nimsg.client.login import Question
from nimsg.client.registry import complete
from nimsg.errors import Exit, NimsgError, Refusal, Unreachable
from nimsg.protocol.constants import Device
from nimsg.protocol.envelope import ServerEvent


PROMPT = "> "
PIPE_PATIENCE_S = 60.0
GOODBYE_S = 3.0
TYPED_AHEAD = 100


def talk(settings: Settings, peer_port: int) -> int:
    """Talk until the person or the server ends it; the exit code.

    Private links are listened for on `peer_port`, 0 is any. Raises what ends the
    session too early.
    """
    try:
        asyncio.run(_Talk(settings, peer_port).run())
    except NimsgError:
        drop_typed(0)  # it was typed for a session that is over
        raise
    return Exit.DONE


class _Stopped(Exception):
    """The session is to end, and so is whatever goes on in it."""


class _Talk:
    """One session, from the login to the end."""

    def __init__(self, settings: Settings, peer_port: int) -> None:
        self._settings = settings
        self._peer_port = peer_port
        self._put: Callable[[str], None] = show.say
        self._watched = os.isatty(0) and os.isatty(1)
        way = Way(
            settings.address,
            settings.security,
            settings.timeout_s,
            None if self._watched else max(settings.patience_s, PIPE_PATIENCE_S),
        )
        self._home = Steady(way, Device.LINE, self._note)

    async def run(self) -> None:
        """Log in, talk, log out. Raises what ends it too early."""
        try:
            await self._home.reach(self._settings.patience_s)
            await self._log_in()
            with Prompt(PROMPT, complete) as prompt:
                self._put = prompt.say
                await _Session(self._home, prompt, self._peer_port).run()
        except BaseExceptionGroup as group:
            raise first_of(group) from None
        finally:
            await self._home.close()

    async def _log_in(self) -> None:
        """The login; a person is asked for what is not known."""
        login = Login(self._settings, self._home.auth, Device.LINE)
        try:
            await self._home.log_in(login.dialog, _ask)
        except Refusal as refusal:
            raise login.explained(refusal) from None
        login.check_holder(self._home.welcome.user)

    def _note(self, text: str) -> None:
        self._put(folded(system(text), show.terminal_width()))


class _Session:
    """What goes on at once between the login and the end."""

    def __init__(self, home: Steady, prompt: Prompt, peer_port: int) -> None:
        self._home = home
        self._prompt = prompt
        self._me = Person(
            home, prompt.say, prompt.ask, show.terminal_width, show.now_ms
        )
        self._peer_port = peer_port
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(TYPED_AHEAD)

    async def run(self) -> None:
        """Until a logout, the end of the input, or a signal.

        Raises what ends it too early, in a group.
        """
        rooms, links = Rooms(self._me), asyncio.TaskGroup()
        privates = Privates(self._me, links, self._peer_port)
        try:
            async with links:
                await self._go_on(rooms, privates)
        except* OSError:  # nobody reads what is said here
            await self._leave(rooms, privates)
            raise

    async def _go_on(self, rooms: Rooms, privates: Privates) -> None:
        """Do what is typed and tell what happens, and say goodbye in the end."""
        news = News(self._me)
        acts = Acts(self._me, rooms, privates)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._hear(acts))
                with suppress(Unreachable):  # it is come back to
                    await acts.greet(news)
                tasks.create_task(rooms.keep_up())
                tasks.create_task(rooms.keep_marks())
                tasks.create_task(news.watch())
                await self._work(acts)
        except* _Stopped:
            self._prompt.close()
            self._me.note("goodbye")
            await self._leave(rooms, privates)

    async def _hear(self, acts: Acts) -> None:
        """Tell what the server says unasked."""

        def handle(event: ServerEvent) -> None:
            if (known := parse(event)) is not None:
                acts.happened(known)

        def returned() -> None:
            acts.rooms.returned()
            acts.privates.returned()

        await self._home.run(handle, returned)

    async def _read(self) -> None:
        """Take what is typed; what is done takes its own time."""
        async for given in self._prompt:
            if isinstance(given, Line):
                await self._lines.put(given.text)
            elif isinstance(given, EndOfInput):
                await self._lines.put(None)
            else:
                raise _Stopped

    async def _work(self, acts: Acts) -> None:
        """Do one line after the other."""
        while (line := await self._lines.get()) is not None:
            if not await acts.perform(line):
                break
        raise _Stopped

    async def _leave(self, rooms: Rooms, privates: Privates) -> None:
        """Log out, and let everybody know."""
        # Who closes the window sends both an end of input and a hang-up.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            async with asyncio.timeout(GOODBYE_S):
                await privates.close()
                await rooms.tell_marks()
                await self._home.log_out()
        except TimeoutError:
            return


async def _ask(question: Question, said: str) -> str:
    """Ask on the terminal; nothing else can happen meanwhile."""
    with _interruptible():
        return ask_person(question, said)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let signals end a question, and the terminal be given back on the way."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number, handler in before.items():
            if handler != signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
        yield
    except KeyboardInterrupt:
        show.note("")  # the shell's prompt begins a line of its own
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
