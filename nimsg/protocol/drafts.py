"""Drafts: parameters and results of their methods. Times are ms UTC."""

from typing import Annotated

from msgspec import Meta, Struct

from nimsg.protocol.constants import limit
from nimsg.protocol.requests import ClientId, MessageId, PageLimit, Params
from nimsg.protocol.results import Result


DraftTo = Annotated[str, Meta(max_length=limit("draft_to_chars"))]


class SaveDraft(Params, frozen=True):
    """A draft as it is now, in place of the one of this `client_id`.

    `to` is what was typed, and need not name anybody.
    """

    client_id: ClientId
    to: DraftTo = ""
    subject: str = ""
    body: str = ""
    reply_to: MessageId | None = None


class ListDrafts(Params, frozen=True):
    """Drafts begun after that of the id `after`, oldest first."""

    after: MessageId | None = None
    limit: PageLimit = 100


class OneDraft(Params, frozen=True):
    """One draft."""

    client_id: ClientId


class DraftSaved(Result, frozen=True):
    """The draft stands on the disk, as it was at this time."""

    client_id: str
    saved_at: int


class DraftRow(Struct, frozen=True):
    """A whole draft; `saved_at` is when it last changed."""

    client_id: str
    to: str
    subject: str
    body: str
    reply_to: str | None
    saved_at: int


class Drafts(Result, frozen=True):
    """The account's drafts, in the order in which they were begun.

    `next` is the `after` of the page after.
    """

    drafts: list[DraftRow]
    next: str | None
