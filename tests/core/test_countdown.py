"""How the end is announced: every state and every event, and the steps (S3-20)."""

import pytest

from nimsg.core.countdown import (
    STEPS,
    TRANSITIONS,
    StopEvent,
    StopState,
    after,
    schedule,
)
from nimsg.errors import Refusal


SERVING, COUNTING, INTERRUPTED, STOPPING, ABORTED = StopState
ANNOUNCE, CANCEL, DUE, INTERRUPT, TERMINATE = StopEvent
NONE, LATE = "no_shutdown", "shutting_down"

# What comes of an event in a state: the next state, or the kind of the refusal.
TABLE: dict[tuple[StopState, StopEvent], StopState | str] = {
    (SERVING, ANNOUNCE): COUNTING,
    (SERVING, CANCEL): NONE,
    (SERVING, DUE): NONE,
    (SERVING, INTERRUPT): INTERRUPTED,
    (SERVING, TERMINATE): STOPPING,
    (COUNTING, ANNOUNCE): COUNTING,
    (COUNTING, CANCEL): SERVING,
    (COUNTING, DUE): STOPPING,
    (COUNTING, INTERRUPT): INTERRUPTED,
    (COUNTING, TERMINATE): STOPPING,
    (INTERRUPTED, ANNOUNCE): COUNTING,
    (INTERRUPTED, CANCEL): SERVING,
    (INTERRUPTED, DUE): STOPPING,
    (INTERRUPTED, INTERRUPT): STOPPING,
    (INTERRUPTED, TERMINATE): STOPPING,
    (STOPPING, ANNOUNCE): LATE,
    (STOPPING, CANCEL): LATE,
    (STOPPING, DUE): LATE,
    (STOPPING, INTERRUPT): ABORTED,
    (STOPPING, TERMINATE): ABORTED,
    (ABORTED, ANNOUNCE): LATE,
    (ABORTED, CANCEL): LATE,
    (ABORTED, DUE): LATE,
    (ABORTED, INTERRUPT): LATE,
    (ABORTED, TERMINATE): LATE,
}


def test_s3_22_the_table_knows_every_state_and_event() -> None:
    assert TABLE.keys() == {
        (state, event) for state in StopState for event in StopEvent
    }
    assert TRANSITIONS.keys() == set(StopState)


@pytest.mark.parametrize(("state", "event"), TABLE)
def test_s3_22_s4_10_every_event_in_every_state(
    state: StopState, event: StopEvent
) -> None:
    expected = TABLE[state, event]

    if isinstance(expected, StopState):
        assert after(state, event) is expected
    else:
        with pytest.raises(Refusal) as caught:
            after(state, event)
        assert caught.value.kind == expected


@pytest.mark.parametrize(
    ("delay_s", "steps"),
    [
        (86_400, (86_400, 60, 30, 15, 3, 2, 1)),
        (61, (61, 60, 30, 15, 3, 2, 1)),
        (60, (60, 30, 15, 3, 2, 1)),
        (59, (59, 30, 15, 3, 2, 1)),
        (5, (5, 3, 2, 1)),
        (3, (3, 2, 1)),
        (1, (1,)),
        (0, (0,)),
    ],
)
def test_s3_20_people_are_told_at_these_steps_below_the_delay(
    delay_s: int, steps: tuple[int, ...]
) -> None:
    assert schedule(delay_s) == steps


def test_s3_20_the_steps_are_the_sources() -> None:
    assert STEPS == (60, 30, 15, 3, 2, 1)
