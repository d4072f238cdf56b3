from itertools import product

import pytest
from urwid.testing import check_box_sizing, click, press, render_runs, render_text

from nimsg.errors import ConfigError
from nimsg.tui.glyphs import ASCII
from nimsg.tui.keys import Context, KeyMap
from nimsg.tui.memberlist import Members
from nimsg.tui.talklog import Entry, Key, Kind, TalkLog
from nimsg.tui.talkview import Aside, Style, TalkTitle, TalkView, stamp
from tests.support.unsafe import HOSTILE, unsafe


NOW = 1_795_000_000_000
MINUTE = 60_000
SIZE = (80, 12)


class Desk:
    """What a view asked for."""

    def __init__(self) -> None:
        self.takes = True
        self.posted: list[str] = []
        self.marks: list[int] = []
        self.news: list[str] = []
        self.asked_older = 0

    def post(self, text: str) -> bool:
        self.posted.append(text)
        return self.takes

    def older(self) -> None:
        self.asked_older += 1

    def seen(self, position: int) -> None:
        self.marks.append(position)

    def now(self) -> int:
        return NOW

    def say(self, text: str) -> None:
        self.news.append(text)


class Room:
    """A view of a room with some messages."""

    def __init__(self, count: int, first: int = 1, style: Style | None = None) -> None:
        self.desk = Desk()
        self.log = TalkLog()
        page = [said(at) for at in range(first, first + count)]
        self.log.add_page(page, first, first + count - 1, complete=first == 1)
        title = TalkTitle("#common", "7 online", "what keeps the nodes cool")
        self.view = TalkView(self.desk, self.log, title, style=style)

    def screen(self, size: tuple[int, int] = SIZE, *, focus: bool = True) -> list[str]:
        return render_text(self.view, size, focus=focus, strip=True)

    def history(self) -> list[str]:
        return self.screen()[1:-1]

    def comes(self, position: int, body: str | None = None) -> None:
        self.log.add(said(position, body))
        self.view.refresh()


def said(position: int, body: str | None = None, kind: Kind = Kind.SAID) -> Entry:
    at_ms = NOW + (position - 2_000) * 10
    return Entry(position, at_ms, "bob", body or f"number {position}", kind)


def test_s3_14_a_large_field_a_line_to_type_in_and_a_button() -> None:
    room = Room(3)
    rows = room.screen()
    assert rows[0] == " #common  7 online  what keeps the nodes cool"
    assert [row.split()[-1] for row in rows[-4:-1]] == ["1", "2", "3"]
    assert rows[-1].startswith(" > ")
    assert rows[-1].endswith("  [ Send ]")
    assert len(rows) == 12


def test_s3_14_enter_and_the_button_and_a_click_send() -> None:
    room = Room(3)
    press(room.view, SIZE, *"one")
    assert press(room.view, SIZE, "enter") == ["enter"]
    assert room.view.act("send")
    press(room.view, SIZE, *"two")
    assert room.view.act("next-pane")
    assert room.view.act("send")
    press(room.view, SIZE, *"three")
    assert click(room.view, SIZE, 75, 11)
    assert room.desk.posted == ["one", "two", "three"]


def test_s3_14_shift_tab_goes_back_to_the_line() -> None:
    room = Room(1)
    assert room.view.act("next-pane")
    assert room.view.render(SIZE, focus=True).cursor is None
    assert room.view.act("previous-pane")
    assert room.view.render(SIZE, focus=True).cursor == (3, 11)
    assert not room.view.act("previous-pane")


def test_s3_27_what_comes_is_added_to_the_large_field() -> None:
    room = Room(3)
    room.screen()
    room.comes(4, "the fourth")
    assert room.history()[-1].endswith("<bob>       the fourth")


def test_what_is_not_taken_stays_in_the_line() -> None:
    room = Room(1)
    room.desk.takes = False
    press(room.view, SIZE, *"hi")
    room.view.act("send")
    assert room.screen()[-1].startswith(" > hi")


def test_what_could_not_be_sent_is_put_back() -> None:
    room = Room(1)
    press(room.view, SIZE, *"second")
    room.view.put_back("first")
    rows = room.screen()
    assert rows[-2].startswith(" > first")
    assert rows[-1] == "   second"


def test_reading_back_nothing_moves_and_what_came_is_counted() -> None:
    room = Room(50)
    room.screen()
    assert room.view.act("page-up")
    before = room.history()
    for position in range(51, 63):
        room.comes(position)
    assert room.history() == before
    assert room.screen()[0].endswith("-- 12 new below (End) --")
    assert room.screen((40, 12))[0].endswith(" 12 new")
    assert room.view.act("bottom")
    assert room.history()[-1].endswith("number 62")
    assert "new" not in room.screen()[0]


def test_end_is_for_the_typed_line_until_it_is_empty() -> None:
    room = Room(50)
    press(room.view, SIZE, *"one two", "home")
    room.view.act("page-up")
    above = room.history()
    assert not room.view.act("bottom")
    press(room.view, SIZE, "end", *"!")
    assert room.view.line is not None
    assert room.view.line.text == "one two!"
    press(room.view, SIZE, "meta left", "meta left", *"0 ")
    assert room.view.line.text == "0 one two!"
    assert room.history() == above
    room.view.act("send")
    room.view.act("page-up")
    assert room.view.act("bottom")
    assert room.history()[-1].endswith("number 50")


def test_page_down_goes_back_to_the_newest() -> None:
    room = Room(50)
    room.screen()
    room.view.act("page-up")
    room.view.act("page-up")
    for _ in range(2):
        room.view.act("page-down")
        room.screen()
    room.comes(51)
    assert room.history()[-1].endswith("number 51")


def test_at_the_top_older_ones_are_asked_for_and_the_place_stays() -> None:
    room = Room(30, first=31)
    room.screen()
    asked = []
    for _ in range(3):
        room.view.act("page-up")
        asked.append(room.desk.asked_older)
    assert asked == [0, 0, 1]
    before = room.history()
    assert before[1].endswith("number 31")
    room.log.add_page([said(at) for at in range(1, 31)], 1, 30)
    room.view.refresh()
    assert room.history()[1:] == before[1:]
    assert room.history()[0].endswith("number 30"), "where the day was"
    for _ in range(9):
        room.view.act("page-up")
    assert room.desk.asked_older == 1
    assert room.history()[1].endswith("number 1")


def test_top_and_half_pages_and_rows_scroll_too() -> None:
    room = Room(50)
    room.screen()
    lasts = []
    for action in ("up", "half-up", "half-down", "down", "top", "wheel-down"):
        assert room.view.act(action)
        lasts.append(room.history()[-1].split()[-1])
    assert lasts == ["49", "45", "49", "50", "9", "12"]


def test_the_wheel_scrolls_and_a_click_on_the_title_goes_to_the_end() -> None:
    room = Room(50)
    room.screen()
    assert click(room.view, SIZE, 5, 5, button=4)
    assert room.history()[-1].endswith("number 47")
    assert click(room.view, SIZE, 5, 0)
    assert room.history()[-1].endswith("number 50")
    assert not click(room.view, SIZE, 5, 0)


def test_own_words_bring_the_reader_to_the_end() -> None:
    room = Room(50)
    room.screen()
    room.view.act("page-up")
    press(room.view, SIZE, *"hi")
    room.view.act("send")
    assert room.history()[-1].endswith("number 50")


def test_another_size_keeps_the_place() -> None:
    room = Room(50)
    room.screen()
    room.view.act("page-up")
    last = room.history()[-1]
    for size in ((40, 10), (200, 30), (20, 5), (200, 50), SIZE):
        rows = room.screen(size)
        if size != (200, 50):
            assert rows[-2].split()[-1] == last.split()[-1]
    assert room.history()[-1] == last


def test_a_larger_screen_shows_what_comes_where_it_shows_the_end() -> None:
    room = Room(50)
    room.screen()
    room.view.act("page-up")
    assert room.screen((80, 60))[-2].endswith("number 50")
    room.comes(51)
    assert room.screen((80, 60))[-2].endswith("number 51")
    assert room.history()[-1].endswith("number 51")


def test_what_was_on_the_screen_with_the_focus_is_told_once() -> None:
    room = Room(3)
    room.screen(focus=False)
    assert room.desk.marks == []
    room.screen()
    room.view.refresh()
    room.screen()
    assert room.desk.marks == [3]
    room.comes(4)
    room.screen(focus=False)
    assert room.desk.marks == [3]
    room.screen()
    assert room.desk.marks == [3, 4]


def test_what_comes_below_the_screen_is_not_seen() -> None:
    room = Room(50)
    room.screen()
    room.view.act("page-up")
    room.comes(51)
    room.screen()
    assert room.desk.marks == [50]
    assert room.log.unseen == 1


@pytest.mark.parametrize(("cols", "blanks"), [(80, 1), (40, 1), (39, 0)])
def test_what_is_said_has_the_margin_of_its_title(cols: int, blanks: int) -> None:
    room = Room(3)
    room.view.leave()
    room.comes(4, "many words " * 9)
    rows = render_text(room.view, (cols, 12), focus=True)[1:-1]

    assert all(row[:blanks].isspace() or not blanks for row in rows)
    assert all(row[-blanks:].isspace() or not blanks for row in rows)
    assert any(row[blanks:].startswith(stamp(NOW, NOW).time[:2]) for row in rows)


# -- who is there


BESIDE = Style(aside=Aside("ann", lambda cols: 24 if cols >= 120 else 0))
TITLE = TalkTitle("#common", "2 online", "cool")
THREE = Members(("ann", "bob", "carol"), frozenset({"ann", "carol"}))


def test_members_stand_beside_what_is_said_from_120_columns_on() -> None:
    room = Room(3, style=BESIDE)
    room.view.set_title(TITLE, THREE)
    for size in ((119, 12), (80, 24), (40, 10), (20, 5), (1, 1)):
        assert "members" not in "".join(room.screen(size))
    for cols in (120, 160):
        rows = room.screen((cols, 12))
        assert rows[0].split("│")[0].strip() == "#common  cool"
        assert [row[cols - 24 :] for row in rows[:4]] == [
            "│ 3 members, 2 online",
            "│ • ann",
            "│ • carol",
            "│   bob",
        ]
        assert all(row[cols - 24] == "│" for row in rows[:-1])
        assert rows[-1].endswith("  [ Send ]")
        assert rows[-2].split("│")[0].rstrip().endswith("number 3")


def test_members_that_are_not_known_are_asked_for() -> None:
    room = Room(3, style=BESIDE)
    room.view.set_title(TITLE)
    rows = room.screen((120, 12))
    assert rows[0].strip().startswith("#common  2 online  cool")
    assert rows[0].endswith("│ asking…")
    room.view.set_title(TITLE, THREE)
    assert "asking" not in "".join(room.screen((120, 12)))


def test_another_width_keeps_the_place_also_beside_members() -> None:
    room = Room(50, style=BESIDE)
    room.view.set_title(TITLE, THREE)
    room.screen((120, 12))
    room.view.act("page-up")
    said = [row.split("│")[0].split()[-1] for row in room.screen((120, 12))[1:-1]]
    for cols in (80, 200, 119, 120):
        rows = room.screen((cols, 12))[1:-1]
        assert [row.split("│")[0].split()[-1] for row in rows] == said


def test_members_give_way_to_a_line_that_grows() -> None:
    room = Room(3, style=BESIDE)
    room.view.set_title(TITLE, THREE)
    for _ in range(9):
        room.view.act("newline")
    assert room.screen((120, 6))[0].endswith("│ 3 members, 2 online")
    assert room.screen((120, 2))[0].endswith("online")


# -- what is unread


def test_the_unread_line_is_where_the_reader_left() -> None:
    room = Room(3)
    room.screen()
    room.view.leave()
    room.comes(4)
    room.comes(5)
    line = room.history()[-3]
    assert line.strip("─ ") == f"new since {stamp(NOW, NOW).time}"
    room.screen()
    assert room.history()[-3] == line
    room.view.leave()
    assert "new since" not in "".join(room.screen())


def test_an_empty_room_says_what_to_do() -> None:
    room = Room(0)
    assert room.screen()[-2] == " nothing was said here yet: type below, Enter sends"
    view = TalkView(Desk(), TalkLog(), TalkTitle("#new"))
    assert "asking for what was said" in "".join(render_text(view, SIZE))


def test_the_console_may_have_no_line_to_type_in() -> None:
    log = TalkLog(complete=True)
    view = TalkView(
        Desk(), log, TalkTitle("console"), context=Context.CONSOLE, typed=False
    )
    assert render_text(view, (40, 5), strip=True)[-1] == " nothing has happened yet"
    typed = TalkView(Desk(), log, TalkTitle("console"), context=Context.CONSOLE)
    said = " nothing has happened yet: type a command below"
    assert render_text(typed, (60, 5), strip=True)[-2] == said
    log.add(Entry(None, NOW, "", "reconnected", Kind.SYSTEM))
    view.refresh()
    rows = render_text(view, (40, 5), focus=True, strip=True)
    assert rows[-1].endswith(" -- reconnected")
    assert not any(map(view.act, ("send", "newline", "next-pane", "close", "what")))
    assert press(view, (40, 5), "a", "enter") == ["a", "enter"]
    assert view.context is Context.CONSOLE


def test_a_private_link_is_seen_without_positions() -> None:
    log, desk = TalkLog(complete=True), Desk()
    view = TalkView(desk, log, TalkTitle("bob", "private"))
    log.add(Entry(None, NOW, "bob", "psst"))
    assert log.unseen == 1
    render_text(view, SIZE, focus=True)
    assert log.unseen == 0
    assert desk.marks == [0]


def test_the_input_grows_and_what_was_said_gives_way() -> None:
    room = Room(50)
    for at in range(8):
        press(room.view, SIZE, str(at))
        room.view.act("newline")
    rows = room.screen()
    assert [row[:4].strip() for row in rows[-5:]] == ["> 4", "5", "6", "7", ""]
    assert rows[6].endswith("number 50")
    rows = room.screen((80, 5))
    assert rows[0].startswith(" #common")
    assert rows[1].endswith("number 50")


def test_esc_takes_a_long_paste_out_and_nothing_else() -> None:
    room = Room(1)
    pasted = ["x", "enter"] * 30
    within = []
    for keys in ([*"ab", "begin paste", *pasted], ["end paste"]):
        press(room.view, SIZE, *keys)
        within.append(room.view.is_pasting)
    assert within == [True, False]
    assert room.desk.news == ["30 lines pasted: Enter sends all, Esc removes them"]
    assert room.view.act("close")
    assert not room.view.act("close")
    assert room.view.line is not None
    assert room.view.line.text == "ab"


def test_keys_are_called_as_they_are_bound() -> None:
    keys = KeyMap({"talk.send": ["f5"], "talk.newline": ["f6"]})
    log = TalkLog(complete=True)
    view = TalkView(Desk(), log, TalkTitle("#a"), style=Style(keys=keys))
    assert "type below, F5 sends" in render_text(view, SIZE)[-2]
    with pytest.raises(ConfigError):
        KeyMap({"talk.what": ["f5"]})


def test_a_terminal_of_ascii_gets_ascii() -> None:
    room = Room(50)
    view = TalkView(room.desk, room.log, TalkTitle("#a"), style=Style(ASCII))
    room.log.read_to(49)
    room.log.add(said(51, "long " * 40))
    rows = render_text(view, (60, 12), focus=True)
    assert "".join(rows).isascii()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_wrote_is_cleaned(text: str) -> None:
    room = Room(1)
    room.log.add(Entry(2, NOW, text, text))
    room.log.add(Entry(3, NOW, text, text, Kind.NOTICE))
    room.view.set_title(TalkTitle(text, text, text))
    rows = room.screen((60, 30))
    assert unsafe("\n".join([*rows, room.view.title]).encode()) == set()


def test_the_title_tells_who_has_the_focus() -> None:
    room = Room(1)
    names = [
        render_runs(room.view, SIZE, focus=focus)[0][0][0] for focus in (True, False)
    ]
    assert names == ["title focus", "title"]


def test_no_size_is_too_small() -> None:
    room = Room(40)
    room.comes(41, "日本語の件名 " * 60 + "\n\tx" * 20)
    press(room.view, SIZE, *"some words", "begin paste", *["x", "enter"] * 9)
    press(room.view, SIZE, "end paste")
    sizes = product((1, 2, 5, 20, 21, 39, 60, 80, 200), (1, 2, 3, 5, 10, 24, 50))
    for size in sizes:
        for action in ("page-up", "up", "next-pane", "page-down", "bottom"):
            assert len(room.screen(size)) == size[1]
            room.view.act(action)
    check_box_sizing(room.view)


def test_days_have_a_year_where_it_is_another() -> None:
    year = 366 * 24 * 60 * MINUTE
    assert len(stamp(NOW, NOW).day) == 6
    assert len(stamp(NOW - year, NOW).day) == 10
    assert Key(1) < Key(1, 1) < Key(2)
