"""T2: whatever is said to sync, commit or check can be taken away, and who notices."""

import ast
from functools import cache
from itertools import takewhile
from pathlib import Path
from random import Random

import pytest

from tests.soak.mutations import (
    MUTATIONS,
    NOTICED,
    PASSED,
    copy_tree,
    noticed,
    run,
)
from tests.soak.mutationtable import NOTHING_TO_REMOVE, SYNCED, Mutation
from tests.support.soaking import Soak
from tests.support.syncs import syncs


TOP = Path(__file__).parents[2]
STORE = TOP / "nimsg" / "store"


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((TOP / path).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions)}


@pytest.mark.parametrize("one", MUTATIONS, ids=lambda one: f"{one.where} {one.call}")
def test_t2_what_is_taken_away_stands_in_the_source_and_its_tests_exist(
    one: Mutation,
) -> None:
    source = (TOP / "nimsg" / one.file).read_text("utf-8")

    assert source.count(one.old) == 1
    ast.parse(source.replace(one.old, one.new))
    for test in one.tests:
        path, _, name = test.partition("::")
        assert not name or name in names_in(path), test


def test_t2_every_sync_is_taken_away_once() -> None:
    taken = {(one.where, one.call) for one in SYNCED}

    assert taken | NOTHING_TO_REMOVE == {tuple(sync) for sync in syncs(STORE)}
    assert not taken & NOTHING_TO_REMOVE


@pytest.mark.soak
def test_t2_soak_a_test_fails_for_each_sync_commit_and_check(
    tmp_path: Path, soak: Soak
) -> None:
    top = copy_tree(tmp_path / "tree")
    order = Random(soak.seed).sample(MUTATIONS, len(MUTATIONS))  # noqa: S311
    for one in takewhile(lambda _: soak.going(), order):
        assert run(top, one.tests) == PASSED
        assert noticed(top, one) == NOTICED, one
        soak.count("syncs and checks taken away")
