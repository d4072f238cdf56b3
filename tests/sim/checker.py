"""What must hold, whatever fails: the promises of docs/architecture.md, as a judge.

The judge knows when each thing was begun and when it was answered, and nothing of how
the server works. What was never answered may have happened, once, or not.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from nimsg.protocol.constants import CopyState
from nimsg.protocol.results import (
    ChangePage,
    InboxRow,
    Opened,
    OutboxRow,
    Page,
    Receipt,
    Sent,
)
from nimsg.protocol.results_rooms import Posted, RoomMessage, RoomPage


# What a client has given up may still be on its way through the server for so long.
LINGER_S = 10.0
RUNGS = ("fetched_at", "opened_at", "acked_at")
SET_ONCE = (*RUNGS, "fetched_by", "opened_by", "acked_by", "recalled_at")
BLOCKED = "blocked_by_recipient"


class Violation(AssertionError):
    """A promise was broken."""


def require(held: object, promise: str, *about: object) -> None:
    """Raises `Violation`, which tells `about` what."""
    if not held:
        raise Violation(promise.format(*about))


class Span(NamedTuple):
    """When something was asked, and when the answer was there."""

    begun: float
    answered: float


@dataclass(eq=False)
class Saying:
    """A letter to people, or a post to the room where there are none."""

    key: str
    author: str
    to: tuple[str, ...]
    body: str
    begun: float
    answered: float = inf
    id: str = ""
    reached: tuple[str, ...] = ()


class Facts:
    """What is never otherwise once it was seen."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[object, float]] = {}

    def see(self, key: tuple[object, ...], value: object, when: Span) -> None:
        known, _ = self._known.setdefault(key, (value, when.answered))
        require(known == value, "{} was {} and is {}", key, known, value)

    def miss(self, key: tuple[object, ...], when: Span) -> None:
        """It was not there in an answer, so nobody may have seen it before."""
        known, seen = self._known.get(key, (None, inf))
        require(seen >= when.begun, "{} was {} and is gone", key, known)


@dataclass
class Turn:
    """A try to turn a switch; `done` where it was answered, else it is in doubt."""

    on: bool
    begun: float
    end: float = inf
    done: bool = False


class Switch:
    """Something that is on or off, turned by who may not know whether it worked."""

    def __init__(self) -> None:
        self._turns = [Turn(on=False, begun=-inf, end=-inf, done=True)]

    def turn(self, begun: float, *, on: bool) -> Turn:
        """A try begins; its end is to be noted."""
        self._turns.append(Turn(on, begun))
        return self._turns[-1]

    def surely(self, when: Span, *, on: bool) -> bool:
        """Whether it was so during all of a time."""
        return any(
            turn.on is on
            and turn.done
            and turn.end < when.begun
            and all(
                other.end < turn.begun or other.begun > when.answered
                for other in self._turns
                if other.on is not on
            )
            for turn in self._turns
        )


@dataclass
class Hearing:
    """What one connection was told of the room, unasked."""

    owner: str
    heard: list[int] = field(default_factory=list)


class Judge:
    """Is told all that people ask and are answered. Raises `Violation`."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.sayings: dict[str, Saying] = {}
        self.blocks: dict[tuple[str, str], Switch] = defaultdict(Switch)
        self._ids: dict[str, Saying] = {}
        self._followed: dict[str, dict[tuple[type, int], InboxRow | OutboxRow]]
        self._followed = defaultdict(dict)
        self._places: dict[str, dict[int, Saying]] = defaultdict(dict)
        self._room: dict[int, RoomMessage] = {}
        self._hearings: list[Hearing] = []

    def saying(self, id_: str) -> Saying:
        """Who said it, and what."""
        return self._ids[id_]

    # -- letters

    def sent(self, letter: Saying, sent: Sent, when: Span) -> None:
        """A letter was answered; whoever got none must block its author."""
        self._identify(letter, sent.id)
        refused = [row.user for row in sent.refused]
        require(
            sorted([*sent.to, *refused]) == sorted(letter.to), "{} of {}", sent, letter
        )
        for name in sent.to:
            self._require_open(name, letter, when)
        for row in sent.refused:
            require(row.kind == BLOCKED, "{} was refused: {}", letter, row)
            self._require_shut(row.user, letter, when)
        self._place(f"{letter.author}'s outbox", sent.position, letter, when)
        self.facts.see((letter.key, "reached"), tuple(sent.to), when)
        letter.reached, letter.answered = tuple(sent.to), when.answered

    def refused(self, letter: Saying, kind: str, when: Span) -> None:
        """Nobody got a letter: all must block its author."""
        require(kind == "all_refused", "{} was refused: {}", letter, kind)
        for name in letter.to:
            self._require_shut(name, letter, when)

    def listed(self, owner: str, page: Page, when: Span) -> None:
        """All of a box was listed."""
        rows: list[InboxRow | OutboxRow] = [*page.inbox, *page.outbox]
        positions = [row.position for row in reversed(rows)]
        require(positions == [*range(1, len(rows) + 1)], "{} sees {}", owner, positions)
        self._rows(owner, rows, when)
        there = {row.id for row in rows}
        for letter in self.sayings.values():
            theirs = letter.reached if page.box == "inbox" else (letter.author,)
            if letter.to and letter.answered < when.begun and owner in theirs:
                require(letter.id in there, "{} does not see {}", owner, letter)

    def followed(self, owner: str, page: ChangePage, when: Span) -> None:
        """A page of changes came; the last one brings all that was answered."""
        known = self._followed[owner]
        rows: list[InboxRow | OutboxRow] = [*page.inbox, *page.outbox]
        self._rows(owner, rows, when)
        known |= {(type(row), row.position): row for row in rows}
        for letter in () if page.more else self.sayings.values():
            if letter.answered < when.begun and owner in letter.reached:
                there = any(row.id == letter.id for row in known.values())
                require(there, "{} was not told of {}", owner, letter)

    def opened(self, reader: str, letter: Opened, when: Span) -> None:
        """A text was read."""
        said = self._known(letter.id, letter.subject)
        require(
            letter.body == said.body, "{} reads {} of {}", reader, letter.body, said
        )
        require(letter.sender == said.author, "{} wrote {}", letter.sender, said)
        if letter.receipt is not None:
            require(letter.receipt.opened_at is not None, "{} is not opened", letter)
            self.receipt(letter.id, letter.receipt, when)

    def receipt(self, id_: str, receipt: Receipt, when: Span) -> None:
        """A receipt was shown, to whomever: rungs are set once, in order."""
        for name in SET_ONCE:
            key = (id_, receipt.user, name)
            value = getattr(receipt, name)
            if value is None:
                self.facts.miss(key, when)
            else:
                self.facts.see(key, value, when)
        rungs = [getattr(receipt, name) for name in RUNGS]
        climbed = [at for at in rungs if at is not None]
        require(rungs[: len(climbed)] == sorted(climbed), "{} has {}", id_, receipt)
        if receipt.opened_at is not None:
            self.facts.see((id_, receipt.user, "end"), "opened", when)
        if receipt.recalled_at is not None:
            self.withdrawn(id_, receipt.user, when)
        require(receipt.state == state_of(receipt), "{} has {}", id_, receipt)

    def withdrawn(self, id_: str, reader: str, when: Span) -> None:
        """A copy was recalled: it was never opened and never will be."""
        self.facts.see((id_, reader, "end"), "recalled", when)

    # -- the room

    def posted(self, post: Saying, posted: Posted, when: Span) -> None:
        """A post was answered."""
        self._identify(post, posted.id)
        self._place("room", posted.position, post, when)
        post.answered = when.answered

    def history(self, reader: str, after: int, page: RoomPage, when: Span) -> None:
        """A page of the room was read."""
        require(not page.damaged, "{} of the room cannot be read", page.damaged)
        positions = [message.position for message in page.messages]
        require(positions == sorted(set(positions)), "the room reads {}", positions)
        for message in page.messages:
            self._message(reader, message, when)
        upto = positions[-1] if page.more else page.last
        there = {message.id for message in page.messages}
        for position, post in self._places["room"].items():
            if after < position <= upto and post.answered < when.begun:
                switch = self.blocks[reader, post.author]
                shown = post.id in there or not switch.surely(when, on=False)
                require(shown, "{} does not read {}", reader, post)

    def hears(self, owner: str) -> Hearing:
        """A connection begins to hear the room."""
        self._hearings.append(Hearing(owner))
        return self._hearings[-1]

    def heard(self, hearing: Hearing, message: RoomMessage, now: float) -> None:
        """A connection was told of a message."""
        last = hearing.heard[-1] if hearing.heard else 0
        require(message.position > last, "{} hears {} out of order", hearing, message)
        hearing.heard.append(message.position)
        self._message(hearing.owner, message, Span(now, now))

    # -- at the end

    def audit(self, names: Iterable[str]) -> None:
        """All have listed, followed and read everything: it must add up."""
        for name in names:
            for row in self._followed[name].values():
                require(row.id in self._ids, "{} is nobody's", row)
        for where, places in self._places.items():
            self._in_order(where, [places[number] for number in sorted(places)])
        require(
            sorted(self._room) == [*range(1, len(self._room) + 1)],
            "the room has {}",
            sorted(self._room),
        )
        for hearing in self._hearings:
            self._nothing_unheard(hearing)

    def latest(
        self, owner: str, kind: type[InboxRow | OutboxRow]
    ) -> list[InboxRow | OutboxRow]:
        """What somebody knows by following changes alone."""
        rows = self._followed[owner].values()
        return [row for row in rows if isinstance(row, kind)]

    def _in_order(self, where: str, sayings: list[Saying]) -> None:
        """What was answered before another was begun stands before it."""
        soonest = inf
        for saying in reversed(sayings):
            require(saying.begun <= soonest, "{}: {} stands too early", where, saying)
            soonest = min(soonest, saying.answered)

    def _nothing_unheard(self, hearing: Hearing) -> None:
        """Between what was heard is only what one said oneself, or never wants."""
        if not hearing.heard:
            return
        for position in range(hearing.heard[0], hearing.heard[-1]):
            message = self._room[position]
            who = message.about or message.sender
            if position not in hearing.heard and who != hearing.owner:
                never = self.blocks[hearing.owner, who].surely(
                    Span(-inf, inf), on=False
                )
                require(not never, "{} did not hear {}", hearing.owner, message)

    # -- what all of these have in common

    def _rows(
        self, owner: str, rows: Iterable[InboxRow | OutboxRow], when: Span
    ) -> None:
        for row in rows:
            letter = self._known(row.id, row.subject)
            require({*row.to} <= {*letter.to}, "{} of {}", row, letter)
            if isinstance(row, InboxRow):
                require(row.sender == letter.author, "{} of {}", row, letter)
                require(owner in letter.to, "{} got {}", owner, letter)
                self._require_open(owner, letter, when)
                self._place(f"{owner}'s inbox", row.position, letter, when)
                self.receipt(row.id, row.receipt, when)
            else:
                require(owner == letter.author, "{} sent {}", owner, letter)
                self._place(f"{owner}'s outbox", row.position, letter, when)
                for receipt in row.receipts:
                    self.receipt(row.id, receipt, when)

    def _message(self, reader: str, message: RoomMessage, when: Span) -> None:
        self.facts.see(("message", message.position), message, when)
        self._room[message.position] = message
        if message.notice is not None:
            return
        post = self._known(message.id, message.body.partition(":")[0])
        require(message.body == post.body, "{} of {}", message, post)
        require(message.sender == post.author, "{} of {}", message, post)
        self._place("room", message.position, post, when)
        shut = self.blocks[reader, post.author].surely(when, on=True)
        require(not shut, "{} blocks who said {}", reader, message)

    def _known(self, id_: str, key: str) -> Saying:
        """What has this id; for the first time it is known by its key."""
        saying = self._ids.get(id_) or self.sayings.get(key)
        if saying is None:
            raise Violation(f"nobody said {id_} {key}")
        self._identify(saying, id_)
        return saying

    def _identify(self, saying: Saying, id_: str) -> None:
        saying.id = saying.id or id_
        require(saying.id == id_, "{} is there as {} too", saying, id_)
        require(self._ids.setdefault(id_, saying) is saying, "{} is two", id_)

    def _place(self, where: str, position: int, saying: Saying, when: Span) -> None:
        """A position has one message, and a message one position, for all readers."""
        self.facts.see((where, position), saying.key, when)
        self.facts.see((where, saying.key), position, when)
        self._places[where][position] = saying

    def _require_open(self, owner: str, letter: Saying, when: Span) -> None:
        until = min(letter.answered, when.answered)
        shut = self.blocks[owner, letter.author].surely(
            Span(letter.begun, until), on=True
        )
        require(not shut, "{} got {} over a block", owner, letter)

    def _require_shut(self, owner: str, letter: Saying, when: Span) -> None:
        free = self.blocks[owner, letter.author].surely(
            Span(letter.begun, when.answered), on=False
        )
        require(not free, "{} did not get {}, and blocks nobody", owner, letter)


def state_of(receipt: Receipt) -> CopyState:
    """What its times say."""
    ladder = (
        (receipt.recalled_at, CopyState.RECALLED),
        (receipt.acked_at, CopyState.ACKED),
        (receipt.opened_at, CopyState.OPENED),
        (receipt.fetched_at, CopyState.FETCHED),
    )
    return next((state for at, state in ladder if at is not None), CopyState.STORED)
