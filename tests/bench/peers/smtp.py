"""The least of an SMTP or LMTP client; it pipelines where the server offers that."""

from tests.bench.peers.base import Peer
from tests.bench.wire import Wire, dial


HEADER = (
    b"From: Sender <s@example.test>\r\nTo: <%b@example.test>\r\nSubject: message %d\r\n"
    b"Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <%d.%d@example.test>\r\n\r\n"
)


async def expect(wire: Wire, code: bytes) -> list[bytes]:
    """The lines of one reply, which has a code."""
    lines = [await wire.until(b"\r\n")]
    while lines[-1][3:4] == b"-":
        lines.append(await wire.until(b"\r\n"))
    if not lines[-1].startswith(code):
        raise RuntimeError(f"refused: {lines[-1]!r}")
    return lines


async def connect(port: int, hello: bytes, number: int) -> Wire:
    """A greeted connection."""
    wire = await dial(port)
    await expect(wire, b"220")
    wire.write(hello + b" client.example.test\r\n")
    lines = await expect(wire, b"250")
    wire.pipelining = any(b"PIPELINING" in line.upper() for line in lines)
    wire.number = number
    return wire


async def deliver(wire: Wire, to: str, body: bytes) -> None:
    """One message in one transaction."""
    wire.sent += 1
    steps = (
        (b"MAIL FROM:<s@example.test>\r\n", b"250"),
        (b"RCPT TO:<%b@example.test>\r\n" % to.encode(), b"250"),
        (b"DATA\r\n", b"354"),
    )
    if wire.pipelining:
        wire.write(b"".join(line for line, _ in steps))
    for line, code in steps:
        if not wire.pipelining:
            wire.write(line)
        await expect(wire, code)
    head = HEADER % (to.encode(), wire.sent, wire.sent, wire.number)
    wire.write(head + body + b"\r\n.\r\n")
    await expect(wire, b"250")


async def hang_up(wire: Wire) -> None:
    """Say so first."""
    wire.write(b"QUIT\r\n")
    await expect(wire, b"221")
    wire.close()


class MailServer(Peer):
    """A peer that takes mail by SMTP. See `Peer`."""

    can = frozenset({"deliver"})

    async def connect(self, number: int) -> Wire:
        """See `Peer`."""
        return await connect(self.port, b"EHLO", number)

    async def deliver(self, wire: Wire, to: str, body: bytes) -> None:
        """See `Peer`."""
        await deliver(wire, to, body)

    async def hang_up(self, wire: Wire) -> None:
        """See `Peer`."""
        await hang_up(wire)
