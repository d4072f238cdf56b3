"""The writing of a message, as it is seen and typed."""

import time
import unicodedata
from collections.abc import Sequence

import pytest
from urwid.testing import check_box_sizing, click, press, render_runs, render_text

from nimsg.text import clean_line, width
from nimsg.tui.completion import Completion, complete
from nimsg.tui.composeview import ComposeView, Part
from nimsg.tui.draftlines import compose_hints
from nimsg.tui.glyphs import ASCII, UNICODE, Glyphs
from nimsg.tui.keys import Context, KeyMap
from nimsg.tui.letterdraft import Draft, DraftState


SIZE = (80, 24)
NOW = 1_795_279_440_000  # 2026-11-21 16:44 UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


class Desk:
    """A desk that notes what it is asked for."""

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        self.glyphs = glyphs
        self.asked: list[str] = []
        self.people: dict[str, bool | None] = {"carl": False}

    def names(self) -> Sequence[str]:
        return ["bob", "bobby", "carol_", "dan"]

    def known(self, name: str) -> bool | None:
        return self.people.get(name, True)

    def now(self) -> int:
        return NOW

    def edited(self, draft: Draft) -> None:
        self._note("edited", draft)

    def keep(self, draft: Draft) -> None:
        self._note("keep", draft)

    def send(self, draft: Draft) -> None:
        draft.send()
        self._note("send", draft)

    def close_draft(self, draft: Draft) -> None:
        self._note("close", draft)

    def discard(self, draft: Draft) -> None:
        self._note("discard", draft)

    def edit_outside(self, draft: Draft) -> None:
        self._note("editor", draft)

    def _note(self, what: str, draft: Draft) -> None:
        assert draft.client_id == "c1"
        self.asked.append(what)

    @property
    def done(self) -> list[str]:
        return [one for one in self.asked if one != "edited"]


class Screen:
    """A view with its keys taken as the program takes them."""

    def __init__(self, draft: Draft | None = None, glyphs: Glyphs = UNICODE) -> None:
        self.desk = Desk(glyphs)
        self.draft = draft or Draft("c1")
        self.map = KeyMap()
        self.view = ComposeView(self.desk, self.draft, compose_hints(self.map))

    def keys(self, *keys: str, size: tuple[int, int] = SIZE) -> None:
        for key in keys:
            for left in press(self.view, size, key):
                action = self.map.action(Context.COMPOSE, left)
                assert action is None or self.view.act(action)

    def type(self, text: str) -> None:
        self.keys(*text)

    def text(self, size: tuple[int, int] = SIZE) -> list[str]:
        return render_text(self.view, size, focus=True, strip=True)


def ready() -> Screen:
    screen = Screen(Draft("c1", to="bob", subject="keys"))
    screen.type("hello")
    return screen


# -- what is seen


def test_s0_24_a_message_being_written_at_80_by_24() -> None:
    screen = Screen()
    screen.type("bob, carol_")
    screen.keys("enter", *"keys for the lab", "enter", *"Hello both", "enter", "!")
    screen.draft.saved(screen.draft.version, NOW)
    screen.view.refresh()
    rows = screen.text()

    assert rows[:5] == [
        " To:      bob, carol_",
        " Subject: keys for the lab",
        "─" * 80,
        " Hello both",
        " !",
    ]
    assert rows[5:22] == [""] * 17
    assert rows[22:] == [
        "─" * 80,
        " saved 16:44  12/65536 B     Alt-Enter send  Ctrl-O editor  Esc keep"
        "   [ Send ]",
    ]


def test_s0_24_a_message_being_written_at_40_by_10() -> None:
    screen = ready()

    assert screen.text((40, 10)) == [
        " To:      bob",
        " Subject: keys",
        "─" * 40,
        " hello",
        *[""] * 4,
        "─" * 40,
        " edited       5/65536 B        [ Send ]",
    ]


def test_s0_24_a_message_being_written_at_120_by_40_has_lines_of_100() -> None:
    screen = Screen(Draft("c1", to="bob", body="word " * 60))
    rows = screen.text((120, 40))

    assert max(map(width, rows[3:37])) <= 101
    assert rows[-1] == (
        " draft new          300/65536 B    Alt-Enter send  Ctrl-O editor  Esc keep"
        + " " * 37
        + "[ Send ]"
    )


@pytest.mark.parametrize("rows", range(1, 13))
@pytest.mark.parametrize("cols", [1, 2, 10, 20, 40, 80, 200])
@pytest.mark.parametrize("part", ["to", "subject", "body", "status"])
def test_it_fits_every_size_and_what_is_typed_in_is_seen(
    cols: int, rows: int, part: str
) -> None:
    screen = ready()
    screen.keys("meta enter")
    screen.draft.refused("bob: the recipient blocks you " * 4)
    screen.view.focused = Part(part)
    screen.view.refresh()
    check_box_sizing(screen.view, cols=cols, rows=rows)
    canvas = screen.view.render((cols, rows), focus=True)

    assert canvas.cursor is not None


def test_a_small_window_shows_the_cursor_and_what_is_wrong() -> None:
    screen = Screen(Draft("c1", to="carl", subject="keys", body="a b c d\n" * 9))
    screen.type("end")

    assert screen.text((20, 5)) == [
        " To:      carl",
        " Subject: keys",
        " end",
        " carl: no such user",
        " edited    [ Send ]",
    ]


def test_terminals_without_unicode_get_ascii_only() -> None:
    screen = Screen(Draft("c1", to="carl", body="a\x1bb"), ASCII)

    assert all(row.isascii() for row in screen.text())
    assert screen.text()[3] == " a?b"


@pytest.mark.parametrize(
    "text", ["\x1b]0;PWNED\x07", "\x9d0;PWNED\x9c", "a\u202eb", "\ud800", "z\u200b"]
)
def test_s3_19_nothing_dangerous_is_drawn_wherever_it_stands(text: str) -> None:
    screen = Screen(Draft("c1", to=text, subject=text, body=text))
    screen.view.act("send")

    for row in screen.text():
        assert unicodedata.normalize("NFC", row) == clean_line(row)
    assert clean_line(screen.view.title) == screen.view.title


# -- typing


def test_what_is_typed_is_in_the_draft_at_once() -> None:
    screen = ready()

    assert (screen.draft.body, screen.desk.asked) == ("hello", ["edited"] * 5)
    assert screen.draft.state is DraftState.DIRTY


def test_a_new_message_begins_with_its_readers_and_an_answer_with_its_text() -> None:
    assert Screen().view.focused is Part.TO
    assert Screen(Draft("c1", to="bob")).view.focused is Part.BODY


def test_a_text_that_is_passed_on_is_written_above() -> None:
    screen = Screen(Draft("c1", body="\n\nforwarded"))
    screen.type("dan")
    screen.keys("enter", "enter", *"see below")

    assert screen.draft.body == "see below\n\nforwarded"


def test_fields_are_walked_with_tab_enter_and_arrows() -> None:
    screen = Screen()
    seen = []
    for key in ("tab", "tab", "tab", "tab", "shift tab", "up", "up", "up", "enter"):
        screen.keys(key)
        seen.append(screen.view.focused.value)

    assert seen == [
        *("subject", "body", "status", "to"),
        *("status", "body", "subject", "to", "subject"),
    ]


@pytest.mark.parametrize("key", ["enter", "tab", "down", "shift tab", "esc"])
def test_names_are_tidied_when_their_field_is_left(key: str) -> None:
    screen = Screen()
    screen.type("dan, , eve, ")
    assert screen.draft.to == "dan, , eve, "
    screen.keys(key)

    assert screen.draft.to == "dan, eve"
    assert screen.text()[0] == " To:      dan, eve"
    assert screen.desk.asked[-1] in {"edited", "close"}


def test_names_are_tidied_by_sending() -> None:
    screen = Screen(Draft("c1", subject="keys"))
    screen.keys(*"dan, ", "meta enter")

    assert (screen.draft.to, screen.desk.done) == ("dan", ["send"])


def test_names_are_tidied_by_a_click_elsewhere() -> None:
    screen = Screen()
    screen.type("dan,")
    click(screen.view, SIZE, 12, 0)
    assert screen.draft.to == "dan,"
    click(screen.view, SIZE, 12, 5)

    assert (screen.draft.to, screen.view.focused) == ("dan", Part.BODY)


def test_down_on_the_last_line_does_not_fall_out_of_the_text() -> None:
    screen = ready()
    screen.keys("down", "down")

    assert screen.view.focused is Part.BODY


def test_a_paste_sends_nothing_and_moves_nowhere() -> None:
    screen = ready()
    screen.keys("begin paste")
    assert screen.view.is_pasting
    screen.keys(*"a b", "enter", "tab", "esc", "<csi 31m>", "page up", "c", "end paste")

    assert screen.draft.body == "helloa b\n\tc"
    assert (screen.view.is_pasting, screen.desk.done) == (False, [])


def test_a_paste_on_the_button_goes_into_the_text() -> None:
    screen = ready()
    screen.keys("tab", "begin paste", "enter", "x", "end paste")

    assert (screen.draft.body, screen.desk.done) == ("hello\nx", [])


def test_a_page_is_turned_in_the_text() -> None:
    screen = Screen(Draft("c1", to="bob", body="\n".join(map(str, range(99)))))
    assert screen.text()[21] == " 98"
    screen.keys("page up", "page up")

    assert screen.text()[3] == " 62"


# -- completing names


NAMES = ["bob", "bobby", "carol_", "Carl", "dan"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("d", Completion("dan, ", 5)),
        ("dan", None),
        ("b", Completion("bob", 3, ("bob", "bobby"))),
        ("bob", Completion("bob", 3, ("bob", "bobby"))),
        ("bobb", Completion("bobby, ", 7)),
        ("dan, c", Completion("dan, Car", 8, ("Carl", "carol_"))),
        ("bob, b", Completion("bob, bobby, ", 12)),
        ("dan,D", None),
        ("bob,ca", Completion("bob, Car", 8, ("Carl", "carol_"))),
        ("bob,dan", None),
        ("bob,da", Completion("bob, dan, ", 10)),
        ("x", None),
        ("", None),
        ("dan, ", None),
    ],
)
def test_a_name_is_completed(text: str, found: Completion | None) -> None:
    assert complete(text, len(text), NAMES) == found


def test_a_name_that_is_whole_and_alone_needs_no_completing() -> None:
    assert complete("#lobby", 6, ["#lobby"]) is None


def test_a_name_in_the_middle_is_completed_without_a_second_comma() -> None:
    assert complete("d, bob", 1, NAMES) == Completion("dan, bob", 3)


def test_tab_completes_first_and_then_goes_on() -> None:
    screen = Screen()
    screen.keys(*"ca", "tab")
    assert (screen.draft.to, screen.view.focused) == ("carol_, ", Part.TO)
    screen.keys("tab")
    assert screen.view.focused is Part.SUBJECT


def test_several_names_are_shown_and_a_second_tab_goes_on() -> None:
    screen = Screen()
    screen.keys("b", "tab")
    assert screen.text()[-2] == " bob  bobby"
    assert (screen.draft.to, screen.view.focused) == ("bob", Part.TO)
    screen.keys("tab")
    assert screen.view.focused is Part.SUBJECT
    assert "bobby" not in "".join(screen.text())


# -- sending


@pytest.mark.parametrize("keys", [["meta enter"], ["ctrl d"], ["tab", "enter"]])
def test_the_ways_to_send(keys: list[str]) -> None:
    screen = ready()
    screen.keys(*keys)

    assert screen.desk.done == ["send"]


@pytest.mark.parametrize("text", ["x", " ", "é", "漢", "oh no"])
def test_what_is_typed_on_the_button_goes_into_the_text(text: str) -> None:
    screen = ready()
    screen.keys("tab", *text)

    assert (screen.draft.body, screen.desk.done) == (f"hello{text}", [])
    assert screen.view.focused is Part.BODY


def test_the_button_shows_that_it_is_reached() -> None:
    screen = ready()
    screen.keys("tab")

    assert ("button focus", " [ Send ] ") in render_runs(screen.view, SIZE, focus=True)[
        -1
    ]


def test_while_it_is_sent_it_can_be_read_only() -> None:
    screen = ready()
    screen.keys("meta enter", "x", "backspace", "meta enter", "ctrl o", "ctrl x")

    assert (screen.draft.body, screen.desk.done) == ("hello", ["send"])
    assert "sending" in screen.text()[-1]
    assert "being sent" in screen.text()[-2]
    screen.keys("esc")
    assert screen.desk.done == ["send", "close"]


def test_a_failed_sending_says_why_and_can_be_changed() -> None:
    screen = ready()
    screen.keys("meta enter")
    screen.draft.refused("bob blocks\x1b[31m you")
    screen.view.refresh()
    assert screen.text()[-2] == " not sent: bob blocks you; it is kept as a draft"
    assert "NOT SENT" in screen.text()[-1]

    screen.type("!")
    assert screen.draft.body == "hello!"
    assert "not sent" not in "".join(screen.text())


def test_unknown_readers_are_shown_when_their_field_is_left() -> None:
    screen = Screen()
    screen.type("carl")
    assert "no such user" not in "".join(screen.text())
    screen.keys("enter")
    assert screen.text()[-2] == " carl: no such user"


def test_a_name_that_is_found_out_later_is_shown_on_refresh() -> None:
    screen = Screen()
    screen.desk.people["eve"] = None
    screen.keys(*"eve", "enter")
    assert "eve:" not in "".join(screen.text())
    screen.desk.people["eve"] = False
    screen.view.refresh()

    assert screen.text()[-2] == " eve: no such user"


def test_problems_keep_the_draft_and_go_when_they_are_mended() -> None:
    screen = Screen()
    screen.keys("enter", "enter", *"hello", "meta enter")
    assert (screen.desk.done, screen.view.focused) == ([], Part.TO)
    assert screen.text()[-2] == " not sent: nobody in To: write a name"

    screen.type("bob")
    assert "nobody" not in "".join(screen.text())
    screen.keys("meta enter")
    assert screen.desk.done == ["send"]


def test_what_stood_there_before_is_said_as_the_reason_not_to_send() -> None:
    screen = Screen()
    screen.keys(*"carl", "enter", "enter", *"hello")
    assert screen.text()[-2] == " carl: no such user"
    screen.keys("meta enter")

    assert screen.text()[-2] == " not sent: carl: no such user"
    assert (screen.desk.done, screen.view.focused) == ([], Part.TO)
    screen.type("a")
    assert "not sent" not in "".join(screen.text())


def test_an_empty_message_is_not_sent() -> None:
    screen = Screen(Draft("c1", to="bob"))
    screen.keys("meta enter")

    assert (screen.desk.done, screen.view.focused) == ([], Part.BODY)
    assert (
        screen.text()[-2] == " not sent: a message needs a body, or at least a subject"
    )


def test_a_text_that_is_too_long_is_warned_of_in_words_and_red() -> None:
    screen = Screen(Draft("c1", to="bob", body="x" * 65_536))
    assert "too long" not in screen.text()[-1]
    screen.keys("x")
    runs = dict(render_runs(screen.view, SIZE, focus=True)[-1])

    assert "65537/65536 B too long" in str(runs["status bad"])
    screen.keys("meta enter")
    assert screen.desk.done == []


# -- the draft


@pytest.mark.parametrize(
    ("key", "asked"),
    [("esc", "close"), ("meta s", "keep"), ("ctrl o", "editor"), ("ctrl x", "discard")],
)
def test_the_actions_on_a_draft(key: str, asked: str) -> None:
    screen = ready()
    screen.keys(key)

    assert screen.desk.done == [asked]
    assert screen.draft.body == "hello"


def test_a_save_that_failed_is_warned_of() -> None:
    screen = ready()
    screen.draft.save()
    screen.draft.save_failed("the link is down")
    screen.view.refresh()
    rows = screen.text()

    assert rows[-2] == " not saved: the link is down; it is kept here and tried again"
    assert "NOT SAVED" in rows[-1]
    assert ("status bad", " NOT SAVED  ") in render_runs(screen.view, SIZE)[-1]


def test_the_text_of_an_outside_editor_is_shown() -> None:
    screen = ready()
    screen.draft.edit(NOW, body="from outside")
    screen.view.refresh()

    assert screen.text()[3] == " from outside"


def test_actions_of_others_are_left_to_them() -> None:
    assert not Screen().view.act("next-window")


def test_a_click_goes_to_a_field_and_sends() -> None:
    screen = ready()
    click(screen.view, SIZE, 12, 1)
    assert screen.view.focused is Part.SUBJECT
    screen.type("!")
    assert screen.draft.subject == "ke!ys"
    click(screen.view, SIZE, 2, 3)
    screen.type("-")
    assert screen.draft.body == "h-ello"
    click(screen.view, SIZE, 2, 23)
    assert screen.desk.done == []
    click(screen.view, SIZE, 75, 23)
    assert screen.desk.done == ["send"]
