"""A room full of people: how late its messages are, and what a copy costs."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

from tests.bench.sizes import Row, Size, run
from tests.bench.subjects import (
    HEADER,
    Subject,
    free_port,
    request,
    start_nimsg,
    wait_for,
)


PER_S = 20
MEMBERS = 500
# What each body begins with: a number, and the moment it was sent.
MARK = b"<<"
END = b">>"
# What the answer to a login has, and what a relay says first.
WELCOME = b'"role"'


class Heard(NamedTuple):
    """What the members got: latencies of copies in s, and how many were missed."""

    latencies: list[float]
    missed: int
    disordered: int


class Member(asyncio.Protocol):
    """Somebody in the room: notes of each message its number and how late it is."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.numbers: list[int] = []
        self.latencies: list[float] = []
        self.welcome = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        now = time.perf_counter()
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            (length,) = HEADER.unpack_from(self._buffer)
            if len(self._buffer) < HEADER.size + length:
                return
            self._take(bytes(self._buffer[HEADER.size : HEADER.size + length]), now)
            del self._buffer[: HEADER.size + length]

    def _take(self, payload: bytes, now: float) -> None:
        if WELCOME in payload:
            self.welcome.set()
        start = payload.find(MARK)
        if start < 0 or b'"jsonrpc"' not in payload:
            return
        number, sent_at = payload[start + 2 : payload.index(END)].split()
        self.numbers.append(int(number))
        self.latencies.append(now - float(sent_at))


def room(size: Size, folder: Path) -> Iterator[Row]:
    """A room of 500, one of them writes 20 messages a second; beside a bare relay."""
    yield (
        *("who", "members", "p50 ms", "p99 ms", "CPU us a copy"),
        *("missed", "out of order"),
    )
    count = PER_S * size.room_s
    subjects = [start_relay(folder / "relay"), start_nimsg(folder / "room")]
    for subject in subjects:
        heard, cpu_s = run(talk(subject, MEMBERS, count))
        subject.stop()
        taken = sorted(heard.latencies)
        yield (
            subject.name,
            str(MEMBERS),
            f"{statistics.median(taken) * 1000:.1f}",
            f"{taken[int(0.99 * (len(taken) - 1))] * 1000:.1f}",
            f"{cpu_s / len(taken) * 1e6:.1f}",
            str(heard.missed),
            str(heard.disordered),
        )


def start_relay(folder: Path) -> Subject:
    """A relay on a free port."""
    folder.mkdir(parents=True)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.relay", str(port)], text=True
    )
    wait_for(port, process)
    return Subject(
        "bare relay",
        process,
        port,
        folder,
        lambda _: b"",
        lambda _, __: b"",
        answers_are_frames=False,
    )


async def talk(subject: Subject, members: int, count: int) -> tuple[Heard, float]:
    """Everybody comes, one writes; what was heard, and the server's CPU seconds."""
    people = [await enter(subject, number) for number in range(members)]
    poster = people[0]
    before = subject.cpu_s()
    assert poster.transport is not None
    began = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / PER_S - time.perf_counter()))
        body = f"<<{number} {time.perf_counter()}>> and some words to read"
        params: dict[str, object] = {
            "room": "lobby",
            "client_id": f"n{number}",
            "body": body,
        }
        poster.transport.write(request(number + 10, "room.post", params))
    deadline = time.perf_counter() + 30
    while any(len(one.numbers) < count for one in people[1:]):
        if time.perf_counter() > deadline:
            break
        await asyncio.sleep(0.05)
    cpu_s = subject.cpu_s() - before
    for one in people:
        assert one.transport is not None
        one.transport.close()
    expected = list(range(count))
    return Heard(
        [late for one in people[1:] for late in one.latencies],
        sum(count - len(one.numbers) for one in people[1:]),
        sum(one.numbers != expected for one in people[1:]),
    ), cpu_s


async def enter(subject: Subject, number: int) -> Member:
    """Somebody who sits at a client."""
    loop = asyncio.get_running_loop()
    _, member = await loop.create_connection(Member, "127.0.0.1", subject.port)
    assert member.transport is not None
    if subject.answers_are_frames:
        params: dict[str, object] = {"user": f"m{number}", "device": "line"}
        member.transport.write(request(1, "auth.login", params))
    await asyncio.wait_for(member.welcome.wait(), 30)
    return member
