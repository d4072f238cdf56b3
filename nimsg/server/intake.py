"""Frames out of a connection's stream; one that has begun has to end in time."""

from collections.abc import Callable, Iterator

from nimsg.protocol.framing import FrameDecoder
from nimsg.server.timers import Timer, Timers


class Intake:
    """Cuts frames of at most `limit` bytes; `ended` tells that no more bytes come."""

    __slots__ = ("_deadline_s", "_frames", "_timer", "_timers", "ended")

    def __init__(self, limit: int, timers: Timers, deadline_s: float) -> None:
        self._frames = FrameDecoder(limit)
        self._timers = timers
        self._deadline_s = deadline_s
        self._timer: Timer | None = None
        self.ended = False

    def allow(self, limit: int) -> None:
        """Take frames of up to so many bytes from the next one on."""
        self._frames.limit = limit

    def take(self, data: bytes, late: Callable[[], None]) -> Iterator[bytes]:
        """The payloads that a piece of the stream completes; no bytes are its end.

        Each is cut when it is asked for, and all are before the next piece is taken.
        `late` is called where one is not whole in time. Raises a fatal `ProtocolFault`.
        """
        if not data:
            self.ended = True
            self._frames.end()
        for payload in self._frames.feed(data):
            self.stop()
            yield payload
        if self._frames.partial and self._timer is None:
            self._timer = self._timers.call_later(self._deadline_s, late)

    def stop(self) -> None:
        """Wait for no end of a frame any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
