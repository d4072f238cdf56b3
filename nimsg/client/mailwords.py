"""What is said about a message that was sent, opened or withdrawn."""

import os
from collections.abc import Callable

from nimsg.client.answers import Letter, Receipt
from nimsg.errors import Refusal
from nimsg.protocol.constants import CopyState


CLIENT_ID_BYTES = 16


def new_client_id() -> str:
    """A name that no other message of the sender has."""
    return os.urandom(CLIENT_ID_BYTES).hex()


def not_sent(user: str, kind: str) -> str:
    """Who got no copy, and why."""
    return f"not sent to {user}: {Refusal(kind).detail}"


def opening_told(letter: Letter, me: str) -> str:
    """Who sees that a message was opened; empty where nobody does."""
    if letter.receipt is None or letter.sender == me:
        return ""
    return f"{letter.sender} sees that you opened this"


def recalled_from(receipt: Receipt, time: Callable[[int | None], str]) -> str:
    """What the withdrawal of a copy came to; `time` puts one in words."""
    if receipt.opened_at is not None:
        return f"{receipt.user}: too late, opened {time(receipt.opened_at)}"
    if receipt.state == CopyState.DELETED:
        return f"{receipt.user}: deleted unopened by its reader"
    return f"{receipt.user}: recalled {time(receipt.recalled_at)}"
