from collections.abc import Callable
from itertools import product

import pytest
import urwid
from urwid.testing import check_box_sizing, click, press, render_runs, render_text

from nimsg.protocol.constants import limit
from nimsg.tui.inputline import KEPT, InputLine
from tests.support.unsafe import HOSTILE, unsafe


WIDE = (80, 1)
NARROW = (40, 1)


class Talk:
    """An input line, what it sent and what it said."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes
        self.sent: list[str] = []
        self.said: list[str] = []
        self.line = InputLine(self._send, self.said.append)

    def _send(self, text: str) -> bool:
        self.sent.append(text)
        return self.takes

    def type(self, *keys: str) -> list[str]:
        return press(self.line, WIDE, *keys)

    def paste(self, text: str) -> None:
        names = {"\n": "enter", "\t": "tab"}
        self.type("begin paste", *(names.get(one, one) for one in text), "end paste")

    def send(self, text: str) -> None:
        self.type(*text)
        self.line.submit()


@pytest.fixture
def talk() -> Talk:
    return Talk()


def button_colour(line: InputLine) -> object:
    (row,) = render_runs(line, WIDE, focus=True)
    return next(name for name, text in row if "[ Send ]" in text)


def test_s3_14_what_is_typed_is_sent_and_the_line_is_empty_again(talk: Talk) -> None:
    talk.type(*"on it")
    assert render_text(talk.line, NARROW, strip=True) == [
        " > on it                       [ Send ]"
    ]
    talk.line.submit()
    assert talk.sent == ["on it"]
    assert not talk.line.text


def test_s3_14_tab_reaches_the_button_and_shift_tab_goes_back(talk: Talk) -> None:
    talk.type(*"hi")
    assert button_colour(talk.line) == "button"
    assert talk.line.render(WIDE, focus=True).cursor == (5, 0)
    assert talk.line.next_pane()
    assert button_colour(talk.line) == "button focus"
    assert talk.line.render(WIDE, focus=True).cursor is None
    assert talk.line.previous_pane()
    assert button_colour(talk.line) == "button"
    assert not talk.line.previous_pane()


def test_s3_14_enter_on_the_button_sends(talk: Talk) -> None:
    talk.type(*"hi")
    talk.line.next_pane()
    assert talk.type("enter") == ["enter"]
    talk.line.submit()
    assert talk.sent == ["hi"]
    assert not talk.line.on_button


def test_s3_14_a_click_on_the_button_sends(talk: Talk) -> None:
    talk.type(*"hi")
    (row,) = render_text(talk.line, WIDE)
    assert click(talk.line, WIDE, row.index("[ Send ]") + 1, 0)
    assert talk.sent == ["hi"]


def test_a_click_in_the_text_moves_the_cursor(talk: Talk) -> None:
    talk.type(*"hi")
    talk.line.next_pane()
    click(talk.line, WIDE, 4, 0)
    assert talk.line.render(WIDE, focus=True).cursor == (4, 0)


def test_tab_on_the_button_leaves_and_begins_at_the_text_again(talk: Talk) -> None:
    assert talk.line.next_pane()
    assert not talk.line.next_pane()
    assert not talk.line.on_button


def test_who_types_on_the_button_types_into_the_line(talk: Talk) -> None:
    talk.line.next_pane()
    talk.type("a", " ", "b")
    assert talk.line.text == "a b"
    assert not talk.line.on_button


def test_the_keys_of_the_table_are_left_to_it(talk: Talk) -> None:
    keys = ["enter", "tab", "shift tab", "meta enter", "page up", "page down", "end"]
    keys += ["esc", "ctrl page up", "meta d", "meta 1", "ctrl l"]
    assert talk.type(*keys) == keys


def test_end_goes_to_the_end_where_something_is_typed(talk: Talk) -> None:
    talk.type(*"hi", "home")
    assert talk.type("end", "!") == []
    assert talk.line.text == "hi!"


def test_new_lines_make_it_grow_to_five_rows(talk: Talk) -> None:
    heights = []
    for _ in range(7):
        heights.append(talk.line.rows_wanted(80))
        talk.line.newline()
        talk.type("x")
    assert heights == [1, 2, 3, 4, 5, 5, 5]
    rows = render_text(talk.line, (40, 5), strip=True)
    assert [row[3] for row in rows] == ["x"] * 5


def test_nothing_is_not_sent(talk: Talk) -> None:
    talk.line.submit()
    talk.send("   ")
    assert talk.sent == []


def test_what_is_not_taken_stays() -> None:
    talk = Talk(takes=False)
    talk.send("hi")
    assert talk.line.text == "hi"


def test_what_is_too_long_stays_and_is_told(talk: Talk) -> None:
    talk.line.put_back("é" * (limit("body_bytes") // 2 + 1))
    talk.line.submit()
    assert talk.sent == []
    assert talk.line.text
    assert "65538 bytes" in talk.said[0]


def test_what_could_not_be_sent_comes_back_before_what_was_typed(talk: Talk) -> None:
    talk.send("first")
    talk.type(*"second")
    talk.line.put_back("first")
    assert talk.line.text == "first\nsecond"


def test_what_was_sent_comes_back_with_up(talk: Talk) -> None:
    for text in ("one", "two", "two"):
        talk.send(text)
    texts = []
    for key in ("up", "up", "up", "down", "down"):
        talk.type(key)
        texts.append(talk.line.text)
    assert texts == ["two", "one", "one", "two", ""]


def test_up_takes_nothing_away_that_was_typed(talk: Talk) -> None:
    talk.send("one")
    talk.type(*"new", "up")
    assert talk.line.text == "new"
    talk.type("ctrl u", "up", "!", "up")
    assert talk.line.text == "one!"


def test_the_memory_of_what_was_sent_is_bounded(talk: Talk) -> None:
    for count in range(KEPT + 5):
        talk.send(str(count))
    talk.type(*["up"] * (KEPT + 50))
    assert talk.line.text == "5"


def test_a_paste_is_one_insert_and_sends_nothing(talk: Talk) -> None:
    talk.type(*"<>", "left")
    talk.type("begin paste", "a", "enter", "<csi 31m>", "tab", "b", "end paste")
    assert talk.line.text == "<a\n\tb>"
    assert talk.sent == talk.said == []


def test_a_short_paste_asks_nothing(talk: Talk) -> None:
    talk.paste("\n".join("x" * 19))
    assert talk.said == []
    assert not talk.line.drop_paste()


def test_a_long_paste_is_told_and_can_be_taken_out(talk: Talk) -> None:
    talk.type(*"see: ")
    talk.paste("line\n" * 120)
    assert talk.said == ["120 lines pasted: Enter sends all, Esc removes them"]
    assert talk.line.drop_paste()
    assert talk.line.text == "see: "
    talk.type("meta u")
    assert talk.line.text.count("line") == 120


def test_a_long_paste_is_not_taken_out_once_more_was_typed(talk: Talk) -> None:
    talk.paste("line\n" * 120)
    talk.type("x")
    assert not talk.line.drop_paste()
    assert talk.line.text.endswith("x")


def test_a_paste_beyond_the_limit_takes_nothing_away(talk: Talk) -> None:
    talk.type(*"see: ")
    talk.paste("x" * (limit("body_bytes") + 1))
    assert talk.line.text == "see: "
    assert talk.said[0].startswith("not pasted: ")


@pytest.mark.parametrize("text", HOSTILE)
def test_only_what_is_safe_is_drawn(talk: Talk, text: str) -> None:
    talk.paste(text)
    talk.line.put_back(text)
    rows = render_text(talk.line, (60, 5), focus=True)
    assert unsafe("\n".join(rows).encode()) == set()


def filled(talk: Talk) -> None:
    talk.paste("日本語の件名 " * 40 + "\n\tx\n" * 9)


def hinted(_: Talk) -> None:
    """Nothing is typed."""


@pytest.mark.parametrize("fill", [filled, hinted])
def test_no_size_is_too_small(talk: Talk, fill: Callable[[Talk], None]) -> None:
    fill(talk)
    for cols, rows in product(range(1, 90), range(1, 6)):
        for _ in range(2):
            assert len(render_text(talk.line, (cols, rows), focus=True)) == rows
            talk.line.next_pane()
    check_box_sizing(talk.line)
    assert isinstance(talk.line, urwid.Widget)
