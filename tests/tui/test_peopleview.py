"""The window of people: who is there, who was, and what can be done about them."""

import pytest
from urwid.testing import check_box_sizing, click, render_runs, render_text

from nimsg.client.events import Presence
from nimsg.client.people_answers import OnlineRow, SeenRow
from nimsg.client.tables import short_time
from nimsg.tui.keys import Context, KeyMap
from nimsg.tui.people import PeopleModel, State
from nimsg.tui.peopleview import PeopleView


NOW = 1_763_740_000_000
HOUR = 3_600_000
SIZE = (80, 8)


class Desk:
    """Keeps what it is asked to do."""

    def __init__(self) -> None:
        self.people = PeopleModel("me")
        self.done: list[tuple[str, str]] = []
        self.news: list[str] = []

    def say(self, text: str) -> None:
        self.news.append(text)

    def clock(self) -> int:
        return NOW

    def write_to(self, name: str) -> None:
        self.done.append(("write", name))

    def block(self, name: str) -> None:
        self.done.append(("block", name))

    def unblock(self, name: str) -> None:
        self.done.append(("unblock", name))

    def ask_private(self, name: str) -> None:
        self.done.append(("private", name))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def busy(desk: Desk) -> Desk:
    desk.people.set_online(
        [
            OnlineRow("carol", NOW - 2 * HOUR, "line"),
            OnlineRow("bob", NOW - HOUR, "tui"),
            OnlineRow("me", NOW, "tui"),
        ]
    )
    desk.people.set_seen(
        [
            SeenRow("dan", online=False, seen_at=NOW - 30 * HOUR),
            SeenRow("eve", online=False, seen_at=NOW - 3 * HOUR),
            SeenRow("bob", online=True, seen_at=NOW),
            SeenRow("me", online=False, seen_at=NOW),
        ]
    )
    desk.people.set_blocked(["eve", "mallory"])
    return desk


def drawn(view: PeopleView, size: tuple[int, int] = SIZE) -> list[str]:
    return render_text(view, size, focus=True, strip=True)


# -- the model


def test_who_is_online_comes_first_and_then_who_was_there_last(busy: Desk) -> None:
    assert [(row.name, row.state, row.blocked) for row in busy.people.rows] == [
        ("bob", State.ONLINE, False),
        ("carol", State.ONLINE, False),
        ("eve", State.OFFLINE, True),
        ("dan", State.OFFLINE, False),
        ("mallory", State.OFFLINE, True),
    ]
    assert busy.people.counts == "2 online, 3 offline, 2 blocked"
    assert busy.people.online == {"bob", "carol"}
    assert busy.people.names == ["bob", "carol", "dan", "eve", "mallory"]


def test_somebody_comes_and_goes(busy: Desk) -> None:
    busy.people.heard(Presence("dan", None, NOW))
    busy.people.heard(Presence("bob", "logout", NOW))
    busy.people.heard(Presence("me", "lost", NOW))

    found = {row.name: (row.state, row.at) for row in busy.people.rows}
    assert found["dan"] == (State.ONLINE, NOW)
    assert found["bob"] == (State.OFFLINE, NOW)
    assert "me" not in found


def test_a_new_list_of_who_is_online_replaces_the_old(busy: Desk) -> None:
    busy.people.set_online([])
    busy.people.set_blocked([])

    assert {row.state for row in busy.people.rows} == {State.OFFLINE}
    assert not busy.people.blocked("eve")


# -- the view


def test_everybody_has_a_row_with_the_time(busy: Desk) -> None:
    def at(hours: int) -> str:
        return short_time(NOW - hours * HOUR, NOW)

    rows = drawn(PeopleView(busy))
    assert [row.split() for row in rows] == [
        ["PEOPLE", *busy.people.counts.split()],
        [">", "bob", "online", "since", at(1), "screen"],
        ["carol", "online", "since", at(2), "line", "mode"],
        ["eve", "offline", "seen", at(3), "blocked"],
        ["dan", "offline", "seen", *at(30).split()],
        ["mallory", "offline", "blocked"],
        [],
        [],
    ]
    assert len({row.index("line") for row in rows if "line " in f"{row} "[30:]}) == 1


def test_narrow_rows_keep_the_name_and_the_time(busy: Desk) -> None:
    rows = drawn(PeopleView(busy), (40, 10))

    assert rows[1] == f"> bob       since {short_time(NOW - HOUR, NOW)}"
    assert rows[3] == "  eve       blocked"


def test_the_focus_is_seen_without_colours_and_with(busy: Desk) -> None:
    view = PeopleView(busy)
    view.act("down")

    assert drawn(view)[2].startswith("> carol")
    names = {name for name, _ in render_runs(view, SIZE, focus=True)[2]}
    assert all(str(name).endswith("focus") for name in names)


def test_the_focus_stays_on_a_person(busy: Desk) -> None:
    view = PeopleView(busy)
    view.act("down")
    busy.people.heard(Presence("bea", None, NOW))
    busy.people.heard(Presence("abe", None, NOW))
    assert view.person is not None
    assert view.person.name == "carol"

    busy.people.heard(Presence("carol", "lost", NOW))
    assert view.person.name == "carol"


@pytest.mark.parametrize(
    ("key", "done"),
    [
        ("enter", ("write", "bob")),
        ("b", ("block", "bob")),
        ("B", ("unblock", "bob")),
        ("p", ("private", "bob")),
    ],
)
def test_a_key_acts_on_who_has_the_focus(
    busy: Desk, key: str, done: tuple[str, str]
) -> None:
    action = KeyMap().action(Context.PEOPLE, key)

    assert action is not None
    assert PeopleView(busy).act(action)
    assert busy.done == [done]


def test_nobody_is_acted_on_where_nobody_is(desk: Desk) -> None:
    view = PeopleView(desk)

    for action in ("open", "block", "unblock", "private", "down", "bottom"):
        assert view.act(action)
    assert desk.done == []
    assert view.spare == {"open", "block", "unblock", "private", "down", "up"}
    assert desk.news == ["nobody here"] * 4
    assert view.person is None


def test_what_is_not_of_people_is_left(busy: Desk) -> None:
    view = PeopleView(busy)

    assert not view.act("quit")
    assert view.keypress(SIZE, "j") == "j"


def test_until_the_answer_is_there_it_says_so_and_then_that_nobody_is(
    desk: Desk,
) -> None:
    view = PeopleView(desk)
    assert drawn(view)[2] == "  asking who is here…"

    desk.people.set_online([])
    assert drawn(view)[0].endswith("0 online")
    assert drawn(view)[2] == "  Nobody else has been here so far."


def test_a_long_list_is_scrolled(desk: Desk) -> None:
    desk.people.set_online(OnlineRow(f"u{at:03}", NOW, "tui") for at in range(500))
    view = PeopleView(desk)
    drawn(view)

    for action, name in [
        ("page-down", "u006"),
        ("half-down", "u009"),
        ("up", "u008"),
        ("bottom", "u499"),
        ("down", "u499"),
        ("page-up", "u493"),
        ("top", "u000"),
    ]:
        view.act(action)
        assert sum(row.startswith(f"> {name}") for row in drawn(view)) == 1


def test_a_click_moves_the_focus(busy: Desk) -> None:
    view = PeopleView(busy)
    drawn(view)

    assert click(view, SIZE, 5, 3)
    assert drawn(view)[3].startswith("> eve")
    assert not click(view, SIZE, 5, 7)
    assert not click(view, SIZE, 5, 0)


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (40, 10), (60, 3), (200, 50)])
def test_people_are_drawn_at_any_size(
    busy: Desk, desk: Desk, size: tuple[int, int]
) -> None:
    busy.people.heard(Presence("日本" * 30, None, NOW))

    for one in (busy, desk):
        check_box_sizing(PeopleView(one), cols=size[0], rows=size[1])


def test_x3_a_name_is_cleaned(desk: Desk) -> None:
    desk.people.set_online([OnlineRow("a\x1b[31mb\x9d", NOW, "t\x07")])

    row = drawn(PeopleView(desk))[1]
    assert row.startswith("> ab")
    assert not set(row) & {"\x1b", "\x9d", "\x07"}
