"""Somebody with the client of nimsg, who does several things at once and insists.

What is not answered is asked again, over another connection, until it is.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

import msgspec

from nimsg.client.address import Address
from nimsg.client.aio import AioClient
from nimsg.errors import Refusal, Unreachable
from nimsg.protocol.constants import INTERACTIVE, LOBBY, Box, Device
from nimsg.protocol.results import (
    Acked,
    ChangePage,
    Done,
    Opened,
    OutboxRow,
    Page,
    Recalled,
    Result,
    Sent,
    Status,
    Welcome,
)
from nimsg.protocol.results_rooms import Posted, RoomMessage, RoomPage
from nimsg.protocol.strict import JsonObject
from tests.sim.checker import LINGER_S, Judge, Saying, Span, Turn, require
from tests.sim.network import Network


R = TypeVar("R", bound=Result)
Acts = Callable[["Person"], Coroutine[object, object, object]]

SERVER = Address("server", 6969)
PATIENCE_S = 20.0
PAUSE_S = 1.0
LANES = 2
# Everybody is busy at the same times, and rests between them.
STORM_S = 60.0
ACTS_AT_ONCE = 4
HASTE_S = 0.3
WAITS_MS = (0, 3_000, 60_000)
PAGES = (1, 5, 100)
BODY_CHARS = (0, 20, 200, 5_000)
# What says nothing about the act: it is asked again.
AGAIN = {"busy", "shutting_down", "storage_failed", "too_many_requests"}
# The server still sees an earlier connection, or has forgotten it.
LOGIN_AGAIN = {"duplicate_login", "bad_resume", *AGAIN}


class Answer(NamedTuple):
    """A result as it came, and when."""

    raw: JsonObject
    when: Span

    def a(self, kind: type[R]) -> R:
        """The result, of its type."""
        return msgspec.convert(self.raw, kind)


class Person:
    """All that is said and seen is told to the judge."""

    def __init__(
        self, name: str, others: Sequence[str], network: Network, judge: Judge
    ) -> None:
        self.name = name
        self.requests = 0
        self.asking: list[str] = []
        self._others = others
        self._address = f"192.0.2.{ord(name[0])}"
        self._network = network
        self._judge = judge
        self._chance = network.chance
        self._now = network.loop.time
        self._device = self._chance.choice(list(Device))
        self._entering = asyncio.Lock()
        self._client: AioClient | None = None
        self._resume: str | None = None
        self._cursor: str | None = None
        self._inbox: list[str] = []
        self._outbox: list[str] = []
        self._said = 0
        self._read_to = 0
        self._over = asyncio.Event()

    async def live(self) -> None:
        """Act until `rest`; what was begun is finished."""
        async with asyncio.TaskGroup() as self._tasks:
            async with asyncio.TaskGroup() as lanes:
                lanes.create_task(self._keep_following())
                for _ in range(LANES):
                    lanes.create_task(self._keep_acting())
            await self._hang_up()

    def rest(self) -> None:
        """Begin nothing new."""
        self._over.set()

    async def look_at_everything(self, together: asyncio.Barrier) -> None:
        """Follow, list and read all there is, and leave when all have.

        Each letter is opened by its author.
        """
        async with asyncio.TaskGroup() as self._tasks:
            while await self._follow(0):
                pass
            for box in Box:
                await self._list(box)
            for row in self._judge.latest(self.name, OutboxRow):
                await self._open(row.id)
            self._read_to = 0
            while await self._read(self._read_to):
                pass
            await together.wait()
            await self._hang_up()

    # -- connections

    async def _ask(
        self,
        method: str,
        params: JsonObject,
        wait_s: float = 0.0,
        turning: Callable[[], Turn] | None = None,
    ) -> Answer:
        """What it comes to, however often it has to be asked. Raises `Refusal`.

        Each try to turn a switch is noted by itself.
        """
        self.asking.append(method)
        while True:
            client = await self._enter()
            turn = turning() if turning else Turn(on=False, begun=self._now())
            try:
                raw = await client.call(method, params, PATIENCE_S + wait_s)
            except Unreachable:
                self._give_up(client)
            except Refusal as refusal:
                require(refusal.kind != "internal_error", "{} {}", method, params)
                if refusal.kind not in AGAIN:
                    self.asking.remove(method)
                    raise
                await asyncio.sleep(PAUSE_S)
            else:
                self.requests += 1
                self.asking.remove(method)
                turn.end, turn.done = self._now(), True
                return Answer(raw, Span(turn.begun, turn.end))
            finally:
                turn.end = min(turn.end, self._now() + LINGER_S)

    async def _enter(self) -> AioClient:
        """The connection, logged in."""
        async with self._entering:
            while self._client is None:
                try:
                    self._client = await self._connect()
                except (Unreachable, OSError):
                    await asyncio.sleep(PAUSE_S)
                except Refusal as refusal:
                    require(refusal.kind in LOGIN_AGAIN, "{}: {}", self.name, refusal)
                    self._resume = None
                    await asyncio.sleep(PAUSE_S)
            return self._client

    async def _connect(self) -> AioClient:
        client = AioClient(SERVER, PATIENCE_S)
        try:
            await self._network.connect(client, self._address)
            await client.greet()
            welcome = await client.call(*self._key())
        except BaseException:
            client.abort()
            raise
        self._resume = msgspec.convert(welcome, Welcome).resume
        if self._device in INTERACTIVE:
            self._tasks.create_task(self._hear(client))
        return client

    def _key(self) -> tuple[str, JsonObject]:
        if self._resume is not None:
            return "auth.resume", {"token": self._resume, "device": self._device}
        return "auth.login", {"user": self.name, "device": self._device}

    def _give_up(self, client: AioClient) -> None:
        client.abort()
        if self._client is client:
            self._client = None

    async def _hang_up(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()
            self._resume = None

    async def _hear(self, client: AioClient) -> None:
        """What the server says unasked, as long as the connection lasts."""
        hearing = self._judge.hears(self.name)
        with suppress(Unreachable, Refusal):
            while True:
                event = await client.event()
                if event.method == "room.message":
                    message = msgspec.convert(event.params, RoomMessage)
                    self._judge.heard(hearing, message, self._now())

    # -- what people do

    async def _keep_acting(self) -> None:
        acts, weights = zip(*ACTS, strict=True)
        while not self._over.is_set():
            for _ in range(self._chance.randint(1, ACTS_AT_ONCE)):
                (act,) = self._chance.choices(acts, weights)
                await act(self)
                await asyncio.sleep(self._chance.expovariate(1 / HASTE_S))
            with suppress(TimeoutError):
                async with asyncio.timeout(STORM_S - self._now() % STORM_S):
                    await self._over.wait()

    async def _keep_following(self) -> None:
        while not self._over.is_set():
            await self._follow(self._chance.choice(WAITS_MS))
            await asyncio.sleep(self._chance.uniform(0, STORM_S))

    async def _follow(self, wait_ms: int) -> bool:
        """Learn what has changed; whether there is more."""
        params: JsonObject = {
            "since": self._cursor,
            "limit": self._chance.choice(PAGES),
            "wait_ms": wait_ms,
        }
        answer = await self._ask("mail.changes", params, wait_ms / 1000)
        page = answer.a(ChangePage)
        self._cursor = page.cursor
        self._judge.followed(self.name, page, answer.when)
        self._inbox += [row.id for row in page.inbox if row.id not in self._inbox]
        return page.more

    async def _list(self, box: Box) -> None:
        params: JsonObject = {"box": box, "all": True, "limit": 500}
        answer = await self._ask("mail.list", params)
        page = answer.a(Page)
        require(page.next is None, "{} has more than a page", self.name)
        self._judge.listed(self.name, page, answer.when)

    async def _look(self) -> None:
        await self._list(self._chance.choice(list(Box)))

    async def _send(self) -> None:
        count = self._chance.randint(1, len(self._others))
        letter = self._say(tuple(self._chance.sample(self._others, count)))
        params: JsonObject = {
            "to": list(letter.to),
            "client_id": letter.key,
            "subject": letter.key,
            "body": letter.body,
        }
        try:
            answer = await self._ask("mail.send", params)
        except Refusal as refusal:
            self._judge.refused(letter, refusal.kind, Span(letter.begun, self._now()))
        else:
            self._judge.sent(letter, answer.a(Sent), answer.when)
            self._outbox.append(letter.id)

    async def _post(self) -> None:
        post = self._say(())
        params: JsonObject = {
            "room": LOBBY,
            "client_id": post.key,
            "body": post.body,
        }
        answer = await self._ask("room.post", params)
        self._judge.posted(post, answer.a(Posted), answer.when)

    async def _read(self, after: int) -> bool:
        """Read a page of the room; whether there is more."""
        params: JsonObject = {"room": LOBBY, "after": after, "limit": 100}
        answer = await self._ask("room.history", params)
        page = answer.a(RoomPage)
        self._judge.history(self.name, after, page, answer.when)
        self._read_to = page.messages[-1].position if page.more else page.last
        return page.more

    async def _look_around(self) -> None:
        await self._read(self._chance.choice((0, self._read_to)))

    async def _open(self, id_: str) -> None:
        answer = await self._touch("mail.open", id_)
        if answer is not None:
            self._judge.opened(self.name, answer.a(Opened), answer.when)

    async def _open_one(self) -> None:
        if self._inbox:
            await self._open(self._chance.choice(self._inbox))

    async def _ack_one(self) -> None:
        if not self._inbox:
            return
        answer = await self._touch("mail.ack", self._chance.choice(self._inbox))
        if answer is not None:
            acked = answer.a(Acked)
            require(acked.receipt.acked_at is not None, "{} is not acked", acked)
            self._judge.receipt(acked.id, acked.receipt, answer.when)

    async def _touch(self, method: str, id_: str) -> Answer | None:
        """Do something to a letter in the inbox; None where it was recalled."""
        begun = self._now()
        try:
            return await self._ask(method, {"id": id_})
        except Refusal as refusal:
            require(refusal.kind == "recalled", "{}: {}", self.name, refusal)
            when = Span(begun, self._now())
            self._judge.withdrawn(id_, self.name, when)
            return None

    async def _recall_one(self) -> None:
        await self._ask_of_sent("mail.recall", Recalled)

    async def _ask_of_one(self) -> None:
        await self._ask_of_sent("mail.status", Status)

    async def _ask_of_sent(self, method: str, kind: type[Recalled | Status]) -> None:
        if not self._outbox:
            return
        id_ = self._chance.choice(self._outbox)
        answer = await self._ask(method, {"id": id_})
        for receipt in answer.a(kind).receipts:
            self._judge.receipt(id_, receipt, answer.when)

    async def _block(self) -> None:
        await self._turn("block.add", "already_blocked", on=True)

    async def _unblock(self) -> None:
        await self._turn("block.remove", "not_blocked", on=False)

    async def _turn(self, method: str, already: str, *, on: bool) -> None:
        other = self._chance.choice(self._others)
        switch = self._judge.blocks[self.name, other]
        turns: list[Turn] = []

        def turning() -> Turn:
            turns.append(switch.turn(self._now(), on=on))
            return turns[-1]

        try:
            answer = await self._ask(method, {"user": other}, turning=turning)
        except Refusal as refusal:
            # Who has never been here cannot be blocked.
            require(refusal.kind in (already, "unknown_user"), "{}", refusal)
            turns[-1].done = refusal.kind == already
        else:
            answer.a(Done)

    def _say(self, to: tuple[str, ...]) -> Saying:
        self._said += 1
        key = f"{self.name}-{self._said}"
        filler = self._chance.choice("aä☃") * self._chance.choice(BODY_CHARS)
        saying = Saying(key, self.name, to, f"{key}:{filler}", self._now())
        self._judge.sayings[key] = saying
        return saying


ACTS: tuple[tuple[Acts, int], ...] = (
    (Person._send, 6),
    (Person._post, 4),
    (Person._look, 2),
    (Person._look_around, 2),
    (Person._open_one, 4),
    (Person._ack_one, 2),
    (Person._recall_one, 1),
    (Person._ask_of_one, 1),
    (Person._block, 1),
    (Person._unblock, 2),
)
