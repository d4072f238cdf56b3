"""The terminals of the tests are terminals: proven on a small program and on talk."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process import NIMSG, environment
from tests.support.screen import PATIENCE_S, Attrs, Screen
from tests.support.talking import Table
from tests.support.tmuxscreen import NO_TMUX, TmuxScreen
from tests.support.ttybytes import strangers
from tests.support.unsafe import HOSTILE


SMALL = (sys.executable, "-m", "tests.support.smallscreen")
ECHO = "import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))"
KEYS = (
    *("enter", "tab", "shift tab", "esc", "backspace", "delete", "insert"),
    *("up", "down", "left", "right", "home", "end", "page up", "page down"),
    *("f1", "f2", "f5", "f10", "meta left", "meta right", "meta up", "meta down"),
    *("meta enter", "meta 1", "meta a", "ctrl d", "ctrl x", "a", "ü", "?"),
)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Screen]:
    with Screen(SMALL, env=environment(tmp_path), cols=60, rows=10) as screen:
        screen.wait_for("small 60x10")
        yield screen


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_what_urwid_calls_it(small: Screen, key: str) -> None:
    small.key(key)
    small.wait_for(lambda screen: screen.line(1).rstrip() == f"keys: {key}")


def test_what_stands_there_is_seen_with_its_colours(small: Screen) -> None:
    small.wait_for("green")
    assert small.line(0) == "small 60x10 日本"
    assert small.text().splitlines()[1:3] == ["keys:", "green"]
    assert small.row_of("green") == 2
    assert small.row_of("nothing") is None
    assert small.attrs(0, 2) == Attrs("green", "default", False, False, False)
    assert small.attrs(0, 0).bg == "blue"
    assert small.alternate
    assert small.title == ""


def test_a_paste_comes_between_its_marks(small: Screen) -> None:
    small.paste("a\nb")
    small.wait_for("keys: begin paste|a|enter|b|end paste")


def test_a_new_size_is_told(small: Screen) -> None:
    for cols, rows in ((20, 5), (1, 1), (100, 30)):
        small.resize(cols, rows)
    small.wait_for("small 100x30")
    assert small.size == (100, 30)


def test_a_program_that_ends_gives_the_terminal_back(small: Screen) -> None:
    assert "the second screen is shown" in small.restored()
    small.key("q")
    assert small.exit_code() == 0
    assert small.restored() == []
    assert small.text().strip() == "bye"
    assert strangers(small.raw) == []


def test_a_program_that_does_not_is_found_out(small: Screen) -> None:
    small.key("X")
    assert small.exit_code() == 3
    assert set(small.restored()) == {
        "the settings are changed",
        "the second screen is shown",
        "the cursor is hidden",
        "pastes are bracketed",
    }


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_signal_reaches_the_program(
    small: Screen, number: signal.Signals, code: int
) -> None:
    small.signal(number)
    assert small.exit_code() == code
    assert (small.restored() == []) == (code == 0)


def test_a_program_can_be_stopped_and_goes_on(small: Screen) -> None:
    small.key("ctrl z")
    small.wait_stopped()
    assert small.restored() == []
    small.foreground()
    small.wait_for("small 60x10")
    small.key("a")
    small.wait_for("keys: a")


def test_what_never_comes_fails_and_shows_the_screen(small: Screen) -> None:
    with pytest.raises(AssertionError, match=r"(?s)'nothing'.*small 60x10"):
        small.wait_for("nothing", timeout=0.1)
    with pytest.raises(AssertionError, match="did not end"):
        small.exit_code(timeout=0.1)


def test_a_title_is_seen_and_is_no_strangers_if_it_is_ours(small: Screen) -> None:
    small.key("T")
    small.wait_for(lambda screen: screen.title == "small")
    assert strangers(small.raw) == ["\x1b]2;small\x1b\\"]
    assert strangers(small.raw, also=["\x1b]2;small\x1b\\"]) == []


def test_what_a_terminal_answers_is_no_key(tmp_path: Path) -> None:
    with Screen(SMALL, env=environment(tmp_path), answers=True) as screen:
        screen.wait_for("small 80x24")
        screen.key("a")
        screen.wait_for("keys: a")
        assert b"\x1b[?2026h" in screen.raw
        assert strangers(screen.raw) == []


def test_nothing_is_left_behind_a_test(tmp_path: Path) -> None:
    with Screen(SMALL, env=environment(tmp_path)) as screen:
        screen.wait_for("small")
    with pytest.raises(ProcessLookupError):
        screen.signal(0)


# -- what urwid did not send


@pytest.mark.parametrize(
    "text",
    [text for text in HOSTILE if any(char < " " and char != "\t" for char in text)],
    ids=ascii,
)
def test_what_urwid_does_not_send_is_found(text: str) -> None:
    data = f"\x1b[?1049h{text}\x1b[?1049l".encode()
    assert strangers(data) != []


@pytest.mark.parametrize("data", [b"\x9b31m", b"\xff", b"\x1b[0m", b"\x1b[31;40m"])
def test_bytes_that_are_no_text_are_found(data: bytes) -> None:
    assert strangers(data) != []


def test_lines_end_as_lines_end_only_outside_of_the_second_screen() -> None:
    assert strangers(b"bye\r\n") == []
    assert strangers(b"\x1b[?1049hbye\r\n\x1b[?1049l") == ["\r", "\n"]


# -- line mode, on the same terminal


def test_talk_works_on_such_a_terminal(tmp_path: Path) -> None:
    with Table(tmp_path) as table:
        env = {**environment(tmp_path), "NIMSG_SERVER": table.server.address}
        with Screen([*NIMSG, "talk", "--user", "ann"], env=env) as screen:
            screen.wait_for("welcome, ann")
            screen.send("whoelse")
            screen.key("enter")
            screen.wait_for("nobody else is online")
            screen.key("ctrl d")
            assert screen.exit_code() == 0
            assert screen.restored() == []
            assert not screen.alternate
            assert strangers(screen.raw.split(b"\x1b[?2004h")[0]) == []


def test_a_program_whose_window_is_closed_ends(small: Screen) -> None:
    process = os.pidfd_open(small.pid)
    small.hang_up()
    assert select.select([process], [], [], PATIENCE_S)[0]
    os.close(process)


# -- in tmux


@pytest.mark.skipif(NO_TMUX, reason="tmux is not installed")
def test_the_small_program_in_tmux(tmp_path: Path) -> None:
    with TmuxScreen(SMALL, env=environment(tmp_path), cols=60, rows=10) as screen:
        title = screen.title
        screen.wait_for("small 60x10 日本")
        assert screen.alternate
        screen.key("meta enter", "page up", "ctrl d")
        screen.send("ü")
        screen.wait_for("keys: meta enter|page up|ctrl d|ü")
        assert "\x1b[" in screen.coloured()
        screen.resize(100, 30)
        screen.wait_for("small 100x30")
        assert screen.title == title
        screen.paste("a\nb")
        screen.wait_for("begin paste|a|enter|b|end paste")
        screen.send("T")
        screen.wait_for(lambda screen: screen.title == "small")
        screen.key("ctrl z")
        screen.wait_for(lambda screen: not screen.alternate)
        screen.foreground()
        screen.wait_for(lambda screen: screen.alternate)
        screen.send("q")
        assert screen.exit_code() == 0
        screen.wait_for(lambda screen: not screen.alternate and "bye" in screen.text())
