"""The ledger: what happened to messages, a line each, chained by digest.

Each line carries the sha-256 of the line before it, across days, so that a line
removed or changed afterwards shows. Lines are written in the order of their
number `n`; a line whose number is not above the last one is there already.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence, Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from nimsg.errors import StorageFailure
from nimsg.protocol.constants import Departure, Device
from nimsg.protocol.times import parse_rfc3339, rfc3339
from nimsg.store.layout import Layout, made_anew, typed
from nimsg.store.schema import GENESIS


LF = 0x0A
# The events that are no acts upon messages.
LOGIN = "login"
LOGOUT = "logout"
REFUSED = "refused"


class Event(Struct, frozen=True):
    """What is known when it happens; `user` did it to the messages `ids` at `time`.

    A login has the `address` it came from, a logout its `reason`.
    """

    event: str
    user: str
    ids: list[str]
    time: str
    device: Device | None = None
    address: str | UnsetType = UNSET
    reason: Departure | UnsetType = UNSET


class Line(Struct, frozen=True):
    """An event with its number and the digest of the line before it."""

    n: int
    event: str
    user: str
    ids: list[str]
    time: str
    device: Device | None
    prev: str
    address: str | UnsetType = UNSET
    reason: Departure | UnsetType = UNSET


EVENT = msgspec.json.Decoder(Event)
LINE = msgspec.json.Decoder(Line)
ENCODER = msgspec.json.Encoder(order="sorted")


def event_of(line: Line) -> Event:
    """What a line tells."""
    return Event(
        line.event,
        line.user,
        line.ids,
        line.time,
        line.device,
        line.address,
        line.reason,
    )


def encode_event(
    event: str, user: str, ids: list[str], now: int, device: Device | None = None
) -> bytes:
    """What the journal keeps of a line until it is filed."""
    return ENCODER.encode(Event(event, user, ids, rfc3339(now), device))


def encode_login(
    user: str, now: int, device: Device | None, address: str, *, refused: bool
) -> bytes:
    """The same for a login, or for a try that failed."""
    event = REFUSED if refused else LOGIN
    return ENCODER.encode(Event(event, user, [], rfc3339(now), device, address))


def encode_logout(user: str, now: int, reason: Departure) -> bytes:
    """The same for the end of a login."""
    return ENCODER.encode(Event(LOGOUT, user, [], rfc3339(now), reason=reason))


class End(NamedTuple):
    """The last line of a ledger, by number and digest, and the day it was put in."""

    n: int = 0
    head: str = GENESIS
    day: str = ""


class Day(NamedTuple):
    """What a day's file holds; up to `settled` it is settled, 0 where it is not."""

    path: Path
    data: bytes
    settled: int


def extended(
    end: End, events: Iterable[tuple[int, bytes]]
) -> tuple[dict[str, bytes], End]:
    """The lines of events with their numbers, in order: by the day they go to.

    What has a number that is not above the last one is there already.
    """
    days: dict[str, list[bytes]] = {}
    for n, data in events:
        if n <= end.n:
            continue
        event = EVENT.decode(data)
        line = _line(n, event, end.head)
        end = End(n, line_digest(line), max(end.day, event.time[:10]))
        days.setdefault(end.day, []).append(line + b"\n")
    return {day: b"".join(lines) for day, lines in days.items()}, end


def _line(n: int, event: Event, prev: str) -> bytes:
    return ENCODER.encode(
        Line(
            n,
            event.event,
            event.user,
            event.ids,
            event.time,
            event.device,
            prev,
            event.address,
            event.reason,
        )
    )


def read_tail(layout: Layout, head: str) -> list[Day]:
    """The days back to the one that has the line of digest `head`, newest first."""
    newest_first = reversed(day_files(layout))
    return tail_of(((path, path.read_bytes()) for path in newest_first), head)


def tail_of(newest_first: Iterable[tuple[Path, bytes]], head: str) -> list[Day]:
    """The same of what days' files hold; no older one is taken than has to be."""
    days: list[Day] = []
    for path, data in newest_first:
        days.append(Day(path, data, _line_end(data, head)))
        if days[-1].settled:
            break
    return days


def _line_end(data: bytes, head: str) -> int:
    """Where the line of digest `head` ends; 0 if it is not there."""
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        if data[end - 1] == LF and line_digest(data[start : end - 1]) == head:
            return end
        end = start
    return 0


def settled(
    days: Sequence[Day], head: str, unsettled: AbstractSet[int], ledger: Path
) -> End:
    """The settled end of a ledger, of which `days` are the tail (see `read_tail`).

    All that stands behind it, torn or whole, is of the rows `unsettled`, which the
    journal still holds and files anew: what a crash or a failed sync left of it may
    be in any shape, or in the cache only. Raises `StorageFailure` for anything else.
    """
    for day in days:
        _require_unsettled(day, unsettled)
    if head == GENESIS:
        return End()
    if not days or not days[-1].settled:
        raise StorageFailure(f"{ledger} has lost lines. {_not_together(ledger.parent)}")
    path, data, at = days[-1]
    last = data[data.rfind(b"\n", 0, at - 1) + 1 : at - 1]
    return End(parse_line(last, path, data.count(b"\n", 0, at)).n, head, path.stem)


def _require_unsettled(day: Day, unsettled: AbstractSet[int]) -> None:
    data, end = day.data, len(day.data)
    while end > day.settled:
        start = data.rfind(b"\n", 0, end - 1) + 1
        if data[end - 1] == LF:
            number = data.count(b"\n", 0, start) + 1
            _require_line(data[start : end - 1], unsettled, day.path, number)
        end = start


def _require_line(
    line: bytes, unsettled: AbstractSet[int], path: Path, number: int
) -> None:
    try:
        n = parse_line(line, path, number).n
    except StorageFailure:
        if unsettled:
            return
        raise
    if n not in unsettled:
        raise StorageFailure(
            f"{path} line {number} is not as the index knows it: it was changed or "
            f"added, or lines are gone. {_not_together(path.parent.parent)}"
        )


def _not_together(root: Path) -> str:
    return (
        f"The index and the ledger do not belong together: {made_anew(root)} makes "
        "the index anew"
    )


def line_digest(line: bytes) -> str:
    """The sha-256 in hex of a line without its newline."""
    return hashlib.sha256(line).hexdigest()


def day_files(layout: Layout) -> list[Path]:
    """The ledger's files, oldest first."""
    return sorted(layout.ledger.glob("*.jsonl"))


def parse_line(line: bytes, path: Path, number: int) -> Line:
    """A line by its number there. Raises `StorageFailure` naming both."""
    try:
        return decode_line(line)
    except ValueError:
        root = path.parent.parent
        raise StorageFailure(
            f"{path} line {number} cannot be read. {typed('check', root)} names what "
            f"is damaged; {made_anew(root)} makes the index anew from all that can be "
            "read"
        ) from None


def decode_line(line: bytes) -> Line:
    """One line of the ledger. Raises `ValueError` where it is none."""
    try:
        parsed = LINE.decode(line)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    parse_rfc3339(parsed.time)
    return parsed


def read_lines(layout: Layout) -> Iterator[tuple[Path, int, bytes]]:
    """Every whole line in order: its file, its number there, its bytes."""
    for path in day_files(layout):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    yield path, number, line[:-1]
