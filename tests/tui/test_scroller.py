"""Which rows are on the screen: tried against a plain list."""

from bisect import bisect_left

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nimsg.tui.scroller import Scroller


class Plain:
    """A list of numbers, the greatest on top."""

    def __init__(self, *keys: int) -> None:
        self.keys = sorted(keys, reverse=True)

    def first(self) -> int | None:
        return self.keys[0] if self.keys else None

    def last(self) -> int | None:
        return self.keys[-1] if self.keys else None

    def above(self, key: int) -> int | None:
        return min((one for one in self.keys if one > key), default=None)

    def below(self, key: int) -> int | None:
        return max((one for one in self.keys if one < key), default=None)

    def nearest(self, key: int) -> int | None:
        if key in self.keys:
            return key
        below = self.below(key)
        return self.above(key) if below is None else below


def test_an_empty_list_has_nothing_to_show() -> None:
    scroller = Scroller(Plain())
    for act in (scroller.to_top, scroller.to_bottom):
        act()
        scroller.move(1)
        scroller.page(-1)
        assert scroller.visible(5) == []
        assert scroller.focus is None
        assert scroller.at_row(0) is None


def test_who_looks_at_the_newest_sees_what_comes_and_keeps_the_focus() -> None:
    rows = Plain(1, 2, 3)
    scroller = Scroller(rows)
    assert scroller.visible(5) == [3, 2, 1]
    rows.keys.insert(0, 4)
    assert scroller.visible(5) == [4, 3, 2, 1]
    assert scroller.focus == 3


def test_who_reads_further_down_is_not_moved() -> None:
    rows = Plain(*range(1, 21))
    scroller = Scroller(rows)
    scroller.visible(5)
    scroller.move(7)
    before = scroller.visible(5)
    rows.keys[:0] = [23, 22, 21]
    assert scroller.visible(5) == before
    assert scroller.focus == 13


def test_the_focus_goes_to_the_neighbour_of_what_is_gone() -> None:
    rows = Plain(1, 2, 3)
    scroller = Scroller(rows)
    scroller.to(2)
    rows.keys.remove(2)
    scroller.visible(5)
    assert scroller.focus == 1
    rows.keys.clear()
    assert scroller.visible(5) == []
    rows.keys.append(9)
    assert scroller.visible(5) == [9]
    assert scroller.focus == 9


def test_a_row_of_the_screen_is_found() -> None:
    scroller = Scroller(Plain(1, 2, 3))
    scroller.visible(2)
    assert [scroller.at_row(row) for row in (-1, 0, 1, 2)] == [None, 3, 2, None]


class ScrollMachine(RuleBasedStateMachine):
    """A list that grows and shrinks while somebody moves in it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Plain(*range(10, 20))
        self.scroller = Scroller(self.rows)
        self.height = 4
        self.scroller.visible(self.height)

    @rule(steps=st.integers(-30, 30))
    def move(self, steps: int) -> None:
        keys = self.rows.keys
        before = self.at()
        self.scroller.move(steps)
        if before is not None:
            assert self.at() == min(max(before + steps, 0), len(keys) - 1)

    @rule(pages=st.sampled_from([-1.0, -0.5, 0.5, 1.0]))
    def page(self, pages: float) -> None:
        rows = max(int((self.height - 1) * abs(pages)), 1)
        before = self.at()
        self.scroller.page(pages)
        if before is not None:
            goal = before + (rows if pages > 0 else -rows)
            assert self.at() == min(max(goal, 0), len(self.rows.keys) - 1)

    @rule(end=st.booleans())
    def to_end(self, end: bool) -> None:
        (self.scroller.to_bottom if end else self.scroller.to_top)()
        assert self.scroller.focus == (self.rows.last() if end else self.rows.first())

    @rule()
    def come(self) -> None:
        self.rows.keys.insert(0, (self.rows.first() or 100) + 1)

    @precondition(lambda self: self.rows.keys)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(self.rows.keys))
        focus = self.scroller.focus
        self.rows.keys.remove(gone)
        self.scroller.visible(self.height)
        if gone != focus:
            assert self.scroller.focus == focus

    @rule(height=st.integers(1, 12))
    def resize(self, height: int) -> None:
        self.height = height

    @invariant()
    def shows_a_part_of_the_list_with_the_focus(self) -> None:
        keys, shown = self.rows.keys, self.scroller.visible(self.height)
        assert shown == self.scroller.visible(self.height)
        assert len(shown) == min(self.height, len(keys))
        if shown:
            at = keys.index(shown[0])
            assert shown == keys[at : at + len(shown)]
            assert self.scroller.focus in shown

    def at(self) -> int | None:
        """Where in the list the focus is, by what is shown."""
        self.scroller.visible(self.height)
        focus, keys = self.scroller.focus, self.rows.keys
        if focus is None:
            return None
        return bisect_left([-key for key in keys], -focus)


TestScrolling = pytest.mark.no_cover(ScrollMachine.TestCase)
