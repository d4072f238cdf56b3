"""The life of a private link, from the invitation to its end, as a table."""

from enum import StrEnum

from nimsg.errors import Refusal
from nimsg.protocol.constants import LinkEnd


class LinkState(StrEnum):
    """Where two people stand."""

    INVITED = "invited"
    OPEN = "open"
    ENDED = "ended"


class LinkEvent(StrEnum):
    """What moves a link on."""

    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    STOP = "stop"
    LEAVE = "leave"


TRANSITIONS: dict[LinkState, dict[LinkEvent, LinkState]] = {
    LinkState.INVITED: {
        LinkEvent.ACCEPT: LinkState.OPEN,
        LinkEvent.DECLINE: LinkState.ENDED,
        LinkEvent.EXPIRE: LinkState.ENDED,
        LinkEvent.STOP: LinkState.ENDED,
        LinkEvent.LEAVE: LinkState.ENDED,
    },
    LinkState.OPEN: {
        LinkEvent.STOP: LinkState.ENDED,
        LinkEvent.LEAVE: LinkState.ENDED,
    },
    LinkState.ENDED: {},
}
# What the other side is told, by the state that ended and what ended it.
REASONS: dict[tuple[LinkState, LinkEvent], LinkEnd] = {
    (LinkState.INVITED, LinkEvent.DECLINE): LinkEnd.DECLINED,
    (LinkState.INVITED, LinkEvent.EXPIRE): LinkEnd.NO_ANSWER,
    (LinkState.INVITED, LinkEvent.STOP): LinkEnd.WITHDRAWN,
    (LinkState.INVITED, LinkEvent.LEAVE): LinkEnd.OFFLINE,
    (LinkState.OPEN, LinkEvent.STOP): LinkEnd.STOPPED,
    (LinkState.OPEN, LinkEvent.LEAVE): LinkEnd.OFFLINE,
}


def after(state: LinkState, event: LinkEvent) -> LinkState:
    """Where an event leads. Raises `Refusal("no_private")` where it leads nowhere."""
    found = TRANSITIONS[state].get(event)
    if found is None:
        raise Refusal("no_private")
    return found
