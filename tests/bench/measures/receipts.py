"""From opening a message to the waking of its sender, beside a send."""

import time
from collections.abc import Iterator

from tests.bench.measures.deliver import BODY
from tests.bench.peers.base import RECIPIENTS, Peer
from tests.bench.peers.nimsg import SENDERS, WAIT_MS, answer, ask_object, request
from tests.bench.proc import Noise
from tests.bench.sizes import Size
from tests.bench.stats import Row, latencies
from tests.bench.wire import Wire, run


SEND, WAKE = "a send", "opening wakes the sender"


def receipts(peer: Peer, size: Size) -> Iterator[Row]:
    """`mail.open` until the sender's parked poll ends with the receipt; a send."""
    peer.start("receipts")
    try:
        noise = Noise(peer.pid)
        taken = run(_watched(peer, size.wakes))
        used = noise.row()
    finally:
        peer.stop()
    for point, times in taken.items():
        head: Row = {"measure": "receipts", "point": point, "peer": peer.name}
        yield {**head, "tries": len(times), **latencies(times), **used}


async def _watched(peer: Peer, count: int) -> dict[str, list[float]]:
    sender, watcher = [await peer.open(SENDERS[0]) for _ in range(2)]
    reader = await peer.open(RECIPIENTS[0])
    taken: dict[str, list[float]] = {SEND: [], WAKE: []}
    send: dict[str, object] = {"to": RECIPIENTS[:1], "body": BODY.decode()}
    for number in range(count):
        began_s = time.perf_counter()
        sent = await ask_object(sender, "mail.send", client_id=f"r{number}", **send)
        taken[SEND].append(time.perf_counter() - began_s)
        parked = {"since": await _newest(watcher), "wait_ms": WAIT_MS}
        watcher.write(request(1, "mail.changes", parked))
        began_s = time.perf_counter()
        reader.write(request(1, "mail.open", {"id": sent["id"]}))
        woken = await answer(watcher)
        taken[WAKE].append(time.perf_counter() - began_s)
        if str(sent["id"]).encode() not in woken:
            raise RuntimeError(f"woken by something else: {woken!r}")
        await answer(reader)
    for wire in (sender, watcher, reader):
        wire.close()
    return taken


async def _newest(wire: Wire) -> object:
    """The cursor behind all changes."""
    page = await ask_object(wire, "mail.changes")
    while page["more"]:
        page = await ask_object(wire, "mail.changes", since=page["cursor"])
    return page["cursor"]
