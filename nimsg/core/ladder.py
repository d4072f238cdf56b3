"""The receipt ladder of one recipient's copy: stored, fetched, opened, acked.

Every rung is set once, never before the rung below it, and a higher rung fills
those below. Recall and deletion end a copy that was never opened.
"""

from msgspec import Struct
from msgspec.structs import replace

from nimsg.protocol.constants import CopyState, Device
from nimsg.protocol.results import Receipt


class Copy(Struct, frozen=True):
    """The times (ms UTC) and devices of one copy; all unset means stored.

    An imported copy was never new here: nobody is waited for, and it climbs when it
    is opened.
    """

    fetched_at: int | None = None
    fetched_by: Device | None = None
    opened_at: int | None = None
    opened_by: Device | None = None
    acked_at: int | None = None
    acked_by: Device | None = None
    recalled_at: int | None = None
    deleted_at: int | None = None
    imported: bool = False

    @property
    def state(self) -> CopyState:
        """The one state this copy is counted under."""
        if self.recalled_at is not None:
            return CopyState.RECALLED
        if self.acked_at is not None:
            return CopyState.ACKED
        if self.opened_at is not None:
            return CopyState.OPENED
        if self.deleted_at is not None:
            return CopyState.DELETED
        if self.imported:
            return CopyState.IMPORTED
        return CopyState.STORED if self.fetched_at is None else CopyState.FETCHED

    @property
    def is_new(self) -> bool:
        """Whether the recipient has still to open it; the sender waits for it."""
        return self.state in NEW

    @property
    def may_open(self) -> bool:
        """Whether opening it changes anything."""
        return self.is_new or self.state is CopyState.IMPORTED


NEW = (CopyState.STORED, CopyState.FETCHED)


def fetched(copy: Copy, now: int, device: Device) -> Copy:
    """The copy after a device listed it."""
    if copy.fetched_at is not None or not copy.is_new:
        return copy
    return replace(copy, fetched_at=now, fetched_by=device)


def opened(copy: Copy, now: int, device: Device) -> Copy:
    """The copy after its body was asked for; unchanged once opened or ended."""
    if not copy.may_open:
        return copy
    if copy.fetched_at is None:
        copy = replace(copy, fetched_at=now, fetched_by=device)
    at = max(now, copy.fetched_at or now)
    return replace(copy, opened_at=at, opened_by=device)


def acked(copy: Copy, now: int, device: Device) -> Copy:
    """The copy after a deliberate acknowledgement; unchanged once acked or ended."""
    copy = opened(copy, now, device)
    if copy.opened_at is None or copy.acked_at is not None:
        return copy
    return replace(copy, acked_at=max(now, copy.opened_at), acked_by=device)


def recalled(copy: Copy, now: int) -> Copy:
    """The copy after its sender withdrew it; unchanged once opened or ended."""
    if not copy.is_new:
        return copy
    return replace(copy, recalled_at=max(now, copy.fetched_at or now))


def deleted(copy: Copy, now: int) -> Copy:
    """The copy after its recipient removed it from view."""
    if copy.deleted_at is not None:
        return copy
    rungs = (copy.fetched_at, copy.opened_at, copy.acked_at, copy.recalled_at)
    return replace(copy, deleted_at=max(now, *(at or now for at in rungs)))


def receipt(user: str, copy: Copy) -> Receipt:
    """What the wire says of a copy."""
    return Receipt(
        user,
        copy.state,
        copy.fetched_at,
        copy.fetched_by,
        copy.opened_at,
        copy.opened_by,
        copy.acked_at,
        copy.acked_by,
        copy.recalled_at,
        copy.deleted_at,
    )


def for_sender(receipt: Receipt) -> Receipt:
    """A receipt as the sender sees it: what a reader does after opening is private."""
    if receipt.deleted_at is None or receipt.opened_at is None:
        return receipt
    return replace(receipt, deleted_at=None)
