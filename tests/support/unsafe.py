"""What may never reach a terminal unasked, and texts that try to."""

import unicodedata


# Each is one attempt: SGR, CSI, OSC (title, link, clipboard), DCS, their 8-bit forms,
# unterminated ones, bells, overwriting, bidi, invisible and combining characters.
HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b[999D\x1b[1A",
    "\x1b]0;gotcha\x07",
    "\x1b]2;gotcha\x1b\\",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;Z290Y2hh\x07",
    "\x1bP1;2q#0\x1b\\",
    "\x1b_apc\x1b\\",
    "\x9b31mred",
    "\x9d0;gotcha\x9c",
    "\x90q\x9c",
    "\x1b]0;never ended",
    "\x1b[",
    "\x1b",
    "bell\x07\x07",
    "back\x08\x08\x08\x08over",
    "line\rOVER",
    "a\x0bb\x0cc\x85d\u2028e\u2029f",
    "nul\x00del\x7f",
    "\x0e\x0fshift",
    "user\u202egnp.exe",
    "\u202d\u202eboth\u202c",
    "\u2066isolate\u2067again",
    "\u200e\u200f\u061cmarks",
    "in\u200bvi\u2060si\ufeffble\u00ad",
    "tag\U000e0041\U000e007f",
    "z\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309",
    "\u0301bare mark",
    "👩‍👩‍👧‍👦‍👦‍👦‍👦",
    "tab\tand\ttab",
)


def unsafe(data: bytes) -> set[str]:
    """Characters in what was printed that no text of others may put there.

    ESC and all other C0 but the newline, DEL, C1, bidi overrides, tags.
    """
    return {repr(char) for char in set(data.decode("utf-8")) if _is_unsafe(char)}


def _is_unsafe(char: str) -> bool:
    if char == "\n":
        return False
    if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
        return True
    tag = "\U000e0000" <= char <= "\U000e0fff"
    return tag or char in "\u202d\u202e\u200b\u2060\ufeff\u00ad"
