"""From results to the tables and plots of docs/performance.md."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.goals import Outcome, outcomes
from tests.bench.results import Results
from tests.bench.sizes import FULL
from tests.bench.stats import Figure, Row, Summary, summaries, text
from tests.bench.svg import BOUNDS, OURS, THEIRS, Bar, bars, curves


START, END = "## Figures\n", "\n## "
BURST = "C=64"


class Column(NamedTuple):
    """A figure of a table, and what stands above it."""

    figure: str
    title: str


P50, P99 = Column("p50_ms", "p50 ms"), Column("p99_ms", "p99 ms")
PER_S, CPU = Column("per_s", "a second"), Column("cpu_us", "CPU us")
RSS = Column("rss_mib", "RSS MiB")
LIST, SEND_CPU = Column("list_ms", "list ms"), Column("send_cpu_us", "send, CPU us")
SENDS = (
    Column("send_ms", "send ms"),
    Column("sends_per_s", "16 send, a second"),
)
COLUMNS = {
    "disk": (PER_S, P50, P99),
    "deliver": (
        *(PER_S, P50, P99, CPU),
        *(Column("stored_per_s", "stored a second"), Column("journal_s", "journal s")),
        Column("text_s", "text s"),
    ),
    "inbox": (P50, Column("p90_ms", "p90 ms"), P99),
    "headless": (P50, Column("min_ms", "least ms"), Column("p90_ms", "p90 ms")),
    "idle": (Column("rss_kib", "RSS KiB each"), Column("pss_kib", "PSS KiB each")),
    "room": (Column("copies_per_s", "copies a second"), P50, P99, CPU),
    "receipts": (P50, P99),
    "growth": (
        *(Column("start_ms", "start ms"), LIST, Column("poll_ms", "poll ms")),
        *(Column("search_ms", "search ms"), *SENDS, SEND_CPU, RSS),
    ),
    "crowd": (Column("login_ms", "login ms"), LIST, *SENDS, SEND_CPU, RSS),
}
GROWN = {
    "growth": ("messages in the store", ("list_ms", "poll_ms", "search_ms")),
    "crowd": ("connections", ("login_ms", "list_ms")),
}
ALSO = ("send_ms", "send_cpu_us", "rss_mib")
NAMES = {
    column.figure: column.title.removesuffix(" ms").removesuffix(" MiB")
    for columns in COLUMNS.values()
    for column in columns
}


def write(results: Results, page: Path) -> None:
    """Put the tables into the page, and the plots into `bench` beside it."""
    plots = page.parent / "bench"
    plots.mkdir(exist_ok=True)
    drawn = dict(drawings(summaries(results["rows"])))
    for name, drawing in drawn.items():
        (plots / f"{name}.svg").write_text(drawing, encoding="utf-8")
    before, _, after = page.read_text(encoding="utf-8").partition(START)
    _, mark, after = after.partition(END)
    told = "\n".join(said(results, [*drawn]))
    page.write_text(f"{before}{START}\n{told}\n{mark}{after}", encoding="utf-8")


def said(results: Results, drawn: Sequence[str]) -> Iterator[str]:
    """The lines of the section."""
    yield from _run(results)
    yield from _goals(outcomes(results["rows"]))
    found = summaries(results["rows"])
    yield from _durability(results["rows"])
    for measure, columns in COLUMNS.items():
        mine = [one for one in found if one.measure == measure]
        if mine:
            yield from ("", f"### {measure}", "")
            if measure in drawn:
                yield from (f"![{measure}](bench/{measure}.svg)", "")
            yield from _table(mine, columns)
    yield from _failures(results["rows"])


def _run(results: Results) -> Iterator[str]:
    if results["size"] != FULL.name:
        yield "Small counts, to see that it works: these figures mean nothing.\n"
    machine = results["machine"]
    yield (
        f"One run, {results['began'][:10]}, {results['repeats']} repeats in "
        f"{results['took_s'] / 60:.0f} minutes: {machine['cpus']} cores, "
        f"{machine['file_system']},\nPython {machine['python']}. "
        "Median (least to most)."
    )
    peers = results["peers"].items()
    named = [f"{name} {one['version']}" for name, one in peers if _outside(name)]
    if named:
        yield f"\nBeside {', '.join(named)}."


def _outside(name: str) -> bool:
    return not name.startswith(("nimsg", "bound", "relay", "floor"))


# -- tables


def _goals(all_: Sequence[Outcome]) -> Iterator[str]:
    yield from ("", "### Goals", "", *_head("what", "goal", "measured", "met"))
    for one in all_:
        goal = one.goal
        kind = "at least" if goal.least else "at most"
        met = "not measured" if one.figure is None else "yes" if one.met else "no"
        wanted = f"{kind} {goal.bound:g} {goal.unit}"
        yield _line(goal.what, wanted, _cell(one.figure), met)


def _durability(rows: Sequence[Row]) -> Iterator[str]:
    mine = [row for row in rows if row["measure"] == "durability"]
    good = [row for row in mine if not row.get("error")]
    if not good:
        return
    titles = (
        "peer",
        "durable",
        "sync inside the answer",
        "in the box then",
        "synced",
    )
    yield from ("", "### durability", "", *_head(*titles))
    for row in good:
        count = row["messages"]
        placed = "-" if row["in_place"] is None else f"{row['in_place']} of {count}"
        synced = f"{row['synced']} of {count}"
        calls = str(row["syncs"]) or "-"
        yield _line(str(row["peer"]), str(row["verdict"]), synced, placed, calls)


def _table(found: Sequence[Summary], columns: Sequence[Column]) -> Iterator[str]:
    there = {figure for one in found for figure in one.figures}
    shown = [column for column in columns if column.figure in there]
    yield from _head("point", "peer", *(column.title for column in shown), "quiet")
    for point in dict.fromkeys(one.point for one in found):
        for one in found:
            if one.point == point:
                cells = (_cell(one.figures.get(column.figure)) for column in shown)
                yield _line(point, one.peer, *cells, f"{one.quiet} of {one.repeats}")


def _failures(rows: Sequence[Row]) -> Iterator[str]:
    faults = [row for row in rows if row.get("error") or row.get("status")]
    if not faults:
        return
    yield from ("", "### What failed", "")
    for row in faults:
        why = str(row.get("error") or row.get("status")).splitlines()[0]
        yield f"- {row['measure']}, {row['peer']}: {why}"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    if figure.repeats == 1:
        return text(figure.median)
    return f"{text(figure.median)} ({text(figure.least)} to {text(figure.most)})"


def _head(*titles: str) -> tuple[str, str]:
    return _line(*titles), "|" + "---|" * len(titles)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


# -- plots


def drawings(found: Sequence[Summary]) -> Iterator[tuple[str, str]]:
    """The plots, by the measure that they show."""
    plans: dict[str, tuple[str, str, str, Callable[[float], str]]] = {
        "deliver": (BURST, "per_s", "messages answered a second, C=64", _count),
        "inbox": ("newest 50 of 10000", "p50_ms", "newest 50 of 10,000, p50 ms", text),
        "room": ("100 members, 20/s", "p99_ms", "copies at 20/s, p99 ms", text),
    }
    for measure, (point, figure, title, label) in plans.items():
        mine = [one for one in found if (one.measure, one.point) == (measure, point)]
        if mine:
            yield measure, bars(title, [_bar(one, figure, label) for one in mine])
    for measure, (below, figures) in GROWN.items():
        mine = [one for one in found if one.measure == measure]
        if len(mine) > 1:
            names = (*figures, *ALSO)
            title = "cost, as many times that of the smallest"
            lines = {NAMES[name]: _grown(mine, name) for name in names}
            yield measure, curves(title, below, lines)


def _bar(one: Summary, figure: str, label: Callable[[float], str]) -> Bar:
    value = one.figures[figure].median
    bound = one.peer.startswith(("bound", "relay"))
    colour = BOUNDS if bound else OURS if one.peer == "nimsg" else THEIRS
    return Bar(one.peer, value, label(value), colour)


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _grown(mine: Sequence[Summary], name: str) -> list[tuple[float, float]]:
    first = mine[0].figures[name].median
    return [
        (one.figures["at"].median, one.figures[name].median / first) for one in mine
    ]
