"""What lies above the windows, as those below it know it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class Above(Protocol):
    """What lies above the windows: questions, texts, the editor, the end."""

    def question(
        self, text: str, keys: Mapping[str, str], answer: Callable[[str], None]
    ) -> None:
        """Ask something that one key answers."""
        ...

    async def ask(self, question: str, keys: str) -> str:
        """The key that answers; empty where nobody did."""
        ...

    def show_text(self, title: str, lines: Sequence[str]) -> None:
        """Show lines on top."""
        ...

    def edit(self, text: str, taken: Callable[[str], None]) -> None:
        """Have a text written in another editor."""
        ...

    def columns(self) -> int:
        """The width of a text on top."""
        ...
