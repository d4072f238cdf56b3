"""T18, N12: the Store contract under any sequence of commands."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.mailmodel import Machine
from tests.support.post import BACKENDS


@pytest.mark.no_cover
@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_n12_copies_are_conserved_whatever_is_done(name: str) -> None:
    class This(Machine):
        backend = BACKENDS[name]

    run_state_machine_as_test(
        This, settings=settings(deadline=None, max_examples=30, stateful_step_count=40)
    )
