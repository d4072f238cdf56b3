"""The signs of the screen, one cell each, and those for terminals without Unicode."""

from typing import NamedTuple


class Glyphs(NamedTuple):
    """What stands for what; the states are told apart without colours."""

    focus: str
    new: str
    read: str
    acked: str
    recalled: str
    imported: str
    kept: str  # read, and kept as unread by this client
    queued: str
    stored: str
    fetched: str
    read_out: str  # all recipients have opened it
    some_read: str
    acked_out: str
    failed: str
    draft: str
    marked: str
    hline: str
    vline: str
    cross: str
    tee_down: str
    tee_up: str
    tee_left: str
    tee_right: str
    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    more_above: str
    more_below: str
    ellipsis: str
    bullet: str
    online: str
    pending: str


UNICODE = Glyphs(
    focus=">",
    new="N",
    read=" ",
    acked="A",
    recalled="x",
    imported="i",
    kept="U",
    queued="…",
    stored="-",
    fetched="f",
    read_out="R",
    some_read="r",
    acked_out="A",
    failed="!",
    draft="d",
    marked="*",
    hline="─",
    vline="│",
    cross="┼",
    tee_down="┬",
    tee_up="┴",
    tee_left="┤",
    tee_right="├",
    top_left="┌",
    top_right="┐",
    bottom_left="└",
    bottom_right="┘",
    more_above="↑",
    more_below="↓",
    ellipsis="…",
    bullet="·",
    online="•",
    pending="…",
)
ASCII = UNICODE._replace(
    queued=".",
    hline="-",
    vline="|",
    cross="+",
    tee_down="+",
    tee_up="+",
    tee_left="+",
    tee_right="+",
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    more_above="^",
    more_below="v",
    ellipsis="~",
    bullet="*",
    online="*",
    pending=".",
)
INBOX_STATES = ("new", "read", "acked", "recalled", "imported", "kept")
OUTBOX_STATES = (
    *("queued", "stored", "fetched", "read_out", "some_read", "acked_out"),
    *("failed", "draft", "recalled", "imported"),
)


def glyphs(encoding: str, *, only_ascii: bool = False) -> Glyphs:
    """The signs that a terminal of this encoding can show."""
    if only_ascii:
        return ASCII
    try:
        "".join(UNICODE).encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE
