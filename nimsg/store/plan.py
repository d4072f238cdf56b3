"""What is to be done to the files: decided from facts, without the disk.

A journal row becomes steps. At a start these follow upon cuts of what a crash may
have left behind the lines that are settled. `filer` carries the steps out; done
twice they are done once.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from nimsg.store.base import JournalRow
from nimsg.store.layout import Layout, StrPath
from nimsg.store.ledger import Day, End, extended, settled
from nimsg.store.removal import stubs_end


class RowKind(IntEnum):
    """What a journal row becomes."""

    MESSAGE = 0
    EVENT = 1
    ACCOUNT = 2
    REMOVAL = 3
    INVITATION = 4
    ROOM = 5
    DRAFT = 6
    DRAFT_END = 7


class Put(NamedTuple):
    """A file is to hold this, whole or not at all."""

    path: StrPath
    data: bytes


class Note(NamedTuple):
    """A line, without its newline, behind the last whole one of a file."""

    path: Path
    line: bytes


class Append(NamedTuple):
    """Whole lines behind a file's end."""

    path: Path
    data: bytes


class Cut(NamedTuple):
    """A file is to end here."""

    path: Path
    size: int


class Drop(NamedTuple):
    """A file is to be gone."""

    path: Path


class Forget(NamedTuple):
    """A message file is to be gone, and its words from the full text before."""

    path: Path


Step = Put | Note | Append | Cut | Drop | Forget
PLACES: Mapping[int, Callable[[Layout, str], StrPath]] = {
    RowKind.MESSAGE: Layout.message_path,
    RowKind.ACCOUNT: lambda layout, name: layout.user(int(name)),
    RowKind.INVITATION: Layout.invitation,
    RowKind.ROOM: Layout.room,
    RowKind.DRAFT: Layout.draft,
}


class Plan(NamedTuple):
    """Steps in order; when they are done row `n` is filed and the ledger ends so."""

    steps: list[Step]
    n: int
    end: End


class Seen(NamedTuple):
    """What a start has read: the ledger's tail, and lists of removed messages."""

    days: Sequence[Day]
    removals: Mapping[Path, bytes]


def filing(layout: Layout, rows: Sequence[JournalRow], end: End) -> Plan:
    """How rows get their files, in order, and their lines behind a ledger's end."""
    steps: list[Step] = []
    for row in rows:
        if row.kind in PLACES:
            steps.append(Put(PLACES[row.kind](layout, row.name), row.data))
        elif row.kind == RowKind.REMOVAL:
            steps.append(Note(layout.removals(row.name), row.data))
            steps.append(Forget(layout.message(row.name)))
        elif row.kind == RowKind.DRAFT_END:
            steps.append(Drop(layout.draft(row.name)))
    events = [(row.n, row.data) for row in rows if row.kind == RowKind.EVENT]
    days, end = extended(end, events)
    steps += [Append(layout.ledger_day(day), data) for day, data in days.items()]
    return Plan(steps, rows[-1].n if rows else 0, end)


def recovery(layout: Layout, rows: Sequence[JournalRow], head: str, seen: Seen) -> Plan:
    """How rows that a journal still holds are filed in place of what is left of it.

    `head` is the digest of the last settled line of the ledger. Raises
    `StorageFailure` where index and ledger do not belong together.
    """
    unsettled = {row.n for row in rows if row.kind == RowKind.EVENT}
    end = settled(seen.days, head, unsettled, layout.ledger)
    cuts = [(day.path, day.settled, day.data) for day in seen.days]
    for path, ids in removed_in(layout, rows).items():
        if path in seen.removals:
            data = seen.removals[path]
            cuts.append((path, stubs_end(data, ids), data))
    steps: list[Step] = [Cut(path, at) for path, at, data in cuts if at < len(data)]
    plan = filing(layout, rows, end)
    return plan._replace(steps=steps + plan.steps)


def removed_in(layout: Layout, rows: Sequence[JournalRow]) -> dict[Path, set[str]]:
    """Which messages rows remove, by the list that notes it."""
    found: dict[Path, set[str]] = {}
    for row in rows:
        if row.kind == RowKind.REMOVAL:
            found.setdefault(layout.removals(row.name), set()).add(row.name)
    return found
