"""A client's settings: which source wins, and what is said of a bad one."""

from argparse import ArgumentParser, Namespace

import pytest

from nimsg.cli.screen import run_screen, screen_keys
from nimsg.cli.settings import (
    add_connection_arguments,
    address_argument,
    read_settings,
    seconds,
)
from nimsg.cli.sources import CONFIG_KEYS, Config, Settings, config_path, read_config
from nimsg.cli.verbs import parser_of
from nimsg.client.address import Address
from nimsg.errors import ConfigError, UsageError
from tests.cli.conftest import Shell


FULL = """\
# where I read my mail
server = "mail.example:7000"
user = 'ann'
password_file = "~/.secret"
password_command = ["pass", "show", "nimsg"]
ca = "/etc/ca.pem"
fingerprint = "ab"
tls = true
"""


def settings(*words: str) -> Settings:
    """What a verb with these options gets."""
    return read_settings(arguments(*words))


def arguments(*words: str) -> Namespace:
    parser = ArgumentParser()
    add_connection_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture(autouse=True)
def _nobody(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIMSG_USER")
    assert shell.config.parent.is_dir()


# -- where a setting comes from


def test_without_any_source_the_server_is_here() -> None:
    found = settings()

    assert found.address == Address("127.0.0.1", 6969)
    assert found.user is None
    assert found.password_file is None
    assert found.password_command == []
    assert not any(found.security)
    assert (found.timeout_s, found.patience_s) == (10.0, 2.0)


def test_the_config_file_sets_everything(shell: Shell) -> None:
    shell.config.write_text(FULL, encoding="utf-8")
    found = settings()

    assert found.address == Address("mail.example", 7000)
    assert found.user == "ann"
    assert found.password_file == str(shell.home / ".secret")
    assert found.password_command == ["pass", "show", "nimsg"]
    assert found.security == (True, "/etc/ca.pem", "ab")


def test_the_environment_wins_over_the_config_file(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.config.write_text(FULL, encoding="utf-8")
    monkeypatch.setenv("NIMSG_SERVER", "4000")
    monkeypatch.setenv("NIMSG_USER", "bob")
    found = settings()

    assert (found.address.port, found.user) == (4000, "bob")


def test_an_argument_wins_over_both(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.config.write_text(FULL, encoding="utf-8")
    monkeypatch.setenv("NIMSG_SERVER", "4000")
    monkeypatch.setenv("NIMSG_USER", "bob")
    file, print_ = "--password-file", "--fingerprint"
    found = settings("--server", "5000", "--user", "eve", file, "pw", print_, "cd")

    assert (found.address.port, found.user) == (5000, "eve")
    assert (found.password_file, found.security.fingerprint) == ("pw", "cd")


def test_an_empty_variable_is_none(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.config.write_text(FULL, encoding="utf-8")
    monkeypatch.setenv("NIMSG_USER", "")

    assert settings().user == "ann"


def test_the_check_for_a_prompt_does_not_wait_for_a_server() -> None:
    assert read_settings(arguments(), 0.0).patience_s == 0.0
    assert read_settings(arguments("--connect-wait", "7"), 0.0).patience_s == 7.0


def test_nobody_is_asked_where_there_is_no_terminal() -> None:
    assert not settings().may_ask


def test_x10_the_config_file_is_where_xdg_says(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config_path() == str(shell.config)
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert config_path() == str(shell.home / ".config/nimsg/config.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    assert config_path() == "/elsewhere/nimsg/config.toml"


# -- config files that cannot be used


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('usr = "bob"', 1, "usr: unknown; the keys are server, user"),
        ('user = "bob"\n\nuse = 1', 3, "use: unknown"),
        ('username = "x"\nuse = "bob"', 1, "username: unknown"),
        ("user = 5", 1, "user: must be a text"),
        ('server = "x"\n\ntls = "yes"', 3, "tls: must be true or false"),
        ("tls = 1", 1, "tls: must be true or false"),
        ('password_command = "pass"', 1, "password_command: must be a list of texts"),
        ("password_command = []", 1, "must be a list of texts"),
        ('password_command = ["a", 1]', 1, "must be a list of texts"),
        ('\n[server]\nhost = "x"', 2, "server: must be a text"),
        ('\n["no where"]', 2, "no where: unknown"),
        ('# user\n"user" = 5', 2, "user: must be a text"),
        ("keys = 5", 1, "keys: must be a table of lists of texts"),
        ('[keys]\n\nack = "r"', 3, "keys: ack must be a list of texts"),
        ('[keys]\nack = ["r"]\n"talk.send" = []', 3, "talk.send must be a list"),
        ('keys.up = ["f5"]\nkeys.ack = 5', 2, "keys: ack must be a list of texts"),
    ],
)
def test_s0_15_a_bad_key_is_named_with_its_line(
    shell: Shell, text: str, line: int, words: str
) -> None:
    shell.config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_config(shell.config)

    assert f"{shell.config}, line {line}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[keys]\nack = ["r"]', 2, "r is both reply and ack in list"),
        ('[keys]\ntop = ["f5"]\n"list.ack" = ["r"]', 3, "both reply and ack"),
        ('[keys]\nup = ["f5"]\nack = ["f6"]\ndown = ["f6"]', 4, "F6 is both"),
        ('[keys]\npeople = ["r"]', 2, "r is people everywhere, and reply in"),
        ('[keys]\n# fly\nfly = ["f5"]', 3, "there is no action 'fly'"),
        ('[keys]\nack = ["ctrl s"]', 2, "ack cannot be 'ctrl s'"),
        ('keys = { ack = ["r"] }', 1, "r is both reply and ack in list"),
    ],
)
def test_keys_that_cannot_be_end_the_screen_before_a_server_is_asked(
    shell: Shell, text: str, line: int, words: str
) -> None:
    shell.config.write_text(f"{text}\n", encoding="utf-8")
    args = parser_of("client")[0].parse_args(["--server", "127.0.0.1:1"])
    with pytest.raises(ConfigError) as caught:
        run_screen(args, 0)

    assert f"{shell.config}, line {line}: keys: " in str(caught.value)
    assert words in str(caught.value)


def test_keys_that_are_swapped_are_fine() -> None:
    swapped = {"reply": ["f"], "forward": ["r"]}

    assert screen_keys(Config({"keys": swapped})) == swapped


def test_what_is_no_toml_is_named_with_its_line(shell: Shell) -> None:
    shell.config.write_text('user = "bob"\nserver == 5\n', encoding="utf-8")

    with pytest.raises(ConfigError, match="line 2"):
        read_config(shell.config)


def test_what_is_no_utf_8_is_named_with_its_line(shell: Shell) -> None:
    shell.config.write_bytes(b'user = "bob"\n\nserver = "\xff"\n')

    with pytest.raises(ConfigError, match="line 3: not UTF-8"):
        read_config(shell.config)


def test_a_config_that_cannot_be_read_says_why(shell: Shell) -> None:
    shell.config.mkdir()
    with pytest.raises(ConfigError) as caught:
        read_config(shell.config)

    assert str(caught.value) == f"{shell.config} cannot be read: Is a directory"


@pytest.mark.parametrize("path", ["none", "file/none"])
def test_a_config_that_is_not_there_holds_nothing(shell: Shell, path: str) -> None:
    (shell.home / "file").touch()

    assert all(read_config(shell.home / path).text(key) is None for key in CONFIG_KEYS)


def test_a_bad_config_ends_a_verb_with_78(shell: Shell) -> None:
    shell.config.write_text("colour = true", encoding="utf-8")
    done = shell.types("inbox")

    assert done.code == 78
    assert done.out == ""
    assert "line 1: colour: unknown" in done.err


# -- arguments


@pytest.mark.parametrize(
    ("words", "server"),
    [
        ([], None),
        (["4000"], "4000"),
        (["mail.example:4000"], "mail.example:4000"),
        (["mail.example", "4000"], "mail.example:4000"),
        (["::1", "4000"], "[::1]:4000"),
    ],
)
def test_s4_1_a_server_is_one_word_or_two(words: list[str], server: str) -> None:
    assert address_argument(words) == server


@pytest.mark.parametrize(
    "words", [["4000", "4001"], ["a", "b"], ["a", "1", "2"], ["a", "0"]]
)
def test_c2_other_words_are_no_server(words: list[str]) -> None:
    with pytest.raises(UsageError):
        address_argument(words)


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0.0), ("0.5", 0.5), ("10", 10.0), ("1e3", 1000.0)]
)
def test_s3_8_seconds_may_be_parts(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "-inf", "1e999", "1e10"])
def test_what_is_no_time_is_a_usage_error(shell: Shell, text: str) -> None:
    for option in ("--timeout", "--connect-wait"):
        done = shell.types("inbox", f"{option}={text}")

        assert done.code == 2
        assert done.out == ""
        assert f"argument {option}: {text!r} is no number of seconds" in done.err


def test_no_time_at_all_is_no_timeout(shell: Shell) -> None:
    done = shell.types("inbox", "--timeout", "0")

    assert (done.code, done.out) == (2, "")
    assert "argument --timeout: no server answers in no time" in done.err
