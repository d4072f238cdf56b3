"""Manual pages: they say what the parsers and the pages of docs say, and are sound."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nimsg import __version__
from nimsg.cli.manpage import EXITS, VARIABLES
from nimsg.cli.verbs import VERBS, parser_of
from nimsg.errors import Exit
from tests.cli.conftest import Shell
from tests.support.pages import code, table
from tests.support.process import HANG_S, TOP


PAGES = ("", *VERBS)
MACROS = {*(".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".RS", ".RE"), *(".nh", ".ad")}
ESCAPES = {
    *(r"\-", r"\f", r"\,", r"\/", r"\&", r"\ ", r"\e", r"\("),
}

every_page = pytest.mark.parametrize("name", PAGES, ids=lambda name: name or "nimsg")


@pytest.fixture(autouse=True)
def _no_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


def page(shell: Shell, name: str = "") -> str:
    """The roff of a page; no name is the overview."""
    done = shell.types("man", *filter(None, [name]))
    assert (done.code, done.err) == (0, "")
    return done.out


def rendered(text: str) -> str:
    """A page as a terminal of 80 columns shows it; groff may not complain."""
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-P-cbou", "-rLL=78n", "-wall", "-"],
        input=text,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def flat(text: str) -> str:
    return " ".join(text.split())


def section(text: str, title: str) -> str:
    """A section of a rendered page."""
    found = re.search(rf"^{title}\n(.*?)(?=^\S)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


# -- every page


@every_page
def test_a_page_is_sound_roff(shell: Shell, name: str) -> None:
    text = page(shell, name)
    lines = text.splitlines()

    assert text.isascii()
    assert {line.split()[0] for line in lines if line.startswith(".")} <= MACROS
    assert [line for line in lines if not line or line[0] in "' "] == []
    assert set(re.findall(r"\\.", text)) <= ESCAPES
    assert lines[0].startswith(r".TH NIMSG" + (r"\-" + name.upper()) * bool(name))
    assert lines[0].endswith(f' "1" "" "nimsg {__version__}" "nimsg"')


@every_page
def test_every_dash_can_be_copied(shell: Shell, name: str) -> None:
    r"""`-` alone is a hyphen to roff, and may be broken at; `\-` is a minus."""
    assert not re.search(r"(?<!\\)-", page(shell, name))


@every_page
def test_a_page_fits_a_terminal(shell: Shell, name: str) -> None:
    shown = rendered(page(shell, name))

    assert [line for line in shown.splitlines() if len(line) > 80] == []
    assert not re.search(r"\\|\x1b|\bfB|\bfR|-\n", shown)
    assert f"NIMSG{'-' * bool(name)}{name.upper()}(1)" in shown
    for title in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"):
        assert section(shown + "\nEND", title)


@every_page
def test_a_page_names_no_place_of_this_machine(shell: Shell, name: str) -> None:
    text = page(shell, name)

    for place in (str(TOP), sys.prefix, str(shell.home), str(Path.home())):
        assert place not in text


@pytest.mark.parametrize("name", VERBS)
def test_a_page_explains_what_its_verb_takes(shell: Shell, name: str) -> None:
    shown = flat(rendered(page(shell, name)))
    parser, _ = parser_of(name)

    assert f"nimsg-{name} - {VERBS[name].help}" in shown
    assert f"SYNOPSIS nimsg {name} [-h]" in shown
    for action in parser._actions:
        if action.option_strings and "--help" not in action.option_strings:
            assert all(option in shown for option in action.option_strings)
            assert flat((action.help or "").replace("%%", "%")) in shown


def test_the_width_of_a_terminal_changes_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = page(shell, "send")
    monkeypatch.setenv("COLUMNS", "30")

    assert page(shell, "send") == before


def test_no_option_is_broken_from_its_value(shell: Shell) -> None:
    synopsis = section(rendered(page(shell, "send")), "SYNOPSIS")
    (words, *rest) = [line.strip() for line in synopsis.splitlines() if line.strip()]

    assert words == "nimsg send [-h] [--to NAME] [-s SUBJECT] [-m TEXT | -f FILE]"
    assert all(line.startswith("[") and line.endswith("]") for line in rest)


@pytest.mark.parametrize("act", ["add", "passwd", "role", "remove", "list"])
def test_acts_have_their_part_of_the_page(shell: Shell, act: str) -> None:
    shown = rendered(page(shell, "user"))

    assert re.search(rf"^ACTS$.*^   nimsg user {act}$", shown, re.MULTILINE | re.DOTALL)
    assert f"usage: nimsg user {act} [-h]" in flat(shown)


# -- the overview


def test_the_overview_lists_verbs_by_their_groups(shell: Shell) -> None:
    shown = flat(section(rendered(page(shell)), "VERBS"))
    groups = list(dict.fromkeys(verb.group for verb in VERBS.values()))

    assert sorted(groups, key=shown.index) == groups
    assert [
        name for name, verb in VERBS.items() if f"{name} {verb.help}" not in shown
    ] == []


def test_the_overview_says_what_exit_codes_mean(shell: Shell) -> None:
    shown = flat(section(rendered(page(shell)), "EXIT STATUS"))
    told = {row["code"]: plain(row["meaning"]) for row in docs("Exit codes")}

    assert {str(int(exit_)): text for exit_, text in EXITS.items()} == told
    assert list(EXITS) == list(Exit)
    assert [text for text in told.values() if text not in shown] == []


def test_the_overview_says_what_the_environment_means(shell: Shell) -> None:
    shown = flat(section(rendered(page(shell)), "ENVIRONMENT"))
    rows = docs("Environment variables")
    told = {code(row["variable"]): plain(row["means"]) for row in rows}

    assert {name: told[name] for name in told if name.startswith("NIMSG")} == VARIABLES
    assert [
        f"{name} {text}" for name, text in VARIABLES.items() if text not in shown
    ] == []


def test_the_overview_names_files(shell: Shell) -> None:
    shown = section(rendered(page(shell)), "FILES")

    assert "$XDG_CONFIG_HOME/nimsg/config.toml\n" in shown
    assert "~/.config" in shown
    assert "var/admin.sock\n" in shown


def docs(title: str) -> list[dict[str, str]]:
    """A table of docs/cli.md."""
    return table((TOP / "docs" / "cli.md").read_text(encoding="utf-8"), title)


def plain(text: str) -> str:
    return text.replace("`", "")


# -- dates


def test_a_page_has_the_date_that_packagers_give(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")

    assert r' "1" "1970\-01\-02" "nimsg' in page(shell)


@pytest.mark.parametrize("value", ["", "soon", "1e3", "9" * 12, "9" * 30])
def test_a_date_that_is_none_is_said(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    done = shell.types("man")

    assert (done.code, done.out) == (78, "")
    assert done.err == f"nimsg: SOURCE_DATE_EPOCH: {value!r} is no number of seconds\n"


# -- all of them


def test_all_pages_are_written(shell: Shell) -> None:
    done = shell.types("man", "--all", "share/man1")
    folder = shell.home / "share" / "man1"
    names = {path.name for path in folder.iterdir()}

    assert (done.code, done.out) == (0, "")
    assert done.err == f"{len(names)} pages in share/man1\n"
    assert names == {"nimsg.1", *(f"nimsg-{verb}.1" for verb in VERBS)}
    assert (folder / "nimsg.1").read_text("utf-8") == page(shell)
    assert (folder / "nimsg-send.1").read_text("utf-8") == page(shell, "send")


def test_pages_can_be_written_again(shell: Shell) -> None:
    assert shell.types("man", "--all", "m").code == 0
    assert shell.types("man", "--all", "m").code == 0


def test_a_folder_that_cannot_be_written_is_said(shell: Shell) -> None:
    (shell.home / "file").touch()
    done = shell.types("man", "--all", "file")

    assert (done.code, done.out) == (78, "")
    assert done.err == "nimsg: file cannot be written: File exists\n"


@pytest.mark.parametrize("words", [["sned"], ["send", "--all", "m"], ["send", "open"]])
def test_what_is_no_page_is_a_usage_error(shell: Shell, words: list[str]) -> None:
    done = shell.types("man", *words)

    assert (done.code, done.out) == (2, "")
    assert not (shell.home / "m").exists()
