"""Is an answered message on the disk? The server's sync calls, watched by strace.

One message at a time is sent. An answer counts as synced when a sync call has begun and
ended between sending and answer; files opened with O_SYNC are noted. A pause in between
keeps a later sync from being taken for the next message's. Where a rename or link comes
behind the last sync, the content is durable and the name is not: unless the peer finds
the message under its earlier name, or elsewhere, when it starts again.
"""

import asyncio
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench import proc
from tests.bench.measures.deliver import BODY
from tests.bench.peers.base import RECIPIENTS, Peer
from tests.bench.sizes import Size
from tests.bench.stats import Row
from tests.bench.wire import run


SYNCS = ("fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "msync", "pwritev2")
NAMES = ("rename", "renameat", "renameat2", "link", "linkat")
LINE = re.compile(r"^(\d+\.\d+) (\w+)\((.*)\)\s+= (\S+).*<([\d.]+)>$")
PATH = re.compile(r"<([^<>]*)>")
MESSAGES = 30
PAUSE_S = 0.05
SHOWN = 6


class Call(NamedTuple):
    """A call of the kernel that has succeeded, by the wall clock."""

    name: str
    began_s: float
    ended_s: float
    path: str


class Sent(NamedTuple):
    """When a message was sent and answered; whether it lay in its box right then."""

    sent_s: float
    answered_s: float
    in_place: bool


def durability(peer: Peer, size: Size) -> Iterator[Row]:
    """Syncs within each answer, and whether the message lay in its box then."""
    strace = proc.program("strace")
    if strace is None:
        return
    count = min(MESSAGES, size.sends[1])
    traces = Path(tempfile.mkdtemp(prefix="strace-", dir=peer.folder))
    traces.chmod(0o755)
    watched = ",".join((*SYNCS, *NAMES, "openat"))
    flags = ("-ff", "-q", "-ttt", "-T", "-y", "-e", "signal=none", "-e")
    peer.prefix = (strace, *flags, f"trace={watched}", "-o", str(traces / "t"))
    try:
        peer.start("deliver")
        sent = run(_send(peer, count, size.quiet_s))
    finally:
        peer.stop()
        peer.prefix = ()
    head = {"measure": "durability", "point": "one at a time", "peer": peer.name}
    yield {**head, **judged(sent, list(_calls(traces)), peer)}


async def _send(peer: Peer, count: int, quiet_s: float) -> list[Sent]:
    wire = await peer.connect(0)
    for to in RECIPIENTS:  # boxes are made, and not watched
        await peer.deliver(wire, to, BODY)
    await asyncio.sleep(quiet_s)
    before = peer.stored() or 0
    found: list[Sent] = []
    for number in range(count):
        began_s = time.time()
        await peer.deliver(wire, RECIPIENTS[number % len(RECIPIENTS)], BODY)
        answered_s = time.time()
        in_place = (peer.stored() or 0) == before + number + 1
        found.append(Sent(began_s, answered_s, in_place))
        await asyncio.sleep(PAUSE_S)
    await peer.hang_up(wire)
    return found


def _calls(traces: Path) -> Iterator[Call]:
    for path in traces.iterdir():
        for line in path.read_text(errors="replace").splitlines():
            match = LINE.match(line)
            if match is None or match[4].startswith("-"):
                continue
            name, words, began_s = match[2], match[3], float(match[1])
            if name == "openat" and not ("O_SYNC" in words or "O_DSYNC" in words):
                continue
            if name == "pwritev2" and "RWF_" not in words:
                continue
            where = PATH.search(words)
            target = where[1] if where else ""
            yield Call(name, began_s, began_s + float(match[5]), target)


def judged(sent: Sequence[Sent], calls: Sequence[Call], peer: Peer) -> Row:
    """What the calls say about the answers."""
    syncs = [call for call in calls if call.name in SYNCS]
    moves = [call for call in calls if call.name in NAMES]
    within = [_within(syncs, one) for one in sent]
    synced = sum(map(bool, within))
    named = sum(
        _named(mine, _within(moves, one))
        for mine, one in zip(within, sent, strict=True)
    )
    kinds = Counter(_kind(call, peer.folder) for mine in within for call in mine)
    count = len(sent)
    often = kinds.most_common(SHOWN)
    whole = named == count or peer.earlier_name_is_enough
    verdict = "yes" if whole else "contents only"
    if synced < count:
        verdict = "partly" if synced else "no"
    return {
        "messages": count,
        "verdict": verdict,
        "synced": synced,
        "named": named,
        "in_place": None
        if peer.stored() is None
        else sum(one.in_place for one in sent),
        "syncs": "; ".join(f"{kind} x{number / count:.2f}" for kind, number in often),
    }


def _within(calls: Iterable[Call], one: Sent) -> list[Call]:
    return [
        call
        for call in calls
        if one.sent_s <= call.began_s and call.ended_s <= one.answered_s
    ]


def _named(syncs: Sequence[Call], moves: Sequence[Call]) -> bool:
    last = max((move.began_s for move in moves), default=0.0)
    return any(sync.began_s > last for sync in syncs)


def _kind(call: Call, root: Path) -> str:
    """The call and its file, without what differs from message to message."""
    path = call.path
    if path == str(root):
        return f"{call.name} its folder"
    name = (
        os.path.relpath(path, root) if path.startswith(f"{root}/") else Path(path).name
    )
    parts = ("#" if re.search(r"\d", part) else part for part in name.split("/"))
    return f"{call.name} {'/'.join(parts)}"
