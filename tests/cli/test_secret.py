"""Where a password comes from, and which source is named when it fails."""

import sys
from pathlib import Path

import pytest

from nimsg.cli.secret import Secret, find_secret, new_secret, read_secret_file
from nimsg.cli.sources import Settings
from nimsg.client.address import Address, Security
from nimsg.errors import ConfigError
from tests.support.people import secret_file


PYTHON = sys.executable


def settings(*, file: Path | None = None, command: list[str] | None = None) -> Settings:
    """Settings of somebody whom nobody can ask."""
    return Settings(
        address=Address("127.0.0.1", 1),
        security=Security(),
        user="bob",
        password_file=str(file) if file else None,
        password_command=command or [],
        may_ask=False,
        timeout_s=1.0,
        patience_s=0.0,
    )


def printing(text: str) -> list[str]:
    return [PYTHON, "-c", f"import os; os.write(1, {text.encode()!r})"]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIMSG_PASSWORD", raising=False)


# -- the order of the sources


def test_s1_2_a_command_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIMSG_PASSWORD", "from the environment")
    file = secret_file(tmp_path / "pw", "from the file")
    found = find_secret(settings(file=file, command=printing("from the command\nx\n")))

    assert found == Secret("from the command", "password_command")


def test_s1_2_a_file_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIMSG_PASSWORD", "from the environment")
    file = secret_file(tmp_path / "pw", "from the file\nand a comment")

    assert find_secret(settings(file=file)) == Secret("from the file", str(file))


def test_s1_2_the_environment_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMSG_PASSWORD", "from the environment")

    assert find_secret(settings()) == Secret("from the environment", "NIMSG_PASSWORD")


def test_s1_2_without_a_source_nothing_is_found() -> None:
    assert find_secret(settings()) is None
    with pytest.raises(ConfigError, match="--password-file FILE or NIMSG_PASSWORD"):
        new_secret(settings(), "bob")


def test_an_empty_variable_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIMSG_PASSWORD", "")

    assert find_secret(settings()) is None


# -- files


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_term_6_a_file_of_its_owners_alone_is_read(tmp_path: Path, mode: int) -> None:
    assert (
        read_secret_file(secret_file(tmp_path / "pw", " spaced ", mode)) == " spaced "
    )


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o610, 0o601])
def test_term_6_a_file_that_others_may_touch_is_refused(
    tmp_path: Path, mode: int
) -> None:
    file = secret_file(tmp_path / "pw", mode=mode)

    with pytest.raises(ConfigError, match="can be read by others; chmod 600"):
        read_secret_file(file)


@pytest.mark.parametrize("text", [b"", b"\n", b"\nsecret\n"])
def test_a_file_without_a_first_line_is_refused(tmp_path: Path, text: bytes) -> None:
    file = secret_file(tmp_path / "pw")
    file.write_bytes(text)

    with pytest.raises(ConfigError, match="empty first line"):
        read_secret_file(file)


def test_a_file_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    missing, folder = tmp_path / "none", tmp_path / "folder"
    folder.mkdir(0o700)
    for path, why in (missing, "No such file or directory"), (folder, "Is a directory"):
        with pytest.raises(ConfigError) as caught:
            read_secret_file(path)

        assert str(caught.value) == f"{path} cannot be read: {why}"


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "pw")
    file.write_bytes(b"secr\xe9t\n")

    with pytest.raises(ConfigError, match="not UTF-8 at byte 4"):
        read_secret_file(file)


# -- commands


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/no/such/command"], "/no/such/command: No such file"),
        ([PYTHON, "-c", "raise SystemExit(3)"], "exit code 3"),
        (printing(""), "printed nothing"),
        (printing("\nlate"), "printed nothing"),
        ([PYTHON, "-c", r"import os; os.write(1, b'\xff\n')"], "no UTF-8"),
    ],
)
def test_a_command_that_fails_is_named(command: list[str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_secret(settings(command=command))

    assert "password_command" in str(caught.value)
    assert words in str(caught.value)
