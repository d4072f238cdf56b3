"""Digests of a message: one that proves it, one that older sources look it up by."""

import hashlib
import json
from collections.abc import Sequence


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
    fields = {
        "v": DIGEST_VERSION,
        "id": id,
        "from": sender,
        "to": list(to),
        "sent_at": sent_at,
        "subject": subject,
        "body": body,
        "reply_to": reply_to,
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def body_hash(body: str) -> str:
    """The md5 of the body's UTF-8 bytes in hex; a look-up key, not for security."""
    return hashlib.md5(body.encode("utf-8"), usedforsecurity=False).hexdigest()
