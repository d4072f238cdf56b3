"""Where the simulated disks are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.folders import quick_folder


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory: no sync waits for a disk."""
    with quick_folder(tmp_path) as folder:
        yield folder
