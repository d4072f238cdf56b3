"""The open windows: which there are, in which order, and which is looked at."""

import pytest

from nimsg.tui.letterdraft import Draft
from nimsg.tui.windows import Kind, Window, Windows, draft_label


def opened(*rooms: str) -> Windows:
    windows = Windows()
    for room in rooms:
        windows.add(Kind.ROOM, room)
    return windows


def room(windows: Windows, name: str) -> Window:
    found = windows.find(Kind.ROOM, name)
    assert found is not None
    return found


def test_the_mail_is_always_there() -> None:
    windows = Windows()
    windows.close(windows.all[0])

    assert windows.current.kind is Kind.MAIL
    assert windows.numbered(1) is windows.current
    assert windows.numbered(0) is windows.numbered(2) is None
    assert windows.next_unread() is None
    assert windows.beside(1) is windows.current


def test_a_window_is_open_once_and_behind_what_is_looked_at() -> None:
    windows = opened("lab")

    assert windows.add(Kind.ROOM, "lab") is room(windows, "lab")
    assert windows.add(Kind.PRIVATE, "lab") is not room(windows, "lab")
    assert windows.current is windows.all[0]
    assert [one.title for one in windows.all] == ["mail", "#lab", "lab(p2p)"]


def test_closing_goes_back_to_what_was_looked_at_before() -> None:
    windows = opened("a", "b", "c")
    for name in ("a", "b", "a", "c"):
        windows.show(room(windows, name))

    seen = []
    for _ in range(3):
        windows.close(windows.current)
        seen.append(windows.current.title)

    assert seen == ["#a", "#b", "mail"]


def test_closing_another_one_moves_nobody() -> None:
    windows = opened("a", "b")
    windows.show(room(windows, "a"))
    windows.show(room(windows, "b"))
    windows.close(room(windows, "a"))

    assert windows.current is room(windows, "b")
    windows.close(windows.current)
    assert windows.current is windows.all[0]


def test_news_are_seen_by_looking() -> None:
    windows = opened("a", "b")
    for name in ("a", "b"):
        room(windows, name).unread = 3

    windows.show(room(windows, "a"))
    assert room(windows, "a").unread == 0
    assert windows.next_unread() is room(windows, "b")
    windows.show(room(windows, "b"))
    room(windows, "a").unread = 1
    assert windows.next_unread() is room(windows, "a")


def test_a_step_goes_around_the_end() -> None:
    windows = opened("a", "b")
    seen = []
    for step in (1, 1, 1, -1):
        windows.show(windows.beside(step))
        seen.append(windows.current.title)

    assert seen == ["#a", "#b", "mail", "#b"]


@pytest.mark.parametrize(
    ("to", "subject", "label"),
    [
        ("bob, ", "soup", "to bob: soup"),
        ("bob", "", "to bob"),
        ("bob, , cyd,", "", "to bob, cyd"),
        ("", "soup\x1b[31m", "soup"),
        ("", " ", "new message"),
        ("bob, carol", "the pump on Monday", "to bob, carol: the …"),
    ],
)
def test_a_draft_is_called_by_whom_and_what_it_is_about(
    to: str, subject: str, label: str
) -> None:
    assert draft_label(to, subject) == label
    windows = opened("lab")
    windows.show(windows.add(Kind.COMPOSE, "c1"))
    drafts = {"c1": Draft("c1", to=to, subject=subject)}
    assert windows.titles(drafts.get) == [("#lab", 0, False), (label, 0, True)]
    assert windows.titles(lambda _: None)[1][0] == "writing"
