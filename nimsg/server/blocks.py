"""Who blocks whom, as the live server knows it."""

from collections.abc import Iterable


class Blocks:
    """Owned by the loop; changed as soon as a block is durable."""

    def __init__(self, pairs: Iterable[tuple[int, int]]) -> None:
        self._blocked: dict[int, set[int]] = {}
        for owner, other in pairs:
            self.add(owner, other)

    def add(self, owner: int, other: int) -> None:
        """`owner` blocks `other` from now on."""
        self._blocked.setdefault(owner, set()).add(other)

    def remove(self, owner: int, other: int) -> None:
        """`owner` blocks `other` no more."""
        self._blocked.get(owner, set()).discard(other)

    def forget(self, owner: int) -> None:
        """An account is closed: it blocks nobody."""
        self._blocked.pop(owner, None)

    def blocks(self, owner: int, other: int) -> bool:
        """Whether `owner` is neither heard nor seen by `other`."""
        return other in self._blocked.get(owner, ())
