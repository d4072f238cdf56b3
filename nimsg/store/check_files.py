"""Message and account files: each by itself, and beside the index."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import asdict, replace

from nimsg.core.accounts import Account
from nimsg.errors import Refusal, StorageFailure
from nimsg.progress import Progress
from nimsg.store.accountfile import decode_account, is_as_written
from nimsg.store.findings import Findings, Say, shown
from nimsg.store.layout import Layout
from nimsg.store.mailbook import answered
from nimsg.store.messagefile import (
    FILE_FORMAT,
    MessageFile,
    decode_as,
    encode_message,
    misfit,
)
from nimsg.store.messagerow import FIXED, Entry, entry_of, message_row
from nimsg.store.plan import RowKind
from nimsg.store.removal import Stub, read_stubs
from nimsg.store.snapshot import Snapshot
from nimsg.store.survey import Leftover, Survey


# What people wrote, or keep secret, is not shown.
PRIVATE = frozenset(
    {
        "subject",
        "password_hash",
        "tokens",
        "secret_hash",
        "label",
        "blocks",
        "rooms",
        "topic",
        "to",
        "body",
    }
)
# The number of a name that the index does not know.
NOBODY = -1
REMOVED = "SELECT removed FROM message WHERE id = ?"
CHANGED = "is not written as nimsg writes it: it was changed by other means"


def check_messages(
    layout: Layout,
    seen: Survey,
    index: Snapshot | None,
    findings: Findings,
    progress: Progress,
) -> None:
    """Every message file, and every message of the index."""
    ids = sorted(seen.messages | seen.misplaced.keys())
    progress.begin("message files", len(ids), "messages")
    for id_ in ids:
        progress.advance()
        path = layout.message(id_) if id_ in seen.messages else seen.misplaced[id_]
        _check_message(layout, path, id_, index, findings)
    if index is None:
        return
    for row in index.connection.execute("SELECT * FROM message ORDER BY id"):
        id_ = row["id"]
        if row["removed"]:
            _check_removed(layout, row, seen, index, findings)
        elif id_ not in seen.messages and id_ not in seen.misplaced:
            _check_message(layout, layout.message(id_), id_, index, findings)
    _check_stubs(seen, index, findings)


def _check_stubs(seen: Survey, index: Snapshot, findings: Findings) -> None:
    """What lines tell of removed messages, that the index does not know."""
    for id_ in seen.removed:
        removed = index.connection.execute(REMOVED, (id_,)).fetchone()
        if removed is None:
            findings.index(f"message {id_}")("is missing, and a line tells of its end")
        elif not removed[0]:
            findings.index(f"message {id_}")("has its text, and by a line it has none")


def _check_removed(
    layout: Layout,
    row: sqlite3.Row,
    seen: Survey,
    index: Snapshot,
    findings: Findings,
) -> None:
    """A message whose text is gone has its line, and no file."""
    id_ = row["id"]
    if index.unsettled(RowKind.REMOVAL, id_):
        return
    say = findings.index(f"message {id_}")
    try:
        stub = seen.removed.get(id_) or _stub_now(layout, id_)
    except (OSError, StorageFailure):
        say("has lost its text, and the line that tells of that cannot be read")
        return
    if stub is None:
        say("has lost its text, and no line tells of that")
        return
    if layout.message(id_).exists():
        findings.file(layout.message(id_))("stands, and its text was removed")
    sender = index.uids.get(stub.sender, NOBODY)
    entry = Entry(stub.as_file(), sender, {}, stub.fingerprint, stub.imported)
    expected = message_row(entry)
    for what in differences(FIXED, [row[name] for name in FIXED], expected):
        say(what)
    if _positions(index.connection, row["m"]) != stub.positions.inbox:
        say("has copies at other positions than its removal tells")


def _stub_now(layout: Layout, id_: str) -> Stub | None:
    """The stub that was written since the survey."""
    stubs = read_stubs(layout.removals(id_))
    return next((stub for stub in stubs if stub.id == id_), None)


def _check_message(
    layout: Layout, path: Path, id_: str, index: Snapshot | None, findings: Findings
) -> None:
    say = findings.file(path)
    try:
        data = read_file(path)
        if data is None and index is not None:
            data = index.waiting.get((RowKind.MESSAGE, id_))
        if data is None:
            if _stub_now(layout, id_) is None:
                say("is missing, and the index has the message")
            return
        file = decode_as(data, id_)
    except (OSError, Refusal, StorageFailure) as refusal:
        say(str(refusal))
        return
    for what in _message_faults(file, data):
        say(what)
    if index is not None:
        for what in _beside_index(file, index):
            findings.index(f"message {id_}")(what)


def _message_faults(file: MessageFile, data: bytes) -> Iterator[str]:
    if file.format != FILE_FORMAT:
        yield f"has format {file.format}; this version has {FILE_FORMAT}"
    elif encode_message(file) != data:
        yield CHANGED
    if fault := misfit(file):
        yield fault


def _beside_index(file: MessageFile, index: Snapshot) -> Iterator[str]:
    row = index.connection.execute(
        f"SELECT m, removed, {', '.join(FIXED)} FROM message WHERE id = ?",
        (file.id,),
    ).fetchone()
    if row is None:
        yield "is missing, and its file stands"
        return
    if row["removed"]:
        return
    entry = entry_of(
        file,
        lambda name: index.uids.get(name, NOBODY),
        lambda name: index.rooms.get(name, NOBODY),
    )
    if entry.sender == NOBODY:
        yield f"is from {file.sender!r} by its file, and there is no such account"
        return
    expected = message_row(entry)
    if file.origin is not None:
        # What an import answers is known from what else was imported.
        known = answered(index.connection, row["m"])
        at = FIXED.index("reply_to")
        expected = (*expected[:at], known, *expected[at + 1 :])
        references = _references(index.connection, row["m"])
        if references != list(file.references or ()):
            yield "has other references than its file"
    yield from differences(FIXED, tuple(row)[2:], expected)
    positions = _positions(index.connection, row["m"])
    if positions != file.positions.inbox:
        yield (
            f"has copies at the positions {positions}, by its file at "
            f"{file.positions.inbox}"
        )


def _references(connection: sqlite3.Connection, m: int) -> list[str]:
    rows = connection.execute(
        "SELECT client_id FROM reference WHERE m = ? ORDER BY place", (m,)
    )
    return [row["client_id"] for row in rows]


def _positions(connection: sqlite3.Connection, m: int) -> dict[str, int]:
    """The copies of a message: who has one, and where."""
    rows = connection.execute(
        "SELECT name, position FROM copy JOIN account ON uid = owner WHERE m = ?", (m,)
    )
    return dict(tuple(row) for row in rows)


def differences(
    names: Sequence[str], found: Sequence[object], expected: Sequence[object]
) -> Iterator[str]:
    """How two rows differ, in words."""
    for name, one, other in zip(names, found, expected, strict=True):
        if one != other and name in PRIVATE:
            yield f"has another `{name}` than its file"
        elif one != other:
            yield f"has `{name}` {shown(name, one)}, by its file {shown(name, other)}"


def check_accounts(
    layout: Layout, seen: Survey, index: Snapshot | None, findings: Findings
) -> None:
    """Every account file, and every account of the index."""
    names: dict[str, int] = {}
    for uid in sorted(seen.accounts.union(index.uids.values() if index else ())):
        say = findings.file(layout.user(uid))
        account = _read_account(layout.user(uid), uid, index, say)
        if account is None:
            continue
        other = names.setdefault(account.name, uid)
        if other != uid:
            say(f"has the name {account.name!r} of account {other}")
        if index is not None:
            for what in _account_beside_index(account, index):
                findings.index(f"account {uid}")(what)


def _read_account(
    path: Path, uid: int, index: Snapshot | None, say: Say
) -> Account | None:
    try:
        data = read_file(path)
        if data is None:
            if index is None or not index.unsettled(RowKind.ACCOUNT, str(uid), uid):
                say("is missing, and the index has the account")
            return None
        account = decode_account(data)
    except StorageFailure as failure:
        say(str(failure))
        return None
    if account.uid != uid:
        say(f"holds the account {account.uid}")
        return None
    if not is_as_written(data, account):
        say(CHANGED)
    return account


def _account_beside_index(account: Account, index: Snapshot) -> Iterator[str]:
    uid = account.uid
    found = index.account(uid)
    if found is None:
        yield "is missing, and its file stands"
        return
    by_file = replace(
        account,
        tokens=tuple(sorted(account.tokens, key=lambda t: (t.created_at, t.id))),
    )
    if by_file != found and not index.unsettled(RowKind.ACCOUNT, str(uid), uid):
        yield from differences(
            Account.__struct_fields__,
            tuple(asdict(found).values()),
            tuple(asdict(by_file).values()),
        )


def check_leftovers(
    leftovers: Sequence[Leftover], index: Snapshot | None, findings: Findings
) -> None:
    """Temporary files that no journal row will give their names."""
    for leftover in leftovers:
        waits = index is not None and index.unsettled(leftover.kind, leftover.name)
        if not waits and leftover.path.exists():
            findings.file(leftover.path)("was left behind by nobody who will finish it")


def read_file(path: Path) -> bytes | None:
    """A file's bytes, None where there is none. Raises `StorageFailure`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageFailure(f"cannot be read: {error.strerror}") from None
