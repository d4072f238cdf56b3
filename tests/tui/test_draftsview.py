"""The list of drafts."""

import time
import unicodedata

import pytest
from urwid.testing import check_box_sizing, click, press, render_runs, render_text

from nimsg.text import clean_line, width
from nimsg.tui.drafts import Drafts
from nimsg.tui.draftsview import DraftsView
from nimsg.tui.glyphs import UNICODE
from nimsg.tui.letterdraft import Draft


SIZE = (80, 7)
NOW = 1_795_279_440_000  # 2026-11-21 16:44 UTC
DAY = 86_400_000


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


class Desk:
    glyphs = UNICODE

    def __init__(self) -> None:
        self.drafts = Drafts()
        self.opened: list[str] = []
        self.news: list[str] = []

    def say(self, text: str) -> None:
        self.news.append(text)

    def now(self) -> int:
        return NOW

    def open_draft(self, draft: Draft) -> None:
        self.opened.append(draft.client_id)

    def discard(self, draft: Draft) -> None:
        self.drafts.discard(draft.client_id)

    def undo_discard(self) -> None:
        self.drafts.undo_discard(NOW)


def saved(name: str, *, ago: int = 0, **texts: str) -> Draft:
    draft = Draft(name)
    draft.edit(0, **texts)
    draft.saved(draft.version, NOW - ago)
    return draft


def listed(count: int) -> tuple[Desk, DraftsView]:
    desk = Desk()
    for n in range(count):
        desk.drafts.add(saved(f"c{n}", to="bob", subject=f"letter {n}"))
    return desk, DraftsView(desk)


def text(view: DraftsView, size: tuple[int, int] = SIZE) -> list[str]:
    return render_text(view, size, focus=True, strip=True)


def various() -> DraftsView:
    desk = Desk()
    old = saved("c1", ago=2 * DAY, to="bob, carol_", subject="keys for the lab")
    room = saved("c2", to="#lobby", body="\nfirst words\nmore")
    refused = saved("c3", to="dan", subject="lunch? 日本語")
    refused.refused("blocked")
    unsaved = Draft("c4")
    unsaved.edit(0, subject="x" * 99)
    unsaved.save_failed("no link")
    for draft in (old, room, refused, unsaved):
        desk.drafts.add(draft)
    return DraftsView(desk)


def test_s0_24_the_list_of_drafts_at_80() -> None:
    assert text(various()) == [
        " DRAFTS  4 kept",
        f"> !  NOT SAVED     nobody yet                {'x' * 34}…",
        "  !  NOT SENT      dan                       lunch? 日本語",
        "  d  16:44         #lobby                    first words",
        "  d  Nov 19 16:44  bob, carol_               keys for the lab",
        "",
        "",
    ]


def test_s0_24_the_list_of_drafts_at_40() -> None:
    assert text(various(), (40, 6)) == [
        " DRAFTS  4 kept",
        "> !  NOT SAVED  nobody yet   xxxxxxxxxx…",
        "  !  NOT SENT   dan          lunch? 日…",
        "  d  16:44      #lobby       first words",
        "  d  Nov 19     bob, carol_  keys for t…",
        "",
    ]


def test_names_stand_in_the_list_without_what_is_none() -> None:
    desk = Desk()
    for name, to in (("c1", "bob, , cyd,"), ("c2", " ,")):
        desk.drafts.add(saved(name, to=to, subject="keys"))
    rows = text(DraftsView(desk))

    assert "  bob, cyd   " in rows[1] + rows[2]
    assert "nobody yet" in rows[1] + rows[2]


def test_no_drafts_say_what_drafts_are() -> None:
    _, view = listed(0)

    assert text(view)[:2] == [
        " DRAFTS",
        " no drafts: what you write and leave is kept here",
    ]
    for action in ("open", "delete", "undelete", "down", "bottom", "page-up"):
        assert view.act(action)
    assert view.focused is None


@pytest.mark.parametrize("count", [0, 1, 50])
def test_the_list_fits_every_size(count: int) -> None:
    _, view = listed(count)
    for cols in (1, 5, 20, 31, 59, 80, 200):
        for rows in (1, 2, 3, 5, 50):
            check_box_sizing(view, cols=cols, rows=rows)


@pytest.mark.parametrize(
    ("actions", "name"),
    [
        ([], "c49"),
        (["down", "down", "up"], "c48"),
        (["up"], "c49"),
        (["bottom"], "c0"),
        (["bottom", "down"], "c0"),
        (["bottom", "top"], "c49"),
        (["page-down"], "c44"),
        (["half-down", "half-down", "half-up"], "c46"),
        (["page-down", "page-up"], "c49"),
    ],
)
def test_the_focus_moves(actions: list[str], name: str) -> None:
    _, view = listed(50)
    text(view)
    for action in actions:
        assert view.act(action)

    assert view.focused is not None
    assert view.focused.client_id == name
    assert any(row.startswith("> ") and row.endswith(name[1:]) for row in text(view))


def test_a_draft_is_opened() -> None:
    desk, view = listed(3)
    view.act("down")
    view.act("open")

    assert desk.opened == ["c1"]


def test_where_no_draft_is_keys_say_so() -> None:
    desk, view = listed(0)
    assert view.act("open")
    assert view.act("delete")

    assert view.spare == {"open", "delete", "up", "down"}
    assert listed(1)[1].spare == frozenset()
    assert desk.news == ["no draft here"] * 2
    assert desk.opened == []


def test_a_draft_is_thrown_away_and_brought_back() -> None:
    desk, view = listed(3)
    view.act("down")
    view.act("delete")
    assert [draft.client_id for draft in desk.drafts] == ["c0", "c2"]
    assert view.focused is desk.drafts.get("c0")

    view.act("undelete")
    assert desk.drafts.get("c1") is not None
    assert "letter 1" in "".join(text(view))


def test_when_the_last_row_goes_the_one_above_has_the_focus() -> None:
    desk, view = listed(3)
    view.act("bottom")
    view.act("delete")

    assert view.focused is desk.drafts.get("c1")


def test_the_focus_stays_on_its_draft_when_others_come() -> None:
    desk, view = listed(3)
    view.act("down")
    desk.drafts.add(saved("new", to="dan"))
    view.refresh()

    assert view.focused is desk.drafts.get("c1")


def test_a_click_chooses_and_a_second_one_opens() -> None:
    desk, view = listed(3)
    text(view)
    click(view, SIZE, 5, 2)
    assert desk.opened == []
    click(view, SIZE, 5, 2)
    click(view, SIZE, 5, 6)

    assert desk.opened == ["c1"]


def test_keys_and_actions_of_others_are_left_to_them() -> None:
    _, view = listed(1)

    assert press(view, SIZE, "d", "enter") == ["d", "enter"]
    assert not view.act("new")


@pytest.mark.parametrize(
    "hostile", ["a\x1b]0;PWNED\x07b", "\x9d0;PWNED", "a\u202eb", "a\u200b\n\ud800"]
)
def test_s3_19_a_draft_s_texts_are_cleaned_in_the_list(hostile: str) -> None:
    desk = Desk()
    desk.drafts.add(saved("c1", to=hostile, subject=hostile))
    desk.drafts.add(saved("c2", body=hostile))

    for row in text(DraftsView(desk)):
        assert unicodedata.normalize("NFC", row) == clean_line(row)
        assert width(row) <= 80


def test_the_row_in_focus_has_its_own_colours() -> None:
    _, view = listed(2)
    runs = render_runs(view, SIZE, focus=True)

    assert ("subject focus", "letter 1") in runs[1]
    assert ("subject", "letter 0") in runs[2]
