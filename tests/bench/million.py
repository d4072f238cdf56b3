"""A store of a million messages: starting, listing, searching, rebuilding it."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nimsg.protocol.constants import Box
from nimsg.store.base import ListQuery
from nimsg.store.local import LocalStore
from tests.bench.bigstore import PEOPLE, READER, TOKEN, big_store, words
from tests.bench.load import Connection, connect
from tests.bench.measures import ask, list_box
from tests.bench.sizes import Row, Size, run
from tests.bench.subjects import Subject, request, start_nimsg


KEPT = Path(".bench")
TRIES = 200


def million(size: Size, folder: Path) -> Iterator[Row]:
    """A million messages: start, listing, search, and a new index."""
    var = big_store(KEPT, size.million)
    _catch_up(var)
    yield ("what", "p50", "p95", "bound")
    yield _ready(folder, var)
    subject = start_nimsg(var.parent)
    yield _times("newest 50 by a fresh token login", _logins(subject), "3 ms")
    run(list_box(subject, TOKEN, size.million // 10))
    rss = subject.rss_kib() / 1024
    yield ("memory after listing a whole inbox", f"{rss:.1f} MiB", "", "100 MiB")
    for name, queries in _queries().items():
        taken = run(_search(subject, queries))
        yield _times(f"search: {name}", taken, "50 ms")
    rss = subject.rss_kib() / 1024
    yield ("memory after searching", f"{rss:.1f} MiB", "", "100 MiB")
    subject.stop()
    yield _times("newest 50 in the store", _pages(var), "1 ms")
    yield _rebuilt(var, size.million)
    yield _indexed(var, size.million)


def _catch_up(var: Path) -> None:
    """A rebuild has thrown the full text away."""
    store = LocalStore(var)
    try:
        while store.index_text(1000):
            pass
    finally:
        store.close()


def _times(name: str, taken: Sequence[float], bound: str) -> Row:
    ordered = sorted(taken)
    at_95 = ordered[int(0.95 * (len(ordered) - 1))]
    middle = ordered[len(ordered) // 2]
    return (name, f"{middle * 1000:.2f} ms", f"{at_95 * 1000:.2f} ms", bound)


def _ready(folder: Path, var: Path) -> Row:
    """From starting the process to its listening, beside an empty store."""
    taken: dict[Path, list[float]] = {folder / "empty": [], var.parent: []}
    for _ in range(5):
        for place, times in taken.items():
            began = time.perf_counter()
            subject = start_nimsg(place)
            times.append(time.perf_counter() - began)
            subject.stop()
    empty, big = (sorted(times)[len(times) // 2] for times in taken.values())
    what = f"ready (an empty store: {empty * 1000:.0f} ms)"
    return (what, f"{big * 1000:.0f} ms", "", "1 s")


def _logins(subject: Subject) -> list[float]:
    run(list_box(subject, TOKEN, 50))
    return [run(list_box(subject, TOKEN, 50)) for _ in range(TRIES)]


def _queries() -> dict[str, list[dict[str, object]]]:
    """Searches of several kinds, each some dozens of times with other words."""
    chance = random.Random(3)  # noqa: S311
    vocabulary = words()
    common, middling, rare = vocabulary[:20], vocabulary[100:2000], vocabulary[5000:]

    def some(make: Callable[[], dict[str, object]]) -> list[dict[str, object]]:
        return [make() for _ in range(60)]

    return {
        "a frequent word": some(lambda: {"words": chance.choice(common)}),
        "a word": some(lambda: {"words": chance.choice(middling)}),
        "a rare word": some(lambda: {"words": chance.choice(rare)}),
        "two words": some(lambda: {"words": " ".join(chance.sample(middling, 2))}),
        "two frequent words in one phrase": some(
            lambda: {"words": f'"{" ".join(chance.sample(common, 2))}"'}
        ),
        "a word and its sender": some(
            lambda: {"words": chance.choice(middling), "from": chance.choice(PEOPLE)}
        ),
        "a beginning": some(lambda: {"words": f"{chance.choice(middling)[:3]}*"}),
        "a word within a month": some(
            lambda: {"words": chance.choice(middling), "until": 1_705_000_000_000}
        ),
    }


async def _search(subject: Subject, queries: list[dict[str, object]]) -> list[float]:
    login = request(1, "auth.token", {"token": TOKEN})
    connection: Connection = await connect(subject._replace(login=lambda _: login), 0)
    taken: list[float] = []
    for number, query in enumerate(queries, 2):
        began = time.perf_counter()
        await ask(connection, number, "mail.search", **query)
        taken.append(time.perf_counter() - began)
    return taken


def _pages(var: Path) -> list[float]:
    store = LocalStore(var)
    try:
        account = store.account(READER)
        assert account is not None
        taken: list[float] = []
        for _ in range(TRIES):
            began = time.perf_counter()
            page = store.page(ListQuery(account.uid, Box.INBOX, all=True, limit=50))
            taken.append(time.perf_counter() - began)
            assert len(page.inbox) == 50
        return taken
    finally:
        store.close()


def _rebuilt(var: Path, count: int) -> Row:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "nimsg", "check", "--rebuild", "--var", str(var)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    took = time.perf_counter() - began
    shutil.rmtree(var / "quarantine", ignore_errors=True)
    return (
        "a new index by check --rebuild",
        f"{took:.0f} s",
        f"{count / took:,.0f}/s",
        "",
    )


def _indexed(var: Path, count: int) -> Row:
    began = time.perf_counter()
    _catch_up(var)
    took = time.perf_counter() - began
    return ("a new full text", f"{took:.0f} s", f"{count / took:,.0f}/s", "")
