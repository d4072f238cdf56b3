"""How a session at the screen begins, and all the ways in which it ends."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nimsg.client import answers, people_answers
from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import connect
from nimsg.errors import Exit
from nimsg.protocol.constants import Departure
from nimsg.protocol.strict import JsonObject
from tests.support.people import PASSWORD
from tests.support.process import HANG_S, NIMSG, TOP
from tests.support.sitting import POLL, SAYS, SILENCE_S, WIDE, Hall, Sitter
from tests.support.talking import Talker


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with Hall(tmp_path) as hall:
        yield hall


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
        assert ann.left_behind() == []


def test_s1_3_who_fills_in_the_form_has_an_account(tmp_path: Path) -> None:
    with (
        Hall(tmp_path, auth="password") as hall,
        Sitter([*NIMSG, "client"], env=hall.environment_of("ann")) as ann,
    ):
        ann.wait_for("A new name makes an account")
        ann.send("ann")
        ann.key("tab")
        ann.types(PASSWORD)
        ann.wait_for(SAYS.again)
        ann.types(PASSWORD)
        ann.is_in()
        assert PASSWORD.encode() not in ann.raw
        assert ann.leaves() == Exit.DONE


def register(hall: Hall, name: str) -> None:
    """Make an account with the usual password."""
    address = parse_address(hall.server.address)
    with connect(address, Security(), timeout_s=HANG_S) as client:
        client.call("auth.register", {"user": name, "password": PASSWORD})


def test_c6_the_third_wrong_password_ends_the_client(tmp_path: Path) -> None:
    with Hall(tmp_path, auth="password") as hall:
        register(hall, "ann")
        ann = hall.starts("ann")
        for left in ("2 tries left", "1 try left"):
            ann.wait_for(SAYS.password)
            ann.types("not this one")
            ann.wait_for(left)
        ann.types("nor this one")

        assert ann.exit_code() == Exit.LOGIN
        assert "locked" in ann.text()
        assert ann.left_behind() == []


def test_s4_9_ctrl_c_at_the_login_gives_the_terminal_back(tmp_path: Path) -> None:
    with Hall(tmp_path, auth="password") as hall:
        ann = hall.starts("ann")
        ann.wait_for(SAYS.new_password)
        ann.breaks_off()

        assert ann.exit_code() in {Exit.DONE, Exit.INTERRUPTED}
        assert ann.left_behind() == []


# -- leaving

LEAVING: dict[str, Callable[[Sitter], None]] = {
    "SIGTERM": lambda sitter: sitter.signal(signal.SIGTERM),
    "SIGHUP": lambda sitter: sitter.signal(signal.SIGHUP),
    "ctrl c": Sitter.breaks_off,
    "q": lambda sitter: sitter.key("q"),
    "Q": lambda sitter: sitter.key("Q"),
    ":logout": lambda sitter: sitter.commands("logout"),
}


class Lounge(NamedTuple):
    """A hall where one sits who sees everybody come and go."""

    hall: Hall
    ann: Talker


@pytest.fixture(scope="module")
def lounge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lounge]:
    """One for all tests: who comes there has a name of their own."""
    with Hall(tmp_path_factory.mktemp("lounge")) as hall:
        yield Lounge(hall, hall.sits("ann"))


@pytest.mark.parametrize(
    ("name", "leave"),
    [(f"guest{number}", leave) for number, leave in enumerate(LEAVING.values())],
    ids=LEAVING,
)
def test_s4_9_leaving_is_a_polite_logout_and_gives_the_terminal_back(
    lounge: Lounge, name: str, leave: Callable[[Sitter], None]
) -> None:
    guest = lounge.hall.sits_down(name)
    leave(guest)

    assert guest.exit_code() == Exit.DONE
    assert guest.left_behind() == []
    with lounge.hall.client(name) as client:
        listed = client.call("auth.logins", {})
        (login,) = answers.rows(listed, "logins", people_answers.login_row)
    assert login.reason == Departure.LOGOUT


def test_s4_9_closing_the_window_is_a_polite_logout(lounge: Lounge) -> None:
    bob = lounge.hall.sits_down("bob")
    lounge.ann.sees("bob logged in")
    bob.hang_up()
    lounge.ann.sees("bob logged out")


def test_s4_9_closing_the_window_of_line_mode_is_a_polite_logout(
    lounge: Lounge,
) -> None:
    carol = lounge.hall.talks("carol")
    lounge.ann.sees("carol logged in")
    carol.hang_up()
    lounge.ann.sees("carol logged out")


def test_s4_9_leaving_does_not_wait_for_a_server_that_is_silent(hall: Hall) -> None:
    ann = hall.sits_down("ann")
    with hall.silent():
        ann.breaks_off()
        ann.exit_code(timeout=SILENCE_S)
    assert ann.left_behind() == []


# -- the question at the end


def test_q_ends_at_once_where_the_draft_is_saved_and_it_is_there_again(
    hall: Hall,
) -> None:
    ann = hall.sits_down("ann")
    ann.drafts("bob", "half done", "as far as this")
    ann.wait_for(SAYS.draft_saved)
    ann.key("esc")
    ann.wait_gone("as far as this")
    ann.key("q")
    assert ann.exit_code() == Exit.DONE
    assert ann.left_behind() == []
    assert SAYS.not_saved not in ann.text()
    ann = hall.sits_down("ann")
    ann.key("D")
    ann.wait_for("half done")
    ann.key("enter")
    ann.wait_for("as far as this")


def test_q_saves_what_was_typed_a_moment_ago(hall: Hall) -> None:
    ann = hall.sits_down("ann")
    ann.drafts("bob", "half done", "as far as this")
    ann.key("esc")
    ann.wait_gone("as far as this")
    ann.key("q")
    assert ann.exit_code() == Exit.DONE
    assert SAYS.not_saved not in ann.text()
    with hall.client("ann") as client:
        (draft,) = answers.rows(client.call("draft.list", {}), "drafts", dict)
    assert draft["body"] == "as far as this"


def test_quit_asks_where_a_message_is_still_queued(hall: Hall) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    hall.server.kill()
    ann.is_lost()
    ann.writes("bob", "later", "kept here")
    ann.key("q")
    ann.wait_for(f"{SAYS.asks_to_quit} 1 message queued: ")
    ann.send("n")
    ann.wait_gone(SAYS.asks_to_quit)
    ann.key("q")
    ann.wait_for(SAYS.asks_to_quit)
    ann.send("y")
    assert ann.exit_code() == Exit.DONE
    assert ann.left_behind() == []
    assert f"{SAYS.not_saved}, to bob about later:" in ann.text()
    assert "kept here" in ann.text()


def test_quit_asks_where_a_draft_could_not_be_saved_and_prints_it(hall: Hall) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    hall.server.kill()
    ann.is_lost()
    ann.drafts("bob", "keys", "where are they?")
    ann.key("esc")
    ann.wait_gone("where are they?")
    ann.key("q")
    ann.wait_for(f"{SAYS.asks_to_quit} 1 draft not saved: ")
    ann.send("y")
    assert ann.exit_code() == Exit.DONE
    assert ann.left_behind() == []
    assert f"{SAYS.not_saved}, to bob about keys:" in ann.text()
    assert "where are they?" in ann.text()


def test_a_signal_asks_nothing_and_prints_what_is_not_saved(hall: Hall) -> None:
    ann = hall.sits_down("ann")
    hall.server.kill()
    ann.is_lost()
    ann.drafts("bob", "keys", "where are they?")
    ann.signal(signal.SIGTERM)
    assert ann.exit_code() == Exit.DONE
    assert ann.left_behind() == []
    assert f"{SAYS.not_saved}, to bob about keys:" in ann.text()


# -- stopping, and what a fault leaves


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(
    hall: Hall,
) -> None:
    ann, bob = hall.sit_down("ann", "bob", words=POLL)
    bob.key("ctrl z")
    bob.wait_stopped()
    assert bob.restored() == []
    ann.writes("bob", "meanwhile", "text")
    bob.resize(*WIDE)
    bob.foreground()
    bob.opens("meanwhile", "text")
    bob.key("ctrl s", "?")
    bob.wait_for(SAYS.help)
    assert bob.leaves() == Exit.DONE
    assert bob.left_behind() == []


def test_flow_control_freezes_nothing(hall: Hall) -> None:
    ann = hall.sits_down("ann")
    ann.key("ctrl s", "?")
    ann.wait_for(SAYS.help)
    assert ann.leaves() == Exit.DONE
    assert ann.left_behind() == []


FAULTS = {
    "a key": "import nimsg.tui.helpview as x; x.help_popup = None",
    "a task": "import nimsg.client.answers as x; x.inbox_row = None",
    "drawing": "import nimsg.tui.mailrows as x; x.inbox_line = None",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_nimsg_gives_the_terminal_back_and_tells_of_it(
    hall: Hall, fault: str
) -> None:
    (hall.folder / "broken").mkdir()
    broken = hall.folder / "broken" / "sitecustomize.py"
    broken.write_text(f"{fault}\n", encoding="utf-8")
    hall.knows("bob")
    path = f"{broken.parent}:{TOP}"
    ann = hall.starts("ann", settings={"PYTHONPATH": path})
    ann.is_in()
    with hall.client("bob") as bob:
        letter: JsonObject = {"to": ["ann"], "client_id": "1", "subject": "keys"}
        bob.call("mail.send", {**letter, "body": "text"})
    ann.key("?")

    assert ann.exit_code() == Exit.INTERNAL
    assert SAYS.fault in ann.text()
    assert ann.left_behind() == []
