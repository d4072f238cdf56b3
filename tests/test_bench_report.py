"""From rows of figures to medians, goals, tables and plots."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.bench.goals import GOALS, Outcome, outcomes
from tests.bench.report import said, write
from tests.bench.results import Results, load, save
from tests.bench.stats import Row, latencies, noisy, summaries, text


PAGE = "# Performance\n\n## Figures\n\nold\n\n## By name only\n\nkept\n"


def row(measure: str, point: str, peer: str, rep: float = 0, **figures: float) -> Row:
    return {
        "measure": measure,
        "point": point,
        "peer": peer,
        "rep": rep,
        **figures,
    }


def results(*rows: Row) -> Results:
    return Results(
        began="2026-11-20T12:00+00:00",
        took_s=1500,
        size="full",
        repeats=3,
        machine={"cpus": 2, "system": "Linux", "python": "3.11", "file_system": "ext4"},
        peers={"nimsg": {"version": "1", "note": ""}},
        rows=list(rows),
    )


def sends(per_s: float, bound: float, rep: int = 0, **noise: float) -> list[Row]:
    point = "C=64, sustained"
    return [
        row("deliver", point, "nimsg", rep, per_s=per_s, **noise),
        row("deliver", point, "bound-log-file", rep, per_s=bound),
    ]


def sustained(rows: list[Row]) -> Outcome:
    (found,) = (one for one in outcomes(rows) if one.goal.bound == 0.85)
    return found


@pytest.mark.parametrize(
    ("figures", "quiet"),
    [
        ({}, True),
        ({"steal_share": 0.15, "other_cpu_share": 0.6}, True),
        ({"steal_share": 0.16}, False),
        ({"other_cpu_share": 0.61}, False),
    ],
)
def test_a_row_is_noisy_when_others_had_the_machine(
    figures: dict[str, float], quiet: bool
) -> None:
    assert noisy(row("deliver", "C=1", "nimsg", **figures)) is not quiet


def test_medians_are_of_the_quiet_repeats_and_bounds_of_all() -> None:
    (one,) = summaries(
        row("deliver", "C=1", "nimsg", rep, per_s=per_s, steal_share=steal)
        for rep, (per_s, steal) in enumerate([(100, 0), (10, 0.5), (200, 0.1)])
    )
    assert one.figures["per_s"][:3] == (150, 10, 200)
    assert (one.quiet, one.repeats) == (2, 3)


def test_where_all_are_noisy_all_count() -> None:
    (one,) = summaries(
        row("deliver", "C=1", "nimsg", rep, per_s=per_s, steal_share=1)
        for rep, per_s in enumerate([1, 2, 6])
    )
    assert one.figures["per_s"].median == 2
    assert one.quiet == 0


def test_latencies_are_in_ms() -> None:
    taken = latencies(number / 1000 for number in range(1, 101))
    assert (taken["p50_ms"], taken["p99_ms"], taken["max_ms"]) == (51, 100, 100)


@pytest.mark.parametrize(
    ("value", "said_as"),
    [(0, "0"), (0.0456, "0.046"), (4.567, "4.57"), (45.6, "45.6"), (4567, "4,567")],
)
def test_figures_are_said_with_three_digits(value: float, said_as: str) -> None:
    assert text(value) == said_as


def test_a_goal_is_judged_by_ratios_within_each_repeat() -> None:
    one = sustained([*sends(90, 100), *sends(400, 500, rep=1), *sends(9, 10, rep=2)])
    assert one.met
    assert one.figure is not None
    assert one.figure[:3] == pytest.approx((0.9, 0.8, 0.9))


def test_a_noisy_repeat_judges_no_goal_where_there_is_a_quiet_one() -> None:
    noise = {"other_cpu_share": 1.0}
    one = sustained([*sends(80, 100), *sends(99, 100, rep=1, **noise)])
    assert not one.met


def test_a_goal_whose_peer_did_not_run_is_not_measured() -> None:
    found = outcomes(sends(90, 100)[:1])
    assert [one for one in found if one.figure or one.met] == []


def test_a_figure_at_most_is_met_below_its_bound() -> None:
    idle = [row("idle", "10000 connections", "nimsg", rss_kib=7.9)]
    assert [one.goal.unit for one in outcomes(idle) if one.met] == ["KiB"]


def test_the_page_gets_tables_and_plots_and_keeps_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    rows = [
        row("growth", f"{at} messages", "nimsg", **GROWTH, at=at)
        for at in (1000, 10**6)
    ]
    bursts = [row("deliver", "C=64", name, per_s=9) for name in ("nimsg", "relay<")]
    path = tmp_path / "results.json"
    save(results(*rows, *bursts, *sends(9, 10)), path)
    for _ in range(2):
        write(load(path), page)
    told = page.read_text()
    assert told.startswith("# Performance\n\n## Figures\n\nOne run, 2026-11-20")
    assert told.endswith("\n\n## By name only\n\nkept\n")
    assert "old" not in told
    for name in ("deliver", "growth"):
        assert f"![{name}](bench/{name}.svg)" in told
        ET.parse(tmp_path / "bench" / f"{name}.svg")  # noqa: S314 - made here


GROWTH = dict.fromkeys(
    ("list_ms", "poll_ms", "search_ms", "send_ms", "send_cpu_us", "rss_mib"), 1.0
)


def test_every_goal_has_a_line_and_failures_are_told() -> None:
    broken = {**row("inbox", "", "dovecot"), "error": "TimeoutError: no answer\nmore"}
    lines = list(said(results(broken), ()))
    assert "- inbox, dovecot: TimeoutError: no answer" in lines
    assert sum("not measured" in line for line in lines) == len(GOALS)
