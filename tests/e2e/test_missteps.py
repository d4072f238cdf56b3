"""A first user's missteps: each is named, and none leaves anything behind."""

from pathlib import Path

import pytest

from nimsg.store.local import LocalStore
from tests.support.process import environment, nimsg


@pytest.mark.parametrize("words", [("user", "list"), ("check",)])
def test_a_folder_without_a_store_is_named_and_not_made(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    missing = tmp_path / "typo"

    done = nimsg(*words, "--var", str(missing), env=environment(tmp_path))

    assert (done.returncode, done.stdout) == (78, b"")
    assert f"no store in {missing}".encode() in done.stderr
    assert not missing.exists()


def test_s2_18_a_check_leaves_nothing_in_a_stopped_store(tmp_path: Path) -> None:
    var = tmp_path / "var"
    LocalStore(var).close()
    before = sorted(var.rglob("*"))

    done = nimsg("check", "--var", str(var), env=environment(tmp_path))

    assert done.returncode == 0
    assert sorted(var.rglob("*")) == before


def test_n4_a_time_to_wait_without_a_rung_to_wait_for_sends_nothing(
    tmp_path: Path,
) -> None:
    words = ("send", "bob", "-m", "x", "--for", "1s", "--server", "127.0.0.1:1")

    done = nimsg(*words, env=environment(tmp_path))

    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--wait" in done.stderr
