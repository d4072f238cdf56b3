"""Results that are JSON in part already. The wire sees what `results` describes."""

from msgspec import Raw, Struct

from nimsg.protocol.constants import Box
from nimsg.protocol.results import OutboxRow


class PackedPage(Struct, frozen=True):
    """A `Page` whose inbox is a JSON array already, and is sent as it is."""

    box: Box
    new: int
    pending: int
    total: int
    inbox: Raw
    outbox: list[OutboxRow]
    next: int | None
    cursor: str
