"""docs/screens.md shows what the widgets draw."""

import re
import time
from pathlib import Path

import pytest
from urwid.testing import render_runs, render_text

from tests.pictures.mockups import MOCKUPS, Mockup, drawn
from tests.pictures.screenspage import page
from tests.pictures.views import ladder, screen


PAGE = Path(__file__).parents[2] / "docs/screens.md"
BLOCK = re.compile(
    r"^## ([^\n]+), (\d+)x(\d+)\n.*?^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
WANTED = {(80, 24), (120, 40), (200, 50), (60, 15)}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def blocks(text: str) -> dict[str, tuple[tuple[int, int], list[str]]]:
    """The size and the rows of each block, by its heading."""
    return {
        title: ((int(cols), int(rows)), body.splitlines())
        for title, cols, rows, body in BLOCK.findall(text)
    }


@pytest.mark.parametrize("mockup", MOCKUPS, ids=lambda one: one.title)
def test_s0_24_a_screen_is_drawn_as_the_page_has_it(mockup: Mockup) -> None:
    told = blocks(PAGE.read_text("utf-8"))

    assert told[mockup.title] == (mockup.size, drawn(mockup))
    assert len(drawn(mockup)) == mockup.size[1]


def test_beside_a_message_its_row_is_marked_and_not_lit() -> None:
    size = (200, 50)
    rows = render_runs(screen(ladder(), size), size, focus=True)
    row = next(row for row in rows if any(t.startswith("bob +2") for _, t in row))

    assert ("text", "> ") in row
    assert not any(str(name).endswith("focus") for name, _ in row)
    assert sum(("text", "> ") in row for row in rows) == 1


def test_s0_24_the_page_is_what_the_command_writes() -> None:
    assert PAGE.read_text("utf-8") == page()
    assert {one.size for one in MOCKUPS} == WANTED


@pytest.mark.parametrize(
    ("size", "title"), [((80, 24), " MESSAGE"), ((120, 40), ">MESSAGE")]
)
def test_the_message_has_a_sign_of_focus_where_it_does_not_stand_alone(
    size: tuple[int, int], title: str
) -> None:
    rows = render_text(screen(ladder(), size), size, focus=True)

    assert sum(row.startswith(title) for row in rows) == 1
