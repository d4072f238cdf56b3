"""Digests of a message: one that proves it, one that older sources look it up by."""

import hashlib
from collections.abc import Sequence
from json.encoder import encode_basestring as quoted


DIGEST_VERSION = 1


def message_digest(  # noqa: PLR0913 - the digest is defined over exactly these fields
    *,
    id: str,  # noqa: A002 - the wire's name for it
    sender: str,
    to: Sequence[str],
    sent_at: int,
    subject: str,
    body: str,
    reply_to: str | None,
) -> str:
    """The sha-256 of a message in hex, 64 characters.

    It covers the seven fields and a version, as JSON with sorted keys, compact
    separators and characters as they are. `sent_at` is in ms UTC.
    """
    names = ",".join(map(quoted, to))
    answered = "null" if reply_to is None else quoted(reply_to)
    # The members in the order that sorted keys have; a test compares `json.dumps`.
    text = (
        f'{{"body":{quoted(body)},"from":{quoted(sender)},"id":{quoted(id)},'
        f'"reply_to":{answered},"sent_at":{sent_at},"subject":{quoted(subject)},'
        f'"to":[{names}],"v":{DIGEST_VERSION}}}'
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def body_hash(body: str) -> str:
    """The md5 of the body's UTF-8 bytes in hex; a look-up key, not for security."""
    return hashlib.md5(body.encode("utf-8"), usedforsecurity=False).hexdigest()
