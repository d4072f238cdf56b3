"""The link breaks, the server dies, or it is none: nothing is lost or doubled."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nimsg.errors import Exit
from nimsg.protocol.strict import JsonObject
from tests.support.fakeserver import (
    WELCOME,
    FakeServer,
    answering,
    event,
    hello,
    obliging,
    refusal,
    result,
)
from tests.support.losing import Losing
from tests.support.process import HANG_S, NIMSG, environment
from tests.support.sitting import POLL, SAYS, SILENCE_S, WIDE, Hall, Sitter
from tests.support.unsafe import HOSTILE


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with Hall(tmp_path) as hall:
        yield hall


# -- the server goes away, and comes back


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
    assert ann.left_behind() == []


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
    ann, bob = hall.sit_down("ann", "bob", words=POLL)
    for subject in ("first", "second"):
        ann.writes("bob", subject, "text")
    bob.wait_for("second")
    with hall.silent():
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


def test_what_is_typed_anywhere_and_what_was_said_outlive_the_server(
    hall: Hall,
) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    ann.commands("say lobby before the loss")
    ann.commands("history lobby")
    ann.hears("ann", "before the loss")
    ann.send("half a line")
    ann.key("meta w", "meta 1")
    ann.drafts("bob", "keys", "half a letter")
    hall.server.kill()
    ann.is_lost()
    ann.send(", and more")
    hall.revives()
    ann.is_online()
    with hall.client("bob") as bob:
        said = "behind the loss"
        bob.call("room.post", {"room": "lobby", "body": said, "client_id": "behind"})
    ann.wait_for("half a letter, and more")
    ann.has_news_of_lobby()
    ann.key("meta 2")
    ann.hears("bob", "behind the loss")
    assert ann.has_heard("ann", "before the loss")
    assert "> half a line" in ann.text()
    for window in ("people", "to bob"):
        assert window in ann.header


def test_x1_a_message_whose_answer_is_lost_is_there_once(hall: Hall) -> None:
    hall.knows("bob")
    with Losing(hall.server.port) as way:
        ann = hall.sits_down("ann", "--server", way.address)
        way.loses("mail.send")
        ann.writes("bob", "keys", "where are they?")
        assert way.has_lost.wait(HANG_S)
        ann.wait_for("sent to bob as o1")
        ann.goes_to(SAYS.outbox)
        assert ann.text().count("keys") == 1
        assert ann.leaves() == Exit.DONE
    bob = hall.sits_down("bob")
    bob.wait_for("keys")
    bob.wait_for("Inbox 1 new")
    assert bob.text().count("keys") == 1


def test_x1_a_message_that_the_server_was_killed_over_is_there_once(
    hall: Hall,
) -> None:
    hall.knows("bob")
    ann = hall.sits_down("ann")
    with hall.silent():
        ann.writes("bob", "keys", "where are they?")
        ann.wait_for("1 message queued")
        hall.server.process.kill()
    hall.server.process.communicate(timeout=HANG_S)
    hall.revives()
    ann.wait_for("sent to bob as o1")
    ann.goes_to(SAYS.outbox)
    assert ann.text().count("keys") == 1
    bob = hall.sits_down("bob")
    bob.wait_for("Inbox 1 new")
    assert bob.text().count("keys") == 1


def test_esc_keeps_a_draft_and_there_are_as_many_as_one_begins(hall: Hall) -> None:
    ann = hall.sits_down("ann")
    for subject in ("first", "second"):
        ann.drafts("bob", subject, f"this is the {subject}")
        ann.key("esc")
        ann.wait_gone(f"this is the {subject}")
    ann.key("D")
    for subject in ("first", "second"):
        ann.wait_for(subject)
    ann.key("enter")
    ann.wait_for("this is the")


# -- servers that are none

Answer = Callable[[JsonObject], bytes]
FORM = "Password"  # of the login


def welcoming(answer: Answer) -> Answer:
    """Let everybody in, and leave the rest to `answer`."""

    def reply(request: JsonObject) -> bytes:
        known = request["method"] == "auth.login"
        return result(request["id"], WELCOME) if known else answer(request)

    return reply


VILE = "".join(HOSTILE)
BAD_ROW: JsonObject = {"id": VILE, "from": VILE, "subject": VILE, "position": 1}
NONSENSE: dict[str, Answer] = {
    "no object": lambda request: result(request["id"], 7),
    "an empty object": lambda request: result(request["id"], {}),
    "another id": lambda _: result("nobody asked", {}),
    "a refusal with controls": lambda request: refusal(request["id"], "busy", VILE),
    "a refusal nobody knows": lambda request: refusal(request["id"], VILE, VILE),
    "rows that are none": lambda request: result(
        request["id"], {"rows": [BAD_ROW, 5], "cursor": VILE, "new": VILE}
    ),
    "events nobody knows": lambda _: event(VILE, {VILE: VILE}),
    "no frame": lambda _: VILE.encode("utf-8", "replace"),
    "a frame of rubbish": lambda _: b"\x00\x00\x00\x04\xff\x1b]0",
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
def test_x2_a_server_that_talks_nonsense_neither_garbles_nor_ends_the_screen(
    tmp_path: Path, answer: Answer
) -> None:
    behave = answering(welcoming(answer), hello(server=VILE))
    with FakeServer(behave) as server, seated(tmp_path, server.address) as ann:
        ann.wait_for(lambda _: shows_either(ann, SAYS.inbox, FORM))
        ann.key("f1")
        ann.wait_for(lambda _: shows_either(ann, SAYS.help, SAYS.help_of_login))
        ann.key("esc")
        ann.wait_for(lambda _: shows_either(ann, SAYS.inbox, FORM))
        ann.key("j", "enter", "w", "D", "#", "meta 1", "ctrl r", "ctrl l")
        ann.resize(*WIDE)
        ann.wait_for(lambda _: "nimsg" in ann.header and ann.line(-1) != "")
        # The line on top is drawn after what stands below it.
        ann.wait_for(lambda _: FORM not in ann.text() or SAYS.online not in ann.header)
        assert ann.title == ""
        ann.signal(signal.SIGTERM)
        assert ann.exit_code() == Exit.DONE
        assert ann.left_behind() == []


def shows_either(sitter: Sitter, *texts: str) -> bool:
    """Whether one of these stands on the screen."""
    return any(text in sitter.text() for text in texts)


@contextmanager
def seated(folder: Path, address: str) -> Iterator[Sitter]:
    """Somebody at a server of whatever kind."""
    command = [*NIMSG, "client", "--user", "ann", "--server", address]
    with Sitter(command, env=environment(folder)) as sitter:
        yield sitter


def test_x2_a_row_that_cannot_be_read_leaves_the_others_and_the_screen(
    tmp_path: Path,
) -> None:
    first: JsonObject = {"rows": [], "next": None, "cursor": "c1"}
    counts: JsonObject = {"new": 1, "pending": 0, "total": 1}
    changes: JsonObject = {"cursor": "c2", "outbox": [], "more": False}
    answers: dict[str, JsonObject | str] = {
        "mail.list": {**first, **counts},
        "mail.changes": {**changes, "inbox": [BAD_ROW]},
        "session.ping": {},
    }
    with (
        FakeServer(obliging(answers)) as server,
        seated(tmp_path, server.address) as ann,
    ):
        ann.wait_for("cannot be read: not as agreed")
        ann.key("?")
        ann.wait_for(SAYS.help)
        assert ann.leaves() == Exit.DONE
        assert ann.left_behind() == []
