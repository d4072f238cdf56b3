"""Nothing that others write reaches the terminal as anything but cells (T13).

Every place of the screen that shows their texts is tried with all that texts have
tried before, and with every code point there is. What counts is what the terminal
got, and that no cell of ours is moved.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence

import pytest

from nimsg.tui.spans import Line, line_width, plain
from tests.support.inked import inked, sheet
from tests.support.shownplaces import COLS, PLACES, WHOLE, Place
from tests.support.ttybytes import strangers
from tests.support.unsafe import HOSTILE, unsafe


# The same lines run over and over, which others count.
pytestmark = pytest.mark.no_cover

# What may not stand on a screen as it is: controls, formats, surrogates, separators
# and marks. A place that cuts its text shows few of them at a time.
ODD = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"})
FEW, MANY = 20, 200
LOOSE = PLACES["a line"]  # it has no width of its own
CODE_POINTS = sys.maxunicode + 1

CORPUS = {
    "all at once": "".join(HOSTILE),
    "joined emoji": "👩\u200d👩\u200d👧\u200d👦" * 50,
    "10k marks": "a" + "\u0301" * 10_000,
    "10k bare marks": "\u0301" * 10_000,
    "lone surrogates": "a\ud800b\udfffc",
    "1 MB line": "x" * 1_000_000,
    "1 MB of sequences": "\x1b[31m\x1b]0;t\x07\x9b1m" * 62_500,
    "1 MB unterminated": "\x1b]0;" + "t" * 1_000_000,
    "colours of urwid": "\x1b[0;39;49mplain\x1b[K\x1b[1;1H",
    "screens of urwid": "\x1b[?1049l\x1b[?25h\x1b[?2004l",
    "8-bit in pieces": "\u009d0;got\u009bcha\u009c",
    "answers": "\x1b[6n\x1b[c\x1b[>c\x1b[?6n\x05\x1bZ",
    "printer": "\x1b[5i\x1b[4i",
    "reset": "\x1bc\x1b[!p",
    "charsets": "\x1b(0\x0elqqk\x0f\x1b)0\x1b%G",
}
TEXTS = {**{repr(text): text for text in HOSTILE}, **CORPUS}


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest) -> Place:
    return PLACES[str(request.param)]


@pytest.mark.parametrize("text", TEXTS.values(), ids=[ascii(key) for key in TEXTS])
def test_t13_what_others_write_becomes_cells_only(place: Place, text: str) -> None:
    lines = place(text)

    assert all(unsafe(plain(line).encode()) == set() for line in lines)
    assert all("\n" not in plain(line) for line in lines)
    assert strangers(inked(lines, COLS)) == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=[ascii(key) for key in TEXTS])
def test_t13_no_text_is_wider_than_its_place(place: Place, text: str) -> None:
    if place is not LOOSE:
        assert all(line_width(line) <= COLS for line in place(text))


def apart(points: Sequence[int], size: int) -> Iterator[str]:
    """These code points, each behind an `x`, so many to a text."""
    for start in range(0, len(points), size):
        yield "x".join(map(chr, points[start : start + size]))


def draw(place: Place, texts: Sequence[str]) -> None:
    """Draw texts with a number before each, and see that all of it are cells."""
    drawn: list[Line] = []
    for number, text in enumerate(texts):
        drawn += [[("text", f"[{number}]")], *place(text)]
    assert all(unsafe(plain(line).encode()) == set() for line in drawn)
    with sheet(COLS * 6, 100) as paper:
        paper.draw(drawn)
    raw = bytes(paper.raw)

    assert strangers(raw) == []
    there = {int(number) for number in re.findall(rb"\[([0-9]+)\]", raw)}
    assert there >= set(range(len(texts)))


def test_t13_every_odd_code_point_becomes_a_cell_or_nothing(place: Place) -> None:
    odd = [at for at in range(CODE_POINTS) if unicodedata.category(chr(at)) in ODD]
    draw(place, list(apart(odd, FEW)))


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_t13_every_code_point_becomes_a_cell_or_nothing(name: str) -> None:
    draw(PLACES[name], list(apart(range(CODE_POINTS), MANY)))


def test_t13_what_is_not_cleaned_is_found() -> None:
    hidden = "a\u202eb\u200bc"
    assert strangers(inked([[("text", hidden)]])) == [r"'\u200b'", r"'\u202e'"]
    with sheet(COLS, 10) as paper:
        paper.screen.write("\x1b]52;c;Z290Y2hh\x07")
    assert strangers(bytes(paper.raw)) == ["\x1b]52;c;Z290Y2hh\x07"]
