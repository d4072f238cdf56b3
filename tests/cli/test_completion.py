"""Completion: a real bash, and the protocol that every shell's script speaks."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from nimsg.cli.completion import FILES, FOLDERS, SHELLS, VERB
from nimsg.cli.verbs import VERBS, parser_of
from tests.cli.conftest import Shell
from tests.support import terminal
from tests.support.process import HANG_S, TOP, environment
from tests.support.terminal import Terminal


ASK = """
eval "$(nimsg completion bash)" || exit
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
_python_argcomplete nimsg
printf '%s\\n' "${COMPREPLY[@]}"
"""
HEADLESS = """
import sys
from nimsg.cli.main import main
main(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A home with some files, and `nimsg` on the path."""
    (tmp_path / "box" / "inner").mkdir(parents=True)
    (tmp_path / "bob.txt").touch()
    command = tmp_path / "bin" / "nimsg"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nimsg "$@"\n')
    command.chmod(0o700)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    # Nobody listens at port 1: whoever asks a server is refused, and says so.
    return environment(tmp_path, PATH=path, NIMSG_SERVER="127.0.0.1:1", PS1="$ ")


def bash(env: Mapping[str, str], line: str) -> list[str]:
    """What bash would offer at the end of a line."""
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK, "bash", line],
        env=dict(env),
        cwd=env["HOME"],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    return [word.strip() for word in done.stdout.splitlines()]


def asked(env: Mapping[str, str], line: str, **more: str) -> str:
    """What the command answers to a script on descriptor 8."""
    own = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    done = subprocess.run(
        ["sh", "-c", "exec nimsg 8>&1 1>/dev/null"],
        env={**env, **own, **more},
        cwd=env["HOME"],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    return done.stdout


# -- what is offered


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nimsg ", list(VERBS)),
        ("nimsg se", ["server", "send", "seen", "search"]),
        ("nimsg recal", ["recall"]),
        ("nimsg --v", ["--version"]),
        ("nimsg send bob --wait ", ["fetched", "opened", "acked"]),
        ("nimsg send bob --wait=ope", ["opened"]),
        ("nimsg wait o1 --un", ["--until"]),
        ("nimsg user a", ["add"]),
        ("nimsg user add --ad", ["--admin"]),
        ("nimsg who", ["whoelse", "whoelsesince"]),
        ("nimsg room h", ["history"]),
        ("nimsg room history lab --m", ["--mine"]),
        ("nimsg room join ", [""]),
        ("nimsg room post lab -f bo", ["bob.txt", "box/"]),
        ("nimsg user role bob ", ["user", "admin"]),
        ("nimsg completion ", list(SHELLS)),
        ("nimsg man del", ["delete"]),
        ("nimsg send -f bo", ["bob.txt", "box/"]),
        ("nimsg send -f ~/bob", ["~/bob.txt"]),
        ("nimsg check --var bo", ["box/"]),
        ("nimsg check --var box/", ["box/inner/"]),
        ("nimsg send --user bo", [""]),
        ("nimsg send bo", [""]),
        ("nimsg open --md5 bo", [""]),
        ("nimsg frob", [""]),
    ],
)
def test_bash_is_offered_what_fits(
    env: dict[str, str], line: str, words: list[str]
) -> None:
    assert sorted(bash(env, line)) == sorted(words)


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_offers_its_options(env: dict[str, str], name: str) -> None:
    parser, _ = parser_of(name)
    offered = bash(env, f"nimsg {name} --")

    options = [option for option in parser.format_help().split() if option[:2] == "--"]
    assert offered
    assert [option.strip("[],") for option in options if "=" not in option] != []
    assert [word for word in offered if word not in parser.format_help()] == []


@pytest.mark.parametrize("name", VERBS)
def test_an_argument_that_is_a_path_is_known_by_its_name(name: str) -> None:
    parser, _ = parser_of(name)
    paths = [action.metavar for action in parser._actions if action.type is Path]

    assert set(paths) <= {*FILES, *FOLDERS}
    assert name == "man" or VERB not in parser.format_usage().split()


def test_a_word_is_completed_at_the_prompt(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "NIMSG", ("bash", "--norc", "-i"))
    monkeypatch.chdir(env["HOME"])
    with Terminal(env={**env, "TERM": "dumb", "INPUTRC": "/dev/null"}) as prompt:
        prompt.sees("$ ")
        prompt.types('eval "$(nimsg completion bash)"; echo rea""dy')
        prompt.sees("ready")
        prompt.presses(b"nimsg reca\t")
        prompt.sees("nimsg recall ")
        prompt.presses(b"--js\t")
        prompt.sees("--json ")
        prompt.presses(b"--conn\t")
        prompt.sees("--connect-wait ")
        prompt.types("\x15exit 7")
        assert prompt.ends() == 7


def test_a_line_is_completed_at_its_cursor(env: dict[str, str]) -> None:
    line = "nimsg wai o1"

    assert asked(env, line, COMP_POINT="9") == "wait "


def test_no_server_and_no_store_is_asked(env: dict[str, str]) -> None:
    before = sorted(Path(env["HOME"]).rglob("*"))

    assert asked(env, "nimsg open ") == ""
    assert sorted(Path(env["HOME"]).rglob("*")) == before


def test_the_module_is_completed_too(env: dict[str, str]) -> None:
    line = "python -m nimsg wait --unt"

    assert asked(env, line, _ARGCOMPLETE="3") == "--until "


# -- the scripts of the other shells


def test_zsh_is_told_what_each_word_means(env: dict[str, str]) -> None:
    more = {"_ARGCOMPLETE_SHELL": "zsh", "_ARGCOMPLETE_SUPPRESS_SPACE": "1"}

    assert asked(env, "nimsg recal", **more) == f"recall:{VERBS['recall'].help}"


def test_fish_is_told_what_each_word_means(env: dict[str, str]) -> None:
    more = {
        "_ARGCOMPLETE_SHELL": "fish",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_DFS": "\t",
        "_ARGCOMPLETE_IFS": "\n",
    }
    lines = asked(env, "nimsg in", **more).splitlines()

    assert f"inbox\t{VERBS['inbox'].help}" in lines


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("bash", ["complete -o nospace -o bashdefault -F _python_argcomplete nimsg"]),
        ("zsh", ["#compdef nimsg\n", "compdef _python_argcomplete nimsg"]),
        ("fish", ["complete --command nimsg -f -a ", "set -lx _ARGCOMPLETE 1"]),
    ],
)
def test_each_shell_has_its_script(
    shell: Shell, name: str, marks: Sequence[str]
) -> None:
    done = shell.types("completion", name)

    assert (done.code, done.err) == (0, "")
    assert [mark for mark in marks if mark not in done.out] == []
    assert str(TOP) not in done.out
    assert sys.prefix not in done.out


# -- what goes wrong, and what it costs


@pytest.mark.parametrize("words", [["bahs"], [], ["bash", "zsh"]], ids=" ".join)
def test_a_shell_that_is_not_known_is_a_usage_error(
    shell: Shell, words: list[str]
) -> None:
    done = shell.types("completion", *words)

    assert (done.code, done.out) == (2, "")
    assert "usage: nimsg completion" in done.err


def test_nothing_is_loaded_for_it_without_need(env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEADLESS, "client", "--once", "--connect-wait", "0"],
        env=env,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )

    assert "nimsg.client.blocking" in done.stderr.split()
    assert not {"argcomplete", "nimsg.cli.completion"} & set(done.stderr.split())
