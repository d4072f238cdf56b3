"""The file of a draft, below drafts/. Times are RFC 3339."""

import msgspec
from msgspec import Struct

from nimsg.core.drafts import Draft
from nimsg.errors import StorageFailure
from nimsg.protocol.rules import is_id
from nimsg.protocol.times import parse_rfc3339, rfc3339
from nimsg.store.jsonfile import encode_file


class DraftFile(Struct, frozen=True):
    """The members of a draft file; `uid` is the number of its account."""

    id: str
    uid: int
    client_id: str
    to: str
    subject: str
    body: str
    reply_to: str | None
    time: str
    format: int = 1


DECODER = msgspec.json.Decoder(DraftFile)


def encode_draft(draft: Draft) -> bytes:
    """The file's bytes."""
    return encode_file(
        DraftFile(
            draft.id,
            draft.uid,
            draft.client_id,
            draft.to,
            draft.subject,
            draft.body,
            draft.reply_to,
            rfc3339(draft.saved_at),
        )
    )


def decode_draft(data: bytes, id_: str) -> Draft:
    """Read the file of an id. Raises `StorageFailure` where it is not that."""
    try:
        file = DECODER.decode(data)
        draft = Draft(
            file.id,
            file.uid,
            file.client_id,
            file.to,
            file.subject,
            file.body,
            file.reply_to,
            parse_rfc3339(file.time),
        )
    except (msgspec.MsgspecError, ValueError) as error:
        raise StorageFailure(f"a draft file cannot be read: {error}") from None
    require_id(id_)
    if draft.id != id_:
        raise StorageFailure(f"holds the draft {draft.id!r}")
    return draft


def require_id(id_: str) -> None:
    """Raises `StorageFailure` for what can be the id of no draft."""
    if not is_id(id_):
        raise StorageFailure(f"{id_!r} is the id of no draft")
