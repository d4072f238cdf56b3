"""Time that passes: deadlines and delays, by a clock that nobody can set."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Do not call after all."""
        ...


class Timers(Protocol):
    """A monotonic clock that can call back."""

    def now_s(self) -> float:
        """Seconds since some moment."""
        ...

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Call back after so many seconds."""
        ...


class LoopTimers:
    """The system's monotonic clock and the event loop's heap of timers."""

    def now_s(self) -> float:
        """See `Timers`."""
        return time.monotonic()

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """See `Timers`."""
        return asyncio.get_running_loop().call_later(delay_s, callback)
