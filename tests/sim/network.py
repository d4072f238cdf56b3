"""A network as TCP shows it: bytes come in order, in pieces, late, or not at all."""

import asyncio
from collections.abc import Callable
from random import Random
from zlib import crc32

from tests.sim.loop import VirtualLoop
from tests.sim.trace import Trace


# The system asks a silent peer so long whether it is there (nimsg.server.peer).
KEEPALIVE_S = 60.0
HIGH_WATER = 65_536
DELAYS_S = (0.0002, 0.002, 0.02, 0.3)
PIECES = ((65_536,), (65_536,), (1460,), (1, 7, 300, 65_536))
# How likely a piece is the last one of its link.
PERILS = (0.0, 0.0005, 0.005, 0.05)


class End(asyncio.Transport):
    """One end of a link: what is written here comes out of `other`."""

    other: "End"

    def __init__(self, link: "Link", name: str, peer: str) -> None:
        super().__init__({"peername": (peer, 0)})
        self._link = link
        self._name = name
        self._protocol: asyncio.Protocol | None = None
        self._unsent = bytearray()
        self._unsaid_end = self._ended = False
        self._carrying = self._deaf = self._choked = False
        self._closed = self._over = False
        self._high = HIGH_WATER

    # -- what a protocol asks of its transport

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self._protocol = protocol
        protocol.connection_made(self)
        if self._over:
            self._link.loop.call_soon(protocol.connection_lost, None)
        self.other.carry_on()

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    def is_closing(self) -> bool:
        return self._closed

    def is_reading(self) -> bool:
        return not self._deaf

    def pause_reading(self) -> None:
        self._deaf = True

    def resume_reading(self) -> None:
        self._deaf = False
        self.other.carry_on()

    def set_write_buffer_limits(
        self,
        high: int | None = None,
        low: int | None = None,  # noqa: ARG002 - a quarter of `high`
    ) -> None:
        self._high = HIGH_WATER if high is None else high

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def can_write_eof(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closed or self._ended:
            return
        self._unsent += data
        if len(self._unsent) > self._high and not self._choked:
            self._choked = True
            self.get_protocol().pause_writing()
        self.carry_on()

    # Who is turned away is still a socket.
    send = write

    def write_eof(self) -> None:
        if not self._ended:
            self._ended = self._unsaid_end = True
            self.carry_on()

    def close(self) -> None:
        """What was written is the system's now, and still goes out."""
        if not self._closed:
            self._closed = True
            self._link.loop.call_soon(self.lose, None)
            self.write_eof()

    def abort(self) -> None:
        self._closed = True
        self._link.loop.call_soon(self.lose, None)
        self._link.cut(ConnectionResetError("reset by peer"))

    # -- what the network does

    def carry_on(self) -> None:
        """Have the next piece on its way, where there is one and the link is whole."""
        if (self._unsent or self._unsaid_end) and not self._carrying:
            self._carrying = True
            self._link.later(self._arrive)

    def drop(self) -> None:
        """What is on its way never arrives."""
        self._unsent.clear()
        self._unsaid_end = False

    def lose(self, error: Exception | None) -> None:
        """The system says that the connection is over."""
        if not self._over:
            self._over = self._closed = True
            if self._protocol is not None:
                self._protocol.connection_lost(error)

    def _arrive(self) -> None:
        self._carrying = False
        if self._link.broken or self.other.cannot_hear() or self._link.strikes():
            return
        if self._unsent:
            size = self._link.piece()
            piece = bytes(self._unsent[:size])
            del self._unsent[:size]
            self._link.note(f"{self._name} {len(piece)} {crc32(piece):08x}")
            if self._choked and len(self._unsent) <= self._high // 4:
                self._choked = False
                self.get_protocol().resume_writing()
            self.other.hear(piece)
        elif self._unsaid_end:
            self._unsaid_end = False
            self._link.note(f"{self._name} end")
            self.other.hear_end()
        self.carry_on()

    def cannot_hear(self) -> bool:
        return self._deaf or self._protocol is None

    def hear(self, piece: bytes) -> None:
        """Who hung up before reading all resets the connection (RFC 1122, 4.2.2.13)."""
        if self._closed:
            self._link.cut(ConnectionResetError("reset by peer"))
        elif self._protocol is not None:
            self._protocol.data_received(piece)

    def hear_end(self) -> None:
        if self._closed or self._protocol is None:
            return
        if not self._protocol.eof_received():
            self.close()


class Link:
    """A connection, with a pace and a peril of its own."""

    def __init__(self, network: "Network", number: int, address: str) -> None:
        chance = network.chance
        self.loop = network.loop
        self.broken = False
        self._network = network
        self._number = number
        self._delay_s = chance.choice(DELAYS_S)
        self._pieces = chance.choice(PIECES)
        self._peril = chance.choice(PERILS)
        self.near, self.far = End(self, "asks", "server"), End(self, "says", address)
        self.near.other, self.far.other = self.far, self.near

    def piece(self) -> int:
        """How many bytes come at once."""
        return self._network.chance.choice(self._pieces)

    def later(self, call: Callable[[], None]) -> None:
        delay_s = self._network.chance.expovariate(1 / self._delay_s)
        self.loop.call_later(delay_s, call)

    def strikes(self) -> bool:
        """Whether the link breaks now, with what it was about to deliver."""
        chance = self._network.chance
        if not self._network.stormy or chance.random() >= self._peril:
            return False
        chance.choice((self.reset, self.hang))()
        return True

    def reset(self) -> None:
        """Both ends learn that the link is broken."""
        self.note("reset")
        self.cut(ConnectionResetError("reset by the network"))

    def hang(self) -> None:
        """Nothing arrives any more, and nobody is told for a while."""
        self.note("hangs")
        self.broken = True
        self._tell(KEEPALIVE_S, TimeoutError("the peer is gone"))

    def part(self) -> None:
        """The host's process is over; what it has closed is closed."""
        if not self.far.is_closing():
            self.reset()

    def cut(self, error: Exception) -> None:
        """Whoever is still there learns it, where anything arrives."""
        if not self.broken:
            self.broken = True
            self._tell(self._delay_s, error)

    def note(self, what: str) -> None:
        self._network.note(f"link {self._number} {what}")

    def _tell(self, delay_s: float, error: Exception) -> None:
        for end in (self.near, self.far):
            end.drop()
            self.loop.call_later(delay_s, end.lose, error)


class Network:
    """All links to one host. While it is `stormy` links break."""

    def __init__(self, loop: VirtualLoop, chance: Random, trace: Trace) -> None:
        loop.host = self
        self.loop = loop
        self.chance = chance
        self.note = trace.note
        self.stormy = True
        self.links: list[Link] = []
        self._listening = False
        self._arrived: asyncio.Queue[End] = asyncio.Queue()

    async def connect(self, protocol: asyncio.Protocol, address: str) -> None:
        """A connection from an address. Raises `OSError` where nobody listens."""
        await asyncio.sleep(self.chance.choice(DELAYS_S))
        if not self._listening:
            raise ConnectionRefusedError
        link = Link(self, len(self.links), address)
        self.links.append(link)
        self._arrived.put_nowait(link.far)
        link.near.set_protocol(protocol)

    async def take(self) -> asyncio.Transport:
        """The host's side of the next connection."""
        return await self._arrived.get()

    def listen(self) -> None:
        """The host is reached from now on."""
        self._arrived = asyncio.Queue()
        self._listening = True

    def vanish(self, end: Callable[[Link], None]) -> None:
        """The host is gone: all its links end in one way."""
        self._listening = False
        for link in self.links:
            if not link.broken:
                end(link)
