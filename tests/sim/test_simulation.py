"""T4: the real server and real clients in a world that fails; all promises hold.

A failure names its seed; `python -m tests.sim SEED` plays it again, line by line.
"""

import os
import subprocess
import sys
from collections import Counter
from itertools import count, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from nimsg.errors import StorageFailure
from nimsg.store.local import LocalStore
from tests.sim.checker import Violation
from tests.sim.machine import Image, committed
from tests.sim.mutants import Early, Forgetful, Hasty, Porous, Twice
from tests.sim.world import make_world, play, simulate
from tests.support.soaking import Soak


TOP = Path(__file__).parents[2]
SEEDS = 60
# A mutant lives through so many at most.
FOUND_AFTER = 12
HASH_SEEDS = ("0", "1")


def simulated(seed: int, folder: Path) -> Counter[str]:
    """One world, from its first minute to its last check."""
    with TemporaryDirectory(dir=folder) as name:
        return simulate(make_world(seed, Path(name)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_s1_18_n12_whatever_fails_all_promises_hold(seed: int, tmp_path: Path) -> None:
    counts = simulated(seed, tmp_path)

    assert counts["requests"] > 50
    assert counts["virtual minutes"] >= 10


@pytest.mark.soak
def test_s1_18_n12_whatever_fails_all_promises_hold_for_long(
    soak: Soak, tmp_path: Path
) -> None:
    for seed in takewhile(lambda _: soak.going(), count(soak.seed)):
        soak.count("seeds")
        for what, times in simulated(seed, tmp_path).items():
            soak.count(what, times)


@pytest.mark.slow
def test_a_seed_is_played_again_exactly() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-m", "tests.sim", "3"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=TOP,
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in HASH_SEEDS
    ]

    assert len(said[0].splitlines()) > 1000
    assert said[0] == said[1]


IMAGES: dict[type[LocalStore], Image] = {
    Early: lambda root: Early.synced.get(root) or committed(root)
}
# Each with who notices: the judge, or a start before it.
MUTANTS: dict[type[LocalStore], type[Exception] | tuple[type[Exception], ...]] = {
    Early: Violation,
    Forgetful: Violation,
    Hasty: (Violation, StorageFailure),
    Porous: Violation,
    Twice: Violation,
}


@pytest.mark.slow
@pytest.mark.parametrize("store", MUTANTS, ids=lambda store: store.__name__)
def test_a_server_that_is_wrong_is_found(
    store: type[LocalStore], tmp_path: Path
) -> None:
    image = IMAGES.get(store, committed)
    for seed in range(FOUND_AFTER):
        folder = tmp_path / str(seed)
        folder.mkdir()
        trouble = play(make_world(seed, folder, store, image)).trouble
        if trouble is not None:
            assert isinstance(trouble, MUTANTS[store])
            return
    pytest.fail("nobody noticed")
