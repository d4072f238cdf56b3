"""Private links between two clients: who asks whom, and who has agreed."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from nimsg.core.private import REASONS, LinkEvent, LinkState, after
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.errors import Refusal
from nimsg.protocol.codec import encode_event
from nimsg.protocol.constants import LinkEnd, limit
from nimsg.protocol.requests import PrivateAnswer
from nimsg.protocol.results_people import (
    PrivateEnded,
    PrivateInvited,
    PrivateOffer,
    PrivateTaken,
)
from nimsg.server.people import Person
from nimsg.server.timers import Timer, Timers


ANSWER_MS = limit("private_answer_ms")
TOKEN_BYTES = 32


class Link(Struct, eq=False):
    """An invitation of `inviter`, and the link that it may become."""

    id: str
    inviter: Person
    invitee: Person
    answered: asyncio.Future[PrivateOffer]
    timer: Timer | None = None
    state: LinkState = LinkState.INVITED

    def other(self, person: Person) -> Person:
        """The other one of the two."""
        return self.invitee if person is self.inviter else self.inviter


class Privates:
    """Owned by the loop. Two people have one link at most; nothing of it is kept."""

    def __init__(
        self,
        timers: Timers,
        clock: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._timers = timers
        self._clock = clock
        self._entropy = entropy
        self._links: list[Link] = []

    async def invite(self, inviter: Person, invitee: Person) -> PrivateOffer:
        """Ask; the answer.

        Raises `Refusal`: `private_open` where the two have a link or a question
        already, `private_declined`, `private_no_answer`, `user_offline` where the
        other one has gone.
        """
        if self._between(inviter, invitee.uid) is not None:
            raise Refusal("private_open", data={"user": invitee.name})
        link = self._ask(inviter, invitee)
        try:
            return await link.answered
        except asyncio.CancelledError:
            if link.state is LinkState.INVITED:
                self._end(link, LinkEvent.LEAVE, told=link.invitee)
            raise

    def answer(self, invitee: Person, answer: PrivateAnswer) -> PrivateTaken:
        """Accept or decline. Raises `Refusal`: `no_private`, `invalid_params`."""
        link = next(
            (
                one
                for one in self._links
                if one.id == answer.invitation
                and one.invitee is invitee
                and one.state is LinkState.INVITED
            ),
            None,
        )
        if link is None:
            raise Refusal("no_private", "the invitation is over")
        if not answer.accept:
            self._end(link, LinkEvent.DECLINE, told=None)
            return PrivateTaken(link.inviter.name)
        if answer.port is None or answer.fingerprint is None:
            raise Refusal(
                "invalid_params", "who accepts gives the port and the fingerprint"
            )
        return self._open(link, answer)

    def stop(self, person: Person, other: int) -> None:
        """End a link, or a question; who was asked declines it so.

        Raises `Refusal("no_private")`.
        """
        link = self._between(person, other)
        if link is None:
            raise Refusal("no_private")
        if link.state is LinkState.INVITED and person is link.invitee:
            self._end(link, LinkEvent.DECLINE, told=None)
        else:
            self._end(link, LinkEvent.STOP, told=link.other(person))

    def leave(self, person: Person) -> None:
        """Somebody goes offline: what they have is over."""
        for link in tuple(self._links):
            if person in (link.inviter, link.invitee):
                self._end(link, LinkEvent.LEAVE, told=link.other(person))

    def succeed(self, before: Person, now: Person) -> None:
        """A session took another one's place: open links stay, questions end."""
        for link in tuple(self._links):
            if before not in (link.inviter, link.invitee):
                continue
            if link.state is LinkState.INVITED:
                self._end(link, LinkEvent.LEAVE, told=link.other(before))
            elif link.inviter is before:
                link.inviter = now
            else:
                link.invitee = now

    def _ask(self, inviter: Person, invitee: Person) -> Link:
        now = self._clock()
        id_ = ulid(now, self._entropy(RANDOM_BYTES))
        answered: asyncio.Future[PrivateOffer] = (
            asyncio.get_running_loop().create_future()
        )
        link = Link(id_, inviter, invitee, answered)
        link.timer = self._timers.call_later(
            ANSWER_MS / 1000,
            lambda: self._end(link, LinkEvent.EXPIRE, told=link.invitee),
        )
        self._links.append(link)
        event = PrivateInvited(id_, inviter.name, now + ANSWER_MS)
        invitee.push(encode_event("private.invited", event))
        return link

    def _open(self, link: Link, answer: PrivateAnswer) -> PrivateTaken:
        link.state = after(link.state, LinkEvent.ACCEPT)
        self._rest(link)
        first, second = (self._entropy(TOKEN_BYTES).hex() for _ in range(2))
        if not link.answered.done():
            link.answered.set_result(
                PrivateOffer(
                    invitation=link.id,
                    user=link.invitee.name,
                    # Not what the invitee says: it is where a client will connect to.
                    host=link.invitee.address,
                    port=answer.port or 0,
                    fingerprint=answer.fingerprint or "",
                    mine=first,
                    theirs=second,
                )
            )
        return PrivateTaken(link.inviter.name, mine=second, theirs=first)

    def _end(self, link: Link, event: LinkEvent, *, told: Person | None) -> None:
        reason = REASONS[link.state, event]
        link.state = after(link.state, event)
        self._rest(link)
        self._links.remove(link)
        if not link.answered.done():
            link.answered.set_exception(_refusal(link.invitee.name, reason))
            # Nobody may be waiting for it any more.
            link.answered.exception()
            if told is link.inviter:
                return
        if told is not None:
            name = link.other(told).name
            told.push(encode_event("private.ended", PrivateEnded(name, reason)))

    def _rest(self, link: Link) -> None:
        if link.timer is not None:
            link.timer.cancel()

    def _between(self, person: Person, other: int) -> Link | None:
        return next(
            (
                link
                for link in self._links
                if person in (link.inviter, link.invitee)
                and link.other(person).uid == other
            ),
            None,
        )


KINDS = {
    LinkEnd.DECLINED: "private_declined",
    LinkEnd.NO_ANSWER: "private_no_answer",
    LinkEnd.OFFLINE: "user_offline",
    LinkEnd.WITHDRAWN: "no_private",
}


def _refusal(user: str, reason: LinkEnd) -> Refusal:
    return Refusal(KINDS[reason], data={"user": user})
