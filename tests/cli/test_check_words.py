"""What `nimsg check` prints is what the operator's page shows."""

from argparse import Namespace
from pathlib import Path

import pytest

from nimsg.cli.check import print_rebuilt, print_report, run_check
from nimsg.errors import Exit
from nimsg.protocol.constants import CopyState
from nimsg.store.check import Problem, Report
from nimsg.store.local import LocalStore
from nimsg.store.quarantine import Loss
from nimsg.store.rebuild import Rebuilt
from nimsg.store.salvage import Salvaged
from tests.support.process import TOP


PAGE = (TOP / "docs" / "operating.md").read_text("utf-8")
STATES = {"opened": 2, "recalled": 1}
COPIES = {state.value: STATES.get(state, 0) for state in CopyState}
NONE = dict.fromkeys(COPIES, 0)
LOSS = Loss(
    "messages/2026/11/21/01M7YCT3GGABEBXGK2PNE0G3P9.json",
    "the message file cannot be read: "
    "JSON is malformed: trailing characters (byte 536)",
)


def test_s2_18_what_a_check_prints_is_on_the_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_report(Report(2, 3, 5, COPIES, 0, 0, indexed=True, problems=[]))
    assert f"nimsg\n{capsys.readouterr().out}```" in PAGE
    print_report(Report(2, 3, 5, NONE, 0, 0, indexed=False, problems=[]))
    assert f"/backup/nimsg\n{capsys.readouterr().out}```" in PAGE


def test_s2_18_of_another_format_nothing_but_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = [Problem("format", "has store format 2")]
    print_report(
        Report(0, 0, 0, NONE, 0, 0, indexed=False, problems=wrong, looked=False)
    )
    assert capsys.readouterr().out == "format: has store format 2\n"


def test_n12_an_index_that_disagrees_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    LocalStore(tmp_path).close()
    args = Namespace(var=tmp_path, rebuild=False, json=False)
    assert run_check(args) == Exit.DONE
    assert "--rebuild" not in capsys.readouterr().out

    (tmp_path / "index.db").write_bytes(b"")
    assert run_check(args) == Exit.STORAGE
    assert capsys.readouterr().out.splitlines()[1:] == [
        "index.db: the file: is empty",
        "The index is made anew from the files by nimsg check --rebuild --var "
        f"{tmp_path}, while no server runs.",
    ]


def test_s2_18_what_a_rebuild_prints_is_on_the_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_rebuilt(Salvaged(Rebuilt(2, 4, 7, 2), 0, "quarantine/index-1", [LOSS], []))
    assert f"nimsg\n{capsys.readouterr().out}```" in PAGE
