"""T5: the server is killed at random instants while people write and read.

What was answered stands, what is sent again under its name is stored once, and the
server comes back by itself each time.
"""

import asyncio
import itertools
import random
import shutil
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from nimsg.client import answers
from nimsg.client.address import Address, Security
from nimsg.client.blocking import BlockingClient, connect
from nimsg.errors import Unreachable
from nimsg.protocol.strict import JsonObject
from nimsg.store.check import check_store
from tests.support.aioclient import connected
from tests.support.people import inner, inners
from tests.support.process import HANG_S, ServerProcess, environment
from tests.support.soaking import Soak


WRITERS = 8
READER = "reader"
SOONEST_S, LATEST_S = 0.02, 0.5
AGAIN_S = 0.01
IN_FLIGHT = 24
CYCLES = 10  # on one store, before a soak takes a new one
Message = dict[str, object]


def message(writer: int, number: int) -> Message:
    """A writer's message of this number: always the same."""
    name = f"{writer}-{number}"
    chance = random.Random(name)  # noqa: S311 - sizes
    return {
        "to": [READER],
        "client_id": name,
        "subject": f"message {name}",
        "body": "ä" * chance.randrange(3000),
    }


class Person(threading.Thread):
    """Does one thing after the other at a server that comes and goes.

    `trouble` is whatever else than a lost connection happened to them.
    """

    def __init__(self, name: str, port: int, over: threading.Event) -> None:
        super().__init__(name=name)
        self.trouble: list[Exception] = []
        self._port = port
        self._over = over

    def run(self) -> None:
        """Go on until it is over; what a lost connection left open is done again."""
        while not self._over.is_set():
            try:
                with self._arrive() as client:
                    while not self._over.is_set():
                        self.act(client)
            except Unreachable:
                self._over.wait(AGAIN_S)
            except Exception as error:  # noqa: BLE001 - the test tells of it
                self.trouble.append(error)
                return

    def act(self, client: BlockingClient) -> None:
        """One thing, to be written down once it has been answered."""
        raise NotImplementedError

    def _arrive(self) -> BlockingClient:
        address = Address("127.0.0.1", self._port)
        client = connect(address, Security(), timeout_s=HANG_S)
        try:
            client.call("auth.login", {"user": self.name})
        except BaseException:
            client.close()
            raise
        return client


class Writer(Person):
    """Sends messages; `answered` has the id of each by its number."""

    def __init__(self, number: int, port: int, over: threading.Event) -> None:
        super().__init__(f"writer{number}", port, over)
        self.number = number
        self.answered: list[str] = []

    def act(self, client: BlockingClient) -> None:
        """Send the next message."""
        sent = client.call("mail.send", message(self.number, len(self.answered)))
        self.answered.append(answers.identifier(sent))


class Reader(Person):
    """Opens what is new; `opened` has when the answer said that each was opened."""

    def __init__(self, port: int, over: threading.Event) -> None:
        super().__init__(READER, port, over)
        self.opened: dict[str, object] = {}

    def act(self, client: BlockingClient) -> None:
        """Open some of what is new."""
        rows = inners(client.call("mail.list", {"limit": 5}), "inbox")
        for row in rows:
            letter = client.call("mail.open", {"id": row["id"]})
            assert answers.letter(letter).receipt is not None
            self.opened[str(row["id"])] = inner(letter, "receipt")["opened_at"]
        if not rows:
            client.call("mail.changes", {"wait_ms": 20})


class Killing:
    """A server that is started and killed again and again on one store."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.var = folder / "var"
        self.recoveries = 0
        self._env = environment(folder)
        self._chance = random.Random(seed)  # noqa: S311 - instants
        with ServerProcess(self.var, "--auth", "open", env=self._env) as server:
            self.port = server.port

    def serve(self) -> ServerProcess:
        """A server on the same port, which says what it recovered."""
        port = str(self.port)
        server = ServerProcess(
            self.var, "--auth", "open", "--port", port, env=self._env
        )
        server.__enter__()
        self.recoveries += any("journal rows" in line for line in server.lines)
        return server

    def cycle(self, noticed: threading.Event) -> None:
        """Start, kill at a random instant, and find the store whole."""
        server = self.serve()
        noticed.wait(self._chance.uniform(SOONEST_S, LATEST_S))
        server.kill()
        assert server.complaints == ""
        assert check_store(self.var).problems == []


async def send_again(port: int, writer: Writer) -> dict[str, str]:
    """Send all that a writer sent once more; the ids, by client_id.

    The last was perhaps never answered. What was answered is told as a duplicate.
    """
    ids: dict[str, str] = {}
    numbers = range(len(writer.answered) + 1)
    async with connected(port) as client:
        await client.call("auth.login", user=writer.name)
        for at in range(0, len(numbers), IN_FLIGHT):
            some = [message(writer.number, n) for n in numbers[at : at + IN_FLIGHT]]
            sent = await asyncio.gather(
                *(client.call("mail.send", **one) for one in some)
            )
            for one, answer in zip(some, sent, strict=True):
                assert answer["duplicate"] or one is some[-1], one["client_id"]
                ids[str(one["client_id"])] = answers.identifier(answer)
    return ids


async def inbox(port: int, opened: list[str]) -> tuple[list[JsonObject], list[object]]:
    """All rows of the reader's inbox, and when these messages were opened."""
    rows: list[JsonObject] = []
    async with connected(port) as client:
        await client.call("auth.login", user=READER)
        before: int | None = 2**53
        while before is not None:
            page = await client.call("mail.list", all=True, limit=500, before=before)
            rows += inners(page, "inbox")
            before = answers.maybe_number(page, "next")
    known = {row["id"]: inner(row, "receipt").get("opened_at") for row in rows}
    return rows, [known[id_] for id_ in opened]


def kill_often(folder: Path, cycles: int, seed: int) -> int:
    """Kill a server so often while people write; nothing answered is lost.

    Gives how many answers there were.
    """
    killing, over = Killing(folder, seed), threading.Event()
    writers = [Writer(number, killing.port, over) for number in range(WRITERS)]
    reader = Reader(killing.port, over)
    with ExitStack() as stack:
        for person in (*writers, reader):
            person.start()
            stack.callback(person.join, HANG_S)
        stack.callback(over.set)
        for _ in range(cycles):
            killing.cycle(over)
        last = killing.serve()
        stack.callback(last.__exit__)
        over.set()
        for person in (*writers, reader):
            person.join(HANG_S)
        assert [person.trouble for person in (*writers, reader)] == [[]] * (WRITERS + 1)

        answered = [id_ for writer in writers for id_ in writer.answered]
        again = [asyncio.run(send_again(killing.port, writer)) for writer in writers]
        rows, opened = asyncio.run(inbox(killing.port, list(reader.opened)))

    ids = [row["id"] for row in rows]
    subjects = [row["subject"] for row in rows]
    assert len(answered) > WRITERS
    assert set(answered) <= set(ids)
    assert len(ids) == len(set(ids))
    assert len(subjects) == len(set(subjects)) == sum(map(len, again))
    for writer, names in zip(writers, again, strict=True):
        assert list(names.values())[: len(writer.answered)] == writer.answered
    assert opened == list(reader.opened.values())
    assert killing.recoveries > 0
    assert last.complaints == ""
    assert check_store(killing.var).problems == []
    return len(answered) + len(opened)


@pytest.mark.parametrize(
    ("cycles", "seed"), [(2, 1), pytest.param(12, 2, marks=pytest.mark.slow)]
)
def test_s1_18_kill_9_loses_nothing_that_was_answered(
    tmp_path: Path, cycles: int, seed: int
) -> None:
    kill_often(tmp_path, cycles, seed)


@pytest.mark.soak
def test_t5_soak_kill_9_loses_nothing_that_was_answered(
    tmp_path: Path, soak: Soak
) -> None:
    for number in itertools.takewhile(lambda _: soak.going(), itertools.count()):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        answered = kill_often(folder, CYCLES, soak.seed + number)
        shutil.rmtree(folder)
        soak.count("kills", CYCLES)
        soak.count("answers", answered)
