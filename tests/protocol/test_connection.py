"""The life of a connection: every state and every event, and ten faults."""

import pytest

from nimsg.errors import ProtocolFault, Refusal
from nimsg.protocol.connection import TRANSITIONS, Connection, Event, State
from nimsg.protocol.constants import limit


# What comes of an event in a state: the next state, or the kind of the refusal.
TABLE: dict[tuple[State, Event], State | str] = {
    (State.CONNECTED, Event.HELLO): State.GREETED,
    (State.CONNECTED, Event.LOGIN): "invalid_request",
    (State.CONNECTED, Event.CLOSE): State.CLOSED,
    (State.GREETED, Event.HELLO): "invalid_request",
    (State.GREETED, Event.LOGIN): State.LOGGED_IN,
    (State.GREETED, Event.CLOSE): State.CLOSED,
    (State.LOGGED_IN, Event.HELLO): "invalid_request",
    (State.LOGGED_IN, Event.LOGIN): "already_logged_in",
    (State.LOGGED_IN, Event.CLOSE): State.CLOSED,
    (State.CLOSED, Event.HELLO): "invalid_request",
    (State.CLOSED, Event.LOGIN): "invalid_request",
    (State.CLOSED, Event.CLOSE): State.CLOSED,
}


def connection(state: State) -> Connection:
    made = Connection()
    made.state = state
    return made


def test_s1_4_the_table_knows_every_state_and_event() -> None:
    assert TABLE.keys() == {(state, event) for state in State for event in Event}
    assert TRANSITIONS.keys() == set(State)


@pytest.mark.parametrize(("state", "event"), TABLE)
def test_s1_4_every_event_in_every_state(state: State, event: Event) -> None:
    made = connection(state)
    after = TABLE[state, event]

    if isinstance(after, State):
        made.fire(event)
        assert made.state is after
    else:
        with pytest.raises(Refusal) as caught:
            made.fire(event)
        assert caught.value.kind == after
        assert made.state is state


def test_s1_4_a_second_login_is_refused_and_no_fault() -> None:
    with pytest.raises(Refusal) as caught:
        connection(State.LOGGED_IN).fire(Event.LOGIN)

    assert not isinstance(caught.value, ProtocolFault)


def test_s1_4_what_the_table_lacks_closes_the_connection() -> None:
    with pytest.raises(ProtocolFault) as caught:
        connection(State.CLOSED).fire(Event.HELLO)

    assert caught.value.fatal
    assert caught.value.detail == "hello while closed"


@pytest.mark.parametrize("state", State)
def test_sec_1_frames_may_be_long_only_after_login(state: State) -> None:
    expected = 1_048_576 if state is State.LOGGED_IN else 4096

    assert connection(state).frame_limit == expected


def test_t12_ten_faults_close_and_nine_do_not() -> None:
    made = Connection()
    fault = ProtocolFault("parse_error", fatal=False)

    closes = [made.fault(fault) for _ in range(limit("protocol_faults"))]

    assert closes == [False] * 9 + [True]


def test_t12_one_fatal_fault_closes() -> None:
    assert Connection().fault(ProtocolFault("frame_too_large", fatal=True))
