"""`make bench`: nimsg beside its peers and bounds, in one run.

python -m tests.bench [--quick] [--peers NAMES] [MEASURE ...]
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import report, results, running
from tests.bench.flat import flat
from tests.bench.measures import MEASURES
from tests.bench.million import million
from tests.bench.peers import PEERS
from tests.bench.peers.base import Peer
from tests.bench.screen import screen
from tests.bench.sizes import FULL, QUICK, Line, Size
from tests.bench.stuck import storm, stuck
from tests.support.process import TOP


PAGE = TOP / "docs" / "performance.md"
REPORT = "report"
BY_NAME: dict[str, Callable[[Size, Path], Iterator[Line]]] = {
    "flat": flat,
    "million": million,
    "screen": screen,
    "stuck": stuck,
    "storm": storm,
}
# Where less than all, or all with small counts, is kept.
PART = Path(".bench") / "part.json"

KNOWN = ", ".join((REPORT, *MEASURES, *BY_NAME))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=KNOWN)
    parser.add_argument("--quick", action="store_true", help="small counts")
    parser.add_argument("--peers", help=f"some of {','.join(PEERS)}")
    parser.add_argument("--repeats", type=int, help="3")
    parser.add_argument("--work-dir", help="which disk is measured")
    parser.add_argument("--out", type=Path, help="the file for the results")
    args = parser.parse_args()
    size = QUICK if args.quick else FULL
    size = size._replace(repeats=args.repeats or size.repeats)
    names = args.peers.split(",") if args.peers else [*PEERS]
    if args.measures == [REPORT]:
        report.write(results.load(args.out or results.KEPT), PAGE)
        return
    whole = not (args.quick or args.peers or args.measures or args.repeats)
    out = args.out or (results.KEPT if whole else PART)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=args.work_dir) as folder:
        work = Path(folder)
        work.chmod(0o755)
        for name in args.measures:
            if name in BY_NAME:
                _print(name, size, work)
        wanted = [name for name in args.measures or MEASURES if name in MEASURES]
        if wanted:
            _run(size, running.installed(names, work), wanted, work, out)
        running.tell("now deleting what was written")


def _run(
    size: Size, peers: list[Peer], measures: list[str], work: Path, out: Path
) -> None:
    for found in running.measured(size, peers, measures, work):
        results.save(found, out)
    found = results.load(out)
    running.tell(f"took {found['took_s']} s: {out}")
    print("\n".join(report.said(found, ())))
    if out == results.KEPT:
        report.write(found, PAGE)


def _print(name: str, size: Size, work: Path) -> None:
    """A measure that prints a table of its own."""
    print(f"### {name}: {(BY_NAME[name].__doc__ or '').splitlines()[0]}\n")
    for number, line in enumerate(BY_NAME[name](size, work)):
        print("| " + " | ".join(line) + " |", flush=True)
        if number == 0:
            print("|" + "---|" * len(line))
    print(flush=True)


if __name__ == "__main__":
    main()
