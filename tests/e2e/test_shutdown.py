"""How a server is started by place, and how it is ended: by admins, owners, signals."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import NewTown, Town
from tests.support.people import Person
from tests.support.process import HANG_S, NIMSG, environment, nimsg


def owner_of(town: Town) -> Person:
    """Who owns the folder; no server is named."""
    owner = town.stranger("owner")
    del owner.env["NIMSG_SERVER"], owner.env["NIMSG_USER"]
    return owner


def admin_of(town: Town) -> Person:
    """An admin, who comes over the wire."""
    root = town.settler("root")
    root.gets("user", "role", "root", "admin", "--var", str(town.server.var))
    return root


def wait_for_the_end(town: Town) -> int:
    """The server ends by itself; its exit code."""
    return town.server.wait()


# -- over the wire


def test_s3_22_an_admin_ends_the_server_and_cancels_it(new_town: NewTown) -> None:
    town = new_town()
    root = admin_of(town)
    announced = root.gets("shutdown")
    replaced = root.gets("shutdown", "3600", "--json").object
    canceled = root.gets("shutdown", "--cancel")
    nothing = root.types("shutdown", "--cancel")
    lobby = root.gets("room", "history", "lobby").lines

    assert announced.out == ""
    assert announced.err == "The server ends in 60 s; --cancel cancels that.\n"
    assert replaced == {"schema": "nimsg.shutdown/1", "left_s": 3600}
    assert canceled.err == "The shutdown is canceled.\n"
    assert (nothing.code, nothing.err) == (4, "nimsg: no shutdown is announced\n")
    assert [line.partition("-- ")[2] for line in lobby] == [
        "Server shutting down in 60 seconds...",
        "Server shutting down in 3600 seconds...",
        "The shutdown was canceled",
    ]

    assert root.gets("shutdown", "0").err == "The server ends now.\n"
    assert wait_for_the_end(town) == 0
    assert root.types("inbox", "--connect-wait", "0").code == 69


def test_s3_22_nobody_else_ends_it(new_town: NewTown) -> None:
    town = new_town()
    bob = town.settler("bob")
    for words in (("shutdown",), ("shutdown", "--cancel")):
        done = bob.types(*words)
        assert (done.code, done.out) == (4, "")
        assert done.err == (
            "nimsg: only an admin may, and who owns the server's folder: "
            "nimsg shutdown --var FOLDER\n"
        )
    assert town.server.process.poll() is None


@pytest.mark.parametrize("auth", ["nick", "open"])
def test_s3_22_where_names_prove_nothing_only_the_owner_ends_it(
    new_town: NewTown, auth: str
) -> None:
    town = new_town("--auth", auth)
    root = town.person("root")
    root.gets("register")
    root.gets("user", "role", "root", "admin", "--var", str(town.server.var))
    refused = root.types("shutdown", "0")

    assert (refused.code, refused.out) == (4, "")
    assert "only on the server's machine" in refused.err
    assert refused.err.endswith(": nimsg shutdown --var FOLDER\n")
    owner_of(town).gets("shutdown", "0", "--var", str(town.server.var))
    assert wait_for_the_end(town) == 0


# -- on the server's machine


def test_s3_22_the_owner_is_at_the_folder(new_town: NewTown) -> None:
    town = new_town()
    owner, var = owner_of(town), str(town.server.var)
    owner.gets("shutdown", "3600", NIMSG_VAR=var, NIMSG_SERVER="127.0.0.1:1")
    owner.gets("shutdown", "--cancel", "--var", var, NIMSG_SERVER="127.0.0.1:1")
    done = nimsg("shutdown", "3600", env=owner.env, cwd=town.server.var.parent)
    assert (done.returncode, done.stdout) == (0, b"")

    # A server that is named goes before a folder that is not.
    named = {"NIMSG_SERVER": "127.0.0.1:1"}
    for words, more in ((("--server", "127.0.0.1:1"), {"NIMSG_VAR": var}), ((), named)):
        env = {**owner.env, **more, "NIMSG_USER": "x"}
        line = ("shutdown", "0", *words, "--connect-wait", "0")
        done = nimsg(*line, env=env, cwd=town.server.var.parent)
        assert done.returncode == 69
    assert town.server.process.poll() is None

    owner.gets("shutdown", "0", "--var", var)
    assert wait_for_the_end(town) == 0
    gone = owner.types("shutdown", "--var", var)
    assert (gone.code, gone.out) == (69, "")
    assert gone.err == f"nimsg: no server runs on the store in {var}\n"
    assert owner.types("shutdown", "--var", var + "-none").code == 78


# -- by signals


def test_s4_10_a_second_interrupt_ends_the_countdown(new_town: NewTown) -> None:
    town = new_town("--auth", "open")
    ann = town.person("ann")
    ann.gets("register")
    begun = time.monotonic()
    town.server.process.send_signal(signal.SIGINT)
    told = ann.gets("room", "history", "lobby", "--after", "0", "--wait", "5")
    assert "Server shutting down in 5 seconds..." in told.out

    assert town.server.stop(signal.SIGINT) == 0
    assert time.monotonic() - begun < 5
    assert town.server.complaints == ""


def test_s4_10_two_interrupts_end_an_announced_shutdown(new_town: NewTown) -> None:
    town = new_town("--auth", "open")
    ann = town.person("ann")
    ann.gets("register")
    owner_of(town).gets("shutdown", "3600", "--var", str(town.server.var))
    begun = time.monotonic()
    town.server.process.send_signal(signal.SIGINT)
    told = ann.gets("room", "history", "lobby", "--after", "1", "--wait", "5")
    assert "Server shutting down in 5 seconds..." in told.out

    assert town.server.stop(signal.SIGINT) == 0
    assert time.monotonic() - begun < 5


# -- by place


@contextmanager
def started(home: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A server with words of its own."""
    process = subprocess.Popen(
        [*NIMSG, "server", *words, "--var", str(home / "var")],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HANG_S)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize("more", [(), ("60",), ("60", "120")], ids=len)
def test_c1_c6_a_server_is_started_by_place(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    port = free_port()
    with started(tmp_path, str(port), *more) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == f"nimsg server on 127.0.0.1:{port}\n"
        ann = Person("ann", tmp_path, f"127.0.0.1:{port}", NIMSG_PASSWORD="x" * 8)
        ann.gets("register")
        assert ann.gets("inbox").err == "No mail yet.\n"
        assert (tmp_path / "var" / "index.db").exists()
