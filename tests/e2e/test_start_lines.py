"""The command lines that people know start a server, and clients that talk.

Both ways to run nimsg, on ports of their own: C1, C2, S1-10, S1-11, S2-2, S2-3, S4-1.
On a terminal a client is the full screen, elsewhere line mode.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.process import HANG_S, environment
from tests.support.sitting import SAYS, Sitter
from tests.support.terminal import Terminal


ENTRY = "from nimsg.__main__ import entry; entry()"  # what the installed command runs
RUNS = {
    "nimsg": [sys.executable, "-c", ENTRY],
    "python -m nimsg": [sys.executable, "-m", "nimsg"],
}
both_ways = pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
CLIENTS = ("PORT", "HOST PORT", "PORT PEER_PORT", "HOST PORT PEER_PORT")
WIDE = 160  # cells, so that no news are cut


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def started(run: Sequence[str], folder: Path, line: str) -> Iterator[int]:
    """A server by its command line, as the port it says it listens on."""
    port = free_port()
    words = line.replace("PORT", str(port)).split()
    env = {**environment(folder), "NIMSG_VAR": str(folder / "var")}
    process = subprocess.Popen(
        [*run, *words],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.strip() == f"nimsg server on 127.0.0.1:{port}"
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=HANG_S)


def home_of(folder: Path, name: str) -> dict[str, str]:
    """The environment of somebody with a home of their own."""
    home = folder / name
    home.mkdir()
    return environment(home)


def sits(
    stack: ExitStack, run: Sequence[str], folder: Path, name: str, line: str
) -> Sitter:
    """Somebody at a screen, who registers and is in."""
    one = stack.enter_context(
        Sitter(
            [*run, "client", *line.split()],
            env=home_of(folder, name),
            cols=WIDE,
        )
    )
    one.wait_for("User")
    one.types(name)
    one.key("enter")  # without a password: it is asked for
    one.registers("correct horse")
    one.is_in()
    return one


def talks(
    stack: ExitStack, run: Sequence[str], folder: Path, name: str, line: str
) -> Terminal:
    """Somebody at a dumb terminal, who registers and is in."""
    env = {**home_of(folder, name), "TERM": "dumb"}
    one = stack.enter_context(Terminal("client", *line.split(), env=env, run=run))
    one.sees("User: ")
    one.types(name)
    for question in (f"New password for {name}: ", "The same again: "):
        one.sees(question)
        one.types("correct horse")
    one.sees(f"-- welcome, {name}")
    one.types("blocks")  # is answered once the greeting is over
    one.sees("-- you block nobody")
    return one


@both_ways
@pytest.mark.parametrize("line", ["server PORT 60 120", "server PORT"])
def test_c1_s1_10_s2_2_s4_1_a_server_starts_by_its_line(
    tmp_path: Path, run: list[str], line: str
) -> None:
    with started(run, tmp_path, line) as port, ExitStack() as stack:
        ann = sits(stack, run, tmp_path, "ann", str(port))

        assert ann.leaves() == os.EX_OK
        assert ann.restored() == []


@both_ways
@pytest.mark.parametrize("line", CLIENTS)
def test_c2_s1_11_s2_3_s4_1_a_client_starts_by_its_line_and_talks(
    tmp_path: Path, run: list[str], line: str
) -> None:
    peer_port = free_port()
    with started(run, tmp_path, "server PORT 60 120") as port, ExitStack() as stack:
        ann = sits(stack, run, tmp_path, "ann", str(port))
        bob = sits(stack, run, tmp_path, "bob", typed(line, port, peer_port))
        ann.commands("message bob hello")
        bob.wait_for("new message i1 from ann")
        ann.commands("startprivate bob")
        bob.wait_for(SAYS.asks_for_link)
        bob.send("y")
        chosen = str(peer_port) if "PEER_PORT" in line else ""
        ann.wait_for(f"private link to bob at 127.0.0.1:{chosen}")
        ann.commands("private bob psst")
        bob.key("meta a")
        bob.wait_for("psst")
        for one in (ann, bob):
            assert one.leaves() == os.EX_OK


@both_ways
@pytest.mark.parametrize("line", CLIENTS)
def test_c2_s1_11_s2_3_s4_1_on_a_dumb_terminal_a_client_is_line_mode(
    tmp_path: Path, run: list[str], line: str
) -> None:
    with started(run, tmp_path, "server PORT 60 120") as port, ExitStack() as stack:
        words = typed(line, port, free_port())
        ann = talks(stack, run, tmp_path, "ann", words)
        ann.types("say lobby hello")
        ann.sees("#lobby <ann> hello")
        ann.types("logout")

        assert ann.ends() == os.EX_OK
        assert b"\x1b[?1049h" not in ann.seen


def test_c2_through_a_pipe_a_client_is_line_mode(tmp_path: Path) -> None:
    run = RUNS["nimsg"]
    with started(run, tmp_path, "server PORT --auth open") as port:
        done = subprocess.run(
            [*run, "client", str(port), "--user", "ann"],
            input=b"say lobby hello\n",
            env={**home_of(tmp_path, "ann"), "TERM": "xterm"},
            capture_output=True,
            timeout=HANG_S,
            check=False,
        )

    assert done.returncode == os.EX_OK
    assert b"#lobby <ann> hello" in done.stdout
    assert b"\x1b" not in done.stdout


def typed(line: str, port: int, peer_port: int) -> str:
    """A client's command line with these ports."""
    words = line.replace("PEER_PORT", str(peer_port))
    return words.replace("PORT", str(port)).replace("HOST", "127.0.0.1")
