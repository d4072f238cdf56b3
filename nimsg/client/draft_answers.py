"""Drafts, as a server lists them."""

from typing import NamedTuple

from nimsg.client import answers
from nimsg.protocol.strict import JsonObject


class DraftRow(NamedTuple):
    """A whole draft, as it was last saved; `saved_at` is ms UTC."""

    client_id: str
    to: str
    subject: str
    body: str
    reply_to: str | None
    saved_at: int


class DraftPage(NamedTuple):
    """Drafts in the order in which they were begun.

    `next` is the `after` of the page after, None at the end.
    """

    drafts: list[DraftRow]
    next: str | None


def draft(row: JsonObject) -> DraftRow:
    """Parse a draft. Raises `ProtocolFault`."""
    return DraftRow(
        answers.text(row, "client_id"),
        answers.text(row, "to"),
        answers.text(row, "subject"),
        answers.text(row, "body"),
        answers.maybe_text(row, "reply_to"),
        answers.number(row, "saved_at"),
    )


def page(result: JsonObject) -> DraftPage:
    """Parse an answer of `draft.list`. Raises `ProtocolFault`."""
    return DraftPage(
        answers.rows(result, "drafts", draft), answers.maybe_text(result, "next")
    )
