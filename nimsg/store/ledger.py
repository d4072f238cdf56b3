"""The ledger: what happened to messages, a line each, chained by digest.

Each line carries the sha-256 of the line before it, across days, so that a line
removed or changed afterwards shows. Lines are written in the order of their
number `n`; a line whose number is not above the last one is there already.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence, Set as AbstractSet
from pathlib import Path

import msgspec
from msgspec import UNSET, Struct, UnsetType

from nimsg.errors import StorageFailure
from nimsg.protocol.constants import Departure, Device
from nimsg.protocol.times import parse_rfc3339, rfc3339
from nimsg.store.disk import Disk, write_all
from nimsg.store.layout import Layout
from nimsg.store.schema import GENESIS


MAKE_ANEW = (
    "The index and the ledger do not belong together: nimsg check --rebuild makes the "
    "index anew"
)
REBUILD_LEDGER = (
    "nimsg check names what is damaged; nimsg check --rebuild makes the index anew "
    "from all that can be read"
)

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


class Ledger:
    """The end of the chain, and how lines are put behind it. Owned by the filer."""

    def __init__(self, disk: Disk, layout: Layout) -> None:
        self._disk = disk
        self._layout = layout
        self.last_n = 0
        self.head = GENESIS
        self._day = ""

    def recover(self, head: str, unsettled: AbstractSet[int]) -> None:
        """Cut what stands behind the line of digest `head`, the last settled one.

        All of it, torn or whole, is of the rows `unsettled`, which the journal still
        holds and files anew: what a crash or a failed sync left of it may be in any
        shape, or in the cache only. Raises `StorageFailure` for anything else there.
        """
        ends: list[tuple[Path, int]] = []
        for path in reversed(day_files(self._layout)):
            data = path.read_bytes()
            end = settled_end(data, head, unsettled, path)
            if end < len(data):
                ends.append((path, end))
            if end:
                last = data[data.rfind(b"\n", 0, end - 1) + 1 : end - 1]
                number = data.count(b"\n", 0, end)
                self.last_n, self.head = parse_line(last, path, number).n, head
                self._day = path.stem
                break
        if self.head != head:
            raise StorageFailure(f"{self._layout.ledger} has lost lines. {MAKE_ANEW}")
        for path, end in ends:
            self._disk.truncate(path, end)

    def append(self, events: Sequence[tuple[int, bytes]]) -> list[Path]:
        """Write events with their numbers, in order; the files that grew."""
        days: dict[str, list[bytes]] = {}
        for n, data in events:
            if n <= self.last_n:
                continue
            event = EVENT.decode(data)
            self._day = max(self._day, event.time[:10])
            line = self._chain(n, event)
            days.setdefault(self._day, []).append(line + b"\n")
        return [self._write(day, b"".join(lines)) for day, lines in days.items()]

    def _chain(self, n: int, event: Event) -> bytes:
        line = ENCODER.encode(
            Line(
                n,
                event.event,
                event.user,
                event.ids,
                event.time,
                event.device,
                self.head,
                event.address,
                event.reason,
            )
        )
        self.last_n, self.head = n, line_digest(line)
        return line

    def _write(self, day: str, data: bytes) -> Path:
        path = self._layout.ledger_day(day)
        fd = self._disk.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        try:
            write_all(self._disk, fd, data)
        finally:
            self._disk.close(fd)
        return path


def settled_end(data: bytes, head: str, unsettled: AbstractSet[int], path: Path) -> int:
    """Where in a day's bytes the line of digest `head` ends; 0 if it is not there.

    Raises `StorageFailure` for a line behind it that is not of a row `unsettled`.
    """
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        line = data[start:end]
        if line.endswith(b"\n"):
            if line_digest(line[:-1]) == head:
                return end
            number = data.count(b"\n", 0, start) + 1
            _require_unsettled(line[:-1], unsettled, path, number)
        end = start
    return 0


def _require_unsettled(
    line: bytes, unsettled: AbstractSet[int], path: Path, number: int
) -> None:
    try:
        n = parse_line(line, path, number).n
    except StorageFailure:
        if unsettled:
            return
        raise
    if n not in unsettled:
        raise StorageFailure(f"{path} has a line {n} of its own. {MAKE_ANEW}")


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
        raise StorageFailure(
            f"{path} line {number} cannot be read. {REBUILD_LEDGER}"
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
