"""T6, T7: power cuts and failing disks below a real file system, where we may mount."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.process import environment
from tests.support.soaking import Soak


TOOLS = ("unshare", "mount", "umount", "mkfs.ext4", "cp")
PRIVATE = ("unshare", "--mount", "--propagation", "private")
ROUNDS = 5  # on one image
HANG_S = 300


def run(way: str, folder: Path, seed: int, rounds: int) -> dict[str, int]:
    """Some rounds in a mount namespace of their own; what they counted."""
    done = subprocess.run(
        [
            *(*PRIVATE, sys.executable, "-m", "tests.soak.images"),
            *(way, str(folder), str(seed), str(rounds)),
        ],
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@cache
def hindrance() -> str:
    """Why no image can be mounted here; empty where it can."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"{missing[0]} is missing"
    if os.geteuid() != 0:
        return "mounting an image needs root"
    with TemporaryDirectory() as folder:
        try:
            run("try", Path(folder), 0, 0)
        except AssertionError as error:
            return f"no image can be mounted here: {str(error).splitlines()[-1]}"
    return ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where images are mounted."""
    if hindrance():
        pytest.skip(hindrance())
    return tmp_path


@pytest.mark.slow
def test_t6_a_power_cut_on_a_real_file_system_loses_nothing_answered(
    folder: Path,
) -> None:
    assert run("cut", folder, 6, 2)["power cuts"] == 2


@pytest.mark.slow
def test_t7_a_device_that_fails_ends_the_server_and_loses_nothing_answered(
    folder: Path,
) -> None:
    assert run("fail", folder, 7, 2)["failed disks"] == 2


@pytest.mark.soak
@pytest.mark.parametrize("way", ["cut", "fail"], ids=["t6", "t7"])
def test_soak_nothing_answered_is_lost_below_a_real_file_system(
    folder: Path, soak: Soak, way: str
) -> None:
    seed = soak.seed
    while soak.going():
        for what, times in run(way, folder, seed, ROUNDS).items():
            soak.count(what, times)
        seed += 1
