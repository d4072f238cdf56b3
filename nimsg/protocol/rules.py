"""Rules for names and texts; a client checks them to help, the server to be sure."""

import re
from collections.abc import Sequence

from nimsg.errors import Refusal
from nimsg.protocol.constants import limit


NAME = re.compile(r"[!-~]{1,32}\Z")
ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")
LINE_BREAK = re.compile(r"[\r\n]")
RESERVED = frozenset({"admin", "all", "server", "system"})
TOKEN_PREFIX = "nimsg_"  # noqa: S105 - the visible part of a token, not a secret


def check_name(name: str) -> str:
    """The name itself; raises `Refusal("name_invalid")` where it cannot be one."""
    if not NAME.match(name):
        raise Refusal("name_invalid", data={"user": name[:64]})
    return name


def check_new_name(name: str) -> str:
    """Like `check_name`, and refuses the reserved names too."""
    if check_name(name).casefold() in RESERVED:
        raise Refusal("name_reserved", data={"user": name})
    return name


def check_recipients(sender: str, to: Sequence[str]) -> None:
    """Refuse a list that is empty, too long, repeats a name or holds the sender."""
    most = limit("recipients")
    if not 0 < len(to) <= most:
        raise Refusal("invalid_params", f"a message goes to 1 to {most} people")
    for name in to:
        check_name(name)
    if len(set(to)) != len(to):
        raise Refusal("invalid_params", "a recipient is named twice")
    if sender in to:
        raise Refusal("self_recipient")


def check_message(subject: str, body: str) -> int:
    """The body's size in bytes of UTF-8.

    Raises `Refusal` with `text_invalid`, `subject_invalid`, `body_empty` or
    `body_too_large` where a message cannot be sent as it is.
    """
    try:
        subject.encode("utf-8")
        size = len(body.encode("utf-8"))
    except UnicodeEncodeError:
        raise Refusal("text_invalid") from None
    if len(subject) > limit("subject_chars") or LINE_BREAK.search(subject):
        raise Refusal("subject_invalid", data={"chars": len(subject)})
    if not body and not subject:
        raise Refusal("body_empty")
    most = limit("body_bytes")
    if size > most:
        raise Refusal(
            "body_too_large",
            f"the body has {size} bytes of UTF-8; at most {most} are taken",
            {"bytes": size, "limit": most},
        )
    return size


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
