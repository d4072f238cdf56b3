"""The ledger: its chain, and the receipts it adds up to beside the index."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from nimsg.core.commands import MailAct
from nimsg.errors import StorageFailure
from nimsg.protocol.times import parse_rfc3339
from nimsg.store.check_index import check_journal
from nimsg.store.findings import Findings, shown
from nimsg.store.layout import Layout
from nimsg.store.ledger import (
    ENCODER,
    Event,
    Line,
    decode_line,
    event_of,
    line_digest,
)
from nimsg.store.mailbook import Mailbook
from nimsg.store.replay import LOGINS, command_of, redo, redo_login, uid_of
from nimsg.store.schema import GENESIS, LADDER
from nimsg.store.snapshot import Snapshot
from nimsg.store.survey import Survey, ledger_sizes
from nimsg.text import many


LEDGER = "ledger"
IDS_IN = re.compile(rb"[0-7][0-9A-HJKMNP-TV-Z]{25}")


class Spot(NamedTuple):
    """A line, or what there is of it; `old` where it began before the survey."""

    path: Path
    number: int
    data: bytes
    whole: bool
    old: bool


class Difference(NamedTuple):
    """A receipt that differs; `whose` names the copy, where it is one of a copy."""

    id: str
    whose: str
    words: str


class Chain:
    """What a line must be, given the lines before it."""

    def __init__(self) -> None:
        self.n = 0
        self.head = GENESIS
        self.last: Spot | None = None
        self._day = ""

    def faults(self, line: Line, spot: Spot) -> Iterator[str]:
        """What is wrong with the next line."""
        self._day = max(self._day, line.time[:10])
        if line.prev != self.head:
            yield (
                "does not carry the digest of the line before it: "
                "that one was changed or removed"
            )
        if line.n <= self.n:
            yield f"has the number {line.n} after {self.n}"
        if spot.path.stem != self._day:
            yield f"is of {self._day}"
        if ENCODER.encode(line) != spot.data:
            yield "is not written as nimsg writes it: it was changed by other means"

    def pass_by(self, spot: Spot, n: int | None = None) -> None:
        """Go on behind a line, also behind one whose number cannot be read."""
        self._day = max(self._day, spot.path.stem)
        self.head = line_digest(spot.data)
        self.last = spot
        self.n = self.n if n is None else n


class Replay:
    """Lines done again in a copy of the index, from which all receipts were taken.

    `waiting` are the journal's events: some may have their line already. What
    stands behind the last settled line is of them. `named` are messages that the
    index has lost, which is said already.
    """

    def __init__(
        self, index: Snapshot, waiting: dict[int, Event], named: AbstractSet[str]
    ) -> None:
        self._connection = index.connection
        self._uids = index.uids
        self._named = named
        self._waiting = waiting
        self._head = index.head
        self._settled = False
        self._blamed: dict[str, str] = {}
        for statement in RESET:
            self._connection.execute(statement)
        self._book = Mailbook(self._connection)

    @property
    def waits(self) -> bool:
        """Whether events are left that the next start would write."""
        return bool(self._waiting)

    def reach(self, head: str) -> None:
        """The chain has come to here."""
        self._settled = self._settled or head == self._head

    def blame(self, spot: Spot) -> None:
        """A line was changed: what differs of messages that it names is its fault."""
        where = f"{LEDGER}/{spot.path.name} line {spot.number}"
        for id_ in IDS_IN.findall(spot.data):
            self._blamed.setdefault(id_.decode(), where)

    def line(self, line: Line) -> Iterator[str]:
        """Do a line again; what speaks against it."""
        event = event_of(line)
        if self._settled and line.n not in self._waiting:
            yield "stands behind the last settled line, and is not in the journal"
        if self._waiting.pop(line.n, event) != event:
            yield "is not what the journal holds under its number"
        yield from self._redo(line.n, event)

    def rest(self, last_n: int, findings: Findings) -> None:
        """Do again what has no line yet."""
        if not self._settled:
            findings.index("the ledger's end")(
                "is not the line that the index has last: lines are gone, or changed"
            )
        for n, event in self._waiting.items():
            say = findings.index(f"journal row {n}")
            if n <= last_n:
                say("has no line in the ledger, and later ones have")
            for what in self._redo(n, event):
                say(what)

    def _redo(self, n: int, event: Event) -> Iterator[str]:
        try:
            if event.event in LOGINS:
                redo_login(self._connection, n, event, uid_of(event, self._uids))
                return
            command = command_of(event, self._uids)
        except StorageFailure as failure:
            yield str(failure)
            return
        faults = list(self._redo_all(command, parse_rfc3339(event.time)))
        if len(faults) > 1:
            others = many(len(faults) - 1, "more message")
            faults = [f"{faults[0]}; something like it goes for {others}"]
        yield from faults

    def _redo_all(self, command: MailAct, at: int) -> Iterator[str]:
        for id_ in command.ids:
            try:
                changed = redo(self._book, command, id_, at)
            except StorageFailure as failure:
                if id_ not in self._named:
                    yield str(failure)
                continue
            if not changed:
                yield f"tells what had happened to message {id_} before"

    def compare(self, findings: Findings) -> None:
        """Name every receipt and every login that differs in the index.

        Of many messages for which one line is to blame only the first is named.
        """
        for n, found, told in self._connection.execute(LOGIN_ROWS):
            what = "differs from what the ledger tells"
            if not told:
                what = "stands, and no line of the ledger tells of it"
            elif not found:
                what = "is missing, and a line of the ledger tells of it"
            findings.index(f"login {n}")(what)
        by_blame: dict[str, list[Difference]] = {}
        for one in self._differences():
            by_blame.setdefault(self._blamed.get(one.id, one.id), []).append(one)
        for where, group in by_blame.items():
            count = len({one.id for one in group})
            if count > 1:
                id_, whose, words = group[0]
                findings.index(f"{count} messages of {where}")(
                    f"differ from what the ledger tells: message {id_}{whose}: {words}"
                )
                continue
            for id_, whose, words in group:
                findings.index(f"message {id_}")(
                    f"differs{whose} from what the ledger tells: {words}"
                )

    def _differences(self) -> Iterator[Difference]:
        for query, names in ((COPIES, tuple(COPY)), (MESSAGES, tuple(MESSAGE))):
            for id_, whose, *values in self._connection.execute(query):
                found, told = values[: len(names)], values[len(names) :]
                words = "; ".join(_differing_words(names, found, told))
                yield Difference(id_, whose, words)


# What the ledger decides of a copy and of a message, by the words for it.
CHANGED = {"changed": "{}.change IS NOT NULL"}
COPY = {name: f"{{}}.{name}" for name in ("new", *LADDER.split(", "))} | CHANGED
MESSAGE = {
    name: f"{{}}.{name}" for name in ("pending", "deleted_at", "gone_at")
} | CHANGED
WORDS = {
    "new": "new",
    "fetched_at": "fetched",
    "fetched_by": "fetched with",
    "opened_at": "opened",
    "opened_by": "opened with",
    "acked_at": "acknowledged",
    "acked_by": "acknowledged with",
    "recalled_at": "recalled",
    "deleted_at": "deleted",
    "pending": "waited for",
    "gone_at": "in nobody's view since",
    "changed": "changed since it came",
}
FLAGS = frozenset({"new", "pending", "changed"})
YES_OR_NO: Mapping[object, str] = {0: "no", 1: "yes"}
IDS = "SELECT id FROM message"
RESET = (
    "CREATE TABLE found_copy AS SELECT * FROM copy",
    "CREATE TABLE found_message AS SELECT * FROM message",
    "CREATE TABLE found_login AS SELECT * FROM login",
    "DELETE FROM login",
    "UPDATE copy SET new = NOT imported, change = NULL, "
    + ", ".join(f"{column} = NULL" for column in LADDER.split(", ")),
    "UPDATE message SET change = NULL, gone_at = NULL, pending = NOT EXISTS"
    " (SELECT 1 FROM copy c WHERE c.m = message.m AND imported),"
    # An import for oneself was never in the outbox.
    " deleted_at = iif((SELECT count(*) = 1 AND max(imported AND owner = sender)"
    " FROM copy c WHERE c.m = message.m), sent_at, NULL) WHERE room IS NULL",
)
# Logins that are not on both sides alike: their number, and on which sides it is.
LOGIN_ROWS = (
    "SELECT n, max(found), max(made) FROM (SELECT *, 1 AS found, 0 AS made FROM"
    " (SELECT * FROM found_login EXCEPT SELECT * FROM login) UNION ALL"
    " SELECT *, 0, 1 FROM (SELECT * FROM login EXCEPT SELECT * FROM found_login))"
    " GROUP BY n ORDER BY n"
)


def _differing_words(
    names: Sequence[str], found: Sequence[object], told: Sequence[object]
) -> Iterator[str]:
    for name, one, other in zip(names, found, told, strict=True):
        if one != other:
            words = YES_OR_NO if name in FLAGS else {}
            here = words.get(one) or shown(name, one)
            there = words.get(other) or shown(name, other)
            yield f"{WORDS[name]} {here}, by the ledger {there}"


def _sides(columns: Mapping[str, str]) -> tuple[str, str]:
    """The columns as they were found, and as the ledger has made them."""
    found, made = (
        ", ".join(column.format(table) for column in columns.values())
        for table in ("found", "made")
    )
    return found, made


def _differing(columns: Mapping[str, str]) -> str:
    found, made = _sides(columns)
    return f"({found}) IS NOT ({made}) ORDER BY found.m"


COPIES = (
    f"SELECT id, ' in the copy of ' || name, {', '.join(_sides(COPY))}"
    " FROM found_copy AS found JOIN copy AS made"
    " ON made.owner = found.owner AND made.position = found.position"
    " JOIN message ON message.m = found.m JOIN account ON uid = found.owner"
    f" WHERE {_differing(COPY)}"
)
MESSAGES = (
    f"SELECT found.id, '', {', '.join(_sides(MESSAGE))}"
    " FROM found_message AS found JOIN message AS made ON made.m = found.m"
    f" WHERE {_differing(MESSAGE)}"
)


def check_ledger(
    layout: Layout,
    seen: Survey,
    index: Snapshot | None,
    findings: Findings,
) -> int:
    """Follow the chain from its beginning; how many lines were followed.

    A line that a running server wrote since the survey is left out where the
    snapshot has not settled it: its event is in the journal, or later than both.
    So is the torn end of such a line. An older torn end is right only while the
    journal holds events, which the next start writes behind what it cuts.
    """
    replay = _replay(index, seen, findings) if index else None
    chain = Chain()
    count = 0
    torn: list[Spot] = []
    for spot in _spots(layout, seen, findings):
        if not spot.whole:
            torn.append(spot)
        elif _follow(spot, chain, replay, index, findings):
            count += 1
            _name_torn(torn, findings)
    if replay is None or not replay.waits:
        _name_torn(torn, findings)
    if replay is not None:
        replay.reach(chain.head)
        replay.rest(chain.n, findings)
        replay.compare(findings)
    return count


def _replay(index: Snapshot, seen: Survey, findings: Findings) -> Replay:
    lost = seen.messages | seen.misplaced.keys() | seen.lost
    lost.difference_update(row[0] for row in index.connection.execute(IDS))
    return Replay(index, check_journal(index, findings), lost)


def _spots(layout: Layout, seen: Survey, findings: Findings) -> Iterator[Spot]:
    for path, size in ledger_sizes(layout).items():
        try:
            yield from _spots_of(path, size, seen.ledger.get(path, 0))
        except OSError as error:
            findings.file(path)(f"cannot be read: {error.strerror}")


def _spots_of(path: Path, size: int, earlier: int) -> Iterator[Spot]:
    """The lines that begin within `size` bytes."""
    start = 0
    with path.open("rb") as file:
        for number, data in enumerate(file, 1):
            if start >= size:
                break
            whole = data.endswith(b"\n")
            yield Spot(path, number, data.rstrip(b"\n"), whole, start < earlier)
            start += len(data)


def _follow(
    spot: Spot,
    chain: Chain,
    replay: Replay | None,
    index: Snapshot | None,
    findings: Findings,
) -> bool:
    """Whether the line was one to judge."""
    say = findings.file(spot.path, spot.number)
    try:
        line = decode_line(spot.data)
    except ValueError as error:
        say(f"cannot be read: {error}")
        if replay is not None:
            replay.blame(spot)
        chain.pass_by(spot)
        return True
    if index is not None and line.n > index.settled_n and not spot.old:
        return False
    for what in chain.faults(line, spot):
        say(what)
    if replay is not None:
        if chain.last is not None and line.prev != chain.head:
            replay.blame(chain.last)
        replay.reach(chain.head)
        for what in replay.line(line):
            say(what)
            replay.blame(spot)
    chain.pass_by(spot, line.n)
    return True


def _name_torn(torn: list[Spot], findings: Findings) -> None:
    for spot in torn:
        if spot.old:
            findings.file(spot.path, spot.number)("breaks off")
    torn.clear()
