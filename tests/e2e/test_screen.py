"""The full screen as people have it: real servers, real clients, real terminals."""

import re
import signal
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import connect
from nimsg.errors import Exit, Refusal
from tests.support.process import HANG_S
from tests.support.screen import Screen
from tests.support.sitting import (
    BELL,
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
from tests.support.ttybytes import strangers
from tests.support.unsafe import HOSTILE


pytestmark = pytest.mark.skipif(
    find_spec("nimsg.tui.app") is None, reason="the full screen is not built yet"
)
BY_SIZE = pytest.mark.parametrize(
    "size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}"
)
COLOURED = re.compile(rb"\x1b\[0;(?!39;([1-9];)*49m)")
SILENCE_S = 10.0


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with Hall(tmp_path) as hall:
        yield hall


def clean(screen: Screen) -> list[str]:
    """What nimsg left behind or let through; nothing, if all is well."""
    assert "Traceback" not in screen.text()
    return [*screen.restored(), *strangers(screen.raw, also=[BELL])]


# -- mail


@BY_SIZE
@pytest.mark.parametrize("how", [LONG_POLL, POLL], ids=["long poll", "poll"])
def test_s3_3_a_message_is_sent_opened_and_seen_to_be_read(
    hall: Hall, size: tuple[int, int], how: tuple[str, ...]
) -> None:
    ann, bob = (hall.sits_down(name, *how, size=size) for name in ("ann", "bob"))
    ann.writes("bob", "keys", "where are the keys?")
    ann.goes_to(SAYS.outbox)
    ann.wait_for("keys")
    bob.opens("keys", "where are the keys?")

    ann.sees_read("keys")
    for sitter in (ann, bob):
        assert sitter.leaves() == Exit.DONE
        assert clean(sitter) == []


def test_s1_13_mail_that_came_before_the_login_is_there(hall: Hall) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    for number in range(30):
        ann.writes("bob", f"letter {number}", "text")
    bob = hall.sits_down("bob")
    bob.wait_for("letter 29")
    bob.key("G")
    bob.wait_for("letter 0")
    bob.key("g")
    bob.wait_for(lambda _: "letter 29" in bob.focused_row())


def test_what_is_new_moves_nothing_under_the_cursor(hall: Hall) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob", *POLL)
    for subject in ("first", "second"):
        ann.writes("bob", subject, "text")
    bob.wait_for("second")
    bob.key("j")
    bob.wait_for(lambda _: "first" in bob.focused_row())
    ann.writes("bob", "third", "text")
    bob.wait_for("third")

    assert "first" in bob.focused_row()


def test_a_paste_is_one_text_and_sends_nothing(hall: Hall) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob")
    ann.drafts("bob", "pasted", "above")
    ann.paste("\nline 1\n\x1b[31mline 2\n\x04\n:quit\nline 3")
    ann.wait_for("line 3")
    ann.key("meta enter")
    ann.wait_gone(SAYS.to)
    bob.opens("pasted", "above")
    bob.wait_for("line 3")

    assert bob.alternate
    assert clean_lines(bob, "line 1", "line 3")


def clean_lines(sitter: Sitter, *texts: str) -> bool:
    """Whether each stands in a row of its own."""
    rows = [sitter.row_of(text) for text in texts]
    return None not in rows and len(set(rows)) == len(rows)


# -- rooms and private links


def test_s3_14_what_is_said_in_a_room_is_told_and_shown(hall: Hall) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob")
    ann.commands("say lobby is anybody here")
    bob.wait_for(lambda _: SAYS.lobby in bob.header)
    bob.key("meta a")
    bob.wait_for("<ann> is anybody here")
    bob.types("yes, I am")
    ann.key("meta a")
    ann.wait_for("<bob> yes, I am")
    ann.paste("two\nlines")
    ann.wait_for("lines")
    assert "<ann> two" not in bob.text()
    ann.key("enter")
    bob.wait_for("<ann> two")


def test_s1_17_a_private_link_needs_exactly_one_key(hall: Hall) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob")
    ann.commands("startprivate bob")
    bob.wait_for(SAYS.asks_for_link)
    bob.send("y")
    for sitter in (ann, bob):
        sitter.wait_for(SAYS.link_is_up)
    ann.commands("private bob psst")
    bob.key("meta a")
    bob.wait_for("psst")


def test_s1_17_a_private_link_is_declined_by_one_key(hall: Hall) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob")
    ann.commands("startprivate bob")
    bob.wait_for(SAYS.asks_for_link)
    bob.send("n")
    bob.wait_gone(SAYS.asks_for_link)
    ann.wait_for("declined")


# -- the login


def test_s1_3_a_new_name_registers_on_the_screen(tmp_path: Path) -> None:
    with Hall(tmp_path, auth="password") as hall:
        ann = hall.starts("ann")
        ann.registers()
        ann.is_in()
        assert ann.leaves() == Exit.DONE
        ann = hall.starts("ann")
        ann.wait_for(SAYS.password)
        ann.types("not this one")
        ann.wait_for(SAYS.wrong_password)
        ann.logs_in()
        ann.is_in()
        assert b"correct horse" not in ann.raw
        assert ann.leaves() == Exit.DONE
        assert clean(ann) == []


def test_c6_the_third_wrong_password_ends_the_client(tmp_path: Path) -> None:
    with Hall(tmp_path, auth="password") as hall:
        ann = hall.starts("ann")
        ann.registers()
        ann.is_in()
        assert ann.leaves() == Exit.DONE
        ann = hall.starts("ann")
        for left in ("2 tries left", "1 try left"):
            ann.wait_for(SAYS.password)
            ann.types("not this one")
            ann.wait_for(left)
        ann.types("nor this one")

        assert ann.exit_code() == Exit.LOGIN
        assert "locked" in ann.text()
        assert clean(ann) == []


def test_s4_9_ctrl_c_at_the_login_gives_the_terminal_back(tmp_path: Path) -> None:
    with Hall(tmp_path, auth="password") as hall:
        ann = hall.starts("ann")
        ann.wait_for(SAYS.new_password)
        ann.key("ctrl c")

        assert ann.exit_code() in {Exit.DONE, Exit.INTERRUPTED}
        assert clean(ann) == []


# -- the server goes away, and comes back


@contextmanager
def silent(hall: Hall) -> Iterator[None]:
    """The server answers nothing, though it is there."""
    hall.server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        hall.server.process.send_signal(signal.SIGCONT)


def test_a_draft_outlives_the_server(hall: Hall) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    ann.drafts("bob", "keys", "where are")
    hall.server.kill()
    ann.is_lost()
    ann.send(" the keys?")
    ann.wait_for("where are the keys?")
    hall.revives()
    ann.is_online()
    ann.wait_for("where are the keys?")
    ann.key("meta enter")
    ann.wait_gone(SAYS.to)
    bob = hall.sits_down("bob")
    bob.opens("keys", "where are the keys?")
    assert ann.leaves() == Exit.DONE
    assert clean(ann) == []


def test_what_is_sent_while_the_server_is_away_is_sent_when_it_is_back(
    hall: Hall,
) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    hall.server.kill()
    ann.is_lost()
    ann.writes("bob", "later", "kept here")
    ann.goes_to(SAYS.outbox)
    ann.wait_for("later")
    hall.revives()
    ann.is_online()
    bob = hall.sits_down("bob")
    bob.opens("later", "kept here")
    ann.sees_read("later")


def test_a_draft_outlives_a_client_that_was_killed(hall: Hall) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    ann.drafts("bob", "half done", "as far as this")
    ann.wait_for(SAYS.draft_saved)
    ann.signal(signal.SIGKILL)
    assert ann.exit_code() == -signal.SIGKILL
    ann = hall.sits_down("ann")
    ann.key("D")
    ann.wait_for("half done")
    ann.key("enter")
    ann.wait_for("as far as this")


def test_a_server_that_answers_nothing_is_named_while_keys_still_work(
    hall: Hall,
) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob", *POLL)
    for subject in ("first", "second"):
        ann.writes("bob", subject, "text")
    bob.wait_for("second")
    with silent(hall):
        bob.wait_for(lambda _: SAYS.silent in bob.header, SILENCE_S)
        bob.key("j")
        bob.wait_for(lambda _: "first" in bob.focused_row())
        bob.key("?")
        bob.wait_for(SAYS.help)
        bob.key("esc")
        bob.wait_gone(SAYS.help)
    bob.is_online()


def test_x7_who_is_logged_out_for_doing_nothing_keeps_the_draft(tmp_path: Path) -> None:
    with Hall(tmp_path, "--timeout", "3") as hall:
        ann = hall.sits_down("ann")
        ann.drafts("bob", "keys", "half a thought")
        ann.wait_for(SAYS.logged_out)
        ann.key("enter")
        ann.is_online()
        ann.wait_for("half a thought")


def test_a_shutdown_is_counted_down_and_survived(hall: Hall) -> None:
    ann = hall.sits_down("ann")
    hall.server.process.send_signal(signal.SIGINT)
    ann.wait_for(f"{SAYS.countdown} 5 s")
    ann.wait_for(f"{SAYS.countdown} 1 s")
    ann.is_lost()
    ann.wait_gone(SAYS.countdown)
    hall.server.process.communicate(timeout=HANG_S)
    hall.revives()
    ann.is_online()
    assert ann.leaves() == Exit.DONE


# -- leaving

LEAVING: dict[str, Callable[[Sitter], None]] = {
    "SIGTERM": lambda sitter: sitter.signal(signal.SIGTERM),
    "SIGHUP": lambda sitter: sitter.signal(signal.SIGHUP),
    "ctrl c": lambda sitter: sitter.key("ctrl c"),
    "q": lambda sitter: sitter.key("q"),
    "Q": lambda sitter: sitter.key("Q"),
    ":logout": lambda sitter: sitter.commands("logout"),
}


@pytest.mark.parametrize("leave", LEAVING.values(), ids=LEAVING)
def test_s4_9_leaving_is_a_polite_logout_and_gives_the_terminal_back(
    hall: Hall, leave: Callable[[Sitter], None]
) -> None:
    ann, bob = hall.sits("ann"), hall.sits_down("bob")
    ann.sees("bob logged in")
    leave(bob)

    assert bob.exit_code() == Exit.DONE
    assert clean(bob) == []
    ann.sees("bob logged out")


def test_s4_9_closing_the_window_is_a_polite_logout(hall: Hall) -> None:
    ann, bob = hall.sits("ann"), hall.sits_down("bob")
    ann.sees("bob logged in")
    bob.hang_up()
    ann.sees("bob logged out")


def test_s4_9_leaving_does_not_wait_for_a_server_that_is_silent(hall: Hall) -> None:
    ann = hall.sits_down("ann")
    with silent(hall):
        ann.key("ctrl c")
        ann.exit_code(timeout=SILENCE_S)
    assert clean(ann) == []


def test_quit_asks_only_where_something_would_be_left(hall: Hall) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    ann.drafts("bob", "half done", "as far as this")
    ann.wait_for(SAYS.draft_saved)
    ann.key("esc")
    ann.wait_gone("as far as this")
    ann.key("q")
    ann.wait_for(SAYS.asks_to_quit)
    ann.send("n")
    ann.wait_gone(SAYS.asks_to_quit)
    ann.key("q")
    ann.wait_for(SAYS.asks_to_quit)
    ann.send("y")
    assert ann.exit_code() == Exit.DONE
    assert clean(ann) == []


def test_quit_asks_where_a_message_is_still_queued(hall: Hall) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    hall.server.kill()
    ann.is_lost()
    ann.writes("bob", "later", "kept here")
    ann.key("q")
    ann.wait_for(SAYS.asks_to_quit)
    ann.send("y")
    ann.exit_code()
    assert clean(ann) == []


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(
    hall: Hall,
) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob", *POLL)
    bob.key("ctrl z")
    bob.wait_stopped()
    assert bob.restored() == []
    ann.writes("bob", "meanwhile", "text")
    bob.resize(*WIDE)
    bob.foreground()
    bob.opens("meanwhile", "text")
    assert bob.leaves() == Exit.DONE
    assert clean(bob) == []


def test_flow_control_freezes_nothing(hall: Hall) -> None:
    ann = hall.sits_down("ann")
    ann.key("ctrl s", "?")
    ann.wait_for(SAYS.help)
    ann.key("esc")
    assert ann.leaves() == Exit.DONE
    assert clean(ann) == []


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
    assert clean(ann) == []


def test_q_ends_a_screen_that_is_too_small(hall: Hall) -> None:
    ann = hall.starts("ann", size=(20, 5))
    ann.wait_for("terminal 20x5 too")
    ann.key("q")
    assert ann.exit_code() == Exit.DONE
    assert clean(ann) == []


def test_a_screen_of_one_cell_is_survived(hall: Hall) -> None:
    ann = hall.starts("ann", size=(1, 1))
    ann.wait_for(lambda ann: ann.alternate)
    ann.key("j", "enter", "tab", "esc")
    for size in (SMALL, (1, 1), (2, 1), (1, 2), WIDEST, (1, 50), (200, 1), USUAL):
        ann.resize(*size)
    ann.is_in()
    assert ann.leaves() == Exit.DONE
    assert clean(ann) == []


def test_a_storm_of_sizes_is_weathered(hall: Hall) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob")
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
    assert clean(bob) == []


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


def attack(hall: Hall, to: str) -> list[int]:
    """Send all that is not refused, as subject and as body; what each ends with."""
    address = parse_address(hall.server.address)
    sent: list[int] = []
    with connect(address, Security(), timeout_s=HANG_S) as client:
        client.call("auth.login", {"user": "mallory"})
        for number, text in enumerate([*HOSTILE, "".join(HOSTILE)]):
            with suppress(Refusal):
                message = {"subject": text, "body": f"{text}\n{number} ends"}
                client_id = f"attack-{number}"
                client.call(
                    "mail.send", {"to": [to], "client_id": client_id, **message}
                )
                sent.append(number)
    return sent


@BY_SIZE
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
        bob.key("enter", "G")
        bob.wait_for(f"{number} ends")
        bob.key("q")
        bob.wait_for(lambda _: bob.has_focus(SAYS.inbox))
    assert bob.title == ""
    assert bob.leaves() == Exit.DONE
    assert clean(bob) == []


def test_t13_nothing_that_is_said_in_a_room_leaves_its_row(hall: Hall) -> None:
    ann, bob = hall.sits("ann"), hall.sits_down("bob")
    for text in ("\x1b]0;gotcha\x07", "\x9d0;gotcha\x9c", "user\u202egnp.exe"):
        ann.types(f"say lobby {text}")
    ann.types("say lobby the end")
    bob.key("meta a")
    bob.wait_for("the end")
    assert bob.title == ""
    assert bob.leaves() == Exit.DONE
    assert clean(bob) == []


def test_t13_the_clipboard_is_written_by_a_key_and_by_nothing_else(hall: Hall) -> None:
    ann, bob = hall.sits_down("ann"), hall.sits_down("bob")
    ann.writes("bob", "keys", "where are the keys?")
    bob.opens("keys", "where are the keys?")
    assert b"\x1b]52" not in bob.raw
    bob.key("y")
    copied = f"\x1b]52;c;{b64encode(b'where are the keys?').decode()}\x07"
    bob.wait_for(lambda _: copied.encode() in bob.raw)
    assert bob.leaves() == Exit.DONE
    assert strangers(bob.raw, also=[BELL, copied]) == []


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
