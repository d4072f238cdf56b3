"""How long work tells how far it has come."""

from typing import Protocol


class Progress(Protocol):
    """Told of work in steps; a step begun ends the one before."""

    def begin(self, what: str, total: int, unit: str) -> None:
        """A step begins: `what` is done to `total` units."""
        ...

    def advance(self, count: int = 1) -> None:
        """So many units more are done."""
        ...

    def end(self) -> None:
        """The last step is over."""
        ...


class Silent:
    """Tells nobody."""

    def begin(self, what: str, total: int, unit: str) -> None:
        """See `Progress`."""

    def advance(self, count: int = 1) -> None:
        """See `Progress`."""

    def end(self) -> None:
        """See `Progress`."""
