"""Which files a store has, noted by their names before anything is read."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, field

from nimsg.errors import StorageFailure
from nimsg.store.atomic import TEMPORARY
from nimsg.store.findings import Findings
from nimsg.store.layout import REMOVALS, Layout
from nimsg.store.ledger import day_files
from nimsg.store.plan import RowKind
from nimsg.store.quarantine import lost_messages
from nimsg.store.removal import Stub, read_stubs


MESSAGE = re.compile(r"([0-7][0-9A-HJKMNP-TV-Z]{25})\.json(\.tmp)?\Z")
ACCOUNT = re.compile(r"([0-9]{8,})\.json(\.tmp)?\Z")
NAMED = MESSAGE
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.jsonl\Z")


class Leftover(Struct, frozen=True):
    """A temporary file, and the journal row it is made from."""

    path: Path
    kind: RowKind
    name: str


class Survey(Struct):
    """What was there: ids of messages, numbers of accounts, bytes of ledger days.

    `removed` are the messages whose text is gone by the rules, `lost` those that were
    given up when the index was made anew. `misplaced` are message files in another
    folder than the day of their id.
    """

    messages: set[str] = field(default_factory=set)
    misplaced: dict[str, Path] = field(default_factory=dict)
    accounts: set[int] = field(default_factory=set)
    invitations: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)
    drafts: set[str] = field(default_factory=set)
    leftovers: list[Leftover] = field(default_factory=list)
    ledger: dict[Path, int] = field(default_factory=dict)
    removed: dict[str, Stub] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)


def survey(layout: Layout, findings: Findings) -> Survey:
    """Note every file; what does not belong there is named."""
    seen = Survey()
    for path in _files(layout.messages, findings):
        if path.name == REMOVALS:
            _note_removals(layout, path, seen, findings)
        else:
            _note_message(layout, path, seen, findings)
    for path in _files(layout.users, findings):
        _note_account(layout, path, seen, findings)
    for folder in _id_folders(layout, seen):
        for path in _files(folder.path, findings):
            _note_named(path, folder, seen, findings)
    _note_ledger(layout, seen, findings)
    try:
        seen.lost = lost_messages(layout)
    except (OSError, StorageFailure) as error:
        findings.file(layout.quarantine)(f"cannot be read: {error}")
    return seen


def _note_ledger(layout: Layout, seen: Survey, findings: Findings) -> None:
    for path in _files(layout.ledger, findings):
        if path.parent != layout.ledger or not DAY.match(path.name):
            findings.file(path)("does not belong here")
    seen.ledger = ledger_sizes(layout)


def ledger_sizes(layout: Layout) -> dict[Path, int]:
    """The bytes of each day, the newest taken first.

    A day is finished before the next one begins: what is seen of a day that is
    being written never lacks a line of the days before it.
    """
    sizes = {path: path.lstat().st_size for path in reversed(day_files(layout))}
    return dict(reversed(sizes.items()))


def _files(folder: Path, findings: Findings) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        findings.file(Path(error.filename))(f"cannot be read: {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        for name in sorted(names):
            yield Path(parent, name)


def _note_removals(
    layout: Layout, path: Path, seen: Survey, findings: Findings
) -> None:
    try:
        for stub in read_stubs(path):
            seen.removed[stub.id] = stub
            if _place(layout, stub.id) != path.with_name(f"{stub.id}.json"):
                findings.file(path)(f"has the message {stub.id} of another day")
    except (OSError, StorageFailure) as error:
        findings.file(path)(f"cannot be read: {error}")


def _note_message(layout: Layout, path: Path, seen: Survey, findings: Findings) -> None:
    match = MESSAGE.match(path.name)
    place = _place(layout, match[1]) if match else None
    if match is None or place is None:
        findings.file(path)("does not belong here")
    elif match[2]:
        seen.leftovers.append(Leftover(path, RowKind.MESSAGE, match[1]))
    elif path == place:
        seen.messages.add(match[1])
    else:
        day = place.parent.relative_to(layout.root)
        findings.file(path)(f"belongs into {day}, the day of its id")
        seen.misplaced[match[1]] = path


def _place(layout: Layout, id_: str) -> Path | None:
    try:
        return layout.message(id_)
    except ValueError:
        return None


def _note_account(layout: Layout, path: Path, seen: Survey, findings: Findings) -> None:
    match = ACCOUNT.match(path.name)
    place = layout.user(int(match[1])) if match else None
    if match is None or place is None or path != _named(place, match[2]):
        findings.file(path)("does not belong here")
    elif match[2]:
        seen.leftovers.append(Leftover(path, RowKind.ACCOUNT, str(int(match[1]))))
    else:
        seen.accounts.add(int(match[1]))


class _Folder(NamedTuple):
    """A folder of files by ids: where each has its place, and those that were seen."""

    path: Path
    place: Callable[[str], Path]
    kind: RowKind
    ids: set[str]


def _id_folders(layout: Layout, seen: Survey) -> tuple[_Folder, ...]:
    invitation, room, draft = RowKind.INVITATION, RowKind.ROOM, RowKind.DRAFT
    invitations = _Folder(
        layout.invitations, layout.invitation, invitation, seen.invitations
    )
    # A backup that an earlier release made has no folder for rooms, or for drafts.
    later = (
        _Folder(layout.rooms, layout.room, room, seen.rooms),
        _Folder(layout.drafts, layout.draft, draft, seen.drafts),
    )
    return (invitations, *(folder for folder in later if folder.path.exists()))


def _note_named(path: Path, folder: _Folder, seen: Survey, findings: Findings) -> None:
    match = NAMED.match(path.name)
    if match is None or path != _named(folder.place(match[1]), match[2]):
        findings.file(path)("does not belong here")
    elif match[2]:
        seen.leftovers.append(Leftover(path, folder.kind, match[1]))
    else:
        folder.ids.add(match[1])


def _named(place: Path, temporary: str | None) -> Path:
    return place.with_name(place.name + TEMPORARY) if temporary else place
