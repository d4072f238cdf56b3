"""Memory while messages are sent and read."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measures.deliver import BODY
from tests.bench.peers.base import RECIPIENTS
from tests.bench.peers.nimsg import SENDERS, Nimsg, ask, ask_object
from tests.bench.proc import memory
from tests.bench.sizes import Line, Size
from tests.bench.wire import run


PAIRS = 32
STEPS = 10


def flat(size: Size, folder: Path) -> Iterator[Line]:
    """Memory of the server, each tenth of the messages that are sent and read."""
    peer = Nimsg("nimsg", folder)
    peer.start("flat")
    yield ("messages sent and read", "RSS MiB")
    step = size.flat // STEPS
    for tenth in range(STEPS):
        run(_send_and_read(peer, tenth * step, step))
        rss = memory(peer.pid).rss
        yield (str((tenth + 1) * step), f"{rss / 1024:.1f}")
    peer.stop()


async def _send_and_read(peer: Nimsg, first: int, count: int) -> None:
    numbers = itertools.count(first)

    async def work(pair: int) -> None:
        sender = await peer.open(SENDERS[pair])
        reader = await peer.open(RECIPIENTS[pair])
        send = {"to": [RECIPIENTS[pair]], "subject": "five words of a subject"}
        while (number := next(numbers)) < first + count:
            sent = await ask_object(
                sender, "mail.send", client_id=f"f{number}", body=BODY.decode(), **send
            )
            await ask(reader, "mail.open", id=sent["id"])
        for wire in (sender, reader):
            wire.close()

    await asyncio.gather(*(work(pair) for pair in range(PAIRS)))
