"""What the writing of a message asks of the program."""

from collections.abc import Sequence
from typing import Protocol

from nimsg.tui.glyphs import Glyphs
from nimsg.tui.letterdraft import Draft


class ComposeDesk(Protocol):
    """What writing needs of the program. None of these waits."""

    @property
    def glyphs(self) -> Glyphs: ...

    def names(self) -> Sequence[str]:
        """The people that are known by now."""
        ...

    def known(self, name: str) -> bool | None:
        """Whether there is such a user; None: the desk asks, and refreshes."""
        ...

    def now(self) -> int:
        """Ms UTC."""
        ...

    def edited(self, draft: Draft) -> None:
        """Something was typed: it is to be saved when no key follows."""
        ...

    def keep(self, draft: Draft) -> None:
        """Save it now."""
        ...

    def send(self, draft: Draft) -> None:
        """Send it off; it has no problems that are known here."""
        ...

    def close_draft(self, draft: Draft) -> None:
        """Close the window and keep the draft."""
        ...

    def discard(self, draft: Draft) -> None:
        """Ask, and throw it away."""
        ...

    def edit_outside(self, draft: Draft) -> None:
        """Give the text to an external editor, and refresh when it is back."""
        ...
