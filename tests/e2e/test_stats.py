"""`nimsg stats`: figures for people, for programs and for a monitor."""

import re
import signal
import time
from pathlib import Path

from tests.e2e.conftest import NewTown, Town
from tests.support.people import typed


def test_n8_the_owner_reads_the_figures(town: Town) -> None:
    ann, env = town.settler("stats-ann"), town.person("x").env
    town.settler("stats-bob")
    ann.sends("stats-bob", "-m", "hello")
    var = ("--var", str(town.server.var))

    shown = typed("stats", *var, env=env)
    figures = typed("stats", "--json", *var, env=env).object

    assert shown.code == 0
    names = [line.split()[0] for line in shown.lines]
    assert names[:4] == ["Server", "Connections", "Accounts", "Messages"]
    commits = next(line for line in shown.lines if line.startswith("Commits"))
    assert re.fullmatch(
        r"Commits +half of the last \d+ took [\d.]+ ms at most, 99 in 100 [\d.]+ ms",
        commits,
    )
    assert figures["schema"] == "nimsg.stats/1"
    assert str(figures["at"]).endswith("Z")
    assert figures["tls_ends_at"] is None


def test_n8_a_monitor_reads_them_too(town: Town, tmp_path: Path) -> None:
    env, file = town.person("x").env, tmp_path / "nimsg.prom"
    var = ("--var", str(town.server.var))

    printed = typed("stats", "--prometheus", "-", *var, env=env)
    written = typed("stats", "--prometheus", str(file), *var, env=env)
    missing = typed("stats", "--prometheus", "/no/such/x.prom", *var, env=env)

    assert printed.lines[1] == "# TYPE nimsg_time_seconds gauge"
    assert (written.code, written.out) == (0, "")
    text = file.read_text()
    assert text.count("# HELP") == printed.out.count("# HELP")
    assert file.stat().st_mode & 0o777 == 0o644
    assert (missing.code, missing.out) == (74, "")
    assert "/no/such/x.prom" in missing.err


def test_n8_a_server_that_does_not_answer_is_named(new_town: NewTown) -> None:
    town = new_town()
    env, var = town.person("x").env, ("--var", str(town.server.var))
    town.server.process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        silent = typed("stats", *var, env=env)
        took_s = time.monotonic() - begun
        users = typed("user", "list", *var, env=env)
    finally:
        town.server.process.send_signal(signal.SIGCONT)

    assert took_s < 10
    for shown in (silent, users):
        assert (shown.code, shown.out) == (69, "")
        assert f"store in {town.server.var} does not answer" in shown.err


def test_n8_there_are_none_without_a_server(new_town: NewTown, tmp_path: Path) -> None:
    town = new_town()
    env = town.person("x").env
    town.server.stop()
    stopped = typed("stats", "--var", str(town.server.var), env=env)
    nothing = typed("stats", "--var", str(tmp_path / "nothing"), env=env)

    assert (stopped.code, nothing.code) == (69, 78)
    assert "no server runs" in stopped.err
