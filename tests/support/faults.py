"""What an act comes to where a typed fault is as good as an answer."""

from collections.abc import Callable

from nimsg.errors import ProtocolFault


def fault_of(act: Callable[[], object]) -> ProtocolFault | None:
    """The protocol fault an act raises, or None; any other error is a failure."""
    try:
        act()
    except ProtocolFault as fault:
        return fault
    return None
