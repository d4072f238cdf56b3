"""What urwid itself sends to a terminal, and what therefore came from elsewhere.

The list is that of `urwid.display.raw` of urwid 5 on a UTF-8 terminal, without its
links, its extended keys and its changes of the palette, which nimsg does not use.
"""

import re
from collections.abc import Collection

from tests.support.unsafe import unsafe


_COLOUR = "(?:5;[0-9]+|2;[0-9]+;[0-9]+;[0-9]+)"
_FG = f"(?:39|(?:1;)?3[0-7]|9[0-7]|38;{_COLOUR})"
_BG = f"(?:49|(?:5;)?4[0-7]|10[0-7]|48;{_COLOUR})"
# The settings of a run are always given whole, beginning with a reset.
_SGR = rf"\x1b\[0;{_FG};(?:[1234579];)*{_BG}m"
_MODES = "1000|1002|1004|1006|1049|2004|2026|25"
_ASKED = "1000|1004|1006|1049|2004|2026|2027"
_OURS = re.compile(
    "|".join(
        (
            _SGR + "\x0f",  # at the end
            _SGR,
            r"\x1b\[[0-9]+;[0-9]+H\r?\n\Z",  # likewise
            r"\x1b\[(?:[0-9]+;[0-9]+)?H",
            r"\x1b\[[0-9]+[ABC]",
            r"\x1b\[K",
            r"\x08+\x1b\[4h",  # the last cell of the screen is pushed into its place
            r"\x1b\[4[hl]",
            rf"\x1b\[\?(?:{_MODES})[hl]",
            rf"\x1b\[\?(?:{_ASKED})\$p",
            r"\x1b\)0",
        )
    )
)
# What a stranger is cut off as: a whole sequence, or as much of it as there is.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,80}(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x1f\x7f-\x9f]"
    r"|[\udc80-\udcff]+"
)
_SWITCH = re.compile(r"(\x1b\[\?1049[hl])")


def strangers(raw: bytes, also: Collection[str] = ()) -> list[str]:
    """All sequences, controls and invisible characters that urwid did not send.

    What is `also` right is given as it is sent: a title of our own, the bell. Outside
    of the second screen lines may end as lines end.
    """
    found: list[str] = []
    rest = ""
    inside = False
    for piece in _SWITCH.split(_removed(raw.decode("utf-8", "surrogateescape"), also)):
        if _SWITCH.fullmatch(piece):
            inside = piece.endswith("h")
            continue
        left = _OURS.sub("", piece if inside else piece.replace("\r\n", ""))
        found += _SEQUENCE.findall(left)
        rest += _SEQUENCE.sub("", left)
    return found + sorted(unsafe(rest.encode()))


def _removed(text: str, also: Collection[str]) -> str:
    for right in sorted(also, key=len, reverse=True):
        text = text.replace(right, "")
    return text
