"""Take each sync, commit and check away in turn: a test has to fail each time.

`python -m tests.soak.mutations [WORD...]`, from the project's folder; with words, only
what has one of them in its name. Works on a copy; exit 1 where nothing was noticed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

from tests.soak.disagreements import disagreements
from tests.soak.mutationtable import CHECKS, SYNCED, Mutation
from tests.support.folders import quick_folder


TOP = Path(__file__).parents[2]
MUTATIONS = (*SYNCED, *CHECKS, *disagreements())
COPIED = ("nimsg", "tests", "docs")
FILES = ("pyproject.toml", "README.md")
HANG_S = 600
PASSED, FAILED = 0, 1
NOTICED = "failed"
WORKERS = 2


def copy_tree(to: Path) -> Path:
    """What tests need of the project."""
    for name in COPIED:
        shutil.copytree(
            TOP / name, to / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in FILES:
        shutil.copyfile(TOP / name, to / name)
    return to


@contextmanager
def without(top: Path, mutation: Mutation) -> Iterator[None]:
    """The tree with something taken away."""
    path = top / "nimsg" / mutation.file
    text = path.read_text("utf-8")
    assert text.count(mutation.old) == 1, mutation
    path.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    yield
    path.write_text(text, "utf-8")


def run(top: Path, tests: Sequence[str]) -> int:
    """Run tests of a tree up to the first that fails; pytest's exit code."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x"),
            *("-m", "not slow and not soak", "-p", "no:cacheprovider"),
            *("--timeout", f"{HANG_S // 4}", "--basetemp", str(top / "tmp"), *tests),
        ],
        cwd=top,
        env={**os.environ, "PYTHONPATH": str(top)},
        capture_output=True,
        timeout=HANG_S,
        check=False,
    )
    return done.returncode


def noticed(top: Path, mutation: Mutation) -> str:
    """Whether a test failed when something was taken away."""
    with without(top, mutation):
        code = run(top, mutation.tests)
    return {FAILED: NOTICED, PASSED: "SURVIVED"}.get(code, f"NOT RUN ({code})")


def tried(folder: Path, some: Sequence[Mutation]) -> Iterator[tuple[Mutation, str]]:
    """Take each away, some at once; what came of it."""
    trees: Queue[Path] = Queue()
    for number in range(WORKERS):
        trees.put(copy_tree(folder / f"{number}"))

    def attempt(one: Mutation) -> str:
        top = trees.get()
        try:
            return noticed(top, one)
        finally:
            trees.put(top)

    tests = sorted({test for one in some for test in one.tests})
    if run(copy_tree(folder / "whole"), tests) != PASSED:
        raise RuntimeError("the tests fail as it is")
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from zip(some, pool.map(attempt, some), strict=True)


def main(words: Sequence[str]) -> int:
    """Print a row for each; 1 where one was not noticed."""
    some = [
        one
        for one in MUTATIONS
        if not words or any(word in f"{one.where} {one.call}" for word in words)
    ]
    missed = 0
    with TemporaryDirectory() as otherwise, quick_folder(Path(otherwise)) as folder:
        for one, result in tried(folder, some):
            missed += result != NOTICED
            print(f"{one.where:32} {one.call:44} {result}", flush=True)
    print(f"{len(some)} taken away, {missed} not noticed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
