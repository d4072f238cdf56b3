"""A server that cannot start says why, before it touches anything."""

import errno
import os
from collections.abc import Iterator

import pytest

from nimsg.cli import server
from nimsg.cli.serveroptions import config_of
from nimsg.cli.verbs import parser_of
from nimsg.logs import LOGGER
from nimsg.store.local import LocalStore
from tests.cli.conftest import Shell
from tests.support.people import Typed


def refused(done: Typed, code: int, *words: str) -> None:
    """A verb said no: in words, on the standard error, by its exit code."""
    assert (done.code, done.out) == (code, ""), done
    for word in words:
        assert word in done.err, done


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """A server changes its process; here it is not alone in it."""
    umask, handlers, level = os.umask(0o022), LOGGER.handlers[:], LOGGER.level
    os.umask(umask)
    yield
    os.umask(umask)
    LOGGER.handlers[:] = handlers
    LOGGER.setLevel(level)


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        (("--port", "70000"), 2, "0 to 65535"),
        (("--port", "-1"), 2, "0 to 65535"),
        (("abc",), 2, "'abc' is no port"),
        (("4000", "--port", "4001"), 2, "twice"),
        (("0", "0"), 2, "BLOCK_DURATION is 1 to 1000000000 seconds, not '0'"),
        (("0", "0"), 2, "; --block-duration 0 is never"),
        (("0", "x"), 2, "BLOCK_DURATION is 1 to 1000000000 seconds, not 'x'"),
        (("0", "1.5"), 2, "BLOCK_DURATION is 1 to 1000000000 seconds, not '1.5'"),
        (
            ("0", "60", "0"),
            2,
            "TIMEOUT is 1 to 1000000000 seconds, not '0'; --timeout 0 is never",
        ),
        (("0", "60", "soon"), 2, "TIMEOUT is 1 to 1000000000 seconds, not 'soon'"),
        (("0", "60", "9" * 5000), 2, "TIMEOUT is 1 to 1000000000 seconds"),
        (("0", "60", "120", "1"), 2, "unrecognized arguments: 1"),
        (("0", "60", "--block-duration", "9"), 2, "BLOCK_DURATION is given twice"),
        (("0", "6", "9", "--timeout", "9"), 2, "TIMEOUT is given twice"),
        (("--block-duration", "-1"), 2, "--block-duration is 0 to 1000000000"),
        (("--block-duration", "x"), 2, "seconds (0: never), not 'x'"),
        (("--timeout", "9" * 11), 2, "--timeout is 0 to 1000000000 seconds"),
        (("--lockout-scope", "house"), 2, "invalid choice: 'house'"),
        (("--auth", "magic"), 2, "invalid choice: 'magic'"),
        (("--max-clients", "0"), 2, "--max-clients: '0' is no whole number from 1"),
        (("--quota", "-1"), 2, "--quota: '-1' is no whole number from 0"),
        (("--quota-messages", "-1"), 2, "--quota-messages: '-1' is no whole"),
        (("--limit", "sends_per_minute"), 2, "--limit is NAME=N"),
        (("--limit", "sends_per_minute=many"), 2, "--limit is NAME=N"),
        (("--limit", "frame_bytes=9"), 2, "names are arrivals_per_hour"),
        (("--max-clients", "many"), 2, "'many' is no whole number from 1"),
        (("--min-free", "7"), 2, "--min-free: '7' is no whole number from 8"),
        (("--retention", "x"), 2, "'x' is no number of days from 0 to 36500"),
        (("--retention", "nan"), 2, "'nan' is no number of days"),
        (("--retention", "36501"), 2, "'36501' is no number of days"),
        (("--shred-credentials",), 2, "goes with --credentials FILE"),
        (("--prometheus", "/no/such/x.prom"), 78, "there is no folder /no/such;"),
        (("--tls-cert", "cert.pem"), 2, "given together"),
        (("--tls-key", "key.pem"), 2, "given together"),
        (("--host", ""), 2, "argument --host: the value is empty"),
        (("--host=",), 2, "argument --host: the value is empty"),
        (("--limit", "sends_per_minute=-1"), 2, "with N from 0 (none) to"),
        (("--prometheus", "-"), 2, "`nimsg stats --prometheus -` prints"),
    ],
)
def test_c1_a_server_that_cannot_start_says_why(
    shell: Shell, words: tuple[str, ...], code: int, word: str
) -> None:
    var = shell.home / "var"

    refused(shell.types("server", *words, "--var", str(var)), code, word)
    assert not var.exists()


@pytest.mark.parametrize(
    ("words", "port", "block_s", "timeout_s"),
    [
        ((), 6969, 60, 0),
        (("4000",), 4000, 60, 0),
        (("4000", "30"), 4000, 30, 0),
        (("4000", "60", "120"), 4000, 60, 120),
        (("--block-duration", "0", "--timeout", "0"), 6969, 0, 0),
        (("4000", "--block-duration", "7", "--timeout", "9"), 4000, 7, 9),
    ],
)
def test_c1_port_block_duration_and_timeout_by_place_and_by_option(
    words: tuple[str, ...], port: int, block_s: float, timeout_s: float
) -> None:
    parser, _ = parser_of("server")
    config = config_of(parser.parse_args(words))

    assert (config.port, config.block_duration_s) == (port, block_s)
    assert config.idle_timeout_s == timeout_s
    assert config.lockout_scope == "account"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (b"ann secret\nbob\n", 2, "`user password`"),
        (b"ann secret\nbob \n", 2, "`user password`"),
        (b"ann secret\n secret\n", 2, "printable ASCII"),
        (b"ann two words\n", 1, "`user password`"),
        (b"ann  secret\n", 1, "`user password`"),
        (b"ann secret\nann other\n", 2, "stands twice"),
        (b"ann secret\n\nb\xc3\xb6b secret\n", 3, "ASCII"),
        (b"ann secret\nbob sec\tret\n", 2, "password"),
        (b"ann secret\n" + b"x" * 33 + b" secret\n", 2, "1 to 32"),
    ],
)
def test_c3_a_broken_line_of_credentials_is_named(
    shell: Shell, text: bytes, line: int, word: str
) -> None:
    file, var = shell.home / "credentials.txt", shell.home / "var"
    file.write_bytes(text)
    words = ("--port", "0", "--var", str(var), "--credentials", str(file))
    done = shell.types("server", *words, "--shred-credentials")

    refused(done, 78, f"{file}, line {line}: ", word, "nothing was imported")
    assert file.read_bytes() == text
    assert not var.exists()
    for secret in ("secret", "other", "two words"):
        assert secret not in done.err


def test_c3_credentials_that_are_not_there_are_named(shell: Shell) -> None:
    file = shell.home / "none.txt"
    done = shell.types("server", "--port", "0", "--credentials", str(file))

    refused(done, 78, f"{file} cannot be read: No such file or directory")


def test_n8_what_the_system_refuses_is_told_with_its_file(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nobody else has found words for it."""
    denied = PermissionError(errno.EACCES, "Permission denied", "x.prom")

    def refuse(*_: object) -> None:
        raise denied

    monkeypatch.setattr(server, "require_place", refuse)
    done = shell.types("server", "--prometheus", "x.prom")

    refused(done, 78, "nimsg: x.prom cannot be used: Permission denied; let the user")
    assert "Errno" not in done.err


def test_n8_a_folder_in_place_of_the_admin_socket_is_named(shell: Shell) -> None:
    socket = shell.home / "var" / "admin.sock"
    LocalStore(socket.parent).close()
    socket.mkdir()
    done = shell.types("server", "--port", "0", "--var", str(socket.parent))

    refused(done, 78, f"nimsg: {socket} cannot be used: Is a directory; no folder can")
