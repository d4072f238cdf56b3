"""The index beside itself: sums, sequences and the journal."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import asdict

from nimsg.core.ladder import Copy
from nimsg.errors import NimsgError, StorageFailure
from nimsg.protocol.constants import CopyState
from nimsg.store import draftbook, invitationbook, roombook
from nimsg.store.accountfile import decode_account
from nimsg.store.base import JournalRow
from nimsg.store.check_drafts import DRAFT_RULES
from nimsg.store.check_rooms import ROOM_RULES
from nimsg.store.draftfile import decode_draft, require_id
from nimsg.store.findings import Findings
from nimsg.store.invitationfile import decode_invitation
from nimsg.store.ledger import EVENT, Event
from nimsg.store.mailboxes import Mailbox
from nimsg.store.messagefile import decode_message
from nimsg.store.messagerow import SERVER
from nimsg.store.plan import RowKind
from nimsg.store.removal import decode_stub
from nimsg.store.roomfile import decode_room
from nimsg.store.schema import COPY
from nimsg.store.snapshot import Snapshot


# Each gives the rows that break a rule, and in which words.
RULES: Final = (
    "SELECT 'message ' || id, 'has no account as its sender ' || sender"
    " FROM message WHERE sender NOT IN (SELECT uid FROM account)"
    f" AND (room IS NULL OR sender != {SERVER})",
    "SELECT 'copy ' || owner || '/' || position, 'is of no message'"
    " FROM copy WHERE m NOT IN (SELECT m FROM message)",
    "SELECT 'copy ' || owner || '/' || position, 'is of no account'"
    " FROM copy WHERE owner NOT IN (SELECT uid FROM account)",
    # conservation: a copy for each recipient, neither more nor fewer
    "SELECT 'message ' || id, 'has ' || found || ' copies, and its recipients are '"
    " || recipients FROM"
    " (SELECT *, (SELECT count(*) FROM copy c WHERE c.m = t.m) AS found"
    " FROM message t) WHERE NOT json_valid(recipients)"
    " OR iif(json_valid(recipients), json_array_length(recipients), -1) != found",
    "SELECT 'mailbox ' || owner, 'has ' || count(*) || ' copies at the positions '"
    " || min(position) || ' to ' || max(position) FROM copy"
    " LEFT JOIN mailbox ON uid = owner GROUP BY owner"
    " HAVING min(position) < 1 OR max(position) > count(*) + ifnull(lost_in, 0)",
    "SELECT 'mailbox ' || sender, 'has ' || count(*) || ' messages at the positions '"
    " || min(position) || ' to ' || max(position) FROM message"
    " LEFT JOIN mailbox ON uid = sender WHERE room IS NULL GROUP BY sender"
    " HAVING min(position) < 1 OR max(position) > count(*) + ifnull(lost_out, 0)",
    "SELECT 'mailbox ' || uid, 'has given the change number ' || change || ' twice'"
    " FROM (SELECT owner AS uid, change FROM copy WHERE change IS NOT NULL UNION ALL"
    " SELECT sender, change FROM message WHERE change IS NOT NULL)"
    " GROUP BY uid, change HAVING count(*) > 1",
    "SELECT 'account ' || uid, 'has the folded name ' || fold || ' beside ' || name"
    " FROM account WHERE fold != lower(name)",
    "SELECT 'token ' || id, 'is of no account'"
    " FROM token WHERE uid NOT IN (SELECT uid FROM account)",
    "SELECT 'account ' || owner, 'blocks the account ' || blocked || ', or is none'"
    " FROM block WHERE owner NOT IN (SELECT uid FROM account)"
    " OR blocked NOT IN (SELECT uid FROM account)",
    "SELECT 'login ' || n, 'is of no account'"
    " FROM login WHERE uid NOT IN (SELECT uid FROM account)",
)
# What the counters of each mailbox must be: the columns of `Mailbox`.
COUNTERS: Final = (
    "SELECT uid, max(last_in), max(last_out), max(last_change), sum(new),"
    " sum(pending), sum(kept_in), sum(kept_out) FROM ("
    " SELECT owner AS uid, count(*) AS last_in, 0 AS last_out,"
    " ifnull(max(change), 0) AS last_change, sum(new) AS new, 0 AS pending,"
    " sum(deleted_at IS NULL) AS kept_in, 0 AS kept_out FROM copy GROUP BY owner"
    " UNION ALL SELECT sender, 0, count(*), ifnull(max(change), 0), 0,"
    " sum(pending), 0, sum(deleted_at IS NULL) FROM message WHERE room IS NULL"
    " GROUP BY sender"
    ") GROUP BY uid"
)
# Positions without a message count as given.
LOST: Final = {"last_in": "lost_in", "last_out": "lost_out"}
REFUSED: Final = (
    "SELECT ifnull(sum(json_array_length(refused)), 0) FROM message"
    " WHERE json_valid(refused)"
)


def check_index(index: Snapshot, findings: Findings) -> None:
    """Rules between the rows, and counters beside what they count."""
    for rule in (*RULES, *ROOM_RULES, *DRAFT_RULES):
        for row, what in index.connection.execute(rule):
            findings.index(row)(what)
    expected = _mailboxes(index.connection, COUNTERS)
    found = _mailboxes(index.connection, "SELECT * FROM mailbox")
    for uid in sorted(expected.keys() | found.keys()):
        rows = asdict(expected.get(uid, Mailbox(uid)))
        values = asdict(found.get(uid, Mailbox(uid)))
        for last, lost in LOST.items():
            rows[last] += values[lost]
            rows[lost] = values[lost]
        for name, value in values.items():
            if value != rows[name]:
                findings.index(f"mailbox {uid}")(
                    f"has `{name}` {value}, by its rows {rows[name]}"
                )


def _mailboxes(connection: sqlite3.Connection, query: str) -> dict[int, Mailbox]:
    return {row[0]: Mailbox(*row) for row in connection.execute(query)}


def count_copies(index: Snapshot) -> dict[str, int]:
    """How many copies are in each state, every state named."""
    states = Counter(
        Copy(*row).state for row in index.connection.execute(f"SELECT {COPY} FROM copy")
    )
    return {state.value: states[state] for state in CopyState}


def count_refused(index: Snapshot) -> int:
    """How many recipients could not be reached, in all messages."""
    count: int = index.connection.execute(REFUSED).fetchone()[0]
    return count


def check_journal(index: Snapshot, findings: Findings) -> dict[int, Event]:
    """Rows that could not be filed at the next start; the events among the others."""
    events: dict[int, Event] = {}
    before = None
    for row in index.journal:
        say = findings.index(f"journal row {row.n}")
        if before is not None and row.n != before + 1:
            say(f"follows row {before}")
        before = row.n
        try:
            READERS[row.kind](row, index, events)
        except KeyError:
            say(f"has the kind {row.kind}, which is none")
        except (NimsgError, msgspec.MsgspecError, ValueError) as error:
            say(f"cannot be filed: {error}")
    return events


def _read_message(row: JournalRow, index: Snapshot, _: dict[int, Event]) -> None:
    file = decode_message(row.data)
    if file.id != row.name:
        raise StorageFailure(f"it holds the message {file.id}")
    known = index.connection.execute(
        "SELECT 1 FROM message WHERE id = ?", (file.id,)
    ).fetchone()
    if known is None:
        raise StorageFailure("the index has no such message")


def _read_event(row: JournalRow, _: Snapshot, events: dict[int, Event]) -> None:
    events[row.n] = EVENT.decode(row.data)


def _read_account(row: JournalRow, index: Snapshot, _: dict[int, Event]) -> None:
    account = decode_account(row.data)
    if str(account.uid) != row.name or index.account(account.uid) is None:
        raise StorageFailure("the index has no such account")


def _read_invitation(row: JournalRow, index: Snapshot, _: dict[int, Event]) -> None:
    invitation = decode_invitation(row.data, row.name)
    if invitationbook.by_id(index.connection, invitation.id) is None:
        raise StorageFailure("the index has no such invitation")


def _read_room(row: JournalRow, index: Snapshot, _: dict[int, Event]) -> None:
    room = decode_room(row.data, row.name)
    if roombook.by_id(index.connection, room.id) is None:
        raise StorageFailure("the index has no such room")


def _read_draft(row: JournalRow, index: Snapshot, _: dict[int, Event]) -> None:
    draft = decode_draft(row.data, row.name)
    ended = (RowKind.DRAFT_END, draft.id) in index.waiting
    if not ended and draftbook.by_id(index.connection, draft.id) is None:
        raise StorageFailure("the index has no such draft")


def _read_draft_end(row: JournalRow, index: Snapshot, _: dict[int, Event]) -> None:
    require_id(row.name)
    if draftbook.by_id(index.connection, row.name) is not None:
        raise StorageFailure("the index has the draft still")


def _read_removal(row: JournalRow, _: Snapshot, __: dict[int, Event]) -> None:
    if decode_stub(row.data, Path(row.name)).id != row.name:
        raise StorageFailure("it holds another message")


READERS: dict[int, Callable[[JournalRow, Snapshot, dict[int, Event]], None]] = {
    RowKind.MESSAGE: _read_message,
    RowKind.EVENT: _read_event,
    RowKind.ACCOUNT: _read_account,
    RowKind.REMOVAL: _read_removal,
    RowKind.INVITATION: _read_invitation,
    RowKind.ROOM: _read_room,
    RowKind.DRAFT: _read_draft,
    RowKind.DRAFT_END: _read_draft_end,
}
