"""A person's reading as a condition of a script: `wait`, and `send --wait`."""

import subprocess
import zlib
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import NewTown, Town
from tests.support.people import Person, Typed, ended, inners
from tests.support.process import ServerProcess, environment


TELLING = ("--log", "info")
BEFORE = 2  # logins of who has registered and sent one message


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose server tells who logs in, for tests that wait for that."""
    folder = tmp_path_factory.mktemp("waiting")
    env = environment(folder)
    with ServerProcess(folder / "var", *TELLING, env=env) as server:
        yield Town(folder, server)


@pytest.fixture
def ann(town: Town, request: pytest.FixtureRequest) -> Person:
    return town.settler(short_name("ann", request))


@pytest.fixture
def bob(town: Town, request: pytest.FixtureRequest) -> Person:
    return town.settler(short_name("bob", request))


def short_name(name: str, request: pytest.FixtureRequest) -> str:
    """A name that only this test uses."""
    return f"{name}-{zlib.crc32(request.node.name.encode()):08x}"


def sees_login(town: Town, name: str, times: int) -> None:
    """Read the server's log until somebody has logged in so often."""
    log = town.server.process.stderr
    assert log is not None
    while times:
        times -= log.readline().rstrip().endswith(f"{name} logged in from 127.0.0.1")


def test_n4_a_wait_ends_as_soon_as_the_message_is_opened(
    town: Town, ann: Person, bob: Person
) -> None:
    id_ = ann.sends(bob.name, "-m", "read me")
    waiting = ann.begins("wait", id_, "--json")
    sees_login(town, ann.name, BEFORE + 1)
    bob.gets("inbox")
    assert waiting.poll() is None
    bob.gets("open", id_)
    done = ended(waiting)

    assert (done.code, done.err) == (0, "")
    (receipt,) = inners(done.object, "receipts")
    assert receipt["state"] == "opened"
    assert ann.gets("wait", id_).out == ""
    assert ann.gets("wait", "o1", "--until", "fetched").out == ""


def test_n4_a_wait_in_vain_ends_with_3(ann: Person, bob: Person) -> None:
    id_ = ann.sends(bob.name, "-m", "x")
    bob.gets("inbox")
    for until in ("opened", "acked"):
        done = ann.types("wait", id_, "--until", until, "--for", "0.2s")
        assert (done.code, done.out) == (3, "")
        assert done.err == f"nimsg: not {until} by {bob.name}: waited in vain\n"
    assert ann.types("wait", id_, "--until", "fetched", "--for", "0").code == 0
    json_ = ann.types("wait", id_, "--for", "0", "--json")
    assert (json_.code, json_.object["pending"], json_.err) == (3, True, "")


@pytest.mark.parametrize("end", ["recall", "delete"])
def test_n4_a_wait_for_what_can_never_come_ends_with_5(
    town: Town, ann: Person, bob: Person, end: str
) -> None:
    id_ = ann.sends(bob.name, "-m", "x")
    waiting = ann.begins("wait", id_)
    sees_login(town, ann.name, BEFORE + 1)
    (ann if end == "recall" else bob).gets(end, id_)
    done = ended(waiting)

    assert (done.code, done.out) == (5, "")
    assert done.err == f"nimsg: not opened by {bob.name}: it has ended\n"


def test_n4_a_wait_is_for_all_unless_one_is_enough(
    town: Town, ann: Person, bob: Person
) -> None:
    cyd = town.settler(f"cyd-{ann.name}")
    id_ = ann.sends(bob.name, cyd.name, "-m", "x")
    waiting = ann.begins("wait", id_, "--any")
    sees_login(town, ann.name, BEFORE + 1)
    bob.gets("open", id_)

    assert ended(waiting).code == 0
    vain = ann.types("wait", id_, "--for", "0")
    assert vain.code == 3
    assert vain.err == f"nimsg: not opened by {cyd.name}: waited in vain\n"
    assert ann.types("recall", id_).code == 4
    assert ann.types("wait", id_).code == 5
    assert ann.types("wait", id_, "--any").code == 0


def test_n4_a_message_is_sent_and_waited_for_at_once(ann: Person, bob: Person) -> None:
    words = ("send", bob.name, "-m", "x", "--wait")
    sending = ann.begins(*words, "acked", "--for", "1h")
    assert sending.stdout is not None
    id_ = sending.stdout.readline().strip()
    bob.gets("open", id_)
    bob.gets("ack", id_)
    assert ended(sending).code == 0

    vain = ann.types(*words, "fetched", "--for", "0")
    assert vain.code == 3
    assert len(vain.out.strip()) == 26
    both = ("send", bob.name, "nobody", "-m", "x", "--wait", "opened", "--for", "0")
    partly = ann.types(*both)
    assert partly.code == 4
    assert "not sent to nobody" in partly.err
    assert ann.types(*both, "--any").code == 3


# -- servers that go, and come back or do not


def begin_wait(town: Town, time: str) -> "subprocess.Popen[str]":
    """Ann waits for Bob to open her message, and the server has noticed."""
    ann, _ = town.settler("ann"), town.settler("bob")
    waiting = ann.begins("wait", ann.sends("bob", "-m", "x"), "--for", time)
    sees_login(town, "ann", BEFORE + 1)
    return waiting


def opens_later(town: Town, new_town: NewTown) -> None:
    """The server comes back, Ann finds it, and Bob opens her message."""
    again = new_town("--port", str(town.server.port), *TELLING)
    sees_login(again, "ann", 1)
    with again.client("bob") as bob:
        (row,) = inners(bob.call("mail.list", {}), "inbox")
        bob.call("mail.open", {"id": row["id"]})


def test_n4_a_wait_outlives_a_restart_of_the_server(new_town: NewTown) -> None:
    town = new_town(*TELLING)
    waiting = begin_wait(town, "1h")
    assert town.server.stop() == 0
    opens_later(town, new_town)

    assert ended(waiting) == Typed(0, "", "")


def test_n4_a_wait_outlives_a_server_that_was_killed(new_town: NewTown) -> None:
    town = new_town(*TELLING)
    waiting = begin_wait(town, "1h")
    town.server.kill()
    opens_later(town, new_town)

    assert ended(waiting) == Typed(0, "", "")


def test_n4_a_server_that_never_comes_back_ends_the_wait_with_69(
    new_town: NewTown,
) -> None:
    town = new_town(*TELLING)
    waiting = begin_wait(town, "1s")
    assert town.server.stop() == 0
    done = ended(waiting)

    assert (done.code, done.out) == (69, "")
    assert done.err.startswith("nimsg: ")
