"""Lines drawn as they are: the one place where spans become cells of urwid."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Literal

from urwid import Canvas, Sizing, TextCanvas, Widget
from urwid.util import apply_target_encoding, get_encoding

from nimsg.tui.spans import Line, Span, pad_line


KEPT_LINES = 2048
Charset = Literal["0", "U"] | None
Run = tuple[Hashable, Charset, bytes]  # what has one colour and one charset
Size = tuple[()] | tuple[int] | tuple[int, int]  # as urwid has them
LinesOf = Callable[[int, int, bool], Sequence[Line]]  # columns, rows, focus


class LinesCanvas(Canvas):
    """Rows of runs that are drawn as they are; they may be shared, and are not changed.

    urwid's own canvas puts colours and charsets together anew for each frame.
    """

    cursor: tuple[int, int] | None

    def __init__(
        self, runs: list[list[Run]], cols: int, cursor: tuple[int, int] | None
    ) -> None:
        super().__init__()
        self.cursor = cursor
        self._runs = runs
        self._cols = cols

    def rows(self) -> int:
        """See `urwid.Canvas`."""
        return len(self._runs)

    def cols(self) -> int:
        """See `urwid.Canvas`."""
        return self._cols

    def translated_coords(self, dx: int, dy: int) -> tuple[int, int] | None:
        """See `urwid.TextCanvas`."""
        return (self.cursor[0] + dx, self.cursor[1] + dy) if self.cursor else None

    def content(
        self,
        trim_left: int = 0,
        trim_top: int = 0,
        cols: int = 0,
        rows: int = 0,
        attr: Mapping[Hashable, Hashable] | None = None,
    ) -> Iterator[list[Run]]:
        """See `urwid.Canvas`."""
        if trim_left or attr or cols not in {0, self._cols}:
            whole = self._as_text()
            return whole.content(trim_left, trim_top, cols, rows, attr)
        shown = self._runs[trim_top:]
        return iter(shown[:rows] if rows else shown)

    def _as_text(self) -> TextCanvas:
        """The same as a canvas that can be cut at its sides."""
        return TextCanvas(
            [b"".join(text for _, _, text in row) for row in self._runs],
            [[(colour, len(text)) for colour, _, text in row] for row in self._runs],
            [[(charset, len(text)) for _, charset, text in row] for row in self._runs],
            maxcol=self._cols,
            check_width=False,
        )


def lines_canvas(
    lines: Sequence[Line],
    cols: int,
    rows: int,
    fill: str = "text",
    cursor: tuple[int, int] | None = None,
) -> LinesCanvas:
    """A canvas of exactly `cols` by `rows`; what is longer is cut."""
    encoding = get_encoding()
    runs = [_encoded(tuple(line), cols, fill, encoding) for line in lines[:rows]]
    blank = rows - len(runs)
    if blank:
        runs += [_encoded((), cols, fill, encoding)] * blank
    return LinesCanvas(runs, cols, cursor)


# A key changes few of the lines, and making one takes most of a frame's time.
@lru_cache(KEPT_LINES)
def _encoded(line: tuple[Span, ...], cols: int, fill: str, _: str) -> list[Run]:
    """A line as it is drawn. The last argument is the encoding of the terminal."""
    runs: list[Run] = []
    for name, spans in groupby(pad_line(line, cols, fill), key=itemgetter(0)):
        data, charsets = apply_target_encoding("".join(text for _, text in spans))
        at = 0
        for charset, size in charsets:
            runs.append((name, charset, data[at : at + size]))
            at += size
    return runs


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

    def render(self, size: Size, focus: bool = False) -> LinesCanvas:  # noqa: FBT001, FBT002
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
