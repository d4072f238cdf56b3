import pytest
from hypothesis import given, settings, strategies as st

from nimsg.text import width
from nimsg.tui import talkscroll
from nimsg.tui.glyphs import ASCII, UNICODE
from nimsg.tui.spans import line_width, plain
from nimsg.tui.talklines import BODY_MOST, Look, Stamp, entry_lines, unread_line
from nimsg.tui.talklog import Entry, Kind, TalkLog
from nimsg.tui.talkscroll import TalkScroll
from tests.support.unsafe import HOSTILE, unsafe


MINUTE = 60_000
DAY = 24 * 60 * MINUTE
HALF_PAST_FOUR = (16 * 60 + 30) * MINUTE


def clock(at_ms: int) -> Stamp:
    minutes = at_ms // MINUTE
    return Stamp(
        f"Nov {20 + at_ms // DAY}", f"{minutes // 60 % 24:02}:{minutes % 60:02}"
    )


def look(cells: int = 80) -> Look:
    return Look(cells, UNICODE, clock)


def said(
    position: int,
    body: str = "hello",
    sender: str = "bob",
    kind: Kind = Kind.SAID,
    later_ms: int = 0,
) -> Entry:
    at_ms = HALF_PAST_FOUR + position * MINUTE + later_ms
    return Entry(position, at_ms, sender, body, kind)


def lines(entry: Entry, cells: int = 80) -> list[str]:
    return [plain(line).rstrip() for line in entry_lines(entry, look(cells))]


def shown(scroll: TalkScroll, rows: int, cells: int = 80) -> list[str]:
    return [plain(line).rstrip() for line in scroll.visible(look(cells), rows)]


def talk(count: int, first: int = 1, body: str = "hello") -> TalkLog:
    log = TalkLog()
    page = [said(at, f"{at} {body}") for at in range(first, first + count)]
    log.add_page(page, first, first + count - 1)
    return log


def test_texts_stand_in_one_column_behind_a_gutter() -> None:
    assert lines(said(0, "anyone near\nnode7?")) == [
        "16:30 <bob>       anyone near",
        "                │ node7?",
    ]
    assert lines(said(3, "on it", "carol")) == ["16:33 <carol>     on it"]


def test_on_a_narrow_screen_the_text_follows_the_name() -> None:
    assert lines(said(0, "anyone near node7 today?"), 30) == [
        "16:30 <bob> anyone near node7",
        "  │ today?",
    ]
    assert lines(said(0, "unbelievable", "a-rather-long-name"), 30) == [
        "16:30 <a-rather-long-name>",
        "  │ unbelievable",
    ]


@pytest.mark.parametrize("length", range(6, 20))
def test_a_long_word_behind_any_name_is_whole(length: int) -> None:
    word = "".join(chr(ord("a") + at % 26) for at in range(90))
    rows = lines(said(0, word, "x" * length))
    rows[0] = rows[0].partition(">")[2]
    assert "".join(row.strip(" │") for row in rows) == word


def test_a_notice_has_no_name_in_brackets() -> None:
    notice = said(5, "Server shutting down in 60 seconds...", "", Kind.NOTICE)
    assert lines(notice) == ["16:35 --          Server shutting down in 60 seconds..."]


@pytest.mark.parametrize("cells", [20, 40, 80])
@pytest.mark.parametrize("name", ["--", "-- server", "bob>\n16:30 --", "x" * 32])
def test_nobody_can_write_what_looks_like_a_notice(name: str, cells: int) -> None:
    forged = (
        f"hi\n16:35 -- Server shutting down\n{'─' * 30} new since 16:31\n── Nov 20 ──"
    )
    first, *more = lines(said(0, forged, name), cells)
    assert first.startswith("16:30 <")
    assert all(row.lstrip().startswith("│") and row[0] == " " for row in more)


def test_own_words_have_another_colour() -> None:
    other, own, notice = (
        {name for name, text in entry_lines(said(0, kind=kind), look())[0] if text}
        for kind in (Kind.SAID, Kind.OWN, Kind.NOTICE)
    )
    assert other == {"time", "text", "name"}
    assert own == {"time", "text", "own"}
    assert notice == {"time", "text", "system"}


def test_a_text_is_at_most_a_hundred_cells_wide() -> None:
    rows = lines(said(0, "word " * 200), 200)
    assert max(width(row) for row in rows) == 18 + BODY_MOST - 1
    assert width(plain(unread_line("16:31", look(200)))) == 18 + BODY_MOST


def test_signs_of_ascii_terminals() -> None:
    ascii_look = look(30)._replace(signs=ASCII)
    body = "one two three four five six seven"
    rows = [plain(line) for line in entry_lines(said(0, body), ascii_look)]
    assert all(row.isascii() for row in rows)
    assert plain(unread_line("16:31", ascii_look)).isascii()


@given(st.text() | st.sampled_from(HOSTILE), st.text(), st.integers(1, 130))
def test_no_line_is_unsafe_or_too_wide(body: str, name: str, cells: int) -> None:
    for line in entry_lines(said(0, body, name), look(cells)):
        assert line_width(line) <= cells
        assert unsafe(plain(line).encode()) == set()


def test_the_day_stands_where_it_changes_unread_where_one_stopped() -> None:
    log = talk(2)
    log.read_to(1, HALF_PAST_FOUR + MINUTE)
    log.add(said(3, later_ms=DAY))
    assert shown(TalkScroll(log), 20, 60) == [
        "── Nov 20 ──",
        "16:31 <bob>       1 hello",
        "───────────────────── new since 16:31 ──────────────────────",
        "16:32 <bob>       2 hello",
        "── Nov 21 ──",
        "16:33 <bob>       hello",
    ]


def test_the_unread_line_has_the_time_of_the_last_one_read_and_its_day() -> None:
    log = talk(1)
    log.read_to(1)
    log.add(said(2, later_ms=DAY))
    rows = shown(TalkScroll(log), 9)
    assert rows[2].strip("─") == " new since Nov 20 16:31 "
    unknown = TalkLog()
    unknown.read_to(5)
    unknown.add(said(6))
    assert shown(TalkScroll(unknown), 9)[0].strip("─") == " new "


def test_at_the_bottom_it_follows() -> None:
    log = talk(50)
    scroll = TalkScroll(log)
    shown(scroll, 5)
    log.add(said(51, "newest"))
    assert shown(scroll, 5)[-1].endswith("newest")
    assert scroll.follows


def test_reading_back_it_stays_however_much_comes() -> None:
    log = talk(50)
    scroll = TalkScroll(log)
    assert scroll.up(look(), 5, 3)
    before = shown(scroll, 5)
    assert before[-1].endswith("47 hello")
    for position in range(51, 200):
        log.add(said(position))
        assert shown(scroll, 5) == before
    log.add_page([said(51)], 51, 51)
    assert not scroll.follows
    scroll.bottom()
    assert shown(scroll, 1)[0].startswith("19:49")


def test_older_ones_leave_the_place_alone() -> None:
    log = talk(30, first=31)
    scroll = TalkScroll(log)
    while scroll.up(look(), 10, 7):
        pass
    assert scroll.at_top
    before = shown(scroll, 10)
    assert before[0] == "── Nov 20 ──"
    log.add_page([said(at, f"{at} hello") for at in range(1, 31)], 1, 30)
    assert shown(scroll, 10)[1:] == before[1:]
    assert not scroll.at_top


def test_another_width_keeps_the_entry_at_the_lower_edge() -> None:
    log = talk(30, body="so much was said that it takes more than one row " * 4)
    scroll = TalkScroll(log)
    scroll.up(look(120), 20, 31)
    last = scroll.last_shown()
    for cells in (40, 120, 60, 200, 20, 120):
        shown(scroll, 20, cells)
    assert scroll.last_shown() == last


def test_another_width_keeps_the_part_of_a_long_entry() -> None:
    log = TalkLog()
    log.add(said(1, " ".join(f"{at:04}" for at in range(1_000))))
    log.add(said(2))
    scroll = TalkScroll(log)
    scroll.up(look(120), 10, 21)
    last = int(shown(scroll, 10, 120)[-1].split()[-1])
    for cells in (40, 78, 200):
        now = int(shown(scroll, 10, cells)[-1].split()[-1])
        assert abs(now - last) < 30


def test_reading_on_to_the_end_follows_again() -> None:
    log = talk(50)
    scroll = TalkScroll(log)
    scroll.up(look(), 5, 20)
    while scroll.down(look(), 5, 3):
        pass
    assert scroll.follows
    assert not scroll.down(look(), 5, 1)


def test_what_is_let_go_under_the_reader_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nimsg.tui.talklog.KEPT", 20)
    log = talk(20)
    scroll = TalkScroll(log)
    scroll.top()
    for position in range(21, 100):
        log.add(said(position))
        assert len(shown(scroll, 5)) == 5


def test_the_lines_kept_are_bounded() -> None:
    log = talk(talkscroll.CACHED * 2)
    scroll = TalkScroll(log)
    while scroll.up(look(), 10, 10):
        pass
    assert len(scroll._cache) == talkscroll.CACHED


def test_an_empty_log_shows_nothing() -> None:
    scroll = TalkScroll(TalkLog())
    scroll.top()
    assert shown(scroll, 5) == []
    assert not scroll.up(look(), 5, 1)
    assert not scroll.down(look(), 5, 1)
    assert scroll.last_shown() is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12),
    st.integers(1, 12),
    st.lists(st.integers(-15, 15), max_size=12),
)
def test_any_way_through_it_shows_rows_that_stand_next_to_each_other(
    heights: list[int], rows: int, steps: list[int]
) -> None:
    log = TalkLog()
    for at, height in enumerate(heights, 1):
        log.add(said(at, "\n".join(f"{at}.{row}" for row in range(height + 1))))
    scroll = TalkScroll(log)
    whole = shown(scroll, 10_000)
    at = max(len(whole) - rows, 0)
    for step in steps:
        move = scroll.up if step < 0 else scroll.down
        move(look(), rows, abs(step))
        at = min(max(at + step, 0), max(len(whole) - rows, 0))
        assert shown(scroll, rows) == whole[at : at + rows]
        assert scroll.follows == (at + rows >= len(whole))
