"""The one sanitiser: what others wrote, made safe for a terminal, and its layout.

Text is stored raw and cleaned where it is shown. A cleaned text holds no control
character, no escape sequence and nothing invisible that could change what stands
next to it; cleaning it again changes nothing. Every function takes linear time.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise


MAX_MARKS = 4  # on one base
MAX_BIDI_DEPTH = 8  # embeddings and isolates open at once
TAB_STOP = 8  # cells
MAX_CLUSTER = 2  # cells
# A screen measures the same short texts again and again.
KEPT_WIDTHS = 2048
KEPT_LENGTH = 256

# Patterns are strings: `re` compiles and keeps each at its first use, so that a
# run which meets plain ASCII only pays for none of them.
_BREAK = "\r\n|[\r\x0b\x0c\x85\u2028\u2029]"
# A string sequence that is never terminated ends with its line, so that one stray
# byte hides a line at worst and not the rest of a mail.
_SEQUENCE = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # DCS and kin
)
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
_STATEFUL = "\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_BIDI = "\u061c\u200e\u200f" + _STATEFUL
_OVERRIDE = "\u202d\u202e"
_INVISIBLE = (
    f"[{_OVERRIDE}\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065"
    "\u206a-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)

_JOINERS = "[\u200c\u200d\ufe0e\ufe0f]"
_EMOJI = (
    "[©®‼⁉™\u2139↔-↙↩↪⌚⌛⌨⏏⏩-⏳⏸-⏺Ⓜ▪▫▶◀◻-◾☀-➿⤴⤵⬅-⬇⬛⬜⭐⭕〰〽㊗㊙"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
    "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]?"
)
# Arabic to Sinhala, Myanmar, Khmer and the Arabic presentation forms.
_JOINING = (
    "[\u0600-\u061b\u061d-\u0dff\u1000-\u109f\u1780-\u17ff\ufb50-\ufdff\ufe70-\ufefc]"
)
# Group 1 is kept, a joiner outside it is not. An emoji has three joints at most, as
# in a family of four: an endless one would be a cluster of endless length.
_JOINED = (
    rf"({_EMOJI}(?:\u200d{_EMOJI}){{0,3}}"
    rf"|[0-9#*]\ufe0f\u20e3"
    rf"|(?=\w){_JOINING}+(?:\u200c(?=\w)(?={_JOINING}))?)"
    rf"|{_JOINERS}"
)

# What may be a mark: outside ASCII and no letter, but for the jamo drawn on a base.
_MAYBE_MARK = r"(?:[^\w\x00-\x7f]|[\u1161-\u11ff\ud7b0-\ud7ff])"
_MARK_RUN = (
    rf"(?P<bare>(?<![^\n\t {_BIDI}]){_MAYBE_MARK}+)|{_MAYBE_MARK}{{{MAX_MARKS + 1},}}"
)
_DOTTED_CIRCLE = "\u25cc"
_CLOSER = dict.fromkeys("\u202a\u202b", "\u202c") | dict.fromkeys(
    "\u2066\u2067\u2068", "\u2069"
)
_TYPED = dict.fromkeys({*range(32), 127} - {ord("\n"), ord("\t")})

# Chinese and Japanese break after any character, but not before a mark or a stop.
_IDEOGRAPH = (
    "\u2e80-\u3029\u3030-\u3098\u309b-\u9fff\uf900-\ufaff\uff00-\uff9d"
    "\U00020000-\U0003ffff"
)
_TOKEN = rf" +|[{_IDEOGRAPH}][^\w\x00-\x7f]*|[^ {_IDEOGRAPH}]+"


def clean_line(text: str) -> str:
    """Give the text as one display line: breaks and tabs become spaces."""
    if text.isascii() and text.isprintable():
        return text
    text = _show_controls(text, _CONTROL + _BIDI + _OVERRIDE)
    return _compose(text).replace("\n", " ").replace("\t", " ")


def clean_body(text: str) -> str:
    """Give the text as display lines parted by newlines, tabs expanded.

    Direction controls are kept, but none reaches beyond its line.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    lines = _show_controls(text, _CONTROL).split("\n")
    lines = _compose("\n".join(_close_bidi(line)[0] for line in lines)).split("\n")
    return "\n".join(map(_expand_tabs, lines))


def filter_typed(text: str) -> str:
    """Remove what a keyboard should not send: 0-31 but newline and tab, and 127."""
    return text.translate(_TYPED)


def width(text: str) -> int:
    """Count the terminal cells of a cleaned line."""
    if text.isascii():
        return len(text)
    return _kept_cells(text) if len(text) <= KEPT_LENGTH else _cells(text)


def clip(text: str, cells: int, ellipsis: str = "…") -> str:
    """Cut a cleaned line to at most `cells` cells, between characters as seen.

    A line that was cut ends in the ellipsis, itself cut if there is no room for it.
    """
    if text.isascii() and len(text) <= cells:
        return text
    head = _head(text, cells)
    if len(head) == len(text):
        return text
    room = cells - width(ellipsis)
    if room < 0:
        return _head(ellipsis, cells)
    return _close_bidi(_head(text, room))[0] + ellipsis


def pad(text: str, cells: int, *, right: bool = False) -> str:
    """Clip a cleaned line and fill it with spaces to exactly `cells` cells."""
    if text.isascii() and len(text) <= cells:
        return text.rjust(cells) if right else text.ljust(cells)
    text = clip(text, cells)
    fill = " " * (cells - width(text))
    return fill + text if right else text + fill


def wrap(text: str, cells: int) -> list[str]:
    """Break a cleaned body into rows of at most `cells` cells, at least one row.

    Rows break at spaces, which are dropped there; a word longer than a row starts
    its own row and is cut. A character wider than `cells` stands alone. A newline
    at the end of the body starts no row.
    """
    lines = text.removesuffix("\n").split("\n")
    return [row for line in lines for row in _wrap_line(line, max(cells, 1))]


def printable(text: str, encoding: str) -> str:
    """Replace by `?` what a stream of this encoding cannot encode.

    Raises LookupError for an encoding Python does not know.
    """
    if text.isascii():
        return text
    return text.encode(encoding, "replace").decode(encoding)


def _show_controls(text: str, shown: str) -> str:
    """Remove escape sequences and spell out the characters of the class `shown`."""
    text = re.sub(_SEQUENCE, "", re.sub(_BREAK, "\n", text))
    return re.sub(f"[{shown}]", _spell, text)


def _spell(match: re.Match[str]) -> str:
    """Give the visible form of one control character: `^[`, `<9D>`, `<202E>`."""
    char = match[0]
    if char <= "\x7f":
        return "^" + chr(ord(char) ^ 0x40)
    return "\ufffd" if "\ud800" <= char <= "\udfff" else f"<{ord(char):02X}>"


def _compose(text: str) -> str:
    """Drop what is invisible, bound the marks, normalise to NFC."""
    if text.isascii():
        return text
    text = re.sub(_INVISIBLE, "", text)
    if re.search(_JOINERS, text):
        text = re.sub(_JOINED, r"\1", text)
    # Before NFC because sorting a long run of marks takes quadratic time, after it
    # because NFC takes some marks apart.
    import unicodedata

    text = unicodedata.normalize("NFC", re.sub(_MARK_RUN, _bound_marks, text))
    return re.sub(_MARK_RUN, _bound_marks, text)


def _bound_marks(match: re.Match[str]) -> str:
    """Keep few marks per base; one without a base gets a dotted circle to sit on.

    Without it the mark would change a neighbour that the text does not own.
    """
    kept: list[str] = []
    based, marks = match["bare"] is None, 0
    for char in match[0]:
        if not _is_mark(char):
            based, marks = char not in _BIDI, 0
        elif not based:
            kept.append(_DOTTED_CIRCLE)
            based, marks = True, 1
        else:
            marks += 1
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def _is_mark(char: str) -> bool:
    """Tell whether a terminal draws the character on the one before it.

    A code point unknown here may be a mark in a terminal with newer tables; from
    U+1F000 on it is more likely a new emoji or ideograph.
    """
    from unicodedata import category as category_of

    category = category_of(char)
    if category == "Cn":
        return char < "\U0001f000"
    # The only letters that get here are the jamo of _MAYBE_MARK.
    return category[0] in "ML"


def _close_bidi(line: str) -> tuple[str, str]:
    """Close what the line leaves open; also give the openers that it left open.

    A closer that does not fit what is open is dropped.
    """
    out: list[str] = []
    opened: list[str] = []
    for piece in re.split(f"([{_STATEFUL}])", line):
        if piece in _CLOSER:
            if len(opened) == MAX_BIDI_DEPTH:
                continue
            opened.append(piece)
        elif piece in _CLOSER.values():
            if not opened or _CLOSER[opened[-1]] != piece:
                continue
            opened.pop()
        out.append(piece)
    out.extend(_CLOSER[opener] for opener in reversed(opened))
    return "".join(out), "".join(opened)


def _expand_tabs(line: str) -> str:
    """Replace tabs by spaces up to the next stop, measured in cells."""
    *columns, last = line.split("\t")
    stops = (part + " " * (TAB_STOP - width(part) % TAB_STOP) for part in columns)
    return "".join(stops) + last


def _cells(text: str) -> int:
    return sum(cells for _, cells in _clusters(text))


@lru_cache(KEPT_WIDTHS)
def _kept_cells(text: str) -> int:
    return _cells(text)


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Give each character as seen with its cells.

    What Unicode joins without bound, as a run of Arabic signs, is given in parts.
    """
    from wcwidth import width as measure

    for cluster in _graphemes(text):
        size = measure(cluster)
        if size <= MAX_CLUSTER:
            yield cluster, size
            continue
        starts = [at for at, char in enumerate(cluster) if measure(char)]
        for start, end in pairwise([0, *starts[1:], len(cluster)]):
            yield cluster[start:end], measure(cluster[start:end])


def _graphemes(text: str) -> Iterator[str]:
    """Give each grapheme with the marks that Unicode calls graphemes of their own.

    They may widen the one before. Cleaning bounds them but not direction controls,
    which are therefore not joined: joining a long run takes quadratic time.
    Cells are counted by these: wcwidth takes quadratic time for a long run of flags.
    """
    from wcwidth import iter_graphemes, width as measure

    joined = ""
    for grapheme in iter_graphemes(text):
        if joined and (grapheme in _BIDI or measure(grapheme)):
            yield joined
            joined = ""
        joined += grapheme
    yield joined


def _head(text: str, cells: int) -> str:
    """Give the longest beginning of a line that fits into `cells` cells."""
    if cells <= 0 or text.isascii():
        return text[: max(cells, 0)]
    end = 0
    for cluster, size in _clusters(text):
        cells -= size
        if cells < 0:
            break
        end += len(cluster)
    return text[:end]


def _wrap_line(line: str, cells: int) -> list[str]:
    """Break one line into rows, direction controls closed and reopened at each."""
    if width(line) <= cells:
        return [line]
    rows: list[str] = []
    row, used = "", 0
    for token in re.findall(_TOKEN, line):
        size = width(token)
        if used + size <= cells:
            row += token
            used += size
            continue
        rows.append(row.rstrip(" "))
        *full, row = [""] if token[0] == " " else _chop(token, cells)
        rows += full
        used = width(row)
    rows.append(row)
    return _reopen_bidi([row for row in rows if row] or [""])


def _chop(word: str, cells: int) -> list[str]:
    """Cut a word into pieces of at most `cells` cells."""
    if word.isascii():
        return [word[at : at + cells] for at in range(0, len(word), cells)]
    pieces: list[list[str]] = [[]]
    room = cells
    for cluster, size in _clusters(word):
        if size > room and pieces[-1]:
            pieces.append([])
            room = cells
        pieces[-1].append(cluster)
        room -= size
    return ["".join(piece) for piece in pieces]


def _reopen_bidi(rows: list[str]) -> list[str]:
    """Close each row's direction controls and open them again on the next."""
    closed: list[str] = []
    still_open = ""
    for row in rows:
        text, still_open = _close_bidi(still_open + row)
        closed.append(text)
    return closed


def many(count: int, one: str, more: str = "") -> str:
    """`1 message`, `2 messages`; `more` is the plural where it is another."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"
