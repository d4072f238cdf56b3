"""SEC-16: what is secret is in no file, no log and no argument, whatever happened."""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nimsg.client import answers
from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import BlockingClient, connect
from nimsg.errors import ProtocolFault, Refusal, Unreachable
from nimsg.protocol.strict import JsonObject
from tests.support.people import secret_file, typed
from tests.support.process import HANG_S, ServerProcess
from tests.support.talking import Table


MARK = "canary"
PASSWORDS = {name: f"{MARK}-password-of-{name}" for name in ("ann", "bob", "eve")}
WRONG = f"{MARK}-wrong-password"
WHISPER = f"{MARK}-private-text"
BODY = f"{MARK}-body"


def calls(server: ServerProcess, *requests: tuple[str, JsonObject]) -> JsonObject:
    """Calls on one connection; the last result, whatever the others came to."""
    result: JsonObject = {}
    with opened(server) as client:
        for method, params in requests:
            with suppress(Refusal, ProtocolFault, Unreachable):
                result = client.call(method, params)
    return result


def opened(server: ServerProcess) -> BlockingClient:
    return connect(parse_address(server.address), Security(), timeout_s=HANG_S)


def trouble(server: ServerProcess) -> None:
    """Everything that is refused and broken, with secrets in it."""
    secret = PASSWORDS["ann"]
    calls(server, ("auth.login", {"user": "ann", "password": WRONG}))
    calls(server, ("auth.login", {"user": WRONG, "password": [WRONG]}))
    calls(server, ("auth.login", {"user": "ann", "password": secret, secret: secret}))
    calls(server, (secret, {secret: secret}), ("auth.token", {"token": secret}))
    calls(server, ("auth.register", {"user": "ann", "password": WRONG}))
    calls(server, ("auth.resume", {"token": WRONG}))
    for payload in (secret, f'{{"a": "{secret}"', f'{{"id": 1, "{secret}": 1}}'):
        raw(server, struct.pack(">I", len(payload)) + payload.encode())
        raw(server, payload.encode())


def raw(server: ServerProcess, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), HANG_S) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while sock.recv(65_536):
                pass


def secrets(table: Table) -> list[str]:
    """Tokens that a server has given, each of its kind."""
    login: JsonObject = {"user": "ann", "password": PASSWORDS["ann"]}
    made = calls(
        table.server, ("auth.login", login), ("token.create", {"label": "cron"})
    )
    token = answers.text(made, "token")
    assert calls(table.server, ("auth.token", {"token": token}))
    eve: JsonObject = {"user": "eve", "password": PASSWORDS["eve"], "device": "line"}
    welcome = calls(table.server, ("auth.register", eve), ("auth.login", eve))
    resume = answers.text(welcome, "resume")
    var = ("--var", str(table.server.var))
    invited = typed("user", "invite", *var, env=table.env)
    file = secret_file(table.folder / "secret", PASSWORDS["bob"])
    told = typed(
        "user", "passwd", "eve", "--password-file", str(file), *var, env=table.env
    )
    assert told.code == invited.code == 0
    return [token, resume, invited.out.strip()]


def whisper(table: Table) -> list[int]:
    """Two people talk in private, and write to each other; their processes."""
    for name in ("ann", "bob"):
        table.opens(name).enters(PASSWORDS[name])
    ann, bob = table.talkers
    ann.types("startprivate bob")
    bob.sees("Accept? [y/n] ")
    bob.answers("y")
    ann.sees("-- private link to bob at ")
    bob.sees("-- private link to ann at ")
    ann.types(f"private bob {WHISPER}")
    bob.sees(WHISPER)
    ann.types(f"message bob {BODY}")
    bob.sees("new message i1 from ann")
    return [ann._process.pid, bob._process.pid, table.server.process.pid]


def places(var: Path, needle: str) -> Iterator[str]:
    """Files that hold a text, or are called so."""
    for path in var.rglob("*"):
        if path.is_file() and needle.encode() in path.read_bytes():
            yield f"{path}: {needle}"
        if needle in path.name:
            yield str(path)


@pytest.mark.slow
def test_sec_16_no_secret_is_anywhere(tmp_path: Path) -> None:
    monitor = tmp_path / "nimsg.prom"
    options = ("--log", "debug", "--prometheus", str(monitor))
    with Table(tmp_path, *options, auth="password") as table:
        pids = whisper(table)
        given = secrets(table)
        trouble(table.server)
        stats = typed("stats", "--var", str(table.server.var), env=table.env)
        arguments = [Path(f"/proc/{pid}/cmdline").read_text() for pid in pids]
        hidden = [*PASSWORDS.values(), WRONG, WHISPER, *given]
        var = table.server.var
        found = [place for text in hidden for place in places(var, text)]
    log = table.server.complaints
    found += [place for text in hidden for place in places(var, text)]

    assert found == []
    assert list(places(var, BODY))
    assert all(len(text) > 10 for text in hidden)
    said = "\n".join([log, stats.out, monitor.read_text(), *arguments])
    assert [line for line in said.splitlines() if MARK in line] == []
    assert [text for text in hidden if text in said] == []
    assert "DEBUG" in log
    assert "INFO protocol fault" in log
    assert "AUDIT" in log
    assert "Traceback" not in log


def test_sec_16_the_process_leaves_nothing_behind_for_others(tmp_path: Path) -> None:
    with Table(tmp_path) as table:
        proc = Path(f"/proc/{table.server.process.pid}")
        limits = (proc / "limits").read_text().splitlines()
        status = (proc / "status").read_text().splitlines()
        var = table.server.var
        modes = {path: path.stat().st_mode & 0o777 for path in (var, *var.rglob("*"))}

    [core] = [line.split() for line in limits if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]
    assert "Umask:\t0077" in status
    assert [path for path, mode in modes.items() if mode & 0o077] == []
