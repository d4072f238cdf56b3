"""Typing and pasting: nothing typed is lost, nothing dangerous is drawn."""

import unicodedata

import pytest
import urwid
from hypothesis import given, strategies as st
from urwid.testing import check_box_sizing, check_flow_sizing, press, render_text

from nimsg.text import clean_line
from nimsg.tui.editbox import EditBox, EditPane
from nimsg.tui.shown import MARK, editable
from tests.support.corpus import naughty_strings


SIZE = (40,)
HOSTILE = [
    "\x1b[31mred",
    "\x1b]0;PWNED\x07",
    "\x1b]52;c;cHduZWQ=\x1b\\",
    "\x1bP1;2q\x1b\\",
    "\x9b31m",
    "\x9d0;PWNED\x9c",
    "\x1b]0;unterminated",
    "a\u202egnp.exe",
    "\u2066isolated",
    "zero\u200bwidth\ufeff",
    "\u2028line",
    "nul\x00",
    "lone \ud800 surrogate",
    "z" + "\u0301" * 10_000,
    "\U000e0041tag",
    "del\x7f",
    "\r\x0b\x0c\x85",
]


def keys(text: str) -> list[str]:
    named = {"\n": "enter", "\t": "tab"}
    return [named.get(char, char) for char in text]


def typed(text: str, *, multiline: bool = True) -> EditBox:
    box = EditBox(multiline=multiline)
    press(box, SIZE, *keys(text))
    return box


def paste(box: EditBox, *pasted: str) -> None:
    assert press(box, SIZE, "begin paste", *pasted, "end paste") == []


def drawn(box: EditBox) -> str:
    return "\n".join(render_text(box, SIZE, focus=True, strip=True))


# -- what is drawn


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_s3_19_nothing_dangerous_reaches_the_canvas(text: str) -> None:
    box = EditBox(text)

    for row in render_text(box, SIZE, focus=True):
        assert unicodedata.normalize("NFC", row) == clean_line(row)
    assert box.edit_text == text


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_is_drawn_stands_where_it_is(text: str) -> None:
    shown = editable(text)

    assert len(shown) == len(text)
    assert MARK in shown


def test_every_naughty_string_can_be_edited() -> None:
    for text in naughty_strings():
        box = EditBox(text)
        render_text(box, SIZE, focus=True)
        press(box, SIZE, *["left"] * 3, "x", "meta u", "home", "up")
        render_text(box, (3,), focus=True)
        assert box.edit_text == text


@given(st.text())
def test_any_text_is_drawn_safely_and_in_its_length(text: str) -> None:
    shown = editable(text)

    assert len(shown) == len(text)
    for piece in shown.replace("\t", "\n").split("\n"):
        assert clean_line(piece) == unicodedata.normalize("NFC", piece)


@pytest.mark.parametrize(
    "text",
    ["日本語の件名", "e\u0301te\u0301", "👨‍👩‍👧‍👦 family", "می‌خواهم", "a\tb\nc", "❤️"],
)
def test_harmless_text_is_drawn_as_it_is(text: str) -> None:
    assert editable(text) == text


def test_a_hostile_line_keeps_its_harmless_rest() -> None:
    assert editable("日本\x1b[31m e\u0301 👨‍👩‍👧") == f"日本{MARK}[31m e\u0301 👨‍👩‍👧"


def test_a_terminal_without_unicode_gets_an_ascii_mark() -> None:
    assert drawn(EditBox("a\x1bb", mark="?")) == "a?b"


# -- typing


def test_typing_moving_and_erasing() -> None:
    box = typed("hallo")
    press(box, SIZE, "left", "left", "left", "left", "delete", "e", "end", "!")

    assert box.edit_text == "hello!"


def test_wide_characters_are_moved_over_whole() -> None:
    box = typed("日本語")
    press(box, SIZE, "left", "backspace")

    assert box.edit_text == "日語"
    assert box.get_cursor_coords(SIZE) == (2, 0)


@pytest.mark.parametrize(
    ("pressed", "text", "at"),
    [
        (["meta left"], "one two\nthree four", 14),
        (["meta b", "meta b"], "one two\nthree four", 8),
        (["meta b", "meta b", "meta f"], "one two\nthree four", 13),
        (["ctrl left", "ctrl right"], "one two\nthree four", 18),
        (["ctrl w"], "one two\nthree ", 14),
        (["meta b", "ctrl k"], "one two\nthree ", 14),
        (["ctrl u"], "one two\n", 8),
        (["home", "ctrl e"], "one two\nthree four", 18),
        (["up", "ctrl u", "ctrl u"], "\nthree four", 0),
    ],
)
def test_the_keys_of_editing(pressed: list[str], text: str, at: int) -> None:
    box = typed("one two\nthree four")

    assert press(box, SIZE, *pressed) == []
    assert (box.edit_text, box.edit_pos) == (text, at)


def test_keys_that_are_not_for_editing_are_given_back() -> None:
    strange = ["esc", "ctrl o", "meta enter", "ctrl d", "f1", "meta s", "tab"]

    assert press(EditBox("a"), SIZE, *strange) == strange


def test_a_field_of_one_line_gives_enter_back() -> None:
    assert press(EditBox("a", multiline=False), SIZE, "enter", "tab") == [
        "enter",
        "tab",
    ]


def test_every_change_is_told_once() -> None:
    told: list[str] = []
    box = EditBox(changed=told.append)
    press(box, SIZE, "a", "left", "b", "ctrl k")
    paste(box, "x", "enter", "y")

    assert told == ["a", "ba", "b", "bx\ny"]


def test_what_comes_from_elsewhere_is_shown_and_not_told() -> None:
    told: list[str] = []
    box = EditBox("a", changed=told.append)
    box.show("from the editor")

    assert (box.edit_text, told) == ("from the editor", [])


def test_a_locked_field_moves_but_does_not_change() -> None:
    box = typed("one two")
    box.locked = True
    paste(box, "x")
    given_back = press(
        box, SIZE, "a", "backspace", "ctrl w", "meta u", "enter", "left", "esc"
    )

    assert (box.edit_text, box.edit_pos, given_back) == ("one two", 6, ["esc"])


# -- pasting


def test_a_paste_of_lines_is_one_insert_and_submits_nothing() -> None:
    told: list[str] = []
    box = EditBox("<>", changed=told.append)
    press(box, SIZE, "left")
    paste(box, *keys("one\n\ttwo"))

    assert box.edit_text == "<one\n\ttwo>"
    assert told == ["<one\n\ttwo>"]
    assert press(box, SIZE, "meta u") == []
    assert box.edit_text == "<>"


def test_a_paste_into_one_line_has_blanks_for_its_breaks() -> None:
    box = EditBox(multiline=False)
    paste(box, *keys("one\ntwo\tthree\n"))

    assert box.edit_text == "one two three"


def test_control_keys_of_a_paste_are_dropped() -> None:
    box = EditBox()
    paste(box, "a", "<csi 31m>", "ctrl c", "meta x", "esc", "f5", "\x9d", "b")

    assert box.edit_text == "ab"


def test_what_is_invisible_in_a_paste_is_kept_and_shown() -> None:
    box = EditBox()
    paste(box, "a", "\u202e", "b")

    assert box.edit_text == "a\u202eb"
    assert drawn(box) == f"a{MARK}b"


def test_the_paste_is_over_when_it_ends() -> None:
    box = EditBox(multiline=False)
    press(box, SIZE, "begin paste", "a")
    began = box.is_pasting
    press(box, SIZE, "end paste")

    assert (began, box.is_pasting) == (True, False)
    assert press(box, SIZE, "enter") == ["enter"]


def test_a_paste_whose_end_was_lost_is_not() -> None:
    box = EditBox()
    pasted = ["begin paste", "a", "begin paste", "tab", "b", "end paste", "c"]

    assert press(box, SIZE, *pasted) == []
    assert box.edit_text == "a\tbc"


def test_an_end_without_a_beginning_does_nothing() -> None:
    box = EditBox("a")

    assert press(box, SIZE, "end paste") == ["end paste"]
    assert box.edit_text == "a"


# -- undoing


@pytest.mark.parametrize(
    ("pressed", "text"),
    [
        (["x", "y", "meta u"], "one two"),
        (["ctrl w", "meta u"], "one two"),
        (["ctrl u", "meta u"], "one two"),
        (["backspace", "backspace", "meta u"], "one two"),
        (["x", "backspace", "meta u"], "one twox"),
        (["x", "left", "y", "meta u"], "one twox"),
        (["x", "enter", "y", "meta u"], "one twox\n"),
        (["ctrl u", "meta u", "meta u"], ""),
        (["meta u"], "one two"),
    ],
)
def test_one_step_is_undone_and_done_again(pressed: list[str], text: str) -> None:
    box = EditBox("one two")

    assert press(box, SIZE, *pressed) == []
    assert box.edit_text == text


def test_what_came_from_elsewhere_is_not_undone_into_older_text() -> None:
    box = typed("old")
    box.show("from the editor")
    press(box, SIZE, "meta u")

    assert box.edit_text == "from the editor"


def test_an_undo_puts_the_cursor_back() -> None:
    box = EditBox("one two")
    press(box, SIZE, "home", "ctrl k", "meta u")

    assert (box.edit_text, box.edit_pos) == ("one two", 0)


# -- the window


def pane(lines: int) -> tuple[EditBox, EditPane]:
    box = EditBox("\n".join(str(n) for n in range(lines)))
    return box, EditPane(box)


def test_a_long_text_scrolls_with_the_cursor() -> None:
    _, view = pane(20)
    assert render_text(view, (5, 4), focus=True, strip=True) == ["16", "17", "18", "19"]

    press(view, (5, 4), "up", "up")
    assert render_text(view, (5, 4), focus=True, strip=True)[0] == "16"
    press(view, (5, 4), "up", "up")
    assert render_text(view, (5, 4), focus=True, strip=True)[0] == "15"


def test_pages_leave_one_line_in_sight() -> None:
    _, view = pane(20)
    render_text(view, (5, 4), focus=True)
    press(view, (5, 4), "page up", "page up")
    assert render_text(view, (5, 4), focus=True, strip=True)[0] == "13"
    press(view, (5, 4), *["page up"] * 9)
    assert render_text(view, (5, 4), focus=True, strip=True)[0] == "0"
    assert press(view, (5, 4), *["page down"] * 9) == []
    assert render_text(view, (5, 4), focus=True, strip=True)[-1] == "19"


def test_a_text_that_became_short_is_seen_whole() -> None:
    box, view = pane(20)
    render_text(view, (5, 4), focus=True)
    box.show("a\nb")

    assert render_text(view, (5, 4), focus=True, strip=True) == ["a", "b", "", ""]


@pytest.mark.parametrize("text", ["", "日本語 and more\n" * 9, "\x1b[31m\u202e"])
def test_fields_fit_every_size(text: str) -> None:
    check_flow_sizing(EditBox(text, caption=("label", " To: "), multiline=False))
    check_flow_sizing(EditBox(text))
    check_box_sizing(EditPane(EditBox(text)))


def test_a_click_moves_the_cursor_in_a_scrolled_text() -> None:
    box, view = pane(20)
    render_text(view, (5, 4), focus=True)
    urwid.testing.click(view, (5, 4), 0, 1)

    assert box.edit_text[box.edit_pos :].startswith("17")
