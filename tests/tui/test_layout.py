"""How a terminal is shared out among the panes."""

import pytest
from hypothesis import given, strategies as st

from nimsg.tui.layout import (
    BODY_MOST,
    CHROME_ROWS,
    Area,
    Shape,
    shape,
    shared,
    sizes,
    too_small_text,
)


@pytest.mark.parametrize(
    ("cols", "rows", "expected"),
    [
        (39, 50, Shape.TOO_SMALL),
        (200, 9, Shape.TOO_SMALL),
        (1, 1, Shape.TOO_SMALL),
        (40, 10, Shape.SINGLE),
        (79, 50, Shape.SINGLE),
        (200, 19, Shape.SINGLE),
        (80, 20, Shape.STACKED),
        (119, 50, Shape.STACKED),
        (120, 20, Shape.BESIDE),
        (179, 50, Shape.BESIDE),
        (180, 20, Shape.THREE),
        (1000, 300, Shape.THREE),
    ],
)
def test_the_shape_follows_the_size(cols: int, rows: int, expected: Shape) -> None:
    assert shape(cols, rows) is expected
    assert sizes(cols, rows).shape is expected


def test_the_three_columns_of_a_large_terminal() -> None:
    found = sizes(200, 50)

    assert (found.inbox.cols, found.outbox.cols, found.view.cols) == (60, 60, 78)
    assert found.together


def test_a_view_grows_no_wider_than_its_text() -> None:
    found = sizes(400, 50)

    assert BODY_MOST < found.view.cols < BODY_MOST + 10
    assert abs(found.inbox.cols - found.outbox.cols) <= 1


@pytest.mark.parametrize(
    ("inbox", "outbox", "rows"),
    [
        (5, 5, (11, 10)),  # both fit: nothing moves
        (50, 50, (11, 10)),  # both have too much
        (50, 1, (15, 6)),  # an empty box keeps some
        (50, 8, (13, 8)),
        (13, 3, (13, 8)),  # no more than is needed
        (2, 40, (6, 15)),
    ],
)
def test_at_80_columns_a_box_with_few_rows_gives_room_to_the_other(
    inbox: int, outbox: int, rows: tuple[int, int]
) -> None:
    found = shared(sizes(80, 24), inbox, outbox)
    assert (found.inbox.rows, found.outbox.rows) == rows


def test_at_120_columns_boxes_with_few_rows_give_room_to_the_message() -> None:
    usual = sizes(120, 40)
    few, many = shared(usual, 3, 5), shared(usual, 3, 500)

    assert (few.inbox.rows, few.outbox.rows) == (8, 8)
    assert few.view.rows == usual.view.rows + usual.inbox.rows - 8
    assert many == usual


@given(st.integers(40, 500), st.integers(10, 200), *[st.integers(1, 300)] * 2)
def test_shared_panes_fill_the_same_place(
    cols: int, rows: int, inbox: int, outbox: int
) -> None:
    usual = sizes(cols, rows)
    found = shared(usual, inbox, outbox)

    assert min(*found.inbox, *found.outbox, *found.view) > 0
    for one in (usual, found):
        assert sum(area.cols for area in one[1:]) == sum(a.cols for a in usual[1:])
    if found.shape is Shape.STACKED:
        assert found.inbox.rows + found.outbox.rows == found.view.rows
    elif found.shape is Shape.BESIDE:
        assert found.inbox.rows == found.outbox.rows
        assert found.inbox.rows + found.view.rows == usual.inbox.rows + usual.view.rows
    else:
        assert found == usual


def test_below_the_least_size_there_is_one_line() -> None:
    assert too_small_text(38, 9) == "terminal 38x9 too small, need 40x10; q quits"
    assert sizes(38, 9).inbox == Area(0, 0)


@given(st.integers(min_value=40, max_value=500), st.integers(10, 200))
def test_the_panes_fill_the_terminal(cols: int, rows: int) -> None:
    found = sizes(cols, rows)
    inbox, outbox, view = found.inbox, found.outbox, found.view
    within = Area(cols, rows - CHROME_ROWS)

    assert min(*inbox, *outbox, *view) > 0
    if found.shape is Shape.SINGLE:
        assert inbox == outbox == view == within
    elif found.shape is Shape.STACKED:
        assert view == within
        assert inbox.cols == outbox.cols == cols
        assert inbox.rows + outbox.rows == within.rows
    elif found.shape is Shape.BESIDE:
        assert inbox.cols + 1 + outbox.cols == view.cols == cols
        assert inbox.rows == outbox.rows
        assert inbox.rows + 1 + view.rows == within.rows
    else:
        assert inbox.cols + outbox.cols + view.cols + 2 == cols
        assert inbox.rows == outbox.rows == view.rows == within.rows
