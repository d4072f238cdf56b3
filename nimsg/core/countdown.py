"""How the end of the server is announced, as a table and a schedule."""

from enum import StrEnum

from nimsg.errors import Refusal


STEPS = (60, 30, 15, 3, 2, 1)


class StopState(StrEnum):
    """Where the server stands."""

    SERVING = "serving"
    COUNTING = "counting down"
    INTERRUPTED = "interrupted"
    STOPPING = "stopping"
    ABORTED = "aborted"


class StopEvent(StrEnum):
    """What moves it on; `interrupt` and `terminate` are signals."""

    ANNOUNCE = "announce"
    CANCEL = "cancel"
    DUE = "due"
    INTERRUPT = "interrupt"
    TERMINATE = "terminate"


TRANSITIONS: dict[StopState, dict[StopEvent, StopState]] = {
    StopState.SERVING: {
        StopEvent.ANNOUNCE: StopState.COUNTING,
        StopEvent.INTERRUPT: StopState.INTERRUPTED,
        StopEvent.TERMINATE: StopState.STOPPING,
    },
    StopState.COUNTING: {
        StopEvent.ANNOUNCE: StopState.COUNTING,
        StopEvent.CANCEL: StopState.SERVING,
        StopEvent.DUE: StopState.STOPPING,
        StopEvent.INTERRUPT: StopState.INTERRUPTED,
        StopEvent.TERMINATE: StopState.STOPPING,
    },
    StopState.INTERRUPTED: {
        StopEvent.ANNOUNCE: StopState.COUNTING,
        StopEvent.CANCEL: StopState.SERVING,
        StopEvent.DUE: StopState.STOPPING,
        StopEvent.INTERRUPT: StopState.STOPPING,
        StopEvent.TERMINATE: StopState.STOPPING,
    },
    StopState.STOPPING: {
        StopEvent.INTERRUPT: StopState.ABORTED,
        StopEvent.TERMINATE: StopState.ABORTED,
    },
    StopState.ABORTED: {},
}


def after(state: StopState, event: StopEvent) -> StopState:
    """Where an event leads.

    Raises `Refusal`: `no_shutdown` for a cancel of nothing, `shutting_down` for what
    comes too late.
    """
    found = TRANSITIONS[state].get(event)
    if found is None:
        kind = "no_shutdown" if state is StopState.SERVING else "shutting_down"
        raise Refusal(kind)
    return found


def schedule(delay_s: int) -> tuple[int, ...]:
    """At how many seconds before the end people are told; the first is the delay."""
    return (delay_s, *(step for step in STEPS if step < delay_s))
