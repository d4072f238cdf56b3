"""A window on a box against a plain list of all its rows."""

import tracemalloc

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from nimsg.client.answers import InboxRow, inbox_row
from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import Box
from nimsg.protocol.strict import JsonObject
from nimsg.tui.mailbox import BLOCK, KEPT_BLOCKS, Ask, MailWindow


def wire(position: int, **receipt: object) -> JsonObject:
    """A row of an inbox as the wire has it."""
    mine: JsonObject = {"user": "ann", "state": "stored", **receipt}
    return {
        "position": position,
        "id": f"{position:026d}",
        "from": "bob",
        "to": ["ann"],
        "subject": f"s{position}",
        "size": 1,
        "sent_at": position,
        "receipt": mine,
    }


def page(rows: list[JsonObject], following: int | None, total: int = 0) -> JsonObject:
    return {
        "box": "inbox",
        "new": 0,
        "pending": 0,
        "total": total,
        "inbox": rows,
        "outbox": [],
        "next": following,
        "cursor": "c",
    }


class Served:
    """What a server has of one box."""

    def __init__(self, count: int) -> None:
        self.rows = {at: wire(at) for at in range(1, count + 1)}
        self.last = count
        self.news: list[JsonObject] = []

    def list(self, ask: Ask, most: int = 10**6) -> JsonObject:
        """A page; `most` rows fit into it."""
        below = sorted((at for at in self.rows if at < ask.before), reverse=True)
        given = below[: min(ask.limit, most)]
        following = given[-1] if len(given) < len(below) else None
        rows = [self.rows[at] for at in given]
        return page(rows, following, len(self.rows))

    def send(self) -> None:
        self.last += 1
        self.rows[self.last] = wire(self.last)
        self.news.append(self.rows[self.last])

    def open(self, position: int, now: int) -> None:
        self.rows[position] = wire(position, state="opened", opened_at=now)
        self.news.append(self.rows[position])

    def delete(self, position: int) -> None:
        del self.rows[position]
        self.news.append(wire(position, state="deleted", deleted_at=1))


def first(limit: int) -> Ask:
    return Ask(2**53, limit)


def window_on(
    served: Served, block: int = BLOCK, kept: int = KEPT_BLOCKS
) -> MailWindow:
    window = MailWindow(Box.INBOX, block, kept)
    window.start(served.list(first(block)))
    return window


def answer_all(window: MailWindow, served: Served) -> int:
    asks = window.wanted()
    for ask in asks:
        window.take(ask, served.list(ask))
    return len(asks)


class Looking(RuleBasedStateMachine):
    """Somebody looks around in a box while it changes and answers come late."""

    BLOCK = 4
    KEPT = 3

    @initialize(count=st.integers(min_value=0, max_value=60), gone=st.data())
    def begin(self, count: int, gone: st.DataObject) -> None:
        self.served = Served(count)
        if count:
            positions = st.sets(st.integers(min_value=1, max_value=count))
            for position in gone.draw(positions):
                self.served.delete(position)
        self.served.news.clear()
        self.window = window_on(self.served, self.BLOCK, self.KEPT)
        self.waiting: dict[Ask, JsonObject | None] = {}
        self.clock = 0

    @rule()
    def send(self) -> None:
        self.served.send()

    @precondition(lambda self: self.served.rows)
    @rule(data=st.data())
    def open(self, data: st.DataObject) -> None:
        self.clock += 1
        self.served.open(
            data.draw(st.sampled_from(sorted(self.served.rows))), self.clock
        )

    @precondition(lambda self: self.served.rows)
    @rule(data=st.data(), here=st.booleans())
    def delete(self, data: st.DataObject, here: bool) -> None:
        position = data.draw(st.sampled_from(sorted(self.served.rows)))
        self.served.delete(position)
        if here:
            self.window.remove(position)

    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        top = self.window.newest + 2
        at: int | None = data.draw(st.integers(min_value=-1, max_value=top))
        for _ in range(6):
            if at is not None:
                self.window.row(at)
                at = self.window.older(at)

    @rule()
    def jump_to_the_end(self) -> None:
        at = self.window.oldest()
        if at is not None:
            self.window.row(at)

    @rule()
    def ask(self) -> None:
        asks = self.window.wanted()
        for ask in asks:
            assert ask.limit >= 1
            assert ask.low >= 1
            for other in set(self.window._asked) - {ask}:
                assert ask.before <= other.low or other.before <= ask.low
            self.waiting[ask] = None
        assert self.window.wanted() == []

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), most=st.integers(min_value=1, max_value=9))
    def compute(self, data: st.DataObject, most: int) -> None:
        ask = data.draw(st.sampled_from(list(self.waiting)))
        self.waiting[ask] = self.served.list(ask, most)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        ask = data.draw(st.sampled_from(list(self.waiting)))
        answer = self.waiting.pop(ask)
        if answer is None:
            self.window.failed(ask)
        else:
            self.window.take(ask, answer)

    @rule()
    def poll(self) -> None:
        for row in self.served.news:
            self.window.changed(inbox_row(row))
        self.served.news.clear()

    @rule()
    def begin_anew(self) -> None:
        self.served.news.clear()
        self.window.start(self.served.list(first(self.BLOCK)))

    @rule()
    def many_changes(self) -> None:
        for _ in range(self.BLOCK + 1):
            self.served.send()
        self.poll()

    @rule()
    def all_is_there_in_the_end(self) -> None:
        self.poll()
        for ask, answer in self.waiting.items():
            self.window.take(ask, answer or self.served.list(ask))
        self.waiting.clear()
        answer_all(self.window, self.served)

        found: list[InboxRow] = []
        at = self.window.first()
        while at is not None:
            row = self.window.row(at)
            if row is None and not self.window.is_gone(at):
                assert answer_all(self.window, self.served) >= 1
                row = self.window.row(at)
                assert (row is None) == self.window.is_gone(at)
            if isinstance(row, InboxRow):
                found.append(row)
            at = self.window.older(at)

        expected = [inbox_row(self.served.rows[at]) for at in sorted(self.served.rows)]
        assert found == expected[::-1]
        self.check_the_way_back()

    def check_the_way_back(self) -> None:
        """What lies between two positions is the same in both directions."""
        at = self.window.oldest()
        while at is not None:
            above = self.window.newer(at)
            if above is not None:
                assert self.window.older(above) == at
            at = above

    @invariant()
    def memory_is_bounded(self) -> None:
        assert self.window.blocks <= self.KEPT
        for held in self.window._pages._pages:
            assert len(held.rows) <= 2 * self.BLOCK


Looking.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
TestLooking = pytest.mark.no_cover(Looking.TestCase)


# -- plainly


def test_an_empty_box_has_no_rows() -> None:
    window = window_on(Served(0))

    assert window.first() is None
    assert window.oldest() is None
    assert window.nearest(1) is None
    assert window.row(1) is None
    assert window.wanted() == []


def test_a_row_that_is_not_held_is_asked_for_once() -> None:
    served = Served(1000)
    window = window_on(served)

    assert window.row(950) is not None
    assert window.row(450) is None
    assert window.row(401) is None
    [ask] = window.wanted()
    assert (ask.before, ask.limit) == (501, 100)
    window.row(450)
    assert window.wanted() == []
    window.failed(ask)
    assert window.wanted() == []
    window.row(450)
    [again] = window.wanted()
    assert again[:2] == ask[:2]
    window.take(again, served.list(again))
    assert window.row(450) == inbox_row(wire(450))


@pytest.mark.no_cover
def test_s3_24_a_million_positions_cost_nothing() -> None:
    count = 1_000_000
    window = MailWindow(Box.INBOX)
    tracemalloc.start()
    rows = [wire(at) for at in range(count, count - BLOCK, -1)]
    window.start(page(rows, count - BLOCK + 1, count))
    at = window.oldest()
    for _ in range(400):
        assert at is not None
        window.row(at)
        for ask in window.wanted():
            answer = [wire(p) for p in range(ask.before - 1, ask.low - 1, -1)]
            window.take(ask, page(answer, ask.low if ask.low > 1 else None))
        at = window.newer(at + 500 if at % 2 else at)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert window.blocks <= KEPT_BLOCKS
    assert peak < 20_000_000


def test_a_sparse_box_of_a_million_is_seen_with_few_questions() -> None:
    served = Served(0)
    served.rows = {at: wire(at) for at in range(1000, 1_000_001, 1000)}
    window = window_on(served)
    seen, questions, at = 0, 0, window.first()
    while at is not None:
        if window.row(at) is None:
            questions += answer_all(window, served)
        seen += window.row(at) is not None
        at = window.older(at)

    assert seen == 1000
    assert questions <= 20


def test_new_mail_extends_the_box_and_its_counts() -> None:
    served = Served(3)
    window = window_on(served)
    served.send()

    assert window.changed(inbox_row(served.rows[4]))
    assert (window.newest, window.total, window.new) == (4, 4, 1)
    assert window.first() == 4

    served.open(4, 9)
    assert window.changed(inbox_row(served.rows[4]))
    assert (window.total, window.new) == (4, 0)


def test_a_change_of_a_row_that_is_not_held_leaves_the_counts_to_the_server() -> None:
    served = Served(300)
    window = window_on(served)
    served.open(1, 9)

    assert not window.changed(inbox_row(served.rows[1]))


def test_an_answer_that_is_older_than_a_change_does_not_undo_it() -> None:
    served = Served(300)
    window = window_on(served)
    window.row(50)
    [ask] = window.wanted()
    old = served.list(ask)
    served.open(50, 9)
    served.delete(51)
    window.changed(inbox_row(served.rows[50]))
    window.remove(51)
    window.take(ask, old)

    assert window.is_gone(51)
    assert window.row(50) == inbox_row(served.rows[50])
    assert window.older(52) == 50


def test_what_is_hidden_comes_back() -> None:
    window = window_on(Served(3))
    window.hide(3)
    window.hide(2)

    assert window.first() == 1
    assert window.newer(1) is None
    assert window.nearest(2) == 1
    window.unhide(2)
    assert window.first() == 2


def test_a_filter_shows_only_what_was_found() -> None:
    served = Served(500)
    window = window_on(served)
    window.filter([inbox_row(wire(at)) for at in (7, 300, 450)])

    assert window.filtered == 3
    assert [window.first(), window.older(450), window.oldest()] == [450, 300, 7]
    assert window.row(300) == inbox_row(wire(300))
    assert window.row(301) is None
    assert window.wanted() == []
    window.remove(300)
    assert window.newer(7) == 450
    served.open(450, 9)
    window.changed(inbox_row(served.rows[450]))
    assert window.row(450) == inbox_row(served.rows[450])
    window.unfilter()
    assert window.older(450) == 449


@pytest.mark.parametrize(
    "answer",
    [
        page([wire(60)], 101),
        page([wire(150)], None),
        page([wire(60)], 61),
        page([wire(60)], 0),
        page([wire(0)], None),
        page([wire(at) for at in range(1, 102)], None),
        {"next": None, "inbox": [1]},
    ],
)
def test_x2_a_senseless_answer_is_refused_and_asked_again(answer: JsonObject) -> None:
    served = Served(300)
    window = window_on(served)
    window.row(100)
    [ask] = window.wanted()

    with pytest.raises(ProtocolFault):
        window.take(ask, answer)

    window.row(100)
    assert [again[:2] for again in window.wanted()] == [ask[:2]]
