"""Notices of who has come and gone, no more than one of a person in a time."""

from collections.abc import Callable

from msgspec import Struct

from nimsg.protocol.results_people import Presence
from nimsg.server.timers import Timers


class Change(Struct, frozen=True):
    """Somebody has come or gone, and how that is told."""

    uid: int
    event: Presence


class _Told(Struct):
    """What was told last and when, and what has happened since."""

    change: Change
    at_s: float
    waiting: Change | None = None


# Tells a change to who has come after a time; None: to everybody.
Tell = Callable[[Change, float | None], None]


class Notices:
    """The first change is told at once, what follows within `every_s` as one.

    The last state wins. Where that is what was told before, it is told to those alone
    who have come since: what they found may have been another.
    """

    def __init__(self, timers: Timers, every_s: float, tell: Tell) -> None:
        self._timers = timers
        self._every_s = every_s
        self._tell = tell
        self._told: dict[int, _Told] = {}

    def note(self, change: Change) -> None:
        """Somebody has come or gone."""
        told = self._told.get(change.uid)
        if told is None:
            self._say(change, None)
        else:
            told.waiting = change

    def _say(self, change: Change, since_s: float | None) -> None:
        self._told[change.uid] = _Told(change, self._timers.now_s())
        self._timers.call_later(self._every_s, lambda: self._look(change.uid))
        self._tell(change, since_s)

    def _look(self, uid: int) -> None:
        told = self._told.pop(uid)
        if told.waiting is None:
            return
        same = told.waiting.event.online == told.change.event.online
        self._say(told.waiting, told.at_s if same else None)
