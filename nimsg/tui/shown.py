"""Text that is being edited, as it may be drawn: character for character.

An edited text is kept as it is, or what stands in it would be lost; and a cleaned one
has another length, so that the cursor would not stand where it is drawn.
"""

import unicodedata
from functools import lru_cache

from nimsg.text import clean_line


MARK = "\N{REPLACEMENT CHARACTER}"
ASCII_MARK = "?"
_ALLOWED = dict.fromkeys(map(ord, "\n\t"))
_REMEMBERED = 200  # characters; a longer line is looked at anew with each key


def editable(text: str, mark: str = MARK) -> str:
    """The text with a mark, of one cell, for each character that is not drawn.

    These are controls, directions, what is invisible, lone surrogates and a fifth
    combining mark on a base. Newlines and tabs stay.
    """
    if text.isascii() and text.translate(_ALLOWED).isprintable():
        return text
    return "\n".join(
        "\t".join(_piece(piece, mark) for piece in line.split("\t"))
        for line in text.split("\n")
    )


def _piece(text: str, mark: str) -> str:
    """What stands between tabs and newlines."""
    if text.isascii() and text.isprintable():
        return text
    return _short(text, mark) if len(text) <= _REMEMBERED else _marked(text, mark)


# While one line of a body is typed in, all others stay the same.
@lru_cache(maxsize=2048)
def _short(text: str, mark: str) -> str:
    return _marked(text, mark)


def _marked(text: str, mark: str) -> str:
    from wcwidth import iter_graphemes

    if _is_clean(text):
        return text
    return "".join(
        seen if _is_clean(seen) else _taken_apart(seen, mark)
        for seen in iter_graphemes(text)
    )


def _taken_apart(seen: str, mark: str) -> str:
    """One character as seen, a mark for each part that cannot be drawn."""
    done, kept = "", ""
    for char in seen:
        if _is_clean(kept + char):
            kept += char
        else:
            done, kept = done + kept + mark, ""
    return done + kept


def _is_clean(text: str) -> bool:
    return clean_line(text) == unicodedata.normalize("NFC", text)
