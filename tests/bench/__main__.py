"""`make bench`: every measure, as Markdown tables.

    python -m tests.bench [--quick] [MEASURE ...]

Absolute figures move with the machine; only ratios within one run count. What is
written is left to the end: deleting files makes creating them slow for a while.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path

from tests.bench.idle import idle
from tests.bench.measures import MEASURES
from tests.bench.million import million
from tests.bench.screen import screen
from tests.bench.sizes import FULL, QUICK
from tests.bench.stuck import storm, stuck


# Only when they are asked for: they take minutes, or keep what they have made.
BY_NAME = {
    **MEASURES,
    "million": million,
    "screen": screen,
    "idle": idle,
    "stuck": stuck,
    "storm": storm,
}


def main() -> None:
    """Run the measures that were asked for."""
    parser = argparse.ArgumentParser(description="nimsg beside bounds and floors")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=str([*BY_NAME]))
    parser.add_argument("--quick", action="store_true", help="small counts")
    parser.add_argument("--work-dir", help="which disk is measured")
    args = parser.parse_args()
    size = QUICK if args.quick else FULL
    print(
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs\n"
    )
    with tempfile.TemporaryDirectory(
        prefix="nimsg-bench-", dir=args.work_dir
    ) as folder:
        for name in args.measures or MEASURES:
            print(f"### {name}: {(BY_NAME[name].__doc__ or '').splitlines()[0]}\n")
            for number, row in enumerate(BY_NAME[name](size, Path(folder))):
                print("| " + " | ".join(row) + " |", flush=True)
                if number == 0:
                    print("|" + "---|" * len(row))
            print(flush=True)


if __name__ == "__main__":
    main()
