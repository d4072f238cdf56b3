"""The ledger: what happened to messages, a line each, chained by digest.

Each line carries the sha-256 of the line before it, across days, so that a line
removed or changed afterwards shows. Lines are written in the order of their
number `n`; a line whose number is not above the last one is there already.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from nimsg.errors import StorageFailure
from nimsg.protocol.constants import Device
from nimsg.protocol.times import parse_rfc3339, rfc3339
from nimsg.store.disk import Disk, write_all
from nimsg.store.layout import Layout


GENESIS = "0" * 64


class Event(Struct, frozen=True):
    """What is known when it happens; `user` did it to the messages `ids` at `time`."""

    event: str
    user: str
    ids: list[str]
    time: str
    device: Device | None = None


class Line(Struct, frozen=True):
    """An event with its number and the digest of the line before it."""

    n: int
    event: str
    user: str
    ids: list[str]
    time: str
    device: Device | None
    prev: str


EVENT = msgspec.json.Decoder(Event)
LINE = msgspec.json.Decoder(Line)
ENCODER = msgspec.json.Encoder(order="sorted")


def encode_event(
    event: str, user: str, ids: list[str], now: int, device: Device | None = None
) -> bytes:
    """What the journal keeps of a line until it is filed."""
    return ENCODER.encode(Event(event, user, ids, rfc3339(now), device))


class Ledger:
    """The end of the chain, and how lines are put behind it. Owned by the filer."""

    def __init__(self, disk: Disk, layout: Layout) -> None:
        self._disk = disk
        self._layout = layout
        self.last_n = 0
        self._head = GENESIS
        self._day = ""

    def recover(self) -> None:
        """Cut a torn last line and find the chain's end.

        The journal still holds what is cut. Raises `StorageFailure` where the
        last whole line is none.
        """
        for path in reversed(day_files(self._layout)):
            data = path.read_bytes()
            whole = data.rfind(b"\n") + 1
            if whole < len(data):
                self._disk.truncate(path, whole)
            if whole:
                last = data[data.rfind(b"\n", 0, whole - 1) + 1 : whole - 1]
                self.last_n = parse_line(last, path).n
                self._head = line_digest(last)
                self._day = path.stem
                return

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
                self._head,
            )
        )
        self.last_n, self._head = n, line_digest(line)
        return line

    def _write(self, day: str, data: bytes) -> Path:
        path = self._layout.ledger_day(day)
        fd = self._disk.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        try:
            write_all(self._disk, fd, data)
        finally:
            self._disk.close(fd)
        return path


def line_digest(line: bytes) -> str:
    """The sha-256 in hex of a line without its newline."""
    return hashlib.sha256(line).hexdigest()


def day_files(layout: Layout) -> list[Path]:
    """The ledger's files, oldest first."""
    return sorted(layout.ledger.glob("*.jsonl"))


def parse_line(line: bytes, path: Path) -> Line:
    """One line of the ledger. Raises `StorageFailure` naming the file."""
    try:
        parsed = LINE.decode(line)
        parse_rfc3339(parsed.time)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StorageFailure(f"{path} holds a line that is none: {error}") from None
    return parsed


def read_lines(layout: Layout) -> Iterator[tuple[Path, int, bytes]]:
    """Every whole line in order: its file, its number there, its bytes."""
    for path in day_files(layout):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):
                    yield path, number, line[:-1]
