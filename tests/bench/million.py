"""A store of a million messages: searching and rebuilding it."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from nimsg.protocol.constants import Box
from nimsg.store.base import ListQuery
from nimsg.store.local import LocalStore
from tests.bench.bigstore import PEOPLE, READER, big_store, vocabulary
from tests.bench.measures.growth import KEPT
from tests.bench.peers.nimsg import Nimsg, ask
from tests.bench.proc import memory
from tests.bench.sizes import Line, Size
from tests.bench.stats import share
from tests.bench.wire import run


TRIES = 200
Query = Mapping[str, object]


def million(size: Size, folder: Path) -> Iterator[Line]:
    """A million messages: searches, listing all, and a new index."""
    var = big_store(KEPT.absolute(), size.million)
    _catch_up(var)
    yield ("what", "p50", "p95", "bound")
    peer = Nimsg("nimsg", folder)
    peer.start_over(var.parent)
    run(_list_all(peer))
    yield ("memory after listing a whole inbox", _mib(peer), "", "100 MiB")
    for name, queries in _queries().items():
        yield _times(f"search: {name}", run(_search(peer, queries)), "50 ms")
    yield ("memory after searching", _mib(peer), "", "100 MiB")
    peer.stop()
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


def _mib(peer: Nimsg) -> str:
    return f"{memory(peer.pid).rss / 1024:.1f} MiB"


def _times(name: str, taken: Sequence[float], bound: str) -> Line:
    ordered = sorted(taken)
    at_50, at_95 = (share(ordered, part) * 1000 for part in (0.5, 0.95))
    return (name, f"{at_50:.2f} ms", f"{at_95:.2f} ms", bound)


async def _list_all(peer: Nimsg) -> None:
    await peer.list_all(await peer.open(READER))


def _queries() -> dict[str, list[Query]]:
    """Searches of several kinds, each some dozens of times with other words."""
    chance = random.Random(3)  # noqa: S311
    words = vocabulary()
    common, middling, rare = words[:20], words[100:2000], words[5000:]

    def some(make: Callable[[], Query]) -> list[Query]:
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


async def _search(peer: Nimsg, queries: Sequence[Query]) -> list[float]:
    wire = await peer.open(READER)
    taken: list[float] = []
    for query in queries:
        began_s = time.perf_counter()
        await ask(wire, "mail.search", **query)
        taken.append(time.perf_counter() - began_s)
    return taken


def _pages(var: Path) -> list[float]:
    store = LocalStore(var)
    try:
        account = store.account(READER)
        assert account is not None
        taken: list[float] = []
        for _ in range(TRIES):
            began = time.perf_counter()
            query = ListQuery(account.uid, Box.INBOX, all=True, limit=50)
            rows = store.page(query).page.inbox
            taken.append(time.perf_counter() - began)
            assert len(msgspec.json.decode(rows)) == 50
        return taken
    finally:
        store.close()


def _rebuilt(var: Path, count: int) -> Line:
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


def _indexed(var: Path, count: int) -> Line:
    began = time.perf_counter()
    _catch_up(var)
    took = time.perf_counter() - began
    return ("a new full text", f"{took:.0f} s", f"{count / took:,.0f}/s", "")
