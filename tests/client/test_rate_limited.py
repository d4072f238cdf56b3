"""What a client does that is told it asks too often."""

import pytest

from nimsg.client.failures import passes, passes_in_time
from nimsg.errors import Refusal, Unreachable


@pytest.mark.parametrize(
    ("failure", "soon", "in_time"),
    [
        (Unreachable("gone"), True, True),
        (Refusal("busy"), True, True),
        (Refusal("rate_limited"), False, True),
        (Refusal("bad_resume"), False, False),
    ],
)
def test_a_command_ends_and_a_session_waits(
    failure: Unreachable | Refusal, *, soon: bool, in_time: bool
) -> None:
    assert passes(failure) is soon
    assert passes_in_time(failure) is in_time
