"""A screen of cells as an SVG that needs no font of its own.

Every run of text has the length that its cells have, so that columns stand below each
other in any font; lines of frames are drawn, so that they meet.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.support.screen import Screen


CELL, ROW, FONT, MARGIN = 8.4, 18, 14, 12
BASELINE = 13.5
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
OWN = {"fg": "d0d0d0", "bg": "121212"}
# From the middle of a cell: left, right, up, down.
STROKES = {
    "─": "lr",
    "│": "ud",
    "┌": "rd",
    "┐": "ld",
    "└": "ru",
    "┘": "lu",
    "├": "rud",
    "┤": "lud",
    "┬": "lrd",
    "┴": "lru",
    "┼": "lrud",
}


class Look(NamedTuple):
    """How a cell is drawn; colours as six hexadecimal digits."""

    fg: str
    bg: str
    bold: bool
    underlined: bool


class Cell(NamedTuple):
    """One cell; the second one of a wide character has no text."""

    text: str
    look: Look


Cells = Sequence[Sequence[Cell]]


class Picture(NamedTuple):
    """A screen, where its cursor is, and what a person is told who cannot see it."""

    cells: Cells
    cursor: tuple[int, int] | None
    alt: str


def taken(screen: Screen, alt: str) -> Picture:
    """What a terminal shows now."""
    display = screen._display
    cols, rows = screen.size
    cells = [
        [
            Cell(display.buffer[row][col].data, _look(screen, col, row))
            for col in range(cols)
        ]
        for row in range(rows)
    ]
    return Picture(cells, None if display.cursor.hidden else screen.cursor, alt)


def _look(screen: Screen, col: int, row: int) -> Look:
    attrs = screen.attrs(col, row)
    fg = OWN["fg"] if attrs.fg == "default" else attrs.fg
    bg = OWN["bg"] if attrs.bg == "default" else attrs.bg
    if attrs.reverse:
        fg, bg = bg, fg
    return Look(fg, bg, attrs.bold, attrs.underscore)


def svg(picture: Picture) -> str:
    """The whole file."""
    rows, cols = len(picture.cells), len(picture.cells[0])
    width, height = cols * CELL + 2 * MARGIN, rows * ROW + 2 * MARGIN
    alt = escape(picture.alt)
    page = picture.cells[1][0].look.bg
    names = _names(picture.cells)
    styles = "".join(f".{name}{{{_style(look)}}}" for look, name in names.items())
    font = f"text{{font:{FONT}px {FONTS};white-space:pre}}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}"'
            f' width="{width:g}" height="{height}" role="img" aria-label="{alt}">',
            f"<title>{alt}</title>",
            f"<style>{font}{styles}</style>",
            f'<rect width="100%" height="100%" rx="8" fill="#{page}"/>',
            f'<g transform="translate({MARGIN} {MARGIN})">',
            *_grounds(picture.cells, page),
            *_cursor(picture.cursor),
            *_strokes(picture.cells),
            *_texts(picture.cells, names),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _names(cells: Cells) -> dict[Look, str]:
    """A class for each way a text is drawn; the ground is none of its."""
    looks = {cell.look._replace(bg=""): None for row in cells for cell in row}
    return {look: f"s{at}" for at, look in enumerate(looks)}


def _style(look: Look) -> str:
    bold = ";font-weight:bold" if look.bold else ""
    line = ";text-decoration:underline" if look.underlined else ""
    return f"fill:#{look.fg}{bold}{line}"


def _grounds(cells: Cells, page: str) -> Iterator[str]:
    """A rectangle for each run of cells on another ground than the page's."""
    for y, row in enumerate(cells):
        for ground, group in groupby(enumerate(row), lambda one: one[1].look.bg):
            run = [x for x, _ in group]
            if ground != page:
                yield (
                    f'<rect x="{run[0] * CELL:g}" y="{y * ROW}" fill="#{ground}"'
                    f' width="{len(run) * CELL:g}" height="{ROW}"/>'
                )


def _cursor(at: tuple[int, int] | None) -> Iterator[str]:
    if at is not None:
        x, y = at
        yield (
            f'<rect x="{x * CELL:g}" y="{y * ROW + 1}" width="{CELL:g}"'
            f' height="{ROW - 2}" fill="#d0d0d0" opacity=".75"/>'
        )


def _strokes(cells: Cells) -> Iterator[str]:
    """The lines of frames, one path for each colour."""
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for y, row in enumerate(cells):
        middle_y = y * ROW + ROW / 2
        for is_rule, group in groupby(
            enumerate(row), lambda one: (one[1].text == "─", one[1].look.fg)
        ):
            run = list(group)
            first, last = run[0][0], run[-1][0]
            if is_rule[0]:
                line = f"M{first * CELL:g} {middle_y:g}H{(last + 1) * CELL:g}"
                paths[is_rule[1]].append(line)
                continue
            for x, cell in run:
                strokes = STROKES.get(cell.text, "")
                paths[cell.look.fg] += [_stroke(x, y, to) for to in strokes]
    for colour, parts in paths.items():
        if parts:
            yield f'<path d="{"".join(parts)}" stroke="#{colour}" fill="none"/>'


def _stroke(x: int, y: int, to: str) -> str:
    centre = f"M{x * CELL + CELL / 2:g} {y * ROW + ROW / 2:g}"
    ends = {
        "l": f"H{x * CELL:g}",
        "r": f"H{(x + 1) * CELL:g}",
        "u": f"V{y * ROW}",
        "d": f"V{(y + 1) * ROW}",
    }
    return centre + ends[to]


def _texts(cells: Cells, names: dict[Look, str]) -> Iterator[str]:
    for y, row in enumerate(cells):
        for x, text, length, look in _runs(row):
            yield (
                f'<text class="{names[look]}" x="{x * CELL:g}"'
                f' y="{y * ROW + BASELINE:g}" textLength="{length * CELL:g}"'
                f' lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
            )


def _runs(row: Sequence[Cell]) -> Iterator[tuple[int, str, int, Look]]:
    """Where a text begins, the text, its cells and its look.

    It ends where a blank cell is followed by another, and holds no wide character
    but as its only one.
    """

    def kind(at: int) -> tuple[bool, Look]:
        cell = row[at]
        near = (at > 0 and _inked(row, at - 1)) and (
            at + 1 < len(row) and _inked(row, at + 1)
        )
        return _inked(row, at) or (cell.text == " " and near), _bare(cell.look)

    for (drawn, look), group in groupby(range(len(row)), kind):
        run = list(group)
        text = "".join(row[at].text for at in run)
        if not drawn or not text.strip():
            continue
        blank = len(text) - len(text.lstrip(" "))
        if len(text) == len(run):
            text = text.strip(" ")
            yield run[0] + blank, text, len(text), look
            continue
        for at in run:
            wide = at + 1 < len(row) and not row[at + 1].text
            if row[at].text.strip():
                yield at, row[at].text, 1 + wide, look


def _bare(look: Look) -> Look:
    return look._replace(bg="")


def _inked(row: Sequence[Cell], at: int) -> bool:
    """Whether there is something to be written, or the rest of a wide character."""
    text = row[at].text
    return text not in STROKES and text != " "
