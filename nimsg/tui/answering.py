"""Drafts that begin with somebody's message: answers and what is passed on.

What is quoted is quoted as it was shown: a hidden character of another's text is not
passed on under one's own name.
"""

from collections.abc import Callable, Sequence

from nimsg.client.answers import InboxRow, Letter, OutboxRow
from nimsg.protocol.constants import limit
from nimsg.text import clean_body, clean_line
from nimsg.tui.letterdraft import Draft, listed


Clock = Callable[[int], str]  # ms UTC in words: `2026-11-20 16:33`
Message = Letter | InboxRow | OutboxRow


def reply(message: Message, me: str, client_id: str) -> Draft:
    """An answer to who wrote it, or to where one's own went."""
    return _answer(message, _authors(message, me), client_id)


def reply_all(message: Message, me: str, client_id: str) -> Draft:
    """An answer to all who have it but oneself; without another, to oneself's."""
    everybody = dict.fromkeys([*_authors(message, me), *message.to])
    everybody.pop(me, None)
    return _answer(message, list(everybody), client_id)


def quote(message: Message, me: str, client_id: str, clock: Clock) -> Draft:
    """An answer with the text quoted; a row has no text and is only answered."""
    draft = reply(message, me, client_id)
    if isinstance(message, Letter):
        wrote = f"{_author(message, me)} wrote on {clock(message.sent_at)}:"
        draft.body = f"{wrote}\n{quoted(message.body)}\n\n"
    return draft


def forward(message: Message, me: str, client_id: str, clock: Clock) -> Draft:
    """A new message that passes the text on, with who wrote it, when and to whom."""
    body = message.body if isinstance(message, Letter) else ""
    head = [
        "",
        "",
        "---- forwarded message ----",
        f"From: {_author(message, me)}",
        f"To: {clean_line(', '.join(message.to))}",
        f"Sent: {clock(message.sent_at)}",
        f"Subject: {clean_line(message.subject)}",
        "",
    ]
    return Draft(
        client_id,
        subject=prefixed("Fwd:", message.subject),
        body="\n".join([*head, clean_body(body)]),
    )


def quoted(body: str) -> str:
    """Every line of a text behind `> `."""
    lines = clean_body(body).rstrip("\n").split("\n")
    return "\n".join(
        f">{line}" if not line or line.startswith(">") else f"> {line}"
        for line in lines
    )


def prefixed(prefix: str, subject: str) -> str:
    """A prefix before a subject, once, within the limit of a subject."""
    subject = clean_line(subject)
    if not subject or subject.casefold().startswith(prefix.casefold()):
        return subject
    return f"{prefix} {subject}"[: limit("subject_chars")]


def _answer(message: Message, to: Sequence[str], client_id: str) -> Draft:
    return Draft(
        client_id,
        to=listed(to),
        subject=prefixed("Re:", message.subject),
        reply_to=message.id,
    )


def _authors(message: Message, me: str) -> list[str]:
    """Who is answered: never oneself."""
    sender = _sender(message, me)
    found = message.to if sender == me else [sender]
    return [name for name in found if name != me]


def _author(message: Message, me: str) -> str:
    return clean_line(_sender(message, me))


def _sender(message: Message, me: str) -> str:
    return me if isinstance(message, OutboxRow) else message.sender
