"""What lies on top: at any size, by keys alone, and never answered by accident."""

import pytest
from urwid.testing import check_box_sizing, press, render_text

from nimsg.text import width
from nimsg.tui.canvas import LinesBox
from nimsg.tui.glyphs import ASCII, UNICODE, Glyphs
from nimsg.tui.popups import (
    QUIET_MS,
    ListPopup,
    Over,
    Popup,
    Question,
    TextPopup,
)
from nimsg.tui.spans import Line


SIZES = [(20, 5), (40, 10), (80, 24), (200, 50), (3, 2), (1, 1)]
SCREEN = (60, 12)
NOW = 1_700_000_000_000


class Told:
    """What a popup told whoever made it."""

    def __init__(self) -> None:
        self.closed = 0
        self.chosen: list[int] = []
        self.keys: list[str] = []

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def told() -> Told:
    return Told()


def rows(count: int) -> list[Line]:
    return [[("text", f"row {at}")] for at in range(count)]


def text_popup(told: Told, count: int = 30) -> TextPopup:
    return TextPopup("Thread", rows(count), told.close)


def list_popup(told: Told, count: int = 30) -> ListPopup:
    items: list[Line] = [[("name", f"#room{at}")] for at in range(count)]
    return ListPopup("Rooms", items, told.chosen.append, told.close)


def question(told: Told, **keys: str) -> Question:
    keys = keys or {"y": "yes", "n": "no"}
    return Question("Recall it?", keys, told.keys.append, title="Recall")


def dots(cols: int, rows: int, _: bool) -> list[Line]:
    return [[("text", "." * cols)]] * rows


def shown(popup: Popup, size: tuple[int, int] = SCREEN) -> list[str]:
    return render_text(Over(popup, LinesBox(dots)), size, focus=True)


def popups(told: Told) -> list[Popup]:
    return [
        text_popup(told),
        text_popup(told, 0),
        list_popup(told),
        list_popup(told, 0),
        question(told),
        Question("日本語 " * 60, {"y": "はい" * 20}, told.keys.append),
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", range(6))
def test_a_popup_is_drawn_at_any_size(
    kind: int, size: tuple[int, int], told: Told
) -> None:
    popup = popups(told)[kind]

    assert [width(row) for row in shown(popup, size)] == [size[0]] * size[1]
    check_box_sizing(popup, cols=size[0], rows=size[1])


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_popup_stands_in_a_frame_in_the_middle(told: Told, glyphs: Glyphs) -> None:
    popup = TextPopup("Note", rows(2), told.close, glyphs)
    assert popup.spare == {"open"}

    line = glyphs.hline
    assert [row.strip(".") for row in shown(popup, (40, 8))] == [
        "",
        "",
        f"{glyphs.top_left}{line} Note {line * 31}{glyphs.top_right}",
        f"{glyphs.vline} row 0{' ' * 32}{glyphs.vline}",
        f"{glyphs.vline} row 1{' ' * 32}{glyphs.vline}",
        f"{glyphs.bottom_left}{line} type to filter  Esc close {line * 10}"
        f"{glyphs.bottom_right}",
        "",
        "",
    ]


def test_what_lies_below_is_still_seen(told: Told) -> None:
    assert shown(question(told), (80, 24))[0] == "." * 80


def test_a_text_is_scrolled_as_far_as_it_goes(told: Told) -> None:
    popup = text_popup(told)
    assert "row 0" in shown(popup)[1]

    assert popup.act("page-down")
    assert "row 9" in shown(popup)[1]
    assert "10-19/30" in shown(popup)[0]
    popup.act("bottom")
    assert "row 29" in shown(popup)[-2]
    popup.act("down")
    assert "row 29" in shown(popup)[-2]
    popup.act("top")
    popup.act("up")
    assert "row 0" in shown(popup)[1]


def test_what_is_typed_filters_a_text(told: Told) -> None:
    popup = text_popup(told)

    assert press(popup, SCREEN, *"ROW 2") == []
    assert "row 2 " in shown(popup)[1]
    assert "row 12" in shown(popup)[2]
    assert "1-10/12" in shown(popup)[0]
    assert "filter: ROW 2" in shown(popup)[-1]
    press(popup, SCREEN, "9", "9")
    assert "nothing has ROW 299" in shown(popup)[1]
    press(popup, SCREEN, *["backspace"] * 9)
    assert "row 0" in shown(popup)[1]


@pytest.mark.parametrize("action", ["close", "open"])
def test_a_text_is_closed_by_either_key(told: Told, action: str) -> None:
    assert text_popup(told).act(action)
    assert told.closed == 1


def test_a_popup_lets_only_the_screen_itself_do_more(told: Told) -> None:
    popup = text_popup(told)

    assert popup.act("reply")
    assert not popup.act("redraw")
    assert not popup.act("quit")


@pytest.mark.parametrize("key", ["esc", "enter", "down", "meta 1", "f1"])
def test_a_key_of_the_table_is_left_to_it(told: Told, key: str) -> None:
    for popup in popups(told):
        assert popup.keypress(SCREEN, key) == key
    assert told.keys == []


def test_one_of_a_list_is_chosen_once(told: Told) -> None:
    popup = list_popup(told)
    shown(popup)

    popup.act("down")
    popup.act("down")
    assert "> #room2" in "".join(shown(popup))
    popup.act("open")
    assert (told.chosen, told.closed) == ([2], 1)


def test_a_list_may_begin_anywhere(told: Told) -> None:
    popup = ListPopup("Rooms", rows(9), told.chosen.append, told.close, UNICODE, 7)
    assert "> row 7" in "".join(shown(popup))
    popup.act("open")

    assert told.chosen == [7]


def test_the_choice_is_always_seen(told: Told) -> None:
    popup = list_popup(told)

    for action in ("bottom", "page-up", "up", "top", "page-down", "down"):
        popup.act(action)
        assert sum(" > #room" in row for row in shown(popup)) == 1


def test_a_filtered_list_tells_the_place_in_the_whole(told: Told) -> None:
    popup = list_popup(told)
    press(popup, SCREEN, *"room17")
    shown(popup)

    popup.act("open")
    assert told.chosen == [17]


def test_nothing_is_chosen_where_nothing_is_left(told: Told) -> None:
    popup = list_popup(told)
    press(popup, SCREEN, *"zebra")
    shown(popup)

    popup.act("open")
    assert (told.chosen, told.closed) == ([], 0)


def test_a_question_takes_only_its_keys(told: Told) -> None:
    popup = question(told)

    for key in ("x", "Y", " ", "backspace", "enter", "esc"):
        popup.keypress(SCREEN, key)
    for action in ("open", "close", "down"):
        assert popup.act(action)
    assert told.keys == []
    popup.keypress(SCREEN, "y")
    assert told.keys == ["y"]


def test_a_question_is_answered_once(told: Told) -> None:
    popup = question(told)

    press(popup, SCREEN, "n", "y", "n")
    assert told.keys == ["n"]
    assert popup.answered


def test_a_paste_answers_no_question(told: Told) -> None:
    popup = question(told)

    for key in ("begin paste", "y", "enter", "esc", "n"):
        assert popup.keypress(SCREEN, key) is None
        assert popup.is_pasting
    assert popup.keypress(SCREEN, "end paste") is None
    assert (popup.is_pasting, told.keys) == (False, [])
    popup.keypress(SCREEN, "n")
    assert told.keys == ["n"]


def test_a_paste_is_a_filter(told: Told) -> None:
    popup = text_popup(told)
    press(popup, SCREEN, "begin paste", *"row 7", "enter", "end paste")

    assert popup.words == "row 7"
    assert told.closed == 0


def test_esc_answers_where_the_question_says_so(told: Told) -> None:
    popup = question(told, y="yes", esc="later")

    assert "y yes   Esc later" in "".join(shown(popup))
    popup.act("close")
    assert told.keys == ["esc"]


@pytest.mark.parametrize(
    ("last_key_at", "wait_ms"),
    [
        (None, 0),
        (NOW, QUIET_MS),
        (NOW - 400, QUIET_MS - 400),
        (NOW - QUIET_MS, 0),
        (NOW - 60_000, 0),
        (NOW + 60_000, QUIET_MS),
    ],
)
def test_a_question_waits_until_the_person_has_not_typed_for_a_second(
    last_key_at: int | None, wait_ms: int
) -> None:
    assert Question.wait_ms(NOW, last_key_at) == wait_ms


def test_the_keys_of_a_long_question_are_seen_on_a_small_screen(told: Told) -> None:
    popup = Question("What is it? " * 30, {"y": "yes", "n": "no"}, told.keys.append)

    drawn = shown(popup, (20, 5))
    assert "y yes   n no" in drawn[-2]
    assert drawn[-3].rstrip(" │").endswith("…")


def test_x3_what_others_wrote_is_cleaned(told: Told) -> None:
    popup = Question("\x1b]0;pwned\x07a\u202eb", {"y": "\x9bm"}, told.keys.append)

    drawn = "".join(shown(popup))
    assert "\x1b" not in drawn
    assert "\x9b" not in drawn
    assert "pwned" not in drawn


def test_escape_is_the_key_that_it_is_said_to_be() -> None:
    answers: list[str] = []
    keys = {"y": "yes", "n": "no"}
    plain = Question("Throw it away?", keys, answers.append)
    plain.act("close")
    assert answers == []
    Question("Throw it away?", keys, answers.append, escape="n").act("close")
    assert answers == ["n"]
    assert not plain.footed
