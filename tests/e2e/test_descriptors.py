"""SEC-15: a server with few descriptors turns people away, and keeps its store."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from nimsg.client import answers
from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import BlockingClient, connect
from nimsg.protocol.constants import HEADER_BYTES
from tests.support.certificates import Certificate, make_certificate
from tests.support.people import PASSWORD, Person, typed
from tests.support.process import HANG_S, ServerProcess, environment


FILES = 256
CROWD = 300
LEFT = 64


@contextmanager
def crowd(port: int) -> Iterator[list[socket.socket]]:
    """So many connections that nobody ends."""
    with ExitStack() as stack:
        found = []
        for _ in range(CROWD):
            sock = socket.create_connection(("127.0.0.1", port), HANG_S)
            found.append(stack.enter_context(sock))
        yield found


def first_frame(sock: socket.socket) -> bytes:
    """What it is told first; nothing where it is hung up on."""
    try:
        data = sock.recv(65_536)
        while data and len(data) < HEADER_BYTES + int.from_bytes(data[:4], "big"):
            data += sock.recv(65_536)
    except ConnectionResetError:
        return b""
    return data


def busy(client: BlockingClient, count: int) -> None:
    """Write and read, so that files are made and read."""
    for number in range(count):
        name = f"{id(client)}-{number}"
        sent = client.call("mail.send", {"to": ["bob"], "client_id": name, "body": "a"})
        assert client.call("mail.status", {"id": answers.text(sent, "id")})


def figures(server: ServerProcess, env: dict[str, str]) -> tuple[int, int, int]:
    """Open files of a server, how many it may have, and how many connections."""
    done = typed("stats", "--json", "--var", str(server.var), env=env)
    found = json.loads(done.out)
    return found["open_files"], found["open_files_most"], found["connections_most"]


def test_sec_15_a_server_with_hardly_any_files_does_not_start(tmp_path: Path) -> None:
    env, var = environment(tmp_path), tmp_path / "var"

    with pytest.raises(RuntimeError, match="a server needs 128") as caught:
        ServerProcess(var, env=env, files=20).__enter__()

    assert "no server: nimsg: the limit of open files is 20" in str(caught.value)
    assert not var.exists()


def test_sec_15_a_crowd_leaves_the_store_its_files(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", env=env, files=FILES) as server:
        address = parse_address(server.address)
        with connect(address, Security(), timeout_s=HANG_S) as ann:
            for name in ("bob", "ann"):
                with connect(address, Security(), timeout_s=HANG_S) as one:
                    one.call("auth.register", {"user": name, "password": PASSWORD})
            ann.call("auth.login", {"user": "ann", "password": PASSWORD})
            with crowd(server.port) as sockets:
                told = [first_frame(sock) for sock in sockets]
                busy(ann, 40)
                open_, most, served_most = figures(server, env)
                person = Person(
                    "bob", tmp_path, server.address, NIMSG_PASSWORD=PASSWORD
                )
                late = person.types("inbox", "--connect-wait", "0")
            again = person.gets("inbox", "--connect-wait", "5")

    served = sum(b'"hello"' in frame for frame in told)
    refused = sum(b"too_many_clients" in frame for frame in told)
    assert served + refused == CROWD
    assert 100 < served < FILES - LEFT
    # Who asks the server for figures and ann are connected too.
    assert served <= served_most < FILES - LEFT
    first, second = server.complaints.splitlines()
    assert f"WARNING the limit of open files is {FILES}: {served_most} con" in first
    assert f"the most is {served_most}, by the limit of open files" in second
    assert most == FILES
    assert open_ <= FILES * 0.9
    assert (late.code, late.out) == (75, "")
    assert "the server is full" in late.err
    assert len(again.lines) == 41
    assert server.process.returncode == 0


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path / "cert", "127.0.0.1")


def test_sec_15_silent_handshakes_leave_the_store_its_files(
    tmp_path: Path, certificate: Certificate
) -> None:
    env = environment(tmp_path)
    options = certificate.options
    with ServerProcess(tmp_path / "var", *options, env=env, files=FILES) as server:
        address = parse_address(server.address)
        security = Security(fingerprint=certificate.fingerprint)
        with connect(address, security, timeout_s=HANG_S) as ann:
            for name in ("bob", "ann"):
                with connect(address, security, timeout_s=HANG_S) as one:
                    one.call("auth.register", {"user": name, "password": PASSWORD})
            ann.call("auth.login", {"user": "ann", "password": PASSWORD})
            with crowd(server.port):
                busy(ann, 40)
                open_, _, _ = figures(server, env)
                context = ssl.create_default_context(cafile=certificate.cert)
                with (
                    socket.create_connection(("127.0.0.1", server.port), 9) as late,
                    pytest.raises(OSError),  # noqa: PT011 - however it ends
                ):
                    context.wrap_socket(late, server_hostname="127.0.0.1")

    assert open_ <= FILES * 0.9
    assert "connections are refused: the most is " in server.complaints
    assert len(server.complaints.splitlines()) < 5
    assert server.process.returncode == 0
