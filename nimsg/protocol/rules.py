"""Rules for names and texts; a client checks them to help, the server to be sure."""

import re
from collections.abc import Sequence

from nimsg.errors import Refusal
from nimsg.protocol.constants import limit


NAME = re.compile(r"[!-~]{1,32}\Z")
ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")
ROOM = re.compile(r"[a-z0-9._-]{1,32}\Z")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
LINE_BREAK = re.compile(r"[\r\n]")
RESERVED = frozenset({"admin", "all", "server", "system"})
SEPARATORS = frozenset(",;")
TOKEN_PREFIX = "nimsg_"  # noqa: S105 - the visible part of a token, not a secret
INVITATION_PREFIX = "nimsg-invite_"


def check_name(name: str) -> str:
    """The name itself; raises `Refusal("name_invalid")` where it cannot be one."""
    if not NAME.match(name):
        raise Refusal("name_invalid", data={"user": name[:64]})
    return name


def check_new_name(name: str) -> str:
    """Like `check_name`, and refuses what only accounts of old may be called.

    That is `name_reserved`: the reserved names, and what reads like a list of names.
    """
    if check_name(name).casefold() in RESERVED:
        raise Refusal("name_reserved", data={"user": name})
    return check_single(name)


def check_single(name: str) -> str:
    """Raises `Refusal("name_reserved")` for a new name that reads like a list."""
    if not is_single(name):
        why = "a new name has no comma and no semicolon: they part names in lists"
        raise Refusal("name_reserved", why, {"user": name})
    return name


def is_single(name: str) -> bool:
    """Whether a name cannot be taken for a list of names."""
    return SEPARATORS.isdisjoint(name)


def check_room(name: str) -> str:
    """The name of a room, without its #. Raises `Refusal("unknown_room")`."""
    if not ROOM.match(name):
        raise Refusal(
            "unknown_room",
            "a room has 1 to 32 of the characters a-z 0-9 - _ .",
            {"room": name[:64]},
        )
    return name


def check_recipients(sender: str, to: Sequence[str]) -> None:
    """Refuse a list that is empty, too long, repeats a name or holds the sender."""
    most = limit("recipients")
    if not 0 < len(to) <= most:
        raise Refusal("invalid_params", f"a message goes to 1 to {most} people")
    check_names(to)
    if sender in to:
        raise Refusal("self_recipient")


def check_names(names: Sequence[str]) -> None:
    """Refuse what are no names, and a name that stands twice."""
    for name in names:
        check_name(name)
    if len(set(names)) != len(names):
        raise Refusal("invalid_params", "a recipient is named twice")


def check_message(subject: str, body: str) -> int:
    """The body's size in bytes of UTF-8.

    Raises `Refusal` with `text_invalid`, `subject_invalid`, `body_empty` or
    `body_too_large` where a message cannot be sent as it is.
    """
    size = _check_texts(subject, body)
    if not body and not subject:
        raise Refusal("body_empty")
    return size


def check_draft(to: str, subject: str, body: str) -> None:
    """Refuse what no message could hold; a draft may be empty of everything.

    Raises `Refusal`: `text_invalid`, `subject_invalid`, `body_too_large`.
    """
    if LONE_SURROGATE.search(to):
        raise Refusal("text_invalid")
    _check_texts(subject, body)


def _check_texts(subject: str, body: str) -> int:
    try:
        subject.encode("utf-8")
        size = len(body.encode("utf-8"))
    except UnicodeEncodeError:
        raise Refusal("text_invalid") from None
    if len(subject) > limit("subject_chars") or LINE_BREAK.search(subject):
        raise Refusal("subject_invalid", data={"chars": len(subject)})
    most = limit("body_bytes")
    if size > most:
        raise Refusal(
            "body_too_large",
            f"the body has {size} bytes of UTF-8; at most {most} are taken",
            {"bytes": size, "limit": most},
        )
    return size


def check_topic(topic: str) -> None:
    """Raises `Refusal("topic_invalid")` for what is not one line."""
    if LINE_BREAK.search(topic) or LONE_SURROGATE.search(topic):
        raise Refusal("topic_invalid")


def check_new_password(password: str) -> None:
    """Raises `Refusal("password_invalid")` for a password that cannot be used.

    It is too short, too long, or would be taken for a token.
    """
    least, most = limit("password_chars_min"), limit("password_bytes")
    if len(password) < least:
        raise Refusal("password_invalid", f"a password has at least {least} characters")
    if len(password.encode("utf-8", "surrogatepass")) > most:
        raise Refusal("password_invalid", f"a password has at most {most} bytes")
    if is_token(password):
        raise Refusal(
            "password_invalid",
            f"a password does not begin like a token: {TOKEN_PREFIX}",
        )


def is_id(text: str) -> bool:
    """Whether the text has the form of a message id (ULID)."""
    return bool(ID.match(text))


def is_token(secret: str) -> bool:
    """Whether a secret is a script token rather than a password."""
    return secret.startswith(TOKEN_PREFIX)
