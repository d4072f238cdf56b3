"""The bench with counts so small that they prove only that it works."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import proc
from tests.bench.measures import MEASURES
from tests.bench.peers import make
from tests.bench.peers.bounds import BoundLog
from tests.bench.running import installed, measured
from tests.bench.sizes import TINY
from tests.bench.stats import Row, number, summaries


pytestmark = pytest.mark.slow
NAMES = ["nimsg", "bound-log-file", "relay"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """What a run of nearly all measures gives."""
    work = tmp_path_factory.mktemp("bench")
    names = [name for name in MEASURES if name not in ("disk", "headless")]
    *_, found = measured(TINY, installed(NAMES, work), names, work)
    return found["rows"]


class Broken(BoundLog):
    """Ends at once."""

    module = "no_such"


def of(rows: list[Row], measure: str, peer: str) -> Iterator[Row]:
    return (row for row in rows if (row["measure"], row["peer"]) == (measure, peer))


def test_every_peer_gives_figures_in_all_that_it_can(rows: list[Row]) -> None:
    assert [row for row in rows if row.get("error")] == []
    found = {(row["measure"], row["peer"]) for row in rows}
    assert found >= {
        *(("deliver", name) for name in ("nimsg", "bound-log-file")),
        *((measure, "relay") for measure in ("idle", "room")),
        *(
            (measure, "nimsg")
            for measure in ("inbox", "idle", "room", "receipts", "growth", "crowd")
        ),
    }


@pytest.mark.skipif(proc.program("strace") is None, reason="strace is not installed")
def test_s0_4_strace_sees_a_sync_within_each_answer(rows: list[Row]) -> None:
    (row,) = of(rows, "durability", "nimsg")
    assert row["verdict"] == "yes"
    assert row["synced"] == row["in_place"] == row["messages"]


def test_what_was_sent_is_stored_and_comes_to_rest(rows: list[Row]) -> None:
    for row in of(rows, "deliver", "nimsg"):
        assert number(row, "messages") >= 20
        assert {"journal_s", "text_s"} <= row.keys()


def test_repeats_are_one_summary(rows: list[Row]) -> None:
    again: list[Row] = [{**row, "rep": 1} for row in rows]
    for one in summaries([*rows, *again]):
        assert one.repeats == 2


def test_who_is_not_installed_is_skipped_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.bench.proc.program", lambda _: None)
    found = installed(["dovecot", "bound-log"], tmp_path)
    assert [peer.name for peer in found] == ["bound-log"]
    assert "dovecot is not installed" in capsys.readouterr().err


def test_the_failure_of_one_peer_loses_no_others(tmp_path: Path) -> None:
    peers = [Broken("broken", tmp_path), make("bound-none", tmp_path)]
    *_, found = measured(TINY, peers, ["deliver"], tmp_path)
    first, *others = found["rows"]
    assert first["error"]
    assert others
    assert not any(row.get("error") for row in others)
