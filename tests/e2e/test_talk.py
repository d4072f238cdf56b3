"""Line mode as people have it: real servers, real terminals (S1, S2, S4, C, K, X)."""

import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimsg.errors import Exit
from tests.support.fakeserver import FakeServer, saying_and_staying
from tests.support.people import PASSWORD, typed
from tests.support.process import HANG_S, NIMSG, ServerProcess
from tests.support.talking import CTRL_C, CTRL_D, Table
from tests.support.terminal import Terminal


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with Table(tmp_path) as table:
        yield table


# -- coming and going


def test_s1_3_a_new_name_is_registered_by_two_equal_passwords(tmp_path: Path) -> None:
    with Table(tmp_path, auth="password") as table:
        ann = table.opens("ann")
        ann.sees("ann has no account here yet; a new password makes it.")
        ann.sees("New password for ann: ")
        ann.types("short")
        ann.sees("A password has at least 8 characters; again.")
        ann.sees("New password for ann: ")
        ann.types(PASSWORD)
        ann.sees("The same again: ")
        ann.types(f"{PASSWORD}x")
        ann.sees("The two are not the same; again.")
        ann.enters()

        assert ann.never_saw(PASSWORD)
        assert ann.leaves() == Exit.DONE


def test_c6_the_third_wrong_password_locks_the_name_and_ends_the_client(
    tmp_path: Path,
) -> None:
    with Table(tmp_path, auth="password") as table:
        assert table.sits("ann").leaves() == Exit.DONE
        ann = table.opens("ann")
        for left in ("2 tries left", "1 try left"):
            ann.sees("Password of ann: ")
            ann.types("wrong password")
            ann.sees(f"That is not the password; {left}.")
        ann.sees("Password of ann: ")
        ann.types("wrong password")
        ann.sees("the name is locked")

        assert ann.ends() == Exit.LOGIN
        again = table.opens("ann")
        again.sees("Password of ann: ")
        again.types(PASSWORD)
        again.sees("the name is locked")
        assert again.ends() == Exit.LOGIN


def test_c7_who_is_logged_in_elsewhere_is_asked_for_another_name(table: Table) -> None:
    table.sits("ann")
    second = table.opens("ann")
    second.sees("this name is logged in already, at another client; log out there")
    second.sees("nimsg user kick ann")
    second.sees("User: ")
    second.types("two words")
    second.sees("A name has 1 to 32 printable ASCII characters and no space; again.")
    second.types("bob")
    second.sees("-- welcome, bob")

    assert second.leaves() == Exit.DONE


def test_k1_a_taken_nickname_is_replaced_by_the_suggestion(tmp_path: Path) -> None:
    with Table(tmp_path, auth="nick") as table:
        ann = table.sits("ann")
        second = table.opens("ann")
        second.sees("ann is in use now.")
        second.sees("User [ann2]: ")
        second.types("")
        second.sees("-- welcome, ann2")

        ann.sees("ann2 logged in")


def test_s4_5_the_greeting_tells_who_is_there_what_was_said_and_new_mail(
    table: Table,
) -> None:
    assert table.sits("bob").leaves() == Exit.DONE
    ann = table.sits("ann")
    ann.types("say lobby is anybody here")
    ann.sees("#lobby <ann> is anybody here")
    ann.types("message bob are you coming")
    ann.sees("-- sent to bob as o1")
    bob = table.opens("bob")
    bob.sees("-- welcome, bob; help lists the commands")
    bob.sees("-- online now: 1")
    bob.sees("   Name  Since")
    bob.sees("   ann   ")
    bob.sees("-- unread in #lobby:")
    bob.sees("#lobby <ann> is anybody here")
    bob.sees("-- new messages: 1")
    bob.sees("   N  i1  ann   ")
    bob.types("open")
    bob.sees("-- i1 from ann")
    bob.sees("   are you coming")
    ann.sees("-- bob opened o1 at ")

    assert bob.leaves() == Exit.DONE
    ann.sees("bob logged out")
    back = table.sits("bob")
    back.types("history lobby")
    back.sees("#lobby <ann> is anybody here")
    assert "-- Last login: " in back.text
    assert "User bob disconnected" not in back.text.partition("history")[0]


@pytest.mark.parametrize("keys", [CTRL_C, CTRL_D], ids=["k5 ctrl-c", "s4-9 ctrl-d"])
def test_k5_leaving_by_a_key_is_a_polite_logout(table: Table, keys: bytes) -> None:
    ann, bob = table.sits("ann"), table.sits("bob")
    ann.sees("bob logged in")
    bob.presses(keys)

    assert bob.ends() == Exit.DONE
    assert bob.text.endswith("-- goodbye\n")
    ann.sees("bob logged out")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=str)
def test_s4_9_leaving_by_a_signal_is_a_polite_logout(
    table: Table, number: signal.Signals
) -> None:
    ann, bob = table.sits("ann"), table.sits("bob")
    ann.sees("bob logged in")
    bob.interrupts(number)

    assert bob.ends() == Exit.DONE
    ann.sees("bob logged out")


def test_s4_9_the_terminal_is_given_back(table: Table) -> None:
    ann = table.opens("ann")
    ann.is_in()
    assert not ann.echoes()
    ann.presses(CTRL_C)
    ann.sees("-- goodbye")
    ann.ends()
    assert "Traceback" not in ann.text


def test_s4_9_ctrl_c_at_the_password_gives_the_terminal_back(tmp_path: Path) -> None:
    with Table(tmp_path, auth="password") as table:
        ann = table.opens("ann")
        ann.sees("New password for ann: ")
        assert not ann.echoes()
        ann.interrupts()

        assert ann.ends() == Exit.INTERRUPTED
        assert ann.text.endswith("New password for ann: \n")


# -- what is said


def test_s1_a_broadcast_reaches_all_who_are_online(table: Table) -> None:
    ann, bob, cyd = (table.sits(name) for name in ("ann", "bob", "cyd"))
    ann.types("broadcast lunch?")
    ann.sees("-- said to 2 people")
    bob.sees("to all <ann> lunch?")
    cyd.sees("to all <ann> lunch?")
    bob.types("block ann")
    bob.sees("-- ann can neither write to you nor see you now")
    ann.types("broadcast anybody?")
    ann.sees("-- said to 1 person; some recipients were not reached")
    ann.types("message bob hello?")
    ann.sees("-- blocked by: bob; nothing was stored")
    bob.types("block ann")
    bob.sees("you block this user already")


def test_a_room_is_shared_and_its_topic_told(table: Table) -> None:
    ann, bob = table.sits("ann"), table.sits("bob")
    ann.types("create dev plans")
    ann.sees("-- #dev is made, and you are in it")
    ann.types("say dev first")
    ann.sees("#dev <ann> first")
    bob.types("join dev")
    bob.sees("-- you are in #dev: plans (2 members)")
    bob.sees("#dev <ann> first")
    bob.types("say dev second")
    ann.sees("#dev <bob> second")
    bob.types("members dev")
    bob.sees("-- in #dev: ann, bob")
    bob.types("topic dev")
    bob.sees("-- the topic of #dev: plans")
    bob.types("topic dev mine")
    bob.sees("the topic is set by who made the room, and admins")
    bob.types("leave dev")
    bob.sees("-- you have left #dev")
    bob.types("history nowhere")
    bob.sees("there is no such room")
    bob.types("rooms")
    bob.sees("   #dev    -    1        ann      plans")


def test_s0_4_no_text_can_pass_for_a_line_of_nimsg(table: Table) -> None:
    ann, bob = table.sits("ann"), table.sits("bob")
    ann.types(f"say lobby {'x' * 55} -- 10:00 the server shuts down in 3 s")
    bob.sees("10:00 the server")
    bob.types("whoelse")
    bob.sees("-- online now: 1")

    assert not any(line.startswith("-- 10:00") for line in bob.text.splitlines())
    assert any(line.startswith("   -- 10:00") for line in bob.text.splitlines())


def test_a_mail_is_told_opened_answered_and_acknowledged(table: Table) -> None:
    ann, bob = table.sits("ann"), table.sits("bob")
    env = {**ann_env(table), "NIMSG_USER": "ann"}
    done = typed("send", "bob", "-s", "disk full", "-m", "line 1\nline 2", env=env)
    assert done.code == 0
    bob.sees("-- new message i1 from ann ")
    bob.sees(": disk full (open i1)")
    bob.types("open i1")
    bob.sees(": disk full")
    bob.sees("   line 1\r\n   line 2")
    bob.sees("-- ann sees that you opened this")
    ann.sees("-- bob opened o1 at ")
    bob.types("ack i1")
    bob.sees("-- i1 is acknowledged")
    ann.sees("-- bob acknowledged o1 at ")
    bob.types("reply i1 thanks")
    bob.sees("-- sent to ann as o1")
    ann.sees(": Re: disk full (open i1)")
    ann.types("thread o1")
    ann.sees("└─> Re: disk full")
    ann.types("message bob oops")
    ann.sees("-- sent to bob as o2")
    ann.types("recall o2")
    ann.sees("-- bob: recalled ")
    bob.sees("-- ann recalled i2 at ")
    ann.types("search disk")
    ann.sees("-- found: 2")
    ann.types("status o1")
    ann.sees("   bob  acked  ")
    ann.types("open i77")
    ann.sees("there is no message i77 in your inbox")


# -- private links


def test_s1_16_a_private_link_is_asked_for_used_and_stopped(table: Table) -> None:
    ann, bob = table.sits("ann"), table.sits("bob")
    ann.types("private bob too early")
    ann.sees("no active private session with bob; start one with: startprivate bob")
    ann.types("startprivate bob")
    ann.sees("-- asking bob for a private link")
    bob.sees("ann asks for a private link. Accept? [y/n] ")
    ann.types("whoelse")
    ann.sees("-- online now: 1")
    bob.answers("y")
    ann.sees("-- private link to bob at ")
    bob.sees("-- private link to ann at ")
    ann.types("private bob psst")
    bob.sees("private <ann> psst")
    bob.types("block ann")
    bob.sees("-- ann can neither write to you nor see you now")
    ann.types("private bob still there?")
    bob.sees("private <ann> still there?")
    bob.types("stopprivate ann")
    bob.sees("-- the private link to ann is ended")
    ann.sees("-- bob ended the private link")
    bob.types("stopprivate ann")
    bob.sees("there is no private link to ann")


def test_s1_17_a_private_link_can_be_declined(table: Table) -> None:
    ann, bob = table.sits("ann"), table.sits("bob")
    ann.types("startprivate bob")
    bob.sees("Accept? [y/n] ")
    bob.answers("n")
    bob.sees("-- the private link of ann is declined")
    ann.sees("the private link was declined")
    ann.types("startprivate nobody")
    ann.sees("there is no such user")
    ann.types("startprivate ann")
    ann.sees("a private link needs somebody else")


def test_c22_a_logout_ends_the_link(table: Table) -> None:
    ann, bob = table.sits("ann"), table.sits("bob")
    ann.types("startprivate bob")
    bob.sees("Accept? [y/n] ")
    bob.answers("y")
    bob.sees("-- private link to ann at ")
    ann.sees("-- private link to bob at ")
    assert bob.leaves() == Exit.DONE
    ann.sees("-- bob ended the private link")
    ann.types("private bob hello?")
    ann.sees("bob: the user is not online")


def test_s1_11_the_peer_port_can_be_chosen(table: Table) -> None:
    ann = table.sits("ann")
    bob = table.sits("bob", "--peer-port", str(table.server.port))
    ann.types("startprivate bob")
    bob.sees("Accept? [y/n] ")
    bob.answers("y")
    bob.sees(f"cannot listen on 127.0.0.1:{table.server.port}")
    ann.sees("the private link was declined")


# -- when it ends from the other side


def test_x7_who_does_nothing_is_logged_out_and_told_why(tmp_path: Path) -> None:
    with Table(tmp_path, "--timeout", "2") as table:
        ann = table.sits("ann")
        ann.sees("you were logged out: nothing was done here for too long")

        assert ann.ends() == Exit.TRY_LATER
        assert ann.text.endswith("for too long; start again\n   to log in\n")


def test_what_was_typed_ahead_is_not_for_the_shell(tmp_path: Path) -> None:
    with Table(tmp_path) as table, FakeServer(saying_and_staying()) as server:
        env = ann_env(table, NIMSG_USER="ann", NIMSG_SERVER=server.address)
        verb = shlex.join([*NIMSG, "talk", "--connect-wait", "0", "--timeout", "1"])
        line = f'{verb}; read -r line; echo "the shell got: $line"'
        with Terminal(env=env, run=("sh", "-c", line)) as ann:
            ann.types("private bob the key is under the mat")
            ann.sees("says nothing: ")
            ann.types("true")
            ann.sees("the shell got: ")
            ann.ends()

        assert ann.text.endswith("the shell got: true\n")


def test_a_shutdown_is_counted_down_and_survived(tmp_path: Path) -> None:
    with Table(tmp_path) as table:
        ann = table.sits("ann")
        port = str(table.server.port)
        table.server.process.send_signal(signal.SIGINT)
        ann.sees("the server shuts down in 5 s")
        ann.sees("the server shuts down in 1 s")
        ann.sees("-- the server has stopped; trying to come back; Ctrl-C ends")
        table.server.process.communicate(timeout=60)
        ann.types("message ann2 kept for later")
        with ServerProcess(
            tmp_path / "var", "--auth", "open", "--port", port, env=table.env
        ):
            ann.sees("-- connected and logged in again")
            ann.sees("-- sent to ann2 as o1")
            assert ann.leaves() == Exit.DONE


def test_ctrl_c_ends_the_waiting_for_a_lost_server(tmp_path: Path) -> None:
    with Table(tmp_path) as table:
        ann = table.sits("ann")
        ann.types("blocks")  # is answered once the greeting is over
        ann.sees("-- you block nobody")
        table.server.kill()
        ann.sees("-- the connection was lost; trying to come back; Ctrl-C ends")
        ann.types("whoelse")
        ann.sees("there is no connection to ")
        ann.presses(CTRL_C)

        assert ann.ends() == Exit.DONE


# -- pipes and command lines


def ann_env(table: Table, **more: str) -> dict[str, str]:
    return {**table.env, "NIMSG_SERVER": table.server.address, **more}


def test_commands_come_from_a_pipe_and_end_with_it(table: Table) -> None:
    env = ann_env(table, NIMSG_USER="ann")
    done = typed(
        "talk", env=env, stdin=b"message bob hello\nnonsense\nopen i9\n\nwhoelse"
    )

    assert done.code == Exit.DONE
    assert done.lines == [
        "-- welcome, ann; help lists the commands",
        "-- nobody else is online",
        "-- sent to bob as o1",
        "-- there is no command 'nonsense'; help lists them",
        "-- there is no message i9 in your inbox",
        "-- nobody else is online",
        "-- goodbye",
    ]


@pytest.mark.parametrize("how", ["more is said", "the input ends", "on a link"])
def test_who_reads_no_more_is_logged_out_quietly(table: Table, how: str) -> None:
    bob = table.sits("bob")
    with subprocess.Popen(
        [*NIMSG, "talk"],
        env=ann_env(table, NIMSG_USER="ann"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as ann:
        assert ann.stdin
        assert ann.stdout
        assert ann.stderr
        assert ann.stdout.readline().startswith(b"-- welcome, ann")
        assert ann.stdout.readline() == b"-- online now: 1\n"
        bob.sees("ann logged in")
        if how == "on a link":
            ann.stdin.write(b"startprivate bob\n")
            ann.stdin.flush()
            bob.sees("Accept? [y/n] ")
            bob.answers("y")
            while not ann.stdout.readline().startswith(b"-- private link to bob"):
                pass
        ann.stdout.close()
        if how == "more is said":
            bob.types("say lobby hello")
        elif how == "on a link":
            bob.types("private ann psst")
            bob.sees("-- ann ended the private link")
        else:
            ann.stdin.close()
        bob.sees("ann logged out")

        assert ann.wait(HANG_S) == Exit.DONE
        assert ann.stderr.read() == b""


@pytest.mark.parametrize(
    "words", ["PORT", "127.0.0.1 PORT", "127.0.0.1:PORT", "PORT 0", "127.0.0.1 PORT 0"]
)
def test_s2_2_the_server_is_named_as_people_are_used_to(
    table: Table, words: str
) -> None:
    env = {**table.env, "NIMSG_USER": "ann"}
    here = words.replace("PORT", str(table.server.port)).split()
    done = typed("client", *here, env=env)

    assert done.code == Exit.DONE
    assert done.lines[0] == "-- welcome, ann; help lists the commands"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("client", "--quiet"), "--open, --quiet and --json go with --once"),
        (("client", "--json"), "--open, --quiet and --json go with --once"),
        (("client", "--once", "1", "2"), "--once opens no private links"),
        (("talk", "1", "2", "--peer-port", "3"), "are the same: give one"),
        (("talk", "1", "70000"), "'70000' is no port"),
        (("talk", "a", "1", "2", "3"), "is no server"),
        (("talk", "--no-input"), "no user: give --user NAME or NIMSG_USER"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_c20_what_cannot_be_understood_is_refused(
    table: Table, words: tuple[str, ...], why: str
) -> None:
    env = {**table.env, "NIMSG_SERVER": table.server.address}
    done = typed(*words, env=env)

    assert done.code == Exit.USAGE
    assert why in done.err


def test_without_a_server_it_is_said_how_to_start_one(tmp_path: Path) -> None:
    with Table(tmp_path) as table:
        env = ann_env(table, NIMSG_USER="ann")
    done = typed("talk", "--connect-wait", "0", env=env)

    assert done.code == Exit.UNREACHABLE
    assert "no server listens at" in done.err


def test_s0_15_line_mode_leaves_nothing_on_the_disk(table: Table) -> None:
    ann = table.sits("ann")
    ann.types("message bob hello")
    ann.sees("-- sent to bob as o1")
    assert ann.leaves() == Exit.DONE

    assert list((table.folder / "homes" / "ann").iterdir()) == []
