"""Pictures: what a terminal shows, with columns that stand below each other."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.pictures.svg import CELL, ROW, Picture, svg, taken
from tests.support.process import TOP, environment
from tests.support.screen import Screen


MOST_BYTES = 40_000
SHOWN = "a  \x1b[38;2;1;2;3;1mbold & b\x1b[0m 日本\r\n─┐\x1b[48;2;9;9;9m x\x1b[0m"
PROGRAM = f"import sys; sys.stdout.write({SHOWN!r}); sys.stdout.flush(); input()"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawn(tmp_path: Path) -> ET.Element:
    """The picture of a small program."""
    with Screen(
        [sys.executable, "-c", PROGRAM], env=environment(tmp_path), cols=30, rows=3
    ) as screen:
        screen.wait_for("x")
        picture: Picture = taken(screen, "a < b")
    return ET.fromstring(svg(picture))  # noqa: S314 - our own


def test_each_text_is_as_long_as_its_cells(drawn: ET.Element) -> None:
    found = {
        text.text: (float(text.get("x", "")), float(text.get("textLength", "")))
        for text in drawn.iter(f"{SVG}text")
    }

    assert found == {
        "a": (0, CELL),
        "bold & b": pytest.approx((3 * CELL, 8 * CELL)),
        "日": pytest.approx((12 * CELL, 2 * CELL)),
        "本": pytest.approx((14 * CELL, 2 * CELL)),
        "x": pytest.approx((3 * CELL, CELL)),
    }


def test_colours_grounds_and_frames_are_drawn(drawn: ET.Element) -> None:
    style = drawn.findtext(f"{SVG}style") or ""
    grounds = [
        (one.get("y"), one.get("fill"))
        for one in drawn.iter(f"{SVG}rect")
        if one.get("fill") == "#090909"
    ]
    paths = [one.get("d", "") for one in drawn.iter(f"{SVG}path")]

    assert "fill:#010203;font-weight:bold" in style
    assert grounds == [(str(ROW), "#090909")]
    assert len(paths) == 1
    assert re.match(r"M0 27H8\.4", paths[0])
    assert drawn.findtext(f"{SVG}title") == "a < b"


@pytest.mark.parametrize(
    "path", sorted((TOP / "docs/pictures").glob("*.svg")), ids=lambda path: path.stem
)
def test_a_picture_is_small_and_needs_nothing_else(path: Path) -> None:
    text = path.read_text("utf-8")

    assert len(text.encode()) < MOST_BYTES
    assert "href" not in text
    assert "@import" not in text
    assert ET.fromstring(text).tag == f"{SVG}svg"  # noqa: S314 - our own
