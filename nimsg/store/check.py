"""What is stored, proven: files, ledger and index must tell the same.

No lock is taken and nothing in the store is written, so that a server may run.
It commits before it files, and files before it forgets; hence the order here:
note which files there are, then copy the index in one go, then read the files.
A file noted before must be in the index, and what the index has must have its
file or a row in the journal. What is written meanwhile is left to the next check.
"""

from pathlib import Path

from msgspec import Struct

from nimsg.core.rooms import LOBBY_ID
from nimsg.progress import Progress, Silent
from nimsg.protocol.constants import CopyState
from nimsg.store.check_drafts import check_drafts
from nimsg.store.check_files import check_accounts, check_leftovers, check_messages
from nimsg.store.check_index import (
    check_index,
    count_copies,
    count_refused,
)
from nimsg.store.check_invitations import check_invitations
from nimsg.store.check_ledger import check_ledger
from nimsg.store.check_rooms import check_rooms
from nimsg.store.findings import Findings, Problem as Problem
from nimsg.store.layout import Layout
from nimsg.store.snapshot import Snapshot, take_snapshot
from nimsg.store.storeformat import KNOWN, format_text, unread_format, wrong_format
from nimsg.store.survey import Survey, survey


NO_COPIES = {state.value: 0 for state in CopyState}


class Report(Struct, frozen=True):
    """How much was checked, and every disagreement that was found.

    `copies` says how many copies are in each state, and `refused` how many
    recipients got none; both are zero where the index cannot be read, or where there
    is none (`indexed`). `lost` is what was taken into quarantine earlier. `posts` are
    those of the messages that are in a room. Nothing was `looked` at where there is no
    store, or one of another format.
    """

    accounts: int
    messages: int
    lines: int
    copies: dict[str, int]
    refused: int
    lost: int
    indexed: bool
    problems: list[Problem]
    rooms: int = 0
    posts: int = 0
    looked: bool = True


def check_store(root: Path, progress: Progress | None = None) -> Report:
    """Name every disagreement within the store at `root`."""
    progress = progress or Silent()
    layout = Layout(root)
    findings = Findings(root)
    if not _is_store(layout, findings):
        return Report(
            *(0, 0, 0, NO_COPIES, 0, 0),
            indexed=layout.index.exists(),
            problems=findings.problems,
            looked=False,
        )
    seen = survey(layout, findings)
    with take_snapshot(layout.index, findings) as index:
        check_accounts(layout, seen, index, findings)
        check_invitations(layout, seen, index, findings)
        check_rooms(layout, seen, index, findings)
        check_drafts(layout, seen, index, findings)
        check_messages(layout, seen, index, findings, progress)
        progress.end()
        check_leftovers(seen.leftovers, index, findings)
        if index is None:
            return _check_rest(layout, seen, findings)
        return _check_index(layout, seen, index, findings)


def _is_store(layout: Layout, findings: Findings) -> bool:
    parts = (layout.format, layout.index, *layout.folders)
    if not any(part.exists() for part in parts):
        findings.file(layout.root)("there is no store in this folder")
        return False
    try:
        found = format_text(layout)
    except OSError as error:
        findings.file(layout.format)(unread_format(layout, error))
        return True
    if found != KNOWN:
        findings.file(layout.format)(wrong_format(layout, found))
    return found == KNOWN


def _check_rest(layout: Layout, seen: Survey, findings: Findings) -> Report:
    lines = check_ledger(layout, seen, None, findings)
    messages = len(seen.messages | seen.misplaced.keys())
    return Report(
        len(seen.accounts),
        messages,
        lines,
        NO_COPIES,
        0,
        len(seen.lost),
        indexed=layout.index.exists(),
        problems=findings.problems,
        rooms=len(seen.rooms | {LOBBY_ID}),
    )


def _check_index(
    layout: Layout, seen: Survey, index: Snapshot, findings: Findings
) -> Report:
    check_index(index, findings)
    copies = count_copies(index)
    lines = check_ledger(layout, seen, index, findings)
    return Report(
        len(index.uids),
        index.messages,
        lines,
        copies,
        count_refused(index),
        len(seen.lost),
        indexed=True,
        problems=findings.problems,
        rooms=len(index.rooms),
        posts=index.posts,
    )
