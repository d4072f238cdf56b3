"""A frame around lines, with a title above and a hint below."""

from collections.abc import Sequence
from typing import NamedTuple

from nimsg.tui.glyphs import Glyphs
from nimsg.tui.spans import Line, clip_line, line_width, pad_line


LEAST_COLS = 6
LEAST_ROWS = 3
BORDER = 2  # both sides
MARGIN = 2  # a blank at both sides, inside the border


class Words(NamedTuple):
    """What is written into a frame: above at the left and the right, and below."""

    title: str = ""
    place: str = ""
    hint: Sequence[str] = ()  # as many as there is room for


def inner(cols: int, rows: int) -> tuple[int, int]:
    """The room inside a frame; where there is none for a frame, all of it."""
    if not _fits(cols, rows):
        return max(cols, 0), max(rows, 0)
    return cols - BORDER - MARGIN, rows - BORDER


def framed(
    lines: Sequence[Line], cols: int, rows: int, glyphs: Glyphs, words: Words
) -> list[Line]:
    """Lines in a frame of exactly `cols` by `rows`; what is too much is cut."""
    if not _fits(cols, rows):
        return [pad_line(line, cols, "text", glyphs.ellipsis) for line in lines[:rows]]
    room, cells = rows - BORDER, cols - BORDER - MARGIN
    left: Line = [("popup", glyphs.vline), ("text", " ")]
    right: Line = [("text", " "), ("popup", glyphs.vline)]
    bodies = [*lines[:room], *([[]] * (room - len(lines)))]
    above: Line = [("popup title", f" {words.title} ")] if words.title else []
    top = (glyphs.top_left, glyphs.top_right)
    bottom = (glyphs.bottom_left, glyphs.bottom_right)
    return [
        _edge(above, words.place, cols, top, glyphs),
        *(
            [*left, *pad_line(body, cells, "text", glyphs.ellipsis), *right]
            for body in bodies
        ),
        _edge(_hints(words.hint, cells), "", cols, bottom, glyphs),
    ]


def _fits(cols: int, rows: int) -> bool:
    return cols >= LEAST_COLS and rows >= LEAST_ROWS


def _hints(hint: Sequence[str], cells: int) -> Line:
    kept: list[str] = []
    for one in hint:
        if line_width([("", "  ".join([*kept, one]))]) + BORDER <= cells:
            kept.append(one)
    return [("popup", f" {'  '.join(kept)} ")] if kept else []


def _edge(
    text: Line, place: str, cols: int, corners: tuple[str, str], glyphs: Glyphs
) -> Line:
    """A line of the frame with something in it, which is cut where it is too long."""
    room = cols - 2 * BORDER
    text = clip_line(text, room, glyphs.ellipsis)
    tail: Line = [("popup", f" {place} ")] if place else []
    if line_width(text) + line_width(tail) >= room:
        tail = []
    fill = cols - 2 * BORDER - line_width(text) - line_width(tail)
    return [
        ("popup", corners[0] + glyphs.hline),
        *text,
        ("popup", glyphs.hline * fill),
        *tail,
        ("popup", glyphs.hline + corners[1]),
    ]
