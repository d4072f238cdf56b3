"""`nimsg backup` of a store whose server is at work, and the way back."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.support.people import typed
from tests.support.process import ServerProcess, environment
from tests.support.traffic import Traffic, inboxes


RATE = 300
WARM_S = 1.0


def test_a_backup_holds_all_that_was_answered_before_it_began(tmp_path: Path) -> None:
    env = environment(tmp_path)
    var, copy, back = (tmp_path / name for name in ("var", "copy", "back"))
    backup = ("backup", str(copy), "--var", str(var), "--json")
    with ServerProcess(var, "--auth", "open", env=env) as live:
        with Traffic(live.port, RATE) as traffic:
            traffic.go_on(WARM_S)
            first = typed(*backup, env=env)
            traffic.go_on(WARM_S)
            begun = time.monotonic()
            second = typed(*backup, env=env)
            print(f"{time.monotonic() - begun:.2f} s", first, second)
        promised = traffic.answers.before(begun)
    assert (first.code, second.code) == (0, 0), (first, second)
    assert second.object["kept"] == first.object["messages"]
    assert live.complaints == ""

    # the way back, as docs/operating.md tells it
    shutil.copytree(copy, back)
    with ServerProcess(back, "--auth", "open", env=env) as restored:
        rows = inboxes(restored.port)
        assert any("index.db was missing" in line for line in restored.lines)
    assert restored.complaints == ""
    assert len(rows) == second.object["messages"]
    assert min(len(part) for part in promised.all) > RATE / 4
    assert promised.missing(rows) == []
    assert typed("check", "--var", str(back), env=env).code == 0


def test_people_are_told_what_was_copied(tmp_path: Path) -> None:
    env, var = environment(tmp_path), str(tmp_path / "var")
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery\n", encoding="utf-8")
    secret.chmod(0o600)
    made = typed(
        *("user", "add", "ann", "--password-file", str(secret), "--var", var), env=env
    )
    assert made.code == 0, made

    done = typed("backup", str(tmp_path / "copy"), "--var", var, env=env)

    assert done.code == 0
    assert done.err == ""
    first, second = done.lines
    assert first == (
        f"1 account, 0 messages and 0 ledger lines are in {tmp_path / 'copy'}"
    )
    copied, _, written = second.partition("; ")
    assert copied == "0 message files copied, 0 there before"
    assert re.fullmatch(r"[1-9][0-9]* bytes written", written)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("var", "one within the other"),
        ("var/copy", "one within the other"),
        ("other", "'diary' in it"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused(
    tmp_path: Path, target: str, words: str
) -> None:
    env = environment(tmp_path)
    with ServerProcess(tmp_path / "var", env=env):
        pass
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "diary").write_text("dear", encoding="utf-8")

    done = typed(
        "backup", str(tmp_path / target), "--var", str(tmp_path / "var"), env=env
    )

    assert done.code == 78
    assert words in done.err


def test_a_damaged_message_is_named_and_the_copy_starts(tmp_path: Path) -> None:
    env, var, copy = environment(tmp_path), tmp_path / "var", tmp_path / "copy"
    with (
        ServerProcess(var, "--auth", "open", env=env) as live,
        Traffic(live.port, RATE) as traffic,
    ):
        traffic.go_on(0.1)
    path = next(var.glob("messages/*/*/*/*.json"))
    path.write_bytes(path.read_bytes().replace(b"alle", b"elle"))

    done = typed("backup", str(copy), "--var", str(var), "--json", env=env)

    assert done.code == 74
    problem, report = (json.loads(line) for line in done.lines)
    assert problem["where"] == str(path.relative_to(var))
    assert report["problems"] == 1
    with ServerProcess(copy, "--auth", "open", env=env) as restored:
        assert len(inboxes(restored.port)) == report["messages"] - 1
    assert typed("check", "--var", str(copy), env=env).code == 0
    told = typed("backup", str(copy), "--var", str(var), env=env)
    assert told.code == 78
    assert "a store of its own" in told.err
