"""Frames out of a connection's stream; one that has begun has to end in time."""

import asyncio
from collections.abc import Callable, Iterator

from nimsg.protocol.framing import FrameDecoder
from nimsg.server.timers import Timer, Timers


CHUNK = 65_536


class Intake:
    """Cuts frames of at most `limit` bytes, and calls `late` for one that is late.

    `ended` tells that no more bytes come.
    """

    __slots__ = (
        *("_deadline_s", "_frames", "_late", "_reader", "_timer", "_timers"),
        "ended",
    )

    def __init__(
        self,
        reader: asyncio.StreamReader,
        limit: int,
        timers: Timers,
        deadline_s: float,
        late: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._frames = FrameDecoder(limit)
        self._timers = timers
        self._deadline_s = deadline_s
        self._late = late
        self._timer: Timer | None = None
        self.ended = False

    @property
    def partial(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._frames.partial

    def allow(self, limit: int) -> None:
        """Take frames of up to so many bytes from the next one on."""
        self._frames.limit = limit

    async def read(self) -> Iterator[bytes]:
        """The payloads that the next piece of the stream completes; none at its end.

        Each is cut when it is asked for, and all are before the next piece is. Raises
        a fatal `ProtocolFault`, as does the iterator.
        """
        if self.partial and self._timer is None:
            self._timer = self._timers.call_later(self._deadline_s, self._late)
        data = await self._reader.read(CHUNK)
        if not data:
            self.ended = True
            self._frames.end()
        return self._cut(data)

    def stop(self) -> None:
        """Wait for no end of a frame any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut(self, data: bytes) -> Iterator[bytes]:
        for payload in self._frames.feed(data):
            self.stop()
            yield payload
