"""A disk that fails under a server: what its log says, and what a sender is told."""

import json
import re
from pathlib import Path
from resource import RLIMIT_FSIZE, prlimit

from tests.support.people import typed
from tests.support.process import ServerProcess, environment


ERROR = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ERROR the disk failed: disk I/O error "
    r'\(\S+/index\.db\); see "When the disk fails" in docs/operating\.md'
)
UNKNOWN = (
    "nimsg: the server's disk failed; the message may be sent or not: sent again with "
    "--client-id mine it is stored once; try again when the server is back"
)


def settled(var: Path, env: dict[str, str]) -> None:
    """Return when nothing of what was answered is left to be done."""
    while True:
        done = typed("stats", "--json", "--var", str(var), env=env)
        if not json.loads(done.out)["queues"]["journal"]:
            return


def test_a_disk_that_fails_is_a_line_of_the_log_and_tells_senders_what_to_do(
    tmp_path: Path,
) -> None:
    env = environment(tmp_path, NIMSG_USER="ann")
    var = tmp_path / "var"
    words = ("--client-id", "mine", "-m", "x" * 60_000)
    with ServerProcess(var, "--auth", "open", env=env) as server:
        at = ("--server", server.address)
        assert typed("inbox", "--user", "bob", *at, env=env).code == 0
        assert typed("send", "bob", "-m", "hello", *at, env=env).code == 0
        settled(var, env)
        prlimit(server.process.pid, RLIMIT_FSIZE, (10_000, 10_000))
        failed = typed("send", "bob", *words, *at, env=env)
        code, told = server.wait(), server.complaints
    with ServerProcess(var, "--auth", "open", env=env) as server:
        again = typed("send", "bob", *words, "--server", server.address, env=env)

    assert (failed.code, " ".join(failed.err.split())) == (74, UNKNOWN)
    assert code == 74
    assert ERROR.fullmatch(told.splitlines()[-1]), told
    assert again.code == 0
