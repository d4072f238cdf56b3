"""What happened in a simulation, in order."""

from collections.abc import Callable
from hashlib import sha256


class Trace:
    """Lines with their times; `now_s` is asked for each."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.lines: list[str] = []
        self._now_s = now_s

    def note(self, what: str) -> None:
        self.lines.append(f"{self._now_s():.6f} {what}")

    @property
    def digest(self) -> str:
        """The same for two runs in which the same happened."""
        return sha256("\n".join(self.lines).encode()).hexdigest()
