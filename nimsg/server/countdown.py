"""The announced end of the server."""

from collections.abc import Callable
from functools import partial
from math import ceil, inf

from nimsg.core.commands import Command, PostNotice
from nimsg.core.countdown import StopEvent, StopState, after, schedule
from nimsg.logs import audit
from nimsg.protocol.codec import encode_event
from nimsg.protocol.constants import Notice
from nimsg.protocol.results_people import ShuttingDown
from nimsg.server.people import People
from nimsg.server.timers import Timer, Timers


INTERRUPT_S = 5


class Countdown:
    """Where the server stands. Owned by the loop.

    `due` is called when it is to end in order, `abort` when at once. `note` commits
    something and waits for nothing.
    """

    def __init__(
        self,
        people: People,
        timers: Timers,
        clock: Callable[[], int],
        note: Callable[[Command], None],
    ) -> None:
        self.state = StopState.SERVING
        self.due: Callable[[], None] = lambda: None
        self.abort: Callable[[], None] = lambda: None
        self._people = people
        self._timers = timers
        self._clock = clock
        self._note = note
        self._armed: list[Timer] = []
        self._due_s = inf

    def announce(self, delay_s: int) -> ShuttingDown:
        """End in so many seconds; an earlier announcement is replaced.

        Raises `Refusal("shutting_down")` where the end has begun.
        """
        self._move(StopEvent.ANNOUNCE)
        return self._count(delay_s)

    def cancel(self) -> None:
        """End not. Raises `Refusal`: `no_shutdown`, `shutting_down`."""
        self._move(StopEvent.CANCEL)
        self._tell(None)
        self._note(PostNotice(Notice.CANCELED, "The shutdown was canceled"))

    def interrupt(self) -> None:
        """Somebody pressed ctrl-C: soon, at once, or without any order."""
        left_s = min(INTERRUPT_S, self._due_s - self._timers.now_s())
        self._move(StopEvent.INTERRUPT)
        if self.state is StopState.INTERRUPTED:
            delay_s = max(0, ceil(left_s))
            _audit("SIGINT", delay_s)
            self._count(delay_s)
        else:
            _audit("SIGINT")
            self._go_on()

    def terminate(self) -> None:
        """Somebody asked the process to end: at once, or without any order."""
        self._move(StopEvent.TERMINATE)
        _audit("SIGTERM")
        self._go_on()

    def _count(self, delay_s: int) -> ShuttingDown:
        steps = schedule(delay_s)
        for left_s in steps[1:]:
            self._arm(delay_s - left_s, partial(self._tell, left_s))
        self._arm(delay_s, self._expire)
        self._due_s = self._timers.now_s() + delay_s
        text = f"Server shutting down in {delay_s} seconds..."
        self._note(PostNotice(Notice.SHUTDOWN, text))
        return self._tell(delay_s)

    def _expire(self) -> None:
        self._move(StopEvent.DUE)
        self._go_on()

    def _go_on(self) -> None:
        (self.abort if self.state is StopState.ABORTED else self.due)()

    def _move(self, event: StopEvent) -> None:
        self.state = after(self.state, event)
        for timer in self._armed:
            timer.cancel()
        self._armed.clear()
        self._due_s = inf

    def _arm(self, delay_s: int, callback: Callable[[], object]) -> None:
        self._armed.append(self._timers.call_later(delay_s, callback))

    def _tell(self, left_s: int | None) -> ShuttingDown:
        event = ShuttingDown(left_s, self._clock())
        self._people.push(encode_event("shutdown", event))
        return event


def _audit(signal: str, delay_s: int | None = None) -> None:
    audit(
        who="signal",
        method="server.stop",
        signal=signal,
        delay_s=delay_s,
        outcome="done",
    )
