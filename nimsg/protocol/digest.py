"""Digests of a message: one that proves it, one that older sources look it up by."""

import hashlib
from collections.abc import Sequence
from json.encoder import encode_basestring as quoted
from typing import Protocol


DIGEST_VERSION = 1
IMPORT_VERSION = 2
ROOM_VERSION = 3


class Origin(Protocol):
    """What an imported mail says of itself, in its own words.

    `date` is in ms UTC, `zone` in minutes east of UTC.
    """

    @property
    def sender(self) -> str:
        """Who wrote it, as its From header says."""
        ...

    @property
    def to(self) -> list[str]:
        """Whom it was sent to, a text for each."""
        ...

    @property
    def date(self) -> int | None:
        """When it was sent."""
        ...

    @property
    def zone(self) -> int | None:
        """In which zone `date` was given."""
        ...

    @property
    def message_id(self) -> str | None:
        """Its Message-ID (RFC 5322, section 3.6.4)."""
        ...


def message_digest(  # noqa: PLR0913 - the digest is defined over exactly these fields
    *,
    id: str,  # noqa: A002 - the wire's name for it
    sender: str,
    to: Sequence[str],
    sent_at: int,
    subject: str,
    body: str,
    reply_to: str | None,
    origin: Origin | None = None,
    room: str | None = None,
) -> str:
    """The sha-256 of a message in hex, 64 characters.

    It covers the seven fields and a version, as JSON with sorted keys, compact
    separators and characters as they are. `sent_at` is in ms UTC. Version 2 covers
    the origin of an imported message too, version 3 the room that one is in.
    """
    version = DIGEST_VERSION
    if origin is not None:
        version = IMPORT_VERSION
    elif room is not None:
        version = ROOM_VERSION
    in_room = "" if room is None else f'"room":{quoted(room)},'
    names = ",".join(map(quoted, to))
    answered = "null" if reply_to is None else quoted(reply_to)
    # The members in the order that sorted keys have; a test compares `json.dumps`.
    text = (
        f'{{"body":{quoted(body)},"from":{quoted(sender)},"id":{quoted(id)},'
        f'{_origin_member(origin)}"reply_to":{answered},{in_room}"sent_at":{sent_at},'
        f'"subject":{quoted(subject)},"to":[{names}],"v":{version}}}'
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _origin_member(origin: Origin | None) -> str:
    if origin is None:
        return ""
    names = ",".join(map(quoted, origin.to))
    message_id = "null" if origin.message_id is None else quoted(origin.message_id)
    return (
        f'"origin":{{"date":{_integer(origin.date)},"from":{quoted(origin.sender)},'
        f'"message_id":{message_id},"to":[{names}],"zone":{_integer(origin.zone)}}},'
    )


def _integer(value: int | None) -> str:
    return "null" if value is None else str(value)


def body_hash(body: str) -> str:
    """The md5 of the body's UTF-8 bytes in hex; a look-up key, not for security."""
    return hashlib.md5(body.encode("utf-8"), usedforsecurity=False).hexdigest()
