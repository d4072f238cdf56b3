"""Who pays for a message that is kept, and how much anybody may keep."""

from collections.abc import Mapping

from msgspec import Struct

from nimsg.core.ladder import Copy
from nimsg.errors import Refusal


# What a message costs beside its body.
ENVELOPE_BYTES = 256
BYTES_PER_MIB = 1_048_576


class Usage(Struct):
    """What an account pays for. What it says in rooms counts as bytes only."""

    bytes: int = 0
    messages: int = 0


class Quota(Struct, frozen=True):
    """What an account may pay for at most; 0 is any."""

    bytes: int = 0
    messages: int = 0

    @property
    def is_set(self) -> bool:
        """Whether anything is refused at all."""
        return bool(self.bytes or self.messages)

    def has_room(self, usage: Usage, cost: int, messages: int = 1) -> bool:
        """Whether there is room for more."""
        return not (
            (self.bytes and usage.bytes + cost > self.bytes)
            or (messages and self.messages and usage.messages >= self.messages)
        )

    def __str__(self) -> str:
        parts = []
        if self.bytes:
            parts.append(f"{self.bytes / BYTES_PER_MIB:g} MiB")
        if self.messages:
            parts.append(f"{self.messages} messages")
        return " or ".join(parts)


NO_QUOTA = Quota()


def payers(
    sender: int, copies: Mapping[int, Copy], *, sender_deleted: bool
) -> frozenset[int]:
    """Who pays for a message whose text is there: at least one account, always.

    Recipients who have it in view do, and the sender where it is in the outbox, or
    in nobody's view.
    """
    keepers = {
        uid
        for uid, copy in copies.items()
        if copy.deleted_at is None and copy.recalled_at is None
    }
    return frozenset(keepers if sender_deleted and keepers else {sender, *keepers})


def own_full(quota: Quota) -> Refusal:
    """The refusal for who has no room for what they want to send or say."""
    return Refusal(
        "mailbox_full",
        f"your mailbox is full: it keeps {quota} at most; delete mail that you do not "
        "need; nothing was stored",
    )


def others_full(names: list[str], quota: Quota) -> Refusal:
    """The refusal where nobody who is written to has room."""
    return Refusal(
        "mailbox_full",
        f"mailbox full: {', '.join(names)}; it keeps {quota} at most; try again when "
        "they have deleted mail; nothing was stored",
        {"refused": [{"user": name, "kind": "mailbox_full"} for name in names]},
    )
