"""Invitation files: each by itself, and beside the index."""

from msgspec.structs import asdict

from nimsg.core.invitations import Invitation
from nimsg.errors import StorageFailure
from nimsg.store import invitationbook
from nimsg.store.check_files import CHANGED, differences, read_file
from nimsg.store.findings import Findings
from nimsg.store.invitationfile import decode_invitation, encode_invitation
from nimsg.store.layout import Layout
from nimsg.store.plan import RowKind
from nimsg.store.snapshot import Snapshot
from nimsg.store.survey import Survey


def check_invitations(
    layout: Layout, seen: Survey, index: Snapshot | None, findings: Findings
) -> None:
    """Every invitation file, and every invitation of the index."""
    known: dict[str, Invitation] = {}
    if index is not None:
        known = {
            one.id: one for one in invitationbook.all_invitations(index.connection)
        }
    for id_ in sorted(seen.invitations | known.keys()):
        invitation = _read(layout, id_, index, findings)
        if invitation is not None and index is not None:
            _compare(invitation, known.get(id_), index, findings)


def _read(
    layout: Layout, id_: str, index: Snapshot | None, findings: Findings
) -> Invitation | None:
    path = layout.invitation(id_)
    say = findings.file(path)
    try:
        data = read_file(path)
        if data is None:
            if index is None or not index.unsettled(RowKind.INVITATION, id_):
                say("is missing, and the index has the invitation")
            return None
        invitation = decode_invitation(data, id_)
    except StorageFailure as failure:
        say(str(failure))
        return None
    if encode_invitation(invitation) != data:
        say(CHANGED)
    return invitation


def _compare(
    by_file: Invitation, found: Invitation | None, index: Snapshot, findings: Findings
) -> None:
    say = findings.index(f"invitation {by_file.id}")
    if found is None:
        say("is missing, and its file stands")
    elif by_file != found and not index.unsettled(RowKind.INVITATION, by_file.id):
        names = Invitation.__struct_fields__
        one, other = asdict(found).values(), asdict(by_file).values()
        for what in differences(names, tuple(one), tuple(other)):
            say(what)
