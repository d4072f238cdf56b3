"""Time that a test moves on: a wall clock, a monotonic one, and timers of both."""

import heapq
from collections.abc import Callable
from itertools import count


START_MS = 1_800_000_000_000


class VirtualTimer:
    """A call that is to come; canceled, it is passed over."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Do not call after all."""
        self.callback = None


class VirtualTime:
    """See `nimsg.server.timers.Timers`; an instance is the wall clock too."""

    def __init__(self, start_ms: int = START_MS) -> None:
        self._start_ms = start_ms
        self._now_s = 0.0
        self._order = count()
        self._due: list[tuple[float, int, VirtualTimer]] = []

    def __call__(self) -> int:
        """Ms UTC."""
        return self._start_ms + round(self._now_s * 1000)

    def now_s(self) -> float:
        """Seconds since the start."""
        return self._now_s

    def call_later(
        self, delay_s: float, callback: Callable[[], object]
    ) -> VirtualTimer:
        """Call back when `advance` has come so far."""
        timer = VirtualTimer(callback)
        entry = (self._now_s + delay_s, next(self._order), timer)
        heapq.heappush(self._due, entry)
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass, and call what is due on the way, in order."""
        end_s = self._now_s + seconds
        while self._due and self._due[0][0] <= end_s:
            at_s, _, timer = heapq.heappop(self._due)
            self._now_s = max(self._now_s, at_s)
            if timer.callback is not None:
                timer.callback()
        self._now_s = end_s

    def jump(self, seconds: float) -> None:
        """Set the wall clock alone; what was to come takes as long as before."""
        self._start_ms += round(seconds * 1000)
