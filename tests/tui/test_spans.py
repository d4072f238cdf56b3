"""Lines of coloured texts are cut and filled to the cell, whatever is in them."""

import pytest
from hypothesis import given, strategies as st

from nimsg.text import clean_line
from nimsg.tui.spans import beside, clip_line, line_width, pad_line, plain
from tests.support.examples import few


texts = st.text(
    st.one_of(
        st.sampled_from("ab \u4e2d\u6587\u0301\u200d\U0001f469\U0001f4bb\ufe0f\u00e9"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
).map(clean_line)
lines = st.lists(st.tuples(st.sampled_from(["text", "new"]), texts), max_size=5)


@given(lines, st.integers(0, 30))
@few
def test_a_padded_line_fills_its_cells_exactly(
    line: list[tuple[str, str]], cells: int
) -> None:
    from wcwidth import width as drawn

    padded = pad_line(line, cells)

    assert line_width(padded) == cells
    assert drawn(plain(padded), control_codes="ignore") == cells


@given(lines, st.integers(0, 30))
@few
def test_a_cut_line_is_a_beginning(line: list[tuple[str, str]], cells: int) -> None:
    cut = clip_line(line, cells)

    assert line_width(cut) <= cells
    if line_width(line) <= cells:
        assert cut == line
    else:
        assert plain(line).startswith(plain(cut).removesuffix("…"))


@given(lines, lines, st.integers(0, 40))
@few
def test_what_stands_at_the_right_is_kept(
    left: list[tuple[str, str]], right: list[tuple[str, str]], cells: int
) -> None:
    both = beside(left, right, cells, "text")

    assert line_width(both) == cells


@pytest.mark.parametrize(
    ("cells", "shown"),
    [(9, "ab  right"), (7, "abright"), (6, "…right"), (4, "rig…"), (0, "")],
)
def test_the_left_gives_way(cells: int, shown: str) -> None:
    both = plain(beside([("text", "ab")], [("new", "right")], cells, "text"))

    assert both == shown


def test_the_colours_stay_with_their_texts() -> None:
    line = [("text", "ab"), ("new", "cdef")]

    assert clip_line(line, 5) == [("text", "ab"), ("new", "cd…")]
    assert clip_line(line, 2) == [("text", "a…")]
    assert pad_line(line, 8, "dim") == [*line, ("dim", "  ")]
