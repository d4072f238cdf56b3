"""Notices when nobody has acted in a session for too long."""

from collections.abc import Callable

from nimsg.server.timers import Timer, Timers


class Idle:
    """Calls `expired` once `timeout_s` have passed since the last `touch`.

    It counts from construction on. One timer is armed at a time, and an act moves
    none: it is looked at when it is due. With a timeout of 0 nothing ever expires.
    """

    __slots__ = ("_expired", "_timeout_s", "_timer", "_timers", "_touched_s")

    def __init__(
        self, timers: Timers, timeout_s: float, expired: Callable[[], None]
    ) -> None:
        self._timers = timers
        self._timeout_s = timeout_s
        self._expired = expired
        self._touched_s = timers.now_s()
        self._timer: Timer | None = None
        if timeout_s:
            self._arm(timeout_s)

    def touch(self) -> None:
        """Somebody acted."""
        self._touched_s = self._timers.now_s()

    def stop(self) -> None:
        """Count no more."""
        if self._timer is not None:
            self._timer.cancel()

    @property
    def idle_s(self) -> float:
        """How long nobody has acted."""
        return self._timers.now_s() - self._touched_s

    def _arm(self, delay_s: float) -> None:
        self._timer = self._timers.call_later(delay_s, self._look)

    def _look(self) -> None:
        left_s = self._timeout_s - self.idle_s
        if left_s > 0:
            self._arm(left_s)
        else:
            self._expired()
