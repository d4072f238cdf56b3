"""NATS JetStream with file storage: its acknowledgements do not wait for the disk."""

import json
from collections.abc import Sequence

from tests.bench import proc
from tests.bench.peers.base import Peer
from tests.bench.wire import Wire, dial


STREAM = {
    "name": "box",
    "subjects": ["inbox.*"],
    "storage": "file",
    "retention": "limits",
    "num_replicas": 1,
}


class Nats(Peer):
    """See `Peer`."""

    can = frozenset({"deliver", "idle", "room"})
    note = "one stream on disk, a subject for each recipient; syncs every two minutes"
    program = "nats-server"
    _made = False
    _last = 0

    def version(self) -> str:
        """See `Peer`."""
        return proc.output(self.found(), "--version").rpartition(" ")[2]

    def configure(self, _: str) -> Sequence[str]:
        """See `Peer`."""
        self.port = proc.free_port()
        self._made, self._last = False, 0
        where = ("-a", proc.HOST, "-p", str(self.port))
        return [self.found(), *where, "-js", "-sd", str(self.folder / "js")]

    async def _greeted(self, number: int) -> Wire:
        wire = await dial(self.port)
        await wire.until(b"\r\n")
        wire.write(b'CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n')
        await wire.until(b"PONG\r\n")
        wire.number = number
        return wire

    async def _ask(self, wire: Wire, subject: bytes, payload: bytes) -> bytes:
        wire.sent += 1
        reply = b"r.%d.%d" % (wire.number, wire.sent)
        head = b"PUB %b %b %d\r\n" % (subject, reply, len(payload))
        wire.write(head + payload + b"\r\n")
        while not (line := await wire.until(b"\r\n")).startswith(b"MSG "):
            if line.startswith(b"PING"):
                wire.write(b"PONG\r\n")
            elif line.startswith(b"-ERR"):
                raise RuntimeError(f"NATS: {line!r}")
        return (await wire.exactly(int(line.split()[-1]) + 2))[:-2]

    async def connect(self, number: int) -> Wire:
        """See `Peer`."""
        wire = await self._greeted(number)
        wire.write(b"SUB r.%d.* 1\r\n" % number)
        if not self._made:
            self._made = True
            made = json.dumps(STREAM).encode()
            answer = await self._ask(wire, b"$JS.API.STREAM.CREATE.box", made)
            if b'"error"' in answer:
                raise RuntimeError(f"NATS: {answer!r}")
        return wire

    async def deliver(self, wire: Wire, to: str, body: bytes) -> None:
        """See `Peer`."""
        answer = await self._ask(wire, b"inbox." + to.encode(), body)
        if b'"seq"' not in answer:
            raise RuntimeError(f"not acknowledged: {answer!r}")
        self._last = max(self._last, int(json.loads(answer)["seq"]))

    def stored(self) -> int:
        """See `Peer`: the highest number that it has acknowledged."""
        return self._last

    async def idle(self, number: int) -> Wire:
        """See `Peer`."""
        return await self._subscribed(number, b"inbox.u%d" % number)

    async def join(self, nick: str) -> Wire:
        """See `Peer`."""
        return await self._subscribed(0, b"none" if nick == "sender" else b"room")

    async def _subscribed(self, number: int, subject: bytes) -> Wire:
        wire = await self._greeted(number)
        wire.write(b"SUB %b 1\r\nPING\r\n" % subject)
        await wire.until(b"PONG\r\n")
        return wire

    async def say(self, wire: Wire, text: bytes) -> None:
        """See `Peer`."""
        wire.write(b"PUB room %d\r\n%b\r\n" % (len(text), text))
