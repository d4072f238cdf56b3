"""TERM-4: servers that mean harm, before a verb, line mode and the screen.

Each is named, the terminal is as it was, nothing hangs, and no byte of theirs that a
terminal would obey comes through.
"""

import signal
import termios
from itertools import cycle, takewhile
from pathlib import Path
from typing import Self

import pytest

from nimsg.errors import Exit
from tests.cli.conftest import Shell
from tests.support.fakeserver import FakeServer
from tests.support.nasty import NASTY, Nasty
from tests.support.process import NIMSG, environment
from tests.support.sitting import SAYS, WIDE, Sitter
from tests.support.soaking import Soak
from tests.support.talking import CTRL_C
from tests.support.terminal import Terminal
from tests.support.unsafe import unsafe


IN_TIME = ("--timeout", "0.5", "--connect-wait", "0", "--no-input")
# What line mode itself sends: where pastes begin and end, and back to the left edge.
OF_THE_PROMPT = (b"\x1b[?2004h", b"\x1b[?2004l", b"\r")
# Line mode and the screen meet these always, and all of them in `make soak`.
MET_BY_TALK = [name for n, name in enumerate(NASTY) if n % 3 == 1]
SEEN_ON_SCREEN = (
    "floods with events",
    "refuses in half a mebibyte",
    "lists controls",
    "lists thousands",
    "tells of people in controls",
)

SHOWN = (SAYS.inbox, SAYS.tries_again, SAYS.password, "Log in again here")
every_one = pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)


class Watched(Terminal):
    """A verb on a terminal whose settings are compared."""

    def __init__(self, *words: str, home: Path, address: str) -> None:
        known = {"NIMSG_SERVER": address, "NIMSG_USER": "bob", "TERM": "xterm"}
        super().__init__(*words, *IN_TIME, env={**environment(home), **known})
        self._before = termios.tcgetattr(self._fd)

    def __enter__(self) -> Self:
        return self

    def is_as_before(self) -> bool:
        """Whether the terminal is again what it was when the verb began."""
        pastes = self.seen.count(OF_THE_PROMPT[0]) == self.seen.count(OF_THE_PROMPT[1])
        return pastes and self._before == termios.tcgetattr(self._fd)

    def harm(self) -> set[str]:
        """What was shown that a terminal would obey."""
        seen = self.seen
        for ours in OF_THE_PROMPT:
            seen = seen.replace(ours, b"")
        return unsafe(seen)


@every_one
def test_term_4_a_verb_names_what_is_wrong(tmp_path: Path, nasty: Nasty) -> None:
    with (
        FakeServer(nasty.behave) as server,
        Watched("inbox", home=tmp_path, address=server.address) as terminal,
    ):
        assert terminal.ends() == nasty.exit, terminal.text
        assert terminal.is_as_before()

    assert nasty.words in " ".join(terminal.text.split())
    assert terminal.harm() == set()
    if nasty.exit is not Exit.DONE:
        first, *others = terminal.text.splitlines()
        assert first.startswith("nimsg:")
        assert all(line.startswith("   ") for line in others), (
            "only nimsg begins a line"
        )


@every_one
def test_term_4_a_look_says_the_same(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    nasty: Nasty,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("NIMSG_USER", "bob")
    shell = Shell(tmp_path, capsys, monkeypatch)
    with FakeServer(nasty.behave) as server:
        done = shell.types("client", "--once", *IN_TIME, "--server", server.address)

    assert done.code in (nasty.exit, Exit.NOTHING_NEW), done
    assert unsafe(done.out.encode()) == unsafe(done.err.encode()) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", MET_BY_TALK)
def test_term_4_line_mode_ends_or_goes_on(tmp_path: Path, name: str) -> None:
    ends_or_goes_on(tmp_path, NASTY[name])


def ends_or_goes_on(folder: Path, nasty: Nasty) -> None:
    """Line mode before a server like this; Ctrl-C ends it where nothing else has."""
    wanted = nasty.exit if nasty.talk is None else nasty.talk
    with (
        FakeServer(nasty.behave) as server,
        Watched("talk", home=folder, address=server.address) as terminal,
    ):
        if wanted is Exit.DONE:
            terminal.sees(nasty.shows)
            terminal.presses(CTRL_C)
        assert terminal.ends() == wanted, terminal.text
        assert terminal.is_as_before()

    assert terminal.harm() == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEN_ON_SCREEN)
def test_term_4_the_screen_stands(tmp_path: Path, name: str) -> None:
    stands(tmp_path, NASTY[name])


@pytest.mark.soak
def test_term_4_line_mode_and_the_screen_stand_before_all_of_them(
    tmp_path: Path, soak: Soak
) -> None:
    for nasty in takewhile(lambda _: soak.going(), cycle(NASTY.values())):
        ends_or_goes_on(tmp_path, nasty)
        stands(tmp_path, nasty)
        soak.count("hostile servers")


def stands(folder: Path, nasty: Nasty) -> None:
    """A screen that comes to a server like this can be used, and be left."""
    with FakeServer(nasty.behave) as server:
        command = (*NIMSG, "client", "--user", "bob", "--server", server.address)
        words = ("--timeout", "0.5", "--connect-wait", "0")
        with Sitter([*command, *words], env=environment(folder)) as bob:
            bob.wait_for(lambda _: shows_either(bob, *SHOWN))
            bob.key("f1")
            bob.wait_for(lambda _: shows_either(bob, SAYS.help, SAYS.help_of_login))
            bob.key("esc", "j", "enter")
            # The last row is drawn last: behind it nothing is half drawn.
            bob.resize(*WIDE)
            bob.wait_for(lambda _: bob.line(-1) != "")
            bob.signal(signal.SIGTERM)
            assert bob.exit_code() == Exit.DONE
            left = bob.left_behind()
            assert left == []


def shows_either(bob: Sitter, *texts: str) -> bool:
    """Whether one of these stands on the screen."""
    return any(text in bob.text() for text in texts)
