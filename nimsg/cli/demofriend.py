"""Bob of the demo: he reads and answers, over the same wire as everybody."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from itertools import chain, repeat
from typing import NamedTuple

from nimsg.cli import demotexts as texts
from nimsg.cli.show import now_ms
from nimsg.client import answers
from nimsg.client.acts_person import Person
from nimsg.client.acts_private import Privates
from nimsg.client.acts_session import Steady, Way
from nimsg.client.answers import OutboxRow
from nimsg.client.events import Invited, LinkEnded, Presence, parse
from nimsg.client.failures import first_of
from nimsg.client.login import Dialog, Question
from nimsg.client.mailtables import NEW
from nimsg.client.mailwords import new_client_id
from nimsg.client.people_answers import RoomMessage
from nimsg.client.queries import answering
from nimsg.errors import Refusal, Unavailable, Unreachable
from nimsg.protocol.constants import LOBBY, Box, Device, limit
from nimsg.protocol.envelope import ServerEvent
from nimsg.protocol.strict import JsonObject


WAIT_MS = limit("wait_ms")
GOODBYE_S = 2.0
LONGEST_S = 30.0


class Pace(NamedTuple):
    """Seconds that somebody takes to notice something, and to think about it."""

    noticing: float = 3.0
    thinking: float = 2.0


class Company:
    """Somebody who writes with `you` as long as the block lasts, in a thread.

    Entered, he is online and has greeted. Raises what keeps him from that.
    """

    def __init__(self, way: Way, user: str, you: str, pace: Pace | None = None) -> None:
        self._who = way, user, you, pace or Pace()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    def __enter__(self) -> "Company":
        self._thread.start()
        try:
            came = self._ready.wait(LONGEST_S)
        except BaseException:
            self._end()
            raise
        if not came:
            self._end()
            raise Unavailable("the demo's correspondent did not come")
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end()
        if kind is None and self._error is not None:
            raise self._error

    def _end(self) -> None:
        with suppress(RuntimeError):  # he is gone already
            self._loop.call_soon_threadsafe(self._send_home)
        self._thread.join(LONGEST_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._be_there())
            except asyncio.CancelledError:
                pass
            except BaseExceptionGroup as group:
                self._error = first_of(group)
            except BaseException as error:  # noqa: BLE001 - raised where he is asked for
                self._error = error
            finally:
                self._ready.set()

    async def _be_there(self) -> None:
        self._task = asyncio.current_task()
        await visit(*self._who, self._ready.set)

    def _send_home(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def visit(
    way: Way, user: str, you: str, pace: Pace, ready: Callable[[], None]
) -> None:
    """Log in as `user`, greet, call `ready`, and be there until cancelled.

    Raises what ends it earlier.
    """
    home = Steady(way, Device.LINE, _unheard)
    try:
        await home.reach(0.0)
        dialog = Dialog(home.auth, Device.LINE, user=user, may_ask=False)
        await home.log_in(dialog, _nobody)
        async with asyncio.TaskGroup() as tasks:
            friend = Friend(home, tasks, you, pace)
            try:
                await friend.stay(ready)
            finally:
                await friend.leave()
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await home.log_out()


class Friend:
    """Does what a friendly person does, each thing after a while."""

    def __init__(
        self, home: Steady, tasks: asyncio.TaskGroup, you: str, pace: Pace
    ) -> None:
        self._home = home
        self._tasks = tasks
        self._you = you
        self._pace = pace
        self._me = Person(home, _unheard, self._agree, lambda: None, now_ms)
        self._links = _Links(self._me, tasks, self._spoken_to)
        self._letters, self._talk, self._whispers = map(
            _in_turn, (texts.LETTERS, texts.TALK, texts.WHISPERS)
        )
        self._taken: set[str] = set()
        self._greeting = ""
        self._met = False

    async def stay(self, ready: Callable[[], None]) -> None:
        """Greet, and do what there is to do."""
        self._do(self._home.run(self._heard, self._links.returned))
        newest: JsonObject = {"box": Box.INBOX.value, "limit": 1}
        page = await self._me.call("mail.list", newest)
        await self._post(texts.NEWS)
        await self._greet()
        ready()
        await self._watch(answers.text(page, "cursor"))

    async def leave(self) -> None:
        """End the private links."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._links.close()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.create_task(work)

    # -- mail

    async def _greet(self) -> None:
        letter: JsonObject = {
            "to": [self._you],
            "subject": texts.SUBJECT,
            "body": texts.GREETING.format(user=self._me.user),
            "client_id": new_client_id(),
        }
        sent = await self._me.call("mail.send", letter)
        self._greeting = answers.identifier(sent)

    async def _watch(self, cursor: str) -> None:
        """Notice what comes, for ever."""
        while True:
            query: JsonObject = {"since": cursor, "wait_ms": WAIT_MS}
            page = await self._home.insist("mail.changes", query, WAIT_MS / 1000)
            cursor = answers.text(page, "cursor")
            for row in answers.rows(page, "inbox", answers.inbox_row):
                if row.receipt.state in NEW and row.id not in self._taken:
                    self._taken.add(row.id)
                    self._do(self._answer(row.id))
            for sent in answers.rows(page, "outbox", answers.outbox_row):
                self._look_at(sent)

    async def _answer(self, id_: str) -> None:
        with suppress(Refusal, Unreachable):  # it was recalled, or he is blocked
            await asyncio.sleep(self._pace.noticing)
            await self._me.call("mail.open", {"id": id_})
            await asyncio.sleep(self._pace.thinking)
            await self._me.call("mail.ack", {"id": id_})
            await asyncio.sleep(self._pace.thinking)
            answer = await self._me.run(answering(id_, self._me.user))
            said = {"body": next(self._letters), "client_id": new_client_id()}
            await self._me.call("mail.send", {**answer, **said})

    def _look_at(self, sent: OutboxRow) -> None:
        """Say that the greeting was opened, once."""
        opened = any(receipt.opened_at is not None for receipt in sent.receipts)
        if opened and sent.id == self._greeting:
            self._greeting = ""
            self._do(self._say(texts.OPENED))

    # -- talk

    def _heard(self, event: ServerEvent) -> None:
        match parse(event):
            case Presence(user=who, reason=None) if who == self._you and not self._met:
                self._met = True
                self._do(self._say(texts.WELCOME))
            case RoomMessage(room="lobby", sender=who, notice=None) if who == self._you:
                self._do(self._say(next(self._talk)))
            case Invited() as invited:
                self._links.invited(invited)
            case LinkEnded() as ended:
                self._links.ended(ended)
            case _:
                pass

    async def _say(self, text: str) -> None:
        await asyncio.sleep(self._pace.noticing)
        with suppress(Refusal, Unreachable):
            await self._post(text)

    async def _post(self, text: str) -> None:
        said: JsonObject = {
            "room": LOBBY,
            "body": text,
            "client_id": new_client_id(),
        }
        await self._me.call("room.post", said)

    # -- private links

    async def _agree(self, _: str, __: str) -> str:
        """Say yes to whoever asks for a link."""
        await asyncio.sleep(self._pace.noticing)
        return "y"

    def _spoken_to(self, user: str) -> None:
        self._do(self._whisper(user))

    async def _whisper(self, user: str) -> None:
        await asyncio.sleep(self._pace.noticing)
        with suppress(Refusal, Unreachable):
            await self._links.send(
                user, next(self._whispers).format(user=self._me.user)
            )


class _Links(Privates):
    """Private links; `spoken_to` is called when one stands, and for each text."""

    def __init__(
        self, me: Person, tasks: asyncio.TaskGroup, spoken_to: Callable[[str], None]
    ) -> None:
        super().__init__(me, tasks, port=0)
        self._spoken_to = spoken_to

    def told(self, user: str, sender: str, _: str) -> None:
        """See `Privates`."""
        if sender == user:
            self._spoken_to(user)

    def happened(self, user: str, text: str) -> None:  # noqa: ARG002
        """See `Privates`."""
        if self.has(user):
            self._spoken_to(user)


def _in_turn(row: Sequence[str]) -> Iterator[str]:
    """One text after the other; the last one again and again."""
    return chain(row, repeat(row[-1]))


def _unheard(_: str) -> None:
    """Take what a person would be told."""


async def _nobody(question: Question, _: str) -> str:
    raise Refusal("login_required", f"nobody can be asked: {question.text}")
