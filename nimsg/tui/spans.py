"""Lines of the screen as runs of text with the names of their colours."""

import unicodedata
from collections.abc import Iterable

from nimsg.text import clip, printable, width


Span = tuple[str, str]  # the palette's name, a cleaned text without newlines
Line = list[Span]


def line_width(line: Iterable[Span]) -> int:
    """The cells that a line takes."""
    texts = [text for _, text in line]
    whole = "".join(texts)
    return len(whole) if whole.isascii() else sum(map(width, texts))


def clip_line(line: Iterable[Span], cells: int, ellipsis: str = "…") -> Line:
    """The beginning of a line in at most `cells` cells, an ellipsis where it is cut."""
    spans = list(line)
    if line_width(spans) <= cells:
        return spans
    kept: Line = []
    left = cells
    for name, text in spans:
        used = width(text)
        # One cell stays for the ellipsis, as what follows does not fit.
        if used >= left:
            kept.append((name, clip(text + ellipsis, left, ellipsis)))
            return kept
        kept.append((name, text))
        left -= used
    return kept


def pad_line(
    line: Iterable[Span], cells: int, name: str = "text", ellipsis: str = "…"
) -> Line:
    """A line of exactly `cells` cells, filled with blanks in the colour `name`.

    Where a text is measured otherwise as a whole than character by character, it is
    drawn plainer: a line must be as wide for who draws it as it is here.
    """
    spans = list(line)
    text = plain(spans)
    # Nearly all lines are like this, and every frame has many.
    if text.isascii() and len(text) <= cells:
        return _filled(spans, cells - len(text), name)
    padded = _padded(spans, cells, name, ellipsis)
    for plainer in (_without_marks, _only_ascii):
        if _drawn_width(padded) == max(cells, 0):
            break
        spans = [(colour, plainer(text)) for colour, text in spans]
        padded = _padded(spans, cells, name, ellipsis)
    return padded


def _padded(line: Line, cells: int, name: str, ellipsis: str) -> Line:
    kept = clip_line(line, cells, ellipsis)
    return _filled(kept, cells - line_width(kept), name)


def _filled(line: Line, blanks: int, name: str) -> Line:
    return [*line, (name, " " * blanks)] if blanks > 0 else line


def _drawn_width(line: Line) -> int:
    """The cells of a line as the library counts them that draws it."""
    text = plain(line)
    if text.isascii():
        return len(text)
    from wcwidth import width as measure

    return measure(text, control_codes="ignore")


def _without_marks(text: str) -> str:
    """The text without what changes the cells of its neighbours."""
    return "".join(char for char in text if unicodedata.category(char)[0] not in "MC")


def _only_ascii(text: str) -> str:
    return printable(text, "ascii")


def plain(line: Iterable[Span]) -> str:
    """The text of a line."""
    return "".join(text for _, text in line)


def beside(left: Line, right: Line, cells: int, name: str, ellipsis: str = "…") -> Line:
    """One line with `right` at its right end, which is kept; `left` gives way."""
    right = clip_line(right, cells, ellipsis)
    room = cells - line_width(right)
    return pad_line(
        [*pad_line(left, max(room, 0), name, ellipsis), *right], cells, name, ellipsis
    )
