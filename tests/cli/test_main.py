"""The frame around every verb: help, exit codes, streams that fail, interrupts."""

import os
import re
import signal
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from nimsg import __file__ as nimsg_package, __version__
from nimsg.cli import main as cli
from nimsg.cli.main import main
from nimsg.cli.verbs import VERBS, parser_of
from nimsg.errors import (
    KINDS,
    ConfigError,
    Exit,
    NimsgError,
    ProtocolFault,
    Refusal,
    StorageFailure,
    Unavailable,
    Unreachable,
    UsageError,
)
from nimsg.protocol.strict import JsonObject
from tests.cli.conftest import Shell
from tests.support.fakeserver import FakeServer, answering, obliging, refusal
from tests.support.people import typed
from tests.support.process import HANG_S, NIMSG, environment, nimsg


every_verb = pytest.mark.parametrize("name", VERBS)
every_kind = pytest.mark.parametrize("kind", KINDS)

ROW: JsonObject = {
    "position": 1,
    "id": "01HF0000000000000000000000",
    "from": "ann",
    "to": ["bob"],
    "subject": "Grüße aus Köln — 東京 👍",
    "size": 1,
    "sent_at": 2,
    "receipt": {"user": "bob", "state": "stored"},
}
PAGE: JsonObject = {"inbox": [ROW], "outbox": [], "next": None, "total": 1}


def inbox_of(rows: int) -> JsonObject:
    """A page of many rows."""
    return {**PAGE, "inbox": [ROW] * rows, "total": rows}


# -- help


@every_verb
def test_every_verb_has_a_parser_that_fits_its_code(name: str) -> None:
    parser, run = parser_of(name)

    assert isinstance(parser, ArgumentParser)
    assert callable(run)
    assert parser.prog == f"nimsg {name}"


@every_verb
def test_every_verb_explains_itself(shell: Shell, name: str) -> None:
    done = shell.types(name, "--help")

    assert done.code == 0
    assert done.err == ""
    assert done.out.startswith(f"usage: nimsg {name}")
    assert VERBS[name].help[1:] in " ".join(done.out.split())


@every_verb
def test_every_option_of_every_verb_is_explained(name: str) -> None:
    parser, _ = parser_of(name)
    unexplained = [
        action.option_strings
        for action in parser._actions
        if action.option_strings and not action.help
    ]

    assert unexplained == []


@every_verb
def test_an_unknown_option_is_a_usage_error(shell: Shell, name: str) -> None:
    done = shell.types(name, "--no-such-option")

    assert done.code == 2
    assert done.out == ""
    assert f"usage: nimsg {name}" in done.err


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_help_lists_every_verb(shell: Shell, words: list[str]) -> None:
    done = shell.types(*words)

    assert done.code == 0
    listed = re.findall(r"^  (\w+) +\S", done.out, re.MULTILINE)
    assert sorted(listed) == sorted(VERBS)
    assert all(len(line) <= 80 for line in done.lines)


@pytest.mark.parametrize("words", [["send"], ["room", "history"], ["client"]])
def test_help_of_a_verb_is_what_the_verb_says_of_itself(
    shell: Shell, words: list[str]
) -> None:
    assert shell.types("help", *words) == shell.types(*words, "--help")
    assert shell.types("help", "frobnicate") == shell.types("frobnicate")


def test_without_a_verb_the_help_is_shown_as_an_error(shell: Shell) -> None:
    done = shell.types()

    assert done.code == 2
    assert done.out.startswith("usage: nimsg")


def test_an_unknown_verb_is_a_usage_error(shell: Shell) -> None:
    done = shell.types("frobnicate\x1b[31m")

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "nimsg: there is no verb 'frobnicate\\x1b[31m'; see nimsg --help\n"
    )


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_says_what_a_report_needs(shell: Shell, word: str) -> None:
    done = shell.types(word)

    assert done.code == 0
    for part in (f"nimsg {__version__}", "Python 3.", "urwid ", "TERM "):
        assert part in done.out


def test_s0_9_the_module_is_the_command(tmp_path: Path) -> None:
    done = typed("--version", env=environment(tmp_path))

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"nimsg {__version__} ")


# -- exit codes


@every_kind
def test_s1_5_each_refusal_has_its_exit_code_and_its_words(
    shell: Shell, kind: str
) -> None:
    with FakeServer(obliging({"mail.list": kind})) as server:
        done = shell.types("inbox", "--server", server.address)

    assert done.code == KINDS[kind].exit
    assert done.out == ""
    assert done.err.startswith("nimsg: no")
    assert done.err.count("\n") == 1


@every_kind
def test_s2_10_each_refusal_of_a_login_ends_with_its_exit_code(
    shell: Shell, kind: str
) -> None:
    with FakeServer(obliging({"auth.login": kind})) as server:
        done = shell.types("inbox", "--server", server.address, "--connect-wait", "0")

    assert done.code == KINDS[kind].exit
    assert (done.out, done.err.count("\n")) == ("", 1)


def test_a_kind_of_a_later_release_is_a_refusal(shell: Shell) -> None:
    with FakeServer(
        answering(lambda request: refusal(request["id"], "moon"))
    ) as server:
        done = shell.types("inbox", "--server", server.address)

    assert done.code == 4


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].exit == 77])
def test_a_refused_login_is_said_in_words(kind: str) -> None:
    assert Refusal(kind).detail == KINDS[kind].text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NimsgError("x"), 70),
        (Refusal("not_found"), 4),
        (ProtocolFault("parse_error", fatal=True), 76),
        (Unreachable("x"), 69),
        (ConfigError("x"), 78),
        (UsageError("x"), 2),
        (Unavailable("x"), 75),
        (StorageFailure("x"), 74),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("x"), 70),
        (OSError(5, "x"), 74),
        (OSError(2, "x"), 70),
        (OSError(5, "x", "file"), 74),
        (OSError(28, "x", b"file"), 74),
        (OSError(13, "x", "file"), 78),
        (OSError(30, "x", Path("file")), 78),
        (OSError(9, "x", "file"), 70),
        (OSError(9, "x"), 70),
        (OSError(24, "x"), 75),
        (OSError(24, "x", "file"), 75),
        (ModuleNotFoundError("x", name="msgspec"), 78),
        (ModuleNotFoundError("x", name="nimsg.none"), 70),
        (ModuleNotFoundError("x"), 70),
    ],
)
def test_each_error_has_its_exit_code(
    error: BaseException,
    code: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> int:
        raise error

    def keep_output(_: OSError) -> int:
        return Exit.STORAGE

    monkeypatch.setattr(cli, "dispatch", fail)
    monkeypatch.setattr(cli, "give_up_output", keep_output)
    assert main([]) == code

    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert "Errno" not in err


def test_a_fault_of_ours_says_how_to_report_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise ZeroDivisionError("here")

    monkeypatch.setattr(cli, "dispatch", fail)
    done = shell.types("inbox")
    assert done.code == 70
    assert "ZeroDivisionError: here; NIMSG_DEBUG=1 shows where" in done.err


def test_a_library_that_is_missing_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Without the folders of what was installed there is none."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "nimsg", "check", "--var", str(tmp_path)],
        env=environment(tmp_path, PYTHONPATH=str(Path(nimsg_package).parents[1])),
        capture_output=True,
        check=False,
        text=True,
        timeout=HANG_S,
    )
    assert (done.returncode, done.stdout) == (78, "")
    assert "the Python library msgspec is missing: run pip install . " in done.stderr


def test_a_message_of_a_server_is_cleaned_and_cut(shell: Shell) -> None:
    evil = "\x1b]0;gotcha\x07\u202e\x9b31m" + "x" * 500_000

    behave = answering(lambda request: refusal(request["id"], "not_found", evil))

    with FakeServer(behave) as server:
        done = shell.types("inbox", "--server", server.address)

    assert done.code == 4
    assert not set(done.err) & set("\x1b\x07\u202e\x9b")
    assert len(done.err) < 3000


# -- streams


def test_the_head_of_a_pipe_is_enough(tmp_path: Path) -> None:
    """The rows are more than a pipe holds, and nobody reads them."""
    with FakeServer(obliging({"mail.list": inbox_of(3000)})) as server:
        env = environment(tmp_path, NIMSG_SERVER=server.address, NIMSG_USER="bob")
        verb = subprocess.Popen(
            [*NIMSG, "inbox"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert verb.stdout is not None
        assert verb.stdout.readline()
        verb.stdout.close()
        assert verb.wait(HANG_S) == 0
        assert verb.stderr is not None
        assert verb.stderr.read() == b""
        verb.stderr.close()


def test_an_output_that_is_full_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*NIMSG, "--help"],
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=HANG_S,
            check=False,
        )

    assert done.returncode == 74
    assert done.stderr == b"nimsg: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_closed_do_no_harm(tmp_path: Path, closed: str) -> None:
    with FakeServer(obliging({"mail.list": PAGE})) as server:
        env = environment(tmp_path, NIMSG_SERVER=server.address, NIMSG_USER="bob")
        done = subprocess.run(
            ["sh", "-c", f"'{sys.executable}' -m nimsg client --once {closed}"],
            env=env,
            capture_output=True,
            timeout=HANG_S,
            check=False,
        )

    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "latin-1:strict"},
        {"LC_ALL": "no_SUCH.locale"},
    ],
    ids=str,
)
def test_no_locale_makes_a_subject_an_error(
    tmp_path: Path, locale: dict[str, str]
) -> None:
    with FakeServer(obliging({"mail.list": PAGE})) as server:
        env = environment(tmp_path, NIMSG_SERVER=server.address, NIMSG_USER="bob")
        plain = nimsg("client", "--once", env={**env, **locale})
        json_ = nimsg("client", "--once", "--json", env={**env, **locale})

    assert (plain.returncode, plain.stderr) == (0, b"")
    assert b" aus K" in plain.stdout
    assert (json_.returncode, json_.stderr) == (0, b"")
    assert json_.stdout.isascii()


def test_s4_9_an_interrupt_ends_quietly_with_130(tmp_path: Path) -> None:
    """The signal comes when the verb is known to wait for its answer."""
    with FakeServer(answering(lambda _: stop())) as server:
        env = environment(tmp_path, NIMSG_SERVER=server.address, NIMSG_USER="bob")
        verb = subprocess.Popen(
            [*NIMSG, "inbox"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

        def stop() -> bytes:
            os.kill(verb.pid, signal.SIGINT)
            return b""

        out, err = verb.communicate(timeout=HANG_S)

    assert (verb.returncode, out, err) == (130, b"", b"")


def test_who_starts_it_is_told_when_all_is_loaded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[tuple[bool, str]] = []

    def loaded() -> None:
        told.append(("nimsg.cli.completion" in sys.modules, capsys.readouterr().out))

    assert main(["completion", "bash"], loaded) == Exit.DONE

    assert told == [(True, "")]
    assert capsys.readouterr().out
