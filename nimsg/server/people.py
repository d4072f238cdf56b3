"""Who is online: interactive sessions, one for an account, and who hears of them."""

from collections.abc import Callable, Iterator, Set as AbstractSet
from itertools import count
from typing import Protocol

from nimsg.core.commands import Command, NoteAlive, NoteLogin, NoteLogout, PostNotice
from nimsg.errors import Refusal
from nimsg.protocol.codec import encode_event
from nimsg.protocol.constants import CloseReason, Departure, Device, Notice, limit
from nimsg.protocol.results_people import Presence
from nimsg.server.blocks import Blocks
from nimsg.server.notices import Change, Notices
from nimsg.server.timers import Timer, Timers


BEAT_S = 60.0
# What #lobby keeps of somebody's going.
KEPT: dict[Departure, tuple[Notice, str]] = {
    Departure.LOGOUT: (Notice.LEFT, "User {} disconnected"),
    Departure.TIMEOUT: (Notice.TIMEOUT, "User {} was logged out for inactivity"),
    Departure.LOST: (Notice.LOST, "User {} unexpectedly disconnected"),
    Departure.KICKED: (Notice.KICKED, "User {} was disconnected by an admin"),
}


class Person(Protocol):
    """An interactive session, as the people around it see it."""

    address: str
    since: int

    @property
    def uid(self) -> int:
        """The number of the account."""
        ...

    @property
    def name(self) -> str:
        """The account's name."""
        ...

    @property
    def device(self) -> Device:
        """The kind of client."""
        ...

    @property
    def resume(self) -> str | None:
        """The sha-256 of the token that brings the session back."""
        ...

    def end(self, reason: CloseReason) -> None:
        """Say why, and close."""
        ...

    def push(self, frame: bytes) -> None:
        """Send an event."""
        ...


class People:
    """Owned by the loop. `note` commits something and waits for nothing.

    Of one person there is one notice in `notice_every_s`.
    """

    def __init__(
        self,
        blocks: Blocks,
        timers: Timers,
        clock: Callable[[], int],
        note: Callable[[Command], None],
        notice_every_s: float,
    ) -> None:
        self._blocks = blocks
        self._timers = timers
        self._clock = clock
        self._note = note
        self._online: dict[int, Person] = {}
        self._came_s: dict[int, float] = {}
        self._notices = Notices(timers, notice_every_s, self._tell)
        self._beat: Timer | None = None

    def __iter__(self) -> Iterator[Person]:
        return iter(tuple(self._online.values()))

    def __len__(self) -> int:
        return len(self._online)

    def session(self, uid: int) -> Person | None:
        """The session of an account that is online."""
        return self._online.get(uid)

    def names(self) -> list[str]:
        """Who is online."""
        return [person.name for person in self]

    def seen_by(self, uid: int) -> Iterator[Person]:
        """Who else is online, as far as an account may see them."""
        for person in self:
            if person.uid != uid and not self._blocks.blocks(person.uid, uid):
                yield person

    def require_free(self, name: str) -> None:
        """Raises `Refusal("name_taken")` where a name, or one like it, is in use."""
        taken = {one.casefold() for one in self.names()}
        if name.casefold() in taken:
            data = {"user": name, "suggestion": _suggestion(name, taken)}
            raise Refusal("name_taken", f"{name} is in use now", data)

    def require_alone(self, person: Person) -> None:
        """Raises `Refusal("duplicate_login")` where the account is online already."""
        if person.uid in self._online:
            raise Refusal("duplicate_login", data={"user": person.name})

    def arrive(self, person: Person) -> None:
        """Somebody who was not online is, and the others hear of it."""
        self._take_place(person)
        self._note(NoteLogin(person.uid, person.device, person.address))
        self._change(person, None)
        if self._beat is None:
            self._pulse()

    def succeed(self, person: Person) -> None:
        """A session is in the place of another one of the same account.

        It is written down; to the others nobody has gone and nobody has come.
        """
        self._take_place(person)
        self._note(NoteLogout(person.uid, Departure.REPLACED))
        self._note(NoteLogin(person.uid, person.device, person.address))

    def leave(self, person: Person, reason: Departure) -> bool:
        """Somebody went; whether they were here. Who was replaced went before."""
        if self._online.get(person.uid) is not person:
            return False
        del self._online[person.uid], self._came_s[person.uid]
        self._note(NoteLogout(person.uid, reason))
        if reason is not Departure.SHUTDOWN:  # it is everybody's, and they are told
            self._change(person, reason)
        if reason in KEPT:
            notice, text = KEPT[reason]
            self._note(PostNotice(notice, text.format(person.name), person.uid))
        return True

    def push(self, frame: bytes) -> None:
        """Send something to everybody who is online."""
        for person in self:
            person.push(frame)

    def close(self) -> None:
        """Arm no timer any more."""
        if self._beat is not None:
            self._beat.cancel()

    def _take_place(self, person: Person) -> None:
        self._online[person.uid] = person
        self._came_s[person.uid] = self._timers.now_s()

    def _change(self, about: Person, reason: Departure | None) -> None:
        event = Presence(about.name, reason is None, reason, self._clock())
        self._notices.note(Change(about.uid, event))

    def _tell(self, change: Change, since_s: float | None) -> None:
        frame = encode_event("presence", change.event)
        for person in self:
            if since_s is not None and self._came_s[person.uid] < since_s:
                continue
            about = change.uid
            if person.uid != about and not self._blocks.blocks(about, person.uid):
                person.push(frame)

    def _pulse(self) -> None:
        """Once a minute, while somebody is online: when a crash was, is known so."""
        self._beat = None
        if self._online:
            self._note(NoteAlive())
            self._beat = self._timers.call_later(BEAT_S, self._pulse)


def _suggestion(name: str, taken: AbstractSet[str]) -> str:
    """A name like this one that nobody uses now."""
    most = limit("name_chars")
    for number in count(2):
        tail = str(number)
        suggested = name[: most - len(tail)] + tail
        if suggested.casefold() not in taken:
            return suggested
    raise AssertionError
