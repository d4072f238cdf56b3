import pytest
from hypothesis import given, strategies as st

from nimsg.tui import talklog
from nimsg.tui.talklog import Entry, Gap, Key, Kind, TalkLog


def said(position: int | None, body: str = "hello", kind: Kind = Kind.SAID) -> Entry:
    return Entry(position, 1_000 * (position or 0), "bob", body, kind)


def positions(log: TalkLog) -> list[int | None]:
    return [entry.position for entry in log.entries()]


def fill(log: TalkLog, hidden: set[int], most: int = 3) -> None:
    """Ask for what is missing, as a client does, from a server that hides some."""
    for _ in range(200):
        gap = log.missing()
        if gap is None:
            return
        first = max(gap.after + 1, gap.before - most)
        page = [said(at) for at in range(first, gap.before) if at not in hidden]
        log.add_page(page, first, gap.before - 1)
    raise AssertionError("the gaps never close")


def test_s3_27_a_message_is_added_to_the_log_without_any_terminal() -> None:
    log = TalkLog()
    assert log.add(said(7, "anyone near node7?"))
    assert log.entries() == [said(7, "anyone near node7?")]
    assert log.newest == 7


def test_s3_12_messages_stand_by_position_whatever_order_they_came_in() -> None:
    log = TalkLog()
    for position in (5, 3, 4, 9):
        log.add(said(position))
    assert positions(log) == [3, 4, 5, 9]


def test_s3_12_a_message_that_comes_twice_stands_once() -> None:
    log = TalkLog()
    assert log.add(said(3, "first"))
    assert not log.add(said(3, "again"))
    assert log.add_page([said(2), said(3, "again")], 2, 3) == 1
    assert [entry.body for entry in log.entries()] == ["hello", "first"]


def test_s4_6_what_a_post_was_answered_with_fills_the_gap_before_it() -> None:
    log = TalkLog()
    log.add_page([said(1), said(2)], 1, 2)
    log.add(said(6, kind=Kind.OWN))
    assert log.missing() == Gap(2, 6)
    log.add_page([said(3), said(5)], 3, 5)
    assert log.missing() is None
    assert positions(log) == [1, 2, 3, 5, 6]


def test_s3_12_a_hidden_position_is_no_gap() -> None:
    log = TalkLog()
    log.add_page([said(10), said(12)], 10, 13)
    log.add(said(14))
    assert log.missing() is None
    assert log.older == 10


def test_s3_12_the_newest_gap_is_asked_for_first() -> None:
    log = TalkLog()
    for position in (1, 5, 9):
        log.add(said(position))
    assert log.missing() == Gap(5, 9)


@given(
    hidden=st.sets(st.integers(1, 40)),
    live=st.permutations(range(1, 41)),
    cut=st.integers(1, 40),
    pages=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 12)), max_size=8),
    twice=st.integers(1, 3),
)
def test_s3_12_any_order_of_messages_pages_and_gaps_ends_in_order(
    hidden: set[int],
    live: list[int],
    cut: int,
    pages: list[tuple[int, int]],
    twice: int,
) -> None:
    log = TalkLog()
    for step, position in enumerate(live[:cut]):
        for _ in range(twice):
            if position not in hidden:
                log.add(said(position))
        if step < len(pages):
            first, more = pages[step]
            last = min(first + more, 40)
            page = [said(at) for at in range(first, last + 1) if at not in hidden]
            log.add_page(reversed(page), first, last)
    fill(log, hidden)
    while log.older is not None:
        before = log.older
        first = max(before - 3, 1)
        page = [said(at) for at in range(first, before) if at not in hidden]
        log.add_page(page, first, before - 1, complete=first == 1)
    seen = [at for at in range(1, log.newest + 1) if at not in hidden]
    assert positions(log) == seen
    assert log.missing() is None


def test_what_has_no_position_stands_where_it_came() -> None:
    log = TalkLog()
    log.add(said(5))
    log.add(said(None, "in the room: ann, bob", Kind.SYSTEM))
    log.add(said(6))
    log.add_page([said(4)], 4, 4)
    assert positions(log) == [4, 5, None, 6]


def test_a_log_without_positions_keeps_the_order_of_arrival() -> None:
    log = TalkLog(complete=True)
    for body in ("one", "two", "two"):
        log.add(said(None, body))
    assert [entry.body for entry in log.entries()] == ["one", "two", "two"]
    assert log.complete
    assert log.older is None


def test_it_is_complete_when_a_page_says_so_or_begins_at_one() -> None:
    part, whole, empty = TalkLog(), TalkLog(), TalkLog()
    for log in (part, whole):
        log.add(said(4))
    whole.add_page([said(2)], 1, 3)
    empty.add_page([], 1, 0, complete=True)
    assert [log.complete for log in (part, whole, empty)] == [False, True, True]


def test_the_oldest_are_let_go_and_can_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = TalkLog()
    for position in range(1, talklog.KEPT + 101):
        log.add(said(position))
    assert len(log) == talklog.KEPT
    assert log.older == 101
    assert not log.complete
    assert not log.add(said(50))
    log.hold(held=True)
    log.add_page([said(98), said(99), said(100)], 98, 100)
    assert positions(log)[:3] == [98, 99, 100]
    assert log.missing() is None
    monkeypatch.setattr(talklog, "KEPT", talklog.KEPT + 2)
    log.hold(held=False)
    assert positions(log)[0] == log.older == 99


def test_beyond_a_wide_gap_what_was_before_can_be_let_go() -> None:
    log = TalkLog()
    log.add_page([said(1), said(2)], 1, 2)
    log.add_page([said(9_001), said(9_002)], 9_001, 9_003)
    log.forget(9_001)
    assert positions(log) == [9_001, 9_002]
    assert log.missing() is None
    assert log.older == 9_001
    log.add_page([said(9_000)], 9_000, 9_000)
    assert positions(log) == [9_000, 9_001, 9_002]


def test_who_reads_back_keeps_more_but_not_without_end() -> None:
    log = TalkLog()
    log.hold(held=True)
    log.add(said(1))
    for position in range(2, 2 * talklog.KEPT + 11):
        log.add(said(position))
    assert len(log) == 2 * talklog.KEPT
    assert log.full
    assert log.older is None
    log.hold(held=False)
    assert len(log) == talklog.KEPT
    assert log.older == talklog.KEPT + 11


def test_long_bodies_count_too() -> None:
    log = TalkLog()
    body = "x" * 65_536
    log.add_page([said(at, body) for at in range(1, 400)], 1, 399)
    assert sum(len(one.body) for one in log.entries()) <= talklog.KEPT_CHARS


def test_the_unread_line_stays_where_the_reader_stopped() -> None:
    log = TalkLog()
    log.add_page([said(1), said(2)], 1, 2)
    log.see(Key(2))
    log.leave(16_000)
    assert log.unread_from() is None
    log.add(said(3, kind=Kind.OWN))
    log.add(said(4))
    assert log.unread_from() == Key(4)
    assert log.unseen == 1
    log.see(Key(4))
    log.add(said(5))
    assert log.unread_from() == Key(4)
    assert log.unseen == 1
    log.leave(17_000)
    assert log.unread_from() == Key(5)
    assert log.line_ms == 17_000


def test_the_line_begins_at_the_mark_of_the_server() -> None:
    log = TalkLog()
    log.add_page([said(at) for at in range(1, 6)], 1, 5)
    log.read_to(3)
    assert log.unread_from() == Key(4)
    assert log.unseen == 2
    assert not log.see(Key(2))
    assert log.see(Key(5))
    assert log.unseen == 0


def test_who_comes_and_goes_is_no_news() -> None:
    log = TalkLog()
    log.add_page([said(1)], 1, 1)
    log.see(Key(1))
    log.add(said(2, kind=Kind.NOTICE))
    assert log.unseen == 0
    log.add(said(3))
    assert log.unseen == 1


def test_what_is_behind_a_gap_is_not_seen_before_it_is_closed() -> None:
    log = TalkLog()
    log.add_page([said(1), said(2)], 1, 2)
    log.see(Key(2))
    log.add(said(5))
    assert not log.see(Key(5))
    log.add_page([said(3)], 3, 4)
    assert log.see(Key(5))
