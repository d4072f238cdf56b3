"""The measures: each prints rows of figures, ratios always within the same run."""

import asyncio
import itertools
import json
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nimsg.cli.server import loop_factory
from tests.bench.load import Connection, check, connect, send_load
from tests.bench.room import room
from tests.bench.sizes import Row, Size, run
from tests.bench.subjects import (
    HEADER,
    RECIPIENTS,
    Subject,
    request,
    start_bound,
    start_nimsg,
)


BOUNDS = ("log", "log+file", "syncfs")
MODULES = "import socket, json, argparse"


def sends(size: Size, folder: Path) -> Iterator[Row]:
    """Durable sends beside the bare bounds, taking turns."""
    yield ("C", "who", "per s", "of log+file", "p50 ms", "p99 ms", "CPU us")
    for repeat in range(size.repeats):
        subjects = [start_nimsg(folder / f"nimsg{repeat}")]
        subjects += [
            start_bound(mode, folder / f"{mode}{repeat}".replace("+", "-"))
            for mode in BOUNDS
        ]
        yield from _send_points(subjects, size)
        yield ("-", "journal empty after", f"{_journal_empty_s(subjects[0]):.1f} s")
        for subject in subjects:
            subject.stop()


def _send_points(subjects: list[Subject], size: Size) -> Iterator[Row]:
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        for subject in subjects:
            runner.run(send_load(subject, 64, 640, 0))
        first = 640
        for concurrency, messages in size.messages.items():
            loads = {}
            for subject in subjects:
                before = subject.cpu_s()
                load = runner.run(send_load(subject, concurrency, messages, first))
                loads[subject.name] = load, (subject.cpu_s() - before) / messages
            first += messages
            bound = loads["bound log+file"][0].per_s
            for name, (load, cpu_s) in loads.items():
                yield (
                    str(concurrency),
                    name,
                    f"{load.per_s:.0f}",
                    f"{load.per_s / bound:.2f}",
                    f"{load.percentile_ms(0.5):.2f}",
                    f"{load.percentile_ms(0.99):.2f}",
                    f"{cpu_s * 1e6:.0f}",
                )


def _journal_empty_s(subject: Subject) -> float:
    began = time.perf_counter()
    index = sqlite3.connect(f"file:{subject.folder}/var/index.db?mode=ro", uri=True)
    while index.execute("SELECT count(*) FROM journal").fetchone()[0]:
        if time.perf_counter() - began > 60:
            break
    index.close()
    return time.perf_counter() - began


def once(size: Size, folder: Path) -> Iterator[Row]:
    """`client --once` as a whole process beside what its imports cost."""
    subject = start_nimsg(folder / "once")
    run(_fill(subject, "head", 20))
    script = Path(sys.executable).with_name("nimsg")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "nimsg"]
    commands = {
        f"python -c '{MODULES}'": [sys.executable, "-c", MODULES],
        "python -c 'import asyncio'": [sys.executable, "-c", "import asyncio"],
        "nimsg client --once": [
            *program,
            *("client", "--once", "--user", "head"),
            *("--server", f"127.0.0.1:{subject.port}"),
        ],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(size.spawns + 2):
        for name, argv in commands.items():
            began = time.perf_counter()
            subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
            times[name].append(time.perf_counter() - began)
    subject.stop()
    floor = statistics.median(next(iter(times.values()))[2:])
    yield ("command", "median ms", "of the floor")
    for name, taken in times.items():
        median = statistics.median(taken[2:])
        yield (name, f"{median * 1000:.1f}", f"{median / floor:.2f}")


def inbox(size: Size, folder: Path) -> Iterator[Row]:
    """A fresh connection and token login that lists the newest 50, and all."""
    subject = start_nimsg(folder / "inbox")
    token = run(_fill(subject, "box", size.box))
    yield ("what", "p50 ms", "p99 ms")
    for name, rows in (("newest 50", 50), (f"all {size.box}", size.box)):
        tries = 60 if rows == 50 else 8
        taken = sorted(run(list_box(subject, token, rows)) for _ in range(tries))
        at_99 = taken[int(0.99 * (len(taken) - 1))]
        yield (name, f"{taken[len(taken) // 2] * 1000:.2f}", f"{at_99 * 1000:.2f}")
    subject.stop()


async def ask(
    connection: Connection, id_: int, method: str, **params: object
) -> dict[str, object]:
    connection.write(request(id_, method, params))
    answer = await connection.answer()
    check(answer)
    result: dict[str, object] = json.loads(answer[HEADER.size :])["result"]
    return result


async def _log_in(subject: Subject, user: str) -> Connection:
    login = request(1, "auth.login", {"user": user})
    return await connect(subject._replace(login=lambda _: login), 0)


async def _fill(subject: Subject, user: str, count: int) -> str:
    reader = await _log_in(subject, user)
    made = await ask(reader, 2, "token.create", label="bench")
    senders = [await connect(subject, i) for i in range(32)]
    numbers = itertools.count(10_000_000)

    async def work(number: int, sender: Connection) -> None:
        while (k := next(numbers)) < 10_000_000 + count:
            params = {"to": [user], "client_id": f"{number}-{k}", "subject": f"no {k}"}
            await ask(sender, k, "mail.send", **params)

    await asyncio.gather(*(work(i, sender) for i, sender in enumerate(senders)))
    return str(made["token"])


async def list_box(subject: Subject, token: str, rows: int) -> float:
    began = time.perf_counter()
    login = request(1, "auth.token", {"token": token})
    connection = await connect(subject._replace(login=lambda _: login), 0)
    before, got = None, 0
    while got < rows:
        limit = min(rows - got, 500)
        page = await ask(
            connection, 2, "mail.list", all=True, limit=limit, before=before
        )
        found = page["inbox"]
        assert isinstance(found, list)
        got += len(found)
        before = page["next"]
        if before is None:
            break
    assert got == rows, (got, rows)
    return time.perf_counter() - began


def receipts(size: Size, folder: Path) -> Iterator[Row]:
    """From a reader's `mail.open` to the waking of the sender's parked poll."""
    subject = start_nimsg(folder / "receipts")
    sends, wakes = run(_receipts(subject, size.messages[1] // 3))
    subject.stop()
    yield ("what", "p50 ms", "p99 ms")
    for name, taken in (("send", sends), ("open wakes the sender", wakes)):
        taken.sort()
        at_99 = taken[int(0.99 * (len(taken) - 1))]
        yield (name, f"{taken[len(taken) // 2] * 1000:.2f}", f"{at_99 * 1000:.2f}")


async def _receipts(subject: Subject, count: int) -> tuple[list[float], list[float]]:
    sender, watcher = [await _log_in(subject, "ann") for _ in range(2)]
    reader = await _log_in(subject, "bob")
    sends: list[float] = []
    wakes: list[float] = []
    for k in range(count):
        began = time.perf_counter()
        params = {"to": ["bob"], "client_id": f"r{k}", "body": "text"}
        sent = await ask(sender, 2, "mail.send", **params)
        sends.append(time.perf_counter() - began)
        cursor = (await ask(watcher, 3, "mail.changes"))["cursor"]
        while (page := await ask(watcher, 3, "mail.changes", since=cursor))["more"]:
            cursor = page["cursor"]
        watcher.write(
            request(4, "mail.changes", {"since": page["cursor"], "wait_ms": 60_000})
        )
        began = time.perf_counter()
        reader.write(request(5, "mail.open", {"id": sent["id"]}))
        check(await watcher.answer())
        wakes.append(time.perf_counter() - began)
        check(await reader.answer())
    return sends, wakes


def crowd(size: Size, folder: Path) -> Iterator[Row]:
    """Many connections at once: each logs in, sends and lists."""
    subject = start_nimsg(folder / "crowd")
    rss = subject.rss_kib()
    began = time.perf_counter()
    grown = run(_crowd(subject, size.connections))
    wall_s = time.perf_counter() - began
    subject.stop()
    per_connection = (grown - rss) / size.connections
    yield ("connections", "all logged in, sent, listed", "KiB a connection")
    yield (str(size.connections), f"{wall_s:.2f} s", f"{per_connection:.1f}")


async def _crowd(subject: Subject, count: int) -> int:
    async def one(number: int) -> Connection:
        connection = await connect(subject, number)
        params = {"to": [RECIPIENTS[number % 100]], "client_id": "c", "body": "text"}
        await ask(connection, 2, "mail.send", **params)
        await ask(connection, 3, "mail.list")
        return connection

    kept = await asyncio.gather(*(one(number) for number in range(count)))
    rss = subject.rss_kib()
    for connection in kept:
        assert connection.transport is not None
        connection.transport.close()
    return rss


def flat(size: Size, folder: Path) -> Iterator[Row]:
    """Memory while messages are sent and read: each tenth of them."""
    subject = start_nimsg(folder / "flat")
    yield ("messages sent and read", "RSS MiB")
    step = size.flat // 10
    for tenth in range(10):
        run(_send_and_read(subject, tenth * step, step))
        yield (str((tenth + 1) * step), f"{subject.rss_kib() / 1024:.1f}")
    subject.stop()


async def _send_and_read(subject: Subject, first: int, count: int) -> None:
    numbers = itertools.count(first)

    async def work(number: int) -> None:
        sender = await _log_in(subject, f"from{number}")
        reader = await _log_in(subject, f"to{number}")
        while (k := next(numbers)) < first + count:
            params = {
                "to": [f"to{number}"],
                "client_id": f"f{k}",
                "subject": "a subject of ordinary length",
                "body": "text " * 200,
            }
            sent = await ask(sender, k, "mail.send", **params)
            await ask(reader, k, "mail.open", id=sent["id"])
        for connection in (sender, reader):
            assert connection.transport is not None
            connection.transport.close()

    await asyncio.gather(*(work(number) for number in range(32)))


MEASURES: dict[str, Callable[[Size, Path], Iterator[Row]]] = {
    "sends": sends,
    "once": once,
    "inbox": inbox,
    "receipts": receipts,
    "crowd": crowd,
    "flat": flat,
    "room": room,
}
