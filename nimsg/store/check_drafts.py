"""Draft files: each by itself, and beside the index."""

from typing import Final

from msgspec.structs import asdict

from nimsg.core.drafts import Draft
from nimsg.errors import StorageFailure
from nimsg.store import draftbook
from nimsg.store.check_files import CHANGED, differences, read_file
from nimsg.store.draftfile import decode_draft, encode_draft
from nimsg.store.findings import Findings
from nimsg.store.layout import Layout
from nimsg.store.plan import RowKind
from nimsg.store.snapshot import Snapshot
from nimsg.store.survey import Survey


# Each gives the rows that break a rule, and in which words.
DRAFT_RULES: Final = (
    "SELECT 'draft ' || id, 'is of no account, or of one that is closed' FROM draft"
    " WHERE uid NOT IN (SELECT uid FROM account WHERE removed_at IS NULL)",
)


def check_drafts(
    layout: Layout, seen: Survey, index: Snapshot | None, findings: Findings
) -> None:
    """Every draft file, and every draft of the index."""
    known: set[str] = set()
    if index is not None:
        known = {one.id for one in draftbook.all_drafts(index.connection)}
    for id_ in sorted(seen.drafts | known):
        say = findings.file(layout.draft(id_))
        try:
            data = read_file(layout.draft(id_))
            draft = None if data is None else decode_draft(data, id_)
        except StorageFailure as failure:
            say(str(failure))
            continue
        if draft is not None:
            if encode_draft(draft) != data:
                say(CHANGED)
            _compare(draft, index, findings)
        # One that was noted may have been deleted since.
        elif (
            index is not None
            and id_ in known
            and not index.unsettled(RowKind.DRAFT, id_)
        ):
            say("is missing, and the index has the draft")


def _compare(by_file: Draft, index: Snapshot | None, findings: Findings) -> None:
    if index is None:
        return
    found = draftbook.by_id(index.connection, by_file.id)
    say = findings.index(f"draft {by_file.id}")
    if found is None:
        if (RowKind.DRAFT_END, by_file.id) not in index.waiting:
            say("is missing, and its file stands")
    elif by_file != found and not index.unsettled(RowKind.DRAFT, by_file.id):
        names = Draft.__struct_fields__
        one, other = asdict(found).values(), asdict(by_file).values()
        for what in differences(names, tuple(one), tuple(other)):
            say(what)
