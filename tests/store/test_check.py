"""The check as a whole: what it counts, what it leaves alone, where it has to stop."""

from pathlib import Path

from nimsg.protocol.constants import CopyState
from nimsg.store.check import Problem, Report, check_store
from nimsg.store.failure import LOOK, NO_FILE
from nimsg.store.layout import made_anew
from nimsg.store.storeformat import wrong_format
from tests.support.ruin import Ruin, named
from tests.support.spoils import circle


NONE = {state.value: 0 for state in CopyState}


def test_n12_a_sound_store_has_sums_and_no_problem(ruin: Ruin) -> None:
    assert check_store(ruin.root) == Report(
        accounts=4,
        messages=3,
        lines=7,
        copies=NONE | {"stored": 1, "opened": 1, "acked": 1, "recalled": 1},
        refused=1,
        lost=0,
        indexed=True,
        problems=[],
        rooms=1,
        posts=0,
    )


def test_a_check_changes_nothing(ruin: Ruin) -> None:
    def contents() -> dict[Path, bytes]:
        files = [path for path in ruin.root.rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in files}

    before = contents()
    check_store(ruin.root)

    assert {path: data for path, data in contents().items() if path in before} == before


def test_a_folder_without_a_store_is_named(tmp_path: Path) -> None:
    expected = [Problem(".", "there is no store in this folder")]

    for root in (tmp_path, tmp_path / "missing"):
        assert check_store(root) == Report(
            0, 0, 0, NONE, 0, 0, indexed=False, problems=expected, looked=False
        )


def test_s2_18_to_have_no_index_is_no_problem(ruin: Ruin) -> None:
    ruin.layout.index.unlink()
    assert check_store(ruin.root) == Report(
        4, 3, 7, NONE, 0, 0, indexed=False, problems=[], rooms=1
    )
    (path,) = ruin.days[:1]
    path.write_bytes(b"x" + path.read_bytes())
    ruin.message(ruin.ids.shared).write_bytes(b"{")
    assert named(
        ruin.problems,
        f"{ruin.name(ruin.message(ruin.ids.shared))}: cannot be read",
        f"{ruin.name(path)} line 1: cannot be read",
        "...",
    )


def test_s2_18_a_log_that_has_lost_its_index_is_one(ruin: Ruin) -> None:
    ruin.layout.index.unlink()
    log = ruin.layout.index.with_name("index.db-wal")
    log.write_bytes(b"")
    assert check_store(ruin.root).problems == []
    log.write_bytes(b"x")
    assert named(ruin.problems, "the file: is missing beside its log")


def test_a_format_that_is_not_known_ends_the_check(ruin: Ruin) -> None:
    ruin.layout.format.write_bytes(b"2\xff\n")

    assert check_store(ruin.root) == Report(
        0,
        0,
        0,
        NONE,
        0,
        0,
        indexed=True,
        problems=[Problem("format", wrong_format(ruin.layout, "2\ufffd"))],
        looked=False,
    )


def test_a_format_that_cannot_be_read_does_not(ruin: Ruin) -> None:
    circle("format")(ruin)
    (problem,) = ruin.problems
    assert problem.what == f"cannot be read: Too many levels of symbolic links; {LOOK}"
    ruin.layout.format.unlink()
    (problem,) = ruin.problems
    assert problem.what.startswith("cannot be read: No such file or directory; where")
    assert problem.what.endswith(f"{made_anew(ruin.root)} writes it again")
    ruin.layout.format.mkdir()
    (problem,) = ruin.problems
    assert problem.what == f"cannot be read: Is a directory; {NO_FILE}"
    assert check_store(ruin.root).messages == 3
