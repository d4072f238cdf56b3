"""Lines drawn as they are: the one place where spans become cells of urwid."""

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Literal

from urwid import Sizing, TextCanvas, Widget
from urwid.util import apply_target_encoding, get_encoding

from nimsg.tui.spans import Line, Span, pad_line


KEPT_LINES = 2048
Colours = list[tuple[Hashable, int]]
Charsets = list[tuple[Literal["0", "U"] | None, int]]
Size = tuple[()] | tuple[int] | tuple[int, int]  # as urwid has them
LinesOf = Callable[[int, int, bool], Sequence[Line]]  # columns, rows, focus


def lines_canvas(
    lines: Sequence[Line],
    cols: int,
    rows: int,
    fill: str = "text",
    cursor: tuple[int, int] | None = None,
) -> TextCanvas:
    """A canvas of exactly `cols` by `rows`; what is longer is cut."""
    texts: list[bytes] = []
    attributes: list[Colours] = []
    charsets: list[Charsets] = []
    for at in range(rows):
        line = tuple(lines[at]) if at < len(lines) else ()
        text, attribute, charset = _encoded(line, cols, fill, get_encoding())
        texts.append(text)
        attributes.append(attribute)
        charsets.append(charset)
    return TextCanvas(
        texts, attributes, charsets, cursor=cursor, maxcol=cols, check_width=False
    )


# A key changes few of the lines, and making one takes most of a frame's time.
@lru_cache(KEPT_LINES)
def _encoded(
    line: tuple[Span, ...], cols: int, fill: str, _: str
) -> tuple[bytes, Colours, Charsets]:
    """A line's bytes, and how many of them have which colour and charset.

    The last argument is the encoding of the terminal.
    """
    pieces: list[bytes] = []
    attribute: Colours = []
    charset: Charsets = []
    for name, text in pad_line(line, cols, fill):
        data, runs = apply_target_encoding(text)
        if data:
            pieces.append(data)
            attribute.append((name, len(data)))
            charset += runs
    return b"".join(pieces), attribute, charset


def box(size: Size) -> tuple[int, int]:
    """The columns and rows of a box. Raises `TypeError` for what is none."""
    if len(size) != 2:  # noqa: PLR2004 - a pair
        raise TypeError(f"this widget is a box: {size}")
    return size


class LinesBox(Widget):
    """A box that draws what `lines_of` gives for its size; it takes no keys."""

    _sizing = frozenset([Sizing.BOX])
    _selectable = True

    def __init__(self, lines_of: LinesOf, fill: str = "text") -> None:
        super().__init__()
        self._lines_of = lines_of
        self._fill = fill

    def render(self, size: Size, focus: bool = False) -> TextCanvas:  # noqa: FBT001, FBT002
        """See `urwid.Widget`."""
        cols, rows = box(size)
        lines = self._lines_of(cols, rows, focus)
        return lines_canvas(lines, cols, rows, self._fill)

    def keypress(self, _: Size, key: str) -> str:
        """Leave every key to the one who asked."""
        return key

    def refresh(self) -> None:
        """What is drawn has changed."""
        self._invalidate()
