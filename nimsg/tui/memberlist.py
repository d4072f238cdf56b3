"""Who is in a room, as a column beside what is said there."""

from collections.abc import Sequence
from typing import NamedTuple

from nimsg.text import clean_line, many, width
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.spans import Line, clip_line


HEADING = 1  # rows
LEFT = 2  # cells of the rule and a blank
RIGHT = 1  # blank, as the screen has it at its sides
ASKING = "asking"
NO_SIGN = " "


class Members(NamedTuple):
    """The members of a room by name, and who of them is online; None: not known."""

    names: Sequence[str]
    online: frozenset[str] | None

    @property
    def told(self) -> str:
        """How many are online, in words; empty where that is not known."""
        return "" if self.online is None else f"{len(self.online)} online"

    def heading(self, cols: int) -> str:
        """How many there are, and are online where there is room for that."""
        count = many(len(self.names), "member")
        both = f"{count}, {self.told}"
        return both if self.told and width(both) <= text_cells(cols) else count


def text_cells(cols: int) -> int:
    """The cells for a text in a column of so many."""
    return max(cols - LEFT - RIGHT, 0)


def members_lines(
    members: Members | None, cols: int, rows: int, glyphs: Glyphs, me: str = ""
) -> list[Line]:
    """A rule and, right of it, a heading, who is online and who is not; `me` is there.

    Where more are there than rows, the last one says how many. Members that are None
    are asked for.
    """
    cells = text_cells(cols)
    rest = max(rows - HEADING, 0)
    if members is None:
        heading, people = ASKING + glyphs.pending, []
    else:
        heading, people = members.heading(cols), _people(members, rest, glyphs, me)
    lines: list[Line] = [[("dim", heading)], *people]
    lines += [[]] * (rows - len(lines))
    rule = ("gutter", f"{glyphs.vline} ")
    return [[rule, *clip_line(line, cells, glyphs.ellipsis)] for line in lines[:rows]]


def _people(members: Members, rows: int, glyphs: Glyphs, me: str) -> list[Line]:
    names, online = members.names, members.online
    if online is not None:
        names = sorted(names, key=lambda name: name not in online)
    shown = names if len(names) <= rows else names[: max(rows - 1, 0)]
    lines = [_person(name, online, glyphs, me) for name in shown]
    left = len(names) - len(shown)
    return [*lines, [("dim", f"{NO_SIGN} +{left} more")]] if left else lines


def _person(name: str, online: frozenset[str] | None, glyphs: Glyphs, me: str) -> Line:
    shown = clean_line(name)
    if online is None:
        return [("text", f"{NO_SIGN} {shown}")]
    if name not in online:
        return [("dim", f"{NO_SIGN} {shown}")]
    return [("good", f"{glyphs.online} "), ("own" if name == me else "name", shown)]
