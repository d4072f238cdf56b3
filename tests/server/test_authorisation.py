"""Who may call what, upon whose things: every cell of the table (T17, SEC-9)."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nimsg.protocol.methods import METHODS
from nimsg.server.dispatch import HANDLERS
from tests.support.authorisation import ROLES, TABLE, House, Row, furnish, trial
from tests.support.folders import quick_folder


class Furnished(NamedTuple):
    """A house to copy."""

    var: Path
    house: House


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """Everybody with their things, made once for all methods."""
    with quick_folder(tmp_path_factory.mktemp("house")) as folder:
        var = folder / "var"
        house = asyncio.run(furnish(var))
        yield Furnished(var, house)


def test_t17_every_method_of_the_dispatch_table_has_a_row() -> None:
    assert TABLE.keys() == HANDLERS.keys() == METHODS.keys()


@pytest.mark.parametrize("method", HANDLERS)
async def test_t17_s0_19_s3_22_sec_9_sec_17_who_may_call(
    tmp_path: Path, furnished: Furnished, method: str
) -> None:
    shutil.copytree(
        furnished.var, tmp_path / "var", ignore=shutil.ignore_patterns("*.sock")
    )
    async with trial(tmp_path, furnished.house) as tried:
        found = [await tried.comes_to(method, role) for role in ROLES]

    assert Row(*found)._asdict() == TABLE[method]._asdict()
