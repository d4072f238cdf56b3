"""Scrolling in a message."""

import pytest
from urwid.testing import render_text

from nimsg.client.answers import Letter
from nimsg.tui.glyphs import UNICODE
from nimsg.tui.layout import margin
from nimsg.tui.letterlines import Reading, Shown, letter_lines
from nimsg.tui.messageview import HEADED_ROWS, NO_MESSAGE, MessageView


BODY = "\n".join(
    [*(f"line {n} " + "word " * (n % 30) for n in range(60)), "https://example.org/x"]
)
LETTER = Letter("7F", "bob", ["ann"], "s", BODY, 1, None, "d", None, None)


def shown_for(cols: int) -> Shown:
    return letter_lines(LETTER, cols, Reading("ann", 2, UNICODE))


@pytest.fixture
def view() -> MessageView:
    built = MessageView()
    built.show("7F", shown_for)
    return built


def screen(view: MessageView, cols: int = 80, rows: int = 10) -> list[str]:
    headed = rows >= HEADED_ROWS
    lines = render_text(view, (cols, rows + headed))[headed:]
    return [line[margin(cols) :].rstrip() for line in lines]


def test_it_begins_at_the_top_and_ends_at_the_bottom(view: MessageView) -> None:
    assert screen(view)[0] == "From:    bob"
    assert view.act("bottom")
    assert "example.org" in screen(view)[-1]
    assert view.at_end
    assert view.act("top")
    assert screen(view)[0] == "From:    bob"


@pytest.mark.parametrize(("cols", "blanks"), [(120, 1), (40, 1), (39, 0)])
def test_it_has_the_margin_of_header_and_footer(
    view: MessageView, cols: int, blanks: int
) -> None:
    rows = render_text(view, (cols, 100))

    assert rows[1].startswith(" " * blanks + "From:")
    assert all(row.startswith(" " * blanks) for row in rows)
    assert all(row.endswith(" " * blanks) for row in rows)


@pytest.mark.parametrize(
    ("there", "back", "lines"),
    [
        ("down", "up", 1),
        ("page-down", "page-up", 9),
        ("half-down", "half-up", 5),
    ],
)
def test_steps_go_there_and_back(
    view: MessageView, there: str, back: str, lines: int
) -> None:
    before = screen(view, rows=30)[lines]
    view.act("up")
    screen(view)
    view.act(there)
    assert screen(view)[0] == before
    view.act(back)
    view.act(back)
    assert screen(view)[0] == "From:    bob"


def test_it_has_a_heading_where_there_is_room(view: MessageView) -> None:
    assert render_text(view, (80, 5))[0].rstrip() == " MESSAGE"
    assert render_text(view, (80, 4))[0].startswith(" From:")


def test_what_is_no_scrolling_is_left_to_others(view: MessageView) -> None:
    assert not view.act("reply")


def test_where_one_reads_is_kept_through_other_sizes(view: MessageView) -> None:
    screen(view, 100)
    for _ in range(200):
        if not screen(view, 100)[0].startswith("│ line 41 "):
            view.act("down")

    for cols, rows in ((40, 10), (20, 5), (79, 24), (1, 1), (100, 10)):
        found = screen(view, cols, rows)
        assert len(found) == rows
        if cols >= 20:
            assert found[0].startswith("│ line 41")
    view.refresh()
    assert screen(view, 100)[0].startswith("│ line 41 ")


def test_another_message_begins_at_its_top(view: MessageView) -> None:
    screen(view)
    view.act("bottom")
    view.show("8", shown_for)

    assert screen(view)[0] == "From:    bob"


def test_links_are_known_by_their_numbers(view: MessageView) -> None:
    screen(view)

    assert view.link(1) == "https://example.org/x"
    assert view.link(0) is None
    assert view.link(2) is None
    view.clear()
    assert view.link(1) is None


def test_it_tells_how_far_one_has_read(view: MessageView) -> None:
    screen(view)
    count = len(shown_for(78).lines)

    assert view.place == f"10/{count}"
    view.act("bottom")
    assert view.place == f"{count}/{count}"


def test_an_empty_view_is_drawn_at_any_size() -> None:
    view = MessageView()
    for size in ((1, 1), (20, 5), (200, 50)):
        shown = " ".join(screen(view, *size)).strip()
        assert NO_MESSAGE.startswith(shown.removesuffix("…"))
        assert view.act("down")
    assert view.place == ""


def test_a_view_with_the_focus_says_so_without_colours() -> None:
    view = MessageView()
    for key in ("", "7F"):
        if key:
            view.show(key, shown_for)
        assert render_text(view, (80, 5), focus=True)[0].rstrip() == ">MESSAGE"
        assert render_text(view, (80, 5))[0].rstrip() == " MESSAGE"


def test_a_view_that_stands_alone_needs_no_sign_of_focus() -> None:
    view = MessageView()
    view.beside = False
    view.show("7F", shown_for)
    assert render_text(view, (80, 5), focus=True)[0].rstrip() == " MESSAGE"
