"""Steady mail at a running server by real clients, and what was answered when."""

import asyncio
import itertools
import threading
import time
from contextlib import suppress
from typing import NamedTuple

from nimsg.client import answers
from nimsg.protocol.strict import JsonObject
from tests.support.aioclient import AioClient, connected
from tests.support.people import inner, inners
from tests.support.process import HANG_S


PAIRS = 4
LANES = 8
BODY = "Grüße an alle. " * 30


class Answered(NamedTuple):
    """When an answer came, and what it told."""

    at: float
    what: object


class Answers:
    """By id: what the senders, the readers and those who acknowledged were told."""

    def __init__(self) -> None:
        self.sent: dict[str, Answered] = {}
        self.opened: dict[str, Answered] = {}
        self.acked: dict[str, Answered] = {}

    def before(self, instant: float) -> "Answers":
        """Those that came before an instant of the monotonic clock."""
        kept = Answers()
        for mine, theirs in zip(self.all, kept.all, strict=True):
            # A thread may be adding to it.
            theirs.update((k, v) for k, v in list(mine.items()) if v.at < instant)
        return kept

    @property
    def all(self) -> tuple[dict[str, Answered], ...]:
        """The three of them."""
        return (self.sent, self.opened, self.acked)

    def missing(self, rows: dict[str, JsonObject]) -> list[str]:
        """What of it is not in the inboxes that a server shows."""
        receipts = {id_: inner(row, "receipt") for id_, row in rows.items()}
        return [
            *(f"message {id_}" for id_ in self.sent if id_ not in rows),
            *(
                f"opened {id_}"
                for id_, answered in self.opened.items()
                if receipts.get(id_, {}).get("opened_at") != answered.what
            ),
            *(
                f"acked {id_}"
                for id_, answered in self.acked.items()
                if receipts.get(id_, {}).get("acked_at") != answered.what
            ),
        ]


class Traffic(threading.Thread):
    """Sends so many messages a second until it is over; each is opened, half acked.

    Use in `with`: behind the block it is over, and every client was content.
    """

    def __init__(self, port: int, rate: int) -> None:
        super().__init__(name="traffic")
        self.answers = Answers()
        self.trouble: BaseException | None = None
        self._port = port
        self._gap_s = PAIRS * LANES / rate
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._answered = threading.Condition()

    def __enter__(self) -> "Traffic":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self.join(HANG_S)
        assert self.trouble is None, self.trouble

    def go_on(self, seconds: float) -> None:
        """Let it send for so long, and then until something was answered again."""
        end = time.monotonic() + seconds
        with self._answered:
            assert self._answered.wait_for(
                lambda: self.trouble or time.monotonic() > end, HANG_S
            )

    def run(self) -> None:
        """All clients on a loop of their own."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._run())
        except BaseException as error:  # noqa: BLE001 - the test tells of it
            self.trouble = error

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(PAIRS):
                tasks.create_task(self._pair(number))

    async def _pair(self, number: int) -> None:
        """A sender and a reader, with some requests in flight at any time."""
        async with connected(self._port) as ann, connected(self._port) as bob:
            await ann.call("auth.login", user=f"sender{number}")
            await bob.call("auth.login", user=f"reader{number}")
            async with asyncio.TaskGroup() as tasks:
                for lane in range(LANES):
                    tasks.create_task(self._lane(ann, bob, f"{number}-{lane}", number))

    async def _lane(
        self, ann: AioClient, bob: AioClient, name: str, number: int
    ) -> None:
        begun = time.monotonic()
        for count in itertools.count():
            rest = begun + count * self._gap_s - time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), max(rest, 0.0001))
            if self._over.is_set():
                return
            letter: JsonObject = {
                "to": [f"reader{number}"],
                "client_id": f"{name}-{count}",
                "subject": f"letter {count}",
                "body": f"{count} {BODY}",
            }
            id_ = answers.identifier(await ann.call("mail.send", **letter))
            self._note(self.answers.sent, id_, True)
            opened = inner(await bob.call("mail.open", id=id_), "receipt")
            self._note(self.answers.opened, id_, opened["opened_at"])
            if count % 2:
                acked = inner(await bob.call("mail.ack", id=id_), "receipt")
                self._note(self.answers.acked, id_, acked["acked_at"])

    def _note(self, answers_: dict[str, Answered], id_: str, what: object) -> None:
        with self._answered:
            answers_[id_] = Answered(time.monotonic(), what)
            self._answered.notify_all()


def inboxes(port: int) -> dict[str, JsonObject]:
    """Every row of every reader's inbox, by id."""
    return asyncio.run(_inboxes(port))


async def _inboxes(port: int) -> dict[str, JsonObject]:
    rows: dict[str, JsonObject] = {}
    for number in range(PAIRS):
        async with connected(port) as client:
            await client.call("auth.login", user=f"reader{number}")
            before: int | None = 2**53
            while before is not None:
                page = await client.call(
                    "mail.list", all=True, limit=500, before=before
                )
                rows |= {answers.identifier(r): r for r in inners(page, "inbox")}
                before = answers.maybe_number(page, "next")
    return rows
