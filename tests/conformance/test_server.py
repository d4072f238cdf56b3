"""T14: every row of the numbered table, against a live server over TCP."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.conformance.cases import Case, World
from tests.conformance.table import TABLE
from tests.conformance.world import come_of, furnished, judge
from tests.support.process import ServerProcess, environment


class Stage(NamedTuple):
    """A server process and what is there."""

    server: ServerProcess
    world: World


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One server for all rows; behind them nothing of it has failed."""
    folder = tmp_path_factory.mktemp("conformance")
    server = ServerProcess(folder / "var", env=environment(folder))
    with server, furnished(server) as world:
        yield Stage(server, world)
    # Some rows lock names by wrong passwords.
    told = (" AUDIT ", " are locked for ")
    lines = server.complaints.splitlines()
    assert [line for line in lines if not any(word in line for word in told)] == []


def test_t14_the_table_has_at_least_400_rows_each_with_a_number_of_its_own() -> None:
    assert len(TABLE) >= 400
    assert len({one.number for one in TABLE}) == len(TABLE)
    assert len({one.title for one in TABLE}) == len(TABLE)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.number} {row.title}")
def test_t14_what_is_sent_is_answered_as_the_table_says(
    stage: Stage, row: Case
) -> None:
    judge(row, come_of(stage.world, stage.server.var, row))
