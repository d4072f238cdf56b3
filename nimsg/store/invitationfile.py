"""The file of an invitation, below invitations/. Times are RFC 3339."""

import msgspec
from msgspec import Struct

from nimsg.core.invitations import Invitation
from nimsg.errors import StorageFailure
from nimsg.protocol.rules import is_id
from nimsg.protocol.times import parse_rfc3339, rfc3339
from nimsg.store.jsonfile import encode_file, text_of_time, time_of_text


class InvitationFile(Struct, frozen=True):
    """The members of an invitation file."""

    id: str
    secret_hash: str
    label: str
    created: str
    expires: str | None
    used: str | None
    used_by: str | None
    revoked: str | None
    format: int = 1


DECODER = msgspec.json.Decoder(InvitationFile)


def encode_invitation(invitation: Invitation) -> bytes:
    """The file's bytes."""
    file = InvitationFile(
        invitation.id,
        invitation.secret_hash,
        invitation.label,
        rfc3339(invitation.created_at),
        text_of_time(invitation.expires_at),
        text_of_time(invitation.used_at),
        invitation.used_by,
        text_of_time(invitation.revoked_at),
    )
    return encode_file(file)


def decode_invitation(data: bytes, id_: str) -> Invitation:
    """Read the file of an id. Raises `StorageFailure` where it is not that."""
    try:
        file = DECODER.decode(data)
        invitation = Invitation(
            file.id,
            file.secret_hash,
            file.label,
            parse_rfc3339(file.created),
            time_of_text(file.expires),
            time_of_text(file.used),
            file.used_by,
            time_of_text(file.revoked),
        )
    except (msgspec.MsgspecError, ValueError) as error:
        raise StorageFailure(f"an invitation file cannot be read: {error}") from None
    if not is_id(id_) or invitation.id != id_:
        raise StorageFailure(f"holds the invitation {invitation.id!r}")
    return invitation
