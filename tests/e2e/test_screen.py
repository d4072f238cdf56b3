"""The full screen as people have it: real servers, real clients, real terminals."""

import re
import signal
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from nimsg.errors import Exit, Refusal
from nimsg.protocol.strict import JsonObject
from tests.support.sitting import (
    LONG_POLL,
    POLL,
    SAYS,
    SIZES,
    SMALL,
    USUAL,
    WIDE,
    WIDEST,
    Hall,
    Sitter,
)
from tests.support.tmuxscreen import NO_TMUX, TmuxScreen
from tests.support.unsafe import HOSTILE


COLOURED = re.compile(rb"\x1b\[0;(?!39;([1-9];)*49m)[0-9;]*m")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with Hall(tmp_path) as hall:
        yield hall


# -- mail


@pytest.mark.parametrize(
    ("size", "words"),
    [(USUAL, POLL), *((size, LONG_POLL) for size in SIZES)],
    ids=lambda value: "x".join(map(str, value)) or "long poll",
)
def test_s3_3_a_message_is_sent_opened_and_seen_to_be_read(
    hall: Hall, size: tuple[int, int], words: tuple[str, ...]
) -> None:
    ann, bob = hall.sit_down("ann", "bob", words=words, size=size)
    ann.writes("bob", "keys", "where are the keys?")
    ann.goes_to(SAYS.outbox)
    ann.wait_for("keys")
    bob.opens("keys", "where are the keys?")

    ann.sees_read("keys")
    for sitter in (ann, bob):
        assert sitter.leaves() == Exit.DONE
        assert sitter.left_behind() == []


def test_s1_13_mail_that_came_before_the_login_is_there(hall: Hall) -> None:
    hall.knows("bob")
    with hall.client("ann") as ann:
        for number in range(30):
            what: JsonObject = {"subject": f"letter {number}", "body": "text"}
            name = {"to": ["bob"], "client_id": f"letter-{number}"}
            ann.call("mail.send", {**name, **what})
    bob = hall.sits_down("bob")
    bob.wait_for("letter 29")
    bob.key("G")
    bob.wait_for("letter 0")
    bob.key("g")
    bob.wait_for(lambda _: "letter 29" in bob.focused_row())


def test_the_reader_is_told_before_and_after_who_sees_the_opening(hall: Hall) -> None:
    hall.knows("bob")
    hall.sits_down("ann").writes("bob", "keys", "where are the keys?")
    bob = hall.sits_down("bob")
    bob.wait_for("ann will see that you opened this")
    assert "where are the keys?" not in bob.text()
    bob.opens("keys", "where are the keys?")
    bob.wait_for("ann saw that you opened this at")


def test_read_is_only_what_was_opened_by_enter_or_looked_at(hall: Hall) -> None:
    bob = hall.starts("bob", "--dwell", "0.2", size=WIDE)
    (ann,) = hall.sit_down("ann", size=WIDE)
    bob.is_in()
    for subject in ("first", "second", "third"):
        ann.writes("bob", subject, f"this is the {subject}")
    bob.wait_for("third")
    bob.goes_to(SAYS.inbox)
    bob.key("G")
    for subject in ("first", "second", "third"):
        bob.wait_for(partial(_is_focused, bob, subject))
        bob.key("k")
    bob.key("enter")
    bob.wait_for("this is the third")
    ann.sees_read("third")
    assert not ann.has_read("first")
    assert not ann.has_read("second")
    bob.goes_to(SAYS.inbox)
    bob.moves("j")
    bob.key("shift tab")
    bob.wait_for("this is the second")
    ann.sees_read("second")
    assert not ann.has_read("first")


def test_s1_12_a_message_is_recalled_until_it_is_opened(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    ann.writes("bob", "early", "is opened")
    ann.writes("bob", "later", "is not opened")
    bob.wait_for("later")
    bob.key("G")
    bob.opens("early", "is opened")
    ann.sees_read("early")
    ann.goes_to(SAYS.outbox)
    ann.key("g")
    ann.wait_for(lambda _: "later" in ann.focused_row())
    ann.key("x")
    ann.wait_for("Recall from bob?")
    ann.key("n")
    ann.wait_gone("Recall from bob?")
    ann.key("x")
    ann.wait_for("Recall from bob?")
    ann.key("y")
    ann.wait_for("bob: recalled")
    ann.moves("j")
    ann.key("x")
    ann.wait_for("Recall from bob?")
    ann.key("y")
    ann.wait_for("bob: too late, opened")
    bob.key("q")
    bob.wait_for(lambda _: bob.has_focus(SAYS.inbox))
    bob.wait_for(lambda _: re.search(r"(?<!\w)x\s.*ann", bob.text()))


def test_a_thread_is_chosen_from_as_it_stands_in_the_message(hall: Hall) -> None:
    hall.knows("bob")
    with hall.client("ann") as ann:
        first: JsonObject = {"to": ["bob"], "subject": "keys", "body": "where?"}
        sent = ann.call("mail.send", {**first, "client_id": "first"})
        more = {"subject": "Re: keys", "body": "found them", "reply_to": sent["id"]}
        ann.call("mail.send", {**first, **more, "client_id": "second"})
    bob = hall.sits_down("bob")
    bob.wait_for("Re: keys")
    bob.opens("Re: keys", "found them")
    bob.wait_for("Thread")
    bob.key("T")
    bob.wait_for("Enter choose")
    rows = [row for row in bob.text().split("\n") if "│" in row and "ann" in row]
    assert [("> " in row.replace("└─>", ""), "└─> ann" in row) for row in rows] == [
        (False, False),
        (True, True),
    ]
    bob.key("up")
    bob.key("enter")
    bob.wait_for("where?")


def test_what_is_new_moves_nothing_under_the_cursor(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob", words=POLL)
    for subject in ("first", "second"):
        ann.writes("bob", subject, "text")
    bob.wait_for("second")
    bob.key("j")
    bob.wait_for(lambda _: "first" in bob.focused_row())
    ann.writes("bob", "third", "text")
    bob.wait_for("third")

    assert "first" in bob.focused_row()


def test_a_paste_is_one_text_and_sends_nothing(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    ann.drafts("bob", "pasted", "above")
    ann.paste("\nline 1\n\x1b[31mline 2\n\x04\n:quit\nline 3")
    ann.wait_for("line 3")
    ann.key("meta enter")
    ann.wait_gone(SAYS.to)
    bob.opens("pasted", "above")
    bob.wait_for("line 3")

    assert bob.alternate
    assert clean_lines(bob, "line 1", "line 3")


def test_a_paste_where_nothing_is_typed_does_nothing(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    ann.writes("bob", "keys", "where are the keys?")
    bob.wait_for("keys")
    bob.paste("a\nd\nxy\nQ\nq")
    bob.wait_for("a paste does nothing here; ? shows the keys")
    bob.key("z")
    bob.wait_for("z does nothing here; ? shows the keys")
    assert "1 new" in bob.line(0)
    assert not ann.has_read("keys")
    bob.opens("keys", "where are the keys?")


def clean_lines(sitter: Sitter, *texts: str) -> bool:
    """Whether each stands in a row of its own."""
    rows = [sitter.row_of(text) for text in texts]
    return None not in rows and len(set(rows)) == len(rows)


# -- rooms and private links


def test_s3_14_what_is_said_in_a_room_is_told_and_shown(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    ann.commands("say lobby is anybody here")
    bob.has_news_of_lobby()
    bob.key("meta a")
    bob.hears("ann", "is anybody here")
    bob.types("yes, I am")
    ann.has_news_of_lobby()
    ann.key("meta a")
    ann.hears("bob", "yes, I am")
    ann.paste("two\nlines")
    ann.wait_for("lines")
    assert not bob.has_heard("ann", "two")
    ann.key("enter")
    bob.hears("ann", "two")


def test_what_is_new_is_reached_by_one_key_mail_last(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    bob.commands("create lab")
    bob.wait_for("#lab is made")
    ann.writes("bob", "keys", "where are the keys?")
    bob.wait_for("Inbox 1 new")
    ann.commands("say lobby is anybody here")
    bob.has_news_of_lobby()
    bob.key("meta a")
    bob.hears("ann", "is anybody here")
    bob.key("meta a")
    bob.wait_for(lambda _: "keys" in bob.focused_row())
    bob.key("meta a")
    bob.wait_for("nothing new in other windows")


def test_reading_back_in_a_room_nothing_jumps(hall: Hall) -> None:
    hall.knows("ann", "bob")
    with hall.client("bob") as bob:

        def says(text: str) -> None:
            post: JsonObject = {"room": "lobby", "body": text, "client_id": text}
            bob.call("room.post", post)

        for number in range(60):
            says(f"line-{number}")
        ann = hall.sits_down("ann")
        ann.commands("history lobby")
        ann.wait_for("line-59")
        ann.key("page up")
        ann.wait_gone("line-59")
        before = [row for row in ann.text().splitlines() if "line-" in row]
        says("line-60")
        ann.wait_for(SAYS.new_below)
        assert [row for row in ann.text().splitlines() if "line-" in row] == before
        ann.key("end")
        ann.wait_for("line-60")


def test_a_wide_room_shows_who_is_in_it_and_who_of_them_is_there(hall: Hall) -> None:
    hall.knows("carol")
    (ann,) = hall.sit_down("ann", size=WIDE)
    ann.commands("history lobby")
    ann.wait_for("│ 2 members, 1 online")
    assert "│ • ann" in ann.text()
    assert "│   carol" in ann.text()

    bob = hall.sits("bob")
    bob.types("say lobby here I am")
    ann.wait_for("│ 3 members, 2 online")
    assert "│ • bob" in ann.text()
    ann.resize(*USUAL)
    ann.wait_for("#lobby  2 online")
    assert "members" not in ann.text()
    ann.resize(*WIDE)
    assert bob.leaves() == Exit.DONE
    ann.wait_for("│ 3 members, 1 online")
    assert ann.leaves() == Exit.DONE
    assert ann.left_behind() == []


def test_s1_17_a_private_link_needs_exactly_one_key(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    ann.commands("startprivate bob")
    bob.wait_for(SAYS.asks_for_link)
    bob.send("y")
    for sitter in (ann, bob):
        sitter.wait_for(SAYS.link_is_up)
    ann.commands("private bob psst")
    bob.wait_for(lambda _: "ann(p2p) 1" in bob.header or "psst" in bob.text())
    bob.key("meta a")
    bob.wait_for("psst")


def test_s1_17_a_private_link_is_declined_by_one_key(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    ann.commands("startprivate bob")
    bob.wait_for(SAYS.asks_for_link)
    bob.send("n")
    bob.wait_gone(SAYS.asks_for_link)
    ann.wait_for("declined")


# -- sizes


def test_a_screen_that_is_too_small_says_so_and_keeps_what_there_is(
    hall: Hall,
) -> None:
    ann = hall.starts("ann", size=(20, 5))
    ann.wait_for("terminal 20x5 too")
    ann.resize(*USUAL)
    ann.is_in()
    ann.drafts("bob", "keys", "half a thought")
    ann.resize(39, 9)
    ann.wait_for(SAYS.too_small)
    ann.resize(1, 1)
    ann.resize(*SMALL)
    ann.wait_for("half a thought")
    ann.resize(20, 5)
    ann.wait_for("terminal 20x5 too")
    ann.signal(signal.SIGTERM)
    assert ann.exit_code() == Exit.DONE
    assert ann.left_behind() == []


def test_q_ends_a_screen_that_is_too_small(hall: Hall) -> None:
    ann = hall.starts("ann", size=(20, 5))
    ann.wait_for("terminal 20x5 too")
    ann.key("q")
    assert ann.exit_code() == Exit.DONE
    assert ann.left_behind() == []


def test_a_screen_of_one_cell_is_survived(hall: Hall) -> None:
    ann = hall.starts("ann", size=(1, 1))
    # What is typed before the screen has the terminal is echoed there.
    ann.wait_for(lambda _: ann.alternate and not ann.echoes())
    ann.key("j", "tab")
    ann.resize(*USUAL)
    ann.is_in()
    ann.resize(1, 1)
    ann.key("j", "enter", "tab", "esc")
    for size in (SMALL, (1, 1), (2, 1), (1, 2), WIDEST, (1, 50), (200, 1), USUAL):
        ann.resize(*size)
    ann.is_in()
    assert ann.leaves() == Exit.DONE
    assert ann.left_behind() == []


def test_a_storm_of_sizes_is_weathered(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    ann.writes("bob", "keys", "where are the keys?")
    bob.opens("keys", "where are the keys?")
    for step in range(200):
        bob.resize(1 + step * 37 % 210, 1 + step * 11 % 60)
        if step % 10 == 0:
            bob.key("j", "k", "tab")
    bob.resize(*USUAL)
    bob.is_online()
    bob.resize(*WIDE)
    bob.wait_for(SAYS.inbox)
    assert bob.leaves() == Exit.DONE
    assert bob.left_behind() == []


# -- terminals of other kinds


def test_without_colours_there_are_none(hall: Hall) -> None:
    ann = hall.starts("ann", settings={"NO_COLOR": "1"})
    ann.is_in()
    ann.key("?")
    ann.wait_for(SAYS.help)
    assert not COLOURED.search(ann.raw)


def test_a_dumb_terminal_gets_line_mode(hall: Hall) -> None:
    ann = hall.starts("ann", settings={"TERM": "dumb"})
    ann.wait_for(SAYS.line_mode)
    assert b"\x1b[?1049h" not in ann.raw


def test_a_terminal_without_unicode_gets_signs_it_has(hall: Hall) -> None:
    ann = hall.starts("ann", settings={"LC_ALL": "C", "PYTHONUTF8": "0"}, size=WIDE)
    ann.is_in()
    assert ann.raw.isascii()


# -- what others write


def attack(hall: Hall, to: str, texts: Sequence[str] = ()) -> list[int]:
    """Send all that is not refused, as subject and as body; what each ends with."""
    sent: list[int] = []
    with hall.client("mallory") as client:
        for number, text in enumerate(texts or [*HOSTILE, "".join(HOSTILE)]):
            with suppress(Refusal):
                message = {"subject": text, "body": f"{text}\n{number} ends"}
                client_id = f"attack-{number}"
                client.call(
                    "mail.send", {"to": [to], "client_id": client_id, **message}
                )
                sent.append(number)
    return sent


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["40x10", "120x40"])
def test_t13_hostile_mail_is_shown_as_cells_only(
    hall: Hall, size: tuple[int, int]
) -> None:
    sent = attack(hall, "bob")
    assert len(sent) > len(HOSTILE) / 2
    bob = hall.sits_down("bob", size=size)
    bob.wait_for("mallory")
    for number in reversed(sent):
        if number != sent[-1]:
            bob.moves("j")
        bob.key("enter")
        bob.reads(f"{number} ends")
        bob.key("q")
        bob.wait_for(lambda _: bob.has_focus(SAYS.inbox))
    assert bob.title == ""
    assert bob.leaves() == Exit.DONE
    assert bob.left_behind() == []


def test_t13_nothing_that_is_said_in_a_room_leaves_its_row(hall: Hall) -> None:
    ann, bob = hall.sits("ann"), hall.sits_down("bob")
    for text in ("\x1b]0;gotcha\x07", "\x9d0;gotcha\x9c", "user\u202egnp.exe"):
        ann.types(f"say lobby {text}")
    ann.types("say lobby the end")
    bob.has_news_of_lobby()
    bob.key("meta a")
    bob.wait_for("the end")
    assert bob.title == ""
    assert bob.leaves() == Exit.DONE
    assert bob.left_behind() == []


def test_t13_the_clipboard_is_written_by_a_key_and_by_nothing_else(hall: Hall) -> None:
    ann, bob = hall.sit_down("ann", "bob")
    ann.writes("bob", "keys", "where are the keys?")
    bob.opens("keys", "where are the keys?")
    assert b"\x1b]52" not in bob.raw
    bob.key("y")
    copied = f"\x1b]52;c;{b64encode(b'where are the keys?').decode()}\x07"
    bob.wait_for(lambda _: copied.encode() in bob.raw)
    assert bob.leaves() == Exit.DONE
    assert bob.left_behind(also=[copied]) == []


@pytest.mark.skipif(NO_TMUX, reason="tmux is not installed")
def test_t13_in_tmux_the_title_stays_and_a_stop_shows_the_shell(hall: Hall) -> None:
    attack(hall, "bob")
    command, env = hall.command("bob"), hall.environment_of("bob")
    with TmuxScreen(command, env=env, cols=120, rows=40) as bob:
        title = bob.title
        bob.wait_for(SAYS.inbox)
        bob.key("G", "enter")
        bob.wait_for("0 ends")
        assert bob.title == title
        bob.key("ctrl z")
        bob.wait_for(lambda bob: not bob.alternate)
        bob.foreground()
        bob.wait_for(lambda bob: bob.alternate)
        bob.resize(40, 10)
        bob.wait_for(lambda bob: SAYS.online in bob.line(0))
        bob.key("ctrl c")
        assert bob.exit_code() == Exit.DONE
        assert not bob.alternate
        assert bob.title == title


# -- what is left behind


def test_s0_15_a_session_leaves_nothing_on_the_disk(hall: Hall) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    ann.writes("bob", "keys", "where are the keys?")
    ann.drafts("bob", "half done", "as far as this")
    ann.wait_for(SAYS.draft_saved)
    ann.signal(signal.SIGTERM)
    assert ann.exit_code() == Exit.DONE

    assert list(hall.home("ann").iterdir()) == []


def _is_focused(sitter: Sitter, text: str, _: object) -> bool:
    return text in sitter.focused_row()
