"""SEC-11: a log that nobody reads, however much is told in it, stops no server."""

import fcntl
from pathlib import Path

from tests.conformance.cases import ask
from tests.support.plainwire import PlainWire
from tests.support.process import HANG_S, ServerProcess, environment
from tests.support.wire import said


# The smallest pipe that Linux makes, and refusals whose lines are more than it holds.
PIPE_BYTES = 4096
REFUSED = 500


def test_sec_11_a_server_whose_log_nobody_reads_answers_all_and_ends(
    tmp_path: Path,
) -> None:
    env = environment(tmp_path)
    server = ServerProcess(tmp_path / "var", "--log", "debug", env=env)
    assert server.process.stderr is not None
    fcntl.fcntl(server.process.stderr, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with server:
        with PlainWire(server.port) as wire:
            wire.send(ask("mail.list", box="inbox") * REFUSED)
            wire.end()
            _, *answers = wire.rest()
        server.process.terminate()
        code = server.process.wait(HANG_S)
        server.wait()

    assert [said(answer) for answer in answers] == ["1 login_required"] * REFUSED
    assert code == 0
    told = len(server.complaints)
    assert 0 < told <= PIPE_BYTES
