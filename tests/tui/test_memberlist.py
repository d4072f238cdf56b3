"""Who is in a room, beside what is said there."""

import pytest

from nimsg.text import width
from nimsg.tui.glyphs import ASCII, UNICODE
from nimsg.tui.layout import BESIDE_COLS, TALK_LEAST, members_cols
from nimsg.tui.memberlist import Members, members_lines
from nimsg.tui.spans import plain


COLS = 24
FIVE = Members(("ann", "bob", "carol", "dan", "eve"), frozenset({"dan", "ann"}))


def rows(
    members: Members | None, rows: int = 8, cols: int = COLS, *, ascii_: bool = False
) -> list[str]:
    """What stands right of the rule."""
    glyphs = ASCII if ascii_ else UNICODE
    lines = [plain(line) for line in members_lines(members, cols, rows, glyphs, "ann")]
    assert len(lines) == rows
    assert all(line.startswith(f"{glyphs.vline} ") for line in lines)
    assert all(width(line) < cols for line in lines)
    return [line[2:] for line in lines]


def test_who_is_online_comes_first_and_has_a_sign() -> None:
    assert rows(FIVE) == [
        "5 members, 2 online",
        "• ann",
        "• dan",
        "  bob",
        "  carol",
        "  eve",
        "",
        "",
    ]
    assert rows(FIVE, 2, ascii_=True) == ["5 members, 2 online", "  +5 more"]
    assert rows(FIVE, 3, ascii_=True)[1:] == ["* ann", "  +4 more"]


@pytest.mark.parametrize(
    ("members", "cols", "heading"),
    [
        (Members((), frozenset()), COLS, "0 members, 0 online"),
        (Members(("ann",), frozenset({"ann"})), COLS, "1 member, 1 online"),
        (FIVE, 16, "5 members"),
        (Members(("ann", "bob"), None), COLS, "2 members"),
        (None, COLS, "asking…"),
    ],
)
def test_the_heading_counts_as_far_as_it_is_known(
    members: Members | None, cols: int, heading: str
) -> None:
    assert rows(members, cols=cols)[0] == heading


def test_who_is_absent_is_dim_and_oneself_looks_as_in_what_is_said() -> None:
    lines = members_lines(FIVE, COLS, 4, UNICODE, "ann")

    assert lines[1][1:] == [("good", "• "), ("own", "ann")]
    assert lines[2][1:] == [("good", "• "), ("name", "dan")]
    assert lines[3][1:] == [("dim", "  +3 more")]
    assert members_lines(FIVE, COLS, 8, UNICODE)[3][1:] == [("dim", "  bob")]


def test_nobody_has_a_sign_before_it_is_known_who_is_online() -> None:
    assert rows(FIVE._replace(online=None), 3)[1:] == ["  ann", "  +4 more"]


def test_the_last_row_tells_how_many_more_there_are() -> None:
    names = [f"user{number:03}" for number in range(300)]
    many = Members(names, frozenset(names[7:9]))

    shown = rows(many, 10)
    assert shown[:4] == ["300 members, 2 online", "• user007", "• user008", "  user000"]
    assert shown[-1] == "  +292 more"
    assert "more" not in rows(many, 301)[-1]


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    long = Members(["frederica-the-very-long-name", "日本語" * 9], frozenset())

    assert rows(long)[1:3] == ["  frederica-the-very…", "  日本語日本語日本語…"]
    assert rows(long, ascii_=True)[1] == "  frederica-the-very~"


def test_there_may_be_no_room_at_all() -> None:
    for members in (FIVE, None):
        assert members_lines(members, COLS, 0, UNICODE) == []
        assert len(members_lines(members, 2, 1, UNICODE)) == 1


@pytest.mark.parametrize(
    ("cols", "together", "cells"),
    [
        (40, False, 0),
        (80, False, 0),
        (BESIDE_COLS - 1, False, 0),
        (BESIDE_COLS, False, 24),
        (160, True, 24),
        (70, True, 0),  # the third column of 180
        (78, True, 16),  # that of 200
        (104, True, 24),
    ],
)
def test_members_are_shown_where_what_is_said_keeps_its_columns(
    cols: int, *, together: bool, cells: int
) -> None:
    assert members_cols(cols, together=together) == cells
    assert cells == 0 or cols - cells >= TALK_LEAST
