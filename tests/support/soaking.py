"""How long a soak test goes on, and what it counts."""

import os
import time
from collections import Counter


# Seconds for all of them together, unless SOAK_SECONDS says how many.
USUAL_S = 1_800


class Soak:
    """Goes on for `seconds`, and for one round at least.

    `seed` begins what is drawn by lot.
    """

    def __init__(self, seconds: float, seed: int) -> None:
        self.seconds = seconds
        self.seed = seed
        self.counts: Counter[str] = Counter()
        self._end = time.monotonic() + seconds
        self._begun = False

    def going(self) -> bool:
        """Whether there is time for one more round."""
        begun, self._begun = self._begun, True
        return not begun or time.monotonic() < self._end

    def count(self, what: str, times: int = 1) -> None:
        """Count for the report: states, kills, faults, frames, seeds, ..."""
        self.counts[what] += times


def asked_seconds() -> float:
    """How long all soak tests together are to take."""
    return float(os.environ.get("SOAK_SECONDS", USUAL_S))


def asked_seed() -> int:
    """SOAK_SEED, to run again what failed; else another one each time."""
    return int(os.environ.get("SOAK_SEED", time.time_ns() % 1_000_000_000))
