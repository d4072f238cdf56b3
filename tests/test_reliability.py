"""docs/reliability.md names tests that are there; what runs a server is as it says."""

import ast
import logging
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from nimsg.errors import Exit
from nimsg.logs import LEVELS, LOGGER, audit
from nimsg.server.exposition import METRICS
from tests.support.logged import logged
from tests.support.pages import table


TOP = Path(__file__).parents[1]
PROMISES = 22
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
# Date and time, the level, and words; behind a fault, where it was.
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ([A-Z]+) \S.*|  \| .*")
# Whatever a second start cannot mend.
FINAL = {Exit.USAGE, Exit.STORAGE, Exit.CONFIG}


def page(name: str) -> str:
    return (TOP / "docs" / name).read_text("utf-8")


def block(name: str, language: str) -> str:
    """The first block of a language on a page."""
    found = re.search(rf"```{language}\n(.*?)```", page(name), re.DOTALL)
    assert found, language
    return found[1]


@cache
def names_in(path: str) -> frozenset[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse((TOP / path).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def missing(text: str) -> list[str]:
    """The tests that a page names and that are not there."""
    return [
        f"{path}::{name}"
        for path, name in TEST.findall(text)
        if not (TOP / path).exists() or name not in names_in(path)
    ]


def test_every_promise_names_the_tests_that_prove_it() -> None:
    rows = table(page("reliability.md"), "Promises")

    assert len(rows) == PROMISES
    assert [row["promise"] for row in rows if not TEST.search(row["proven by"])] == []
    assert missing(page("reliability.md")) == []


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert missing("`tests/test_reliability.py::test_none`") == [
        "tests/test_reliability.py::test_none"
    ]
    assert missing("`tests/test_none.py::test_none`") != []


def test_n8_every_figure_to_be_watched_is_one_that_the_server_writes() -> None:
    named = set(re.findall(r"`(nimsg_[a-z_]+)", page("operating.md")))

    assert len(named) > 8
    assert named <= {metric.name for metric in METRICS}


def soaks() -> set[str]:
    """Every test that `make soak` runs."""
    marks = re.compile(
        r"^@pytest\.mark\.soak\n(?:@.*\n)*(?:async )?def (\w+)", re.MULTILINE
    )
    files = (TOP / "tests").rglob("test_*.py")
    return {name for path in files for name in marks.findall(path.read_text("utf-8"))}


def test_every_soak_is_named() -> None:
    rows = table(page("reliability.md"), "How much was tried")
    told = {name for row in rows for _, name in TEST.findall(row["by"])}

    assert told == soaks()


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = block("operating.md", "ini")
    analyze = shutil.which("systemd-analyze") or pytest.skip("there is no systemd")
    path = tmp_path / "nimsg.service"
    path.write_text(unit.replace("/opt/nimsg/bin/nimsg", f"{sys.executable} -m nimsg"))

    done = subprocess.run(
        [analyze, "verify", str(path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_what_cannot_mend_itself_is_not_started_again() -> None:
    (codes,) = re.findall("RestartPreventExitStatus=(.*)", block("operating.md", "ini"))

    assert {int(code) for code in codes.split()} == FINAL


def test_the_log_has_the_one_format_that_is_told(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with logged("debug"):
        for name in LEVELS:
            LOGGER.log(logging.getLevelNamesMapping()[name.upper()], "a\nb\x1b")
        audit(who="ann", method="user.kick", user="b c")
        LOGGER.error("a fault", exc_info=KeyError("secret"))

    for lines in (capfd.readouterr().err, block("operating.md", "text")):
        found = [LINE.fullmatch(line) for line in lines.splitlines()]
        assert all(found), lines
        levels = {one[1] for one in found if one and one[1]}
        assert levels <= {*(name.upper() for name in LEVELS), "AUDIT"}
