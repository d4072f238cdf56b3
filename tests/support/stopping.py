"""People who ask one thing after the other of a server until it hangs up."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

from nimsg.client import answers
from nimsg.errors import Refusal
from nimsg.protocol.strict import JsonObject
from tests.support.aioclient import AioClient, connected
from tests.support.people import inner, inners
from tests.support.process import HANG_S
from tests.support.traffic import Answered, Answers


LANES = 6
READER, ROOM = "bob", "lobby"


class Work:
    """Asks and notes what was answered, and calls `now` at the answer of a number.

    `told` are the answers about letters, `ids` those of letters and of what was said in
    the room by their names, `open` the names of what nobody has answered.
    """

    def __init__(self, name: str, point: int, now: Callable[[], object]) -> None:
        self.told = Answers()
        self.ids: dict[str, str] = {}
        self.open: set[str] = set()
        self.ends: Counter[str] = Counter()
        self.goodbyes: list[str] = []
        self._name = name
        self._left = point
        self._now = now

    async def run(self, port: int) -> None:
        """Everybody works until the server has hung up on all of them."""
        async with asyncio.timeout(HANG_S), AsyncExitStack() as stack:
            ann, bob, idle = [
                await stack.enter_async_context(connected(port)) for _ in range(3)
            ]
            for client, user in ((ann, "ann"), (bob, READER)):
                await client.call("auth.login", user=user)
            await idle.call("auth.login", user="cyd", device="line")
            async with asyncio.TaskGroup() as tasks:
                for number in range(LANES):
                    tasks.create_task(self._lane(ann, bob, f"{self._name}-{number}"))
            for client in (ann, bob, idle):
                await client.closed.wait()
                self.goodbyes.append(client.session.closing)

    async def _lane(self, ann: AioClient, bob: AioClient, name: str) -> None:
        try:
            for count in itertools.count():
                await self._once(ann, bob, f"{name}-{count}")
        except ConnectionError as error:
            self.ends[str(error)] += 1
        except Refusal as refusal:
            self.ends[refusal.kind] += 1

    async def _once(self, ann: AioClient, bob: AioClient, name: str) -> None:
        """A letter that is opened and acknowledged, and something said in the room."""
        letter: JsonObject = {"to": [READER], "subject": name, "body": "text"}
        id_ = await self._store(ann, "mail.send", letter, name)
        self.told.sent[id_] = _now(name)
        opened = inner(await self._call(bob, "mail.open", {"id": id_}), "receipt")
        self.told.opened[id_] = _now(opened["opened_at"])
        post: JsonObject = {"room": ROOM, "body": f"post-{name}"}
        await self._store(bob, "room.post", post, f"post-{name}")
        acked = inner(await self._call(bob, "mail.ack", {"id": id_}), "receipt")
        self.told.acked[id_] = _now(acked["acked_at"])

    async def _store(
        self, client: AioClient, method: str, params: JsonObject, name: str
    ) -> str:
        self.open.add(name)
        answer = await self._call(client, method, {**params, "client_id": name})
        self.open.discard(name)
        self.ids[name] = answers.identifier(answer)
        return self.ids[name]

    async def _call(
        self, client: AioClient, method: str, params: JsonObject
    ) -> JsonObject:
        if client.closed.is_set():
            raise ConnectionError(client.session.closing)
        answer = await client.start(method, params)
        self._left -= 1
        if self._left == 0:
            self._now()
        if answer.refusal is not None:
            raise answer.refusal
        return answer.result


class Kept(NamedTuple):
    """What a server has: ids by the names of what is kept, and the inbox by id.

    `twice` are names that are there more than once.
    """

    ids: dict[str, str]
    inbox: dict[str, JsonObject]
    twice: list[str]

    def faults(self, work: Work, *, in_order: bool) -> list[str]:
        """What of an end is not as it was answered.

        After one `in_order` there is nothing that was not answered.
        """
        return [
            *(f"{name} is lost" for name, id_ in work.ids.items()
              if self.ids.get(name) != id_),
            *work.told.missing(self.inbox),
            *(f"{name} is there twice" for name in self.twice),
            *(f"{name} was not answered" for name in work.open & {*self.ids}
              if in_order),
        ]  # fmt: skip


async def kept(port: int) -> Kept:
    """All that the reader has, read to the end."""
    found: list[tuple[str, str]] = []
    inbox: dict[str, JsonObject] = {}
    async with connected(port) as client:
        await client.call("auth.login", user=READER)
        posts: list[JsonObject] = [{"position": 0}]
        while posts:
            after = answers.number(posts[-1], "position")
            page = await client.call("room.history", room=ROOM, after=after, limit=100)
            posts = inners(page, "messages")
            found += [
                (str(one["body"]), answers.identifier(one))
                for one in posts
                if not one["notice"]
            ]
        before: int | None = 2**53
        while before is not None:
            page = await client.call("mail.list", all=True, limit=500, before=before)
            for row in inners(page, "inbox"):
                inbox[answers.identifier(row)] = row
                found.append((str(row["subject"]), answers.identifier(row)))
            before = answers.maybe_number(page, "next")
    times = Counter(name for name, _ in found)
    return Kept(
        dict(found), inbox, [name for name, count in times.items() if count > 1]
    )


def _now(what: object) -> Answered:
    return Answered(time.monotonic(), what)
