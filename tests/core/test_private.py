"""The life of a private link: every state and every event (C21, C23)."""

import pytest

from nimsg.core.private import REASONS, TRANSITIONS, LinkEvent, LinkState, after
from nimsg.errors import Refusal
from nimsg.protocol.constants import LinkEnd


INVITED, OPEN, ENDED = LinkState
ACCEPT, DECLINE, EXPIRE, STOP, LEAVE = LinkEvent

# What comes of an event in a state: the next state, or the kind of the refusal.
TABLE: dict[tuple[LinkState, LinkEvent], LinkState | str] = {
    (INVITED, ACCEPT): OPEN,
    (INVITED, DECLINE): ENDED,
    (INVITED, EXPIRE): ENDED,
    (INVITED, STOP): ENDED,
    (INVITED, LEAVE): ENDED,
    (OPEN, ACCEPT): "no_private",
    (OPEN, DECLINE): "no_private",
    (OPEN, EXPIRE): "no_private",
    (OPEN, STOP): ENDED,
    (OPEN, LEAVE): ENDED,
    (ENDED, ACCEPT): "no_private",
    (ENDED, DECLINE): "no_private",
    (ENDED, EXPIRE): "no_private",
    (ENDED, STOP): "no_private",
    (ENDED, LEAVE): "no_private",
}


def test_c21_the_table_knows_every_state_and_event() -> None:
    assert TABLE.keys() == {
        (state, event) for state in LinkState for event in LinkEvent
    }
    assert TRANSITIONS.keys() == set(LinkState)


@pytest.mark.parametrize(("state", "event"), TABLE)
def test_c21_c23_every_event_in_every_state(state: LinkState, event: LinkEvent) -> None:
    expected = TABLE[state, event]

    if isinstance(expected, LinkState):
        assert after(state, event) is expected
    else:
        with pytest.raises(Refusal) as caught:
            after(state, event)
        assert caught.value.kind == expected


def test_c23_every_end_has_a_reason_and_every_reason_an_end() -> None:
    ends = {pair for pair, state in TABLE.items() if state is ENDED}

    assert REASONS.keys() == ends
    assert set(REASONS.values()) == set(LinkEnd)
