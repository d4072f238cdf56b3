"""aiosmtpd with the Mailbox handler that comes with it: one Maildir for everybody."""

from collections.abc import Sequence

from tests.bench import proc
from tests.bench.peers import smtp
from tests.bench.peers.base import Peer
from tests.bench.wire import Wire


class Aiosmtpd(Peer):
    """See `Peer`."""

    can = frozenset({"deliver"})
    note = (
        "one Maildir for all recipients; the fsync runs in the event loop; offers no "
        "PIPELINING, so four round trips a message"
    )
    program = "aiosmtpd"

    def version(self) -> str:
        """See `Peer`."""
        return proc.output(self.found(), "--version").rpartition(" ")[2]

    def configure(self, _: str) -> Sequence[str]:
        """See `Peer`."""
        self.port = proc.free_port()
        where = f"{proc.HOST}:{self.port}"
        handler = ("-c", "aiosmtpd.handlers.Mailbox", str(self.folder / "box"))
        return [self.found(), "-n", "-l", where, *handler]

    async def connect(self, number: int) -> Wire:
        """See `Peer`."""
        return await smtp.connect(self.port, b"EHLO", number)

    async def deliver(self, wire: Wire, to: str, body: bytes) -> None:
        """See `Peer`."""
        await smtp.deliver(wire, to, body)

    async def hang_up(self, wire: Wire) -> None:
        """See `Peer`."""
        await smtp.hang_up(wire)

    def stored(self) -> int:
        """See `Peer`."""
        return sum(1 for _ in (self.folder / "box" / "new").iterdir())
