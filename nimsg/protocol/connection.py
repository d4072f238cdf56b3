"""The life of a connection as a table, and how many faults it may have."""

from enum import StrEnum

from nimsg.errors import ProtocolFault, Refusal
from nimsg.protocol.constants import limit


class State(StrEnum):
    """Where a connection stands; both sides walk the same table."""

    CONNECTED = "connected"
    GREETED = "greeted"
    LOGGED_IN = "logged in"
    CLOSED = "closed"


class Event(StrEnum):
    """What moves a connection on."""

    HELLO = "hello"
    LOGIN = "login"
    CLOSE = "close"


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.CONNECTED: {Event.HELLO: State.GREETED, Event.CLOSE: State.CLOSED},
    State.GREETED: {Event.LOGIN: State.LOGGED_IN, Event.CLOSE: State.CLOSED},
    State.LOGGED_IN: {Event.CLOSE: State.CLOSED},
    State.CLOSED: {Event.CLOSE: State.CLOSED},
}


class Connection:
    """One connection's state and its count of protocol faults."""

    __slots__ = ("faults", "state")

    def __init__(self) -> None:
        self.state = State.CONNECTED
        self.faults = 0

    def fire(self, event: Event) -> None:
        """Move on. Raises like `check`."""
        self.state = self.check(event)

    def check(self, event: Event) -> State:
        """Where an event leads.

        Raises `Refusal("already_logged_in")` for a second login and
        `ProtocolFault("invalid_request")` for anything else the table lacks.
        """
        after = TRANSITIONS[self.state].get(event)
        if after is None:
            if (self.state, event) == (State.LOGGED_IN, Event.LOGIN):
                raise Refusal("already_logged_in")
            raise ProtocolFault(
                "invalid_request", f"{event} while {self.state}", fatal=True
            )
        return after

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self.state is State.CLOSED

    @property
    def frame_limit(self) -> int:
        """How long a frame from the client may be now, in bytes."""
        logged_in = self.state is State.LOGGED_IN
        return limit("frame_bytes" if logged_in else "frame_bytes_before_login")

    def fault(self, fault: ProtocolFault) -> bool:
        """Count one fault; whether the connection is to be closed for it."""
        self.faults += 1
        return fault.fatal or self.faults >= limit("protocol_faults")
