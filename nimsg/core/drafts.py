"""Drafts: what their writer has not sent yet, and nobody else sees."""

from msgspec import Struct
from msgspec.structs import replace

from nimsg.core.commands import SaveDraft
from nimsg.errors import Refusal
from nimsg.protocol.constants import limit


class Draft(Struct, frozen=True):
    """A draft of the account `uid`, which calls it `client_id`.

    `saved_at` is when it last changed. `to` is what was typed, `reply_to` the id of a
    message that need not be there any more: both are looked at when it is sent.
    """

    id: str
    uid: int
    client_id: str
    to: str
    subject: str
    body: str
    reply_to: str | None
    saved_at: int


def decide_save(
    before: Draft | None, drafts: int, command: SaveDraft, now: int
) -> Draft:
    """The draft as a command leaves it; one that says the same stays as it is.

    `drafts` is how many the account has. Raises `Refusal("too_many")`.
    """
    if before is None and drafts >= limit("drafts"):
        raise Refusal("too_many", f"an account keeps at most {limit('drafts')} drafts")
    after = Draft(
        before.id if before else command.id,
        command.uid,
        command.client_id,
        command.to,
        command.subject,
        command.body,
        command.reply_to,
        now,
    )
    if before is not None and replace(after, saved_at=before.saved_at) == before:
        return before
    return after
