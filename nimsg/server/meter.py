"""What a server counts of itself: no names, no texts."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from math import ceil

from nimsg.protocol.results_stats import Commits


MINUTE_S = 60
# Commands that the latencies are of.
LATENCIES = 1024
US_PER_S = 1_000_000


class Meter:
    """Counts since the start at `now_s`. Times are of one monotonic clock, seconds.

    `handshakes` gives how many connections are in the handshake of TLS just now.
    """

    def __init__(self, now_s: float) -> None:
        self.began_s = now_s
        self.sent = 0
        self.handshakes: Callable[[], int] = int
        self.refusals: Counter[str] = Counter()
        self._latencies: deque[float] = deque(maxlen=LATENCIES)
        self._sent_in: deque[tuple[int, int]] = deque(maxlen=MINUTE_S + 1)

    def refused(self, kind: str) -> None:
        """Something was refused."""
        self.refusals[kind] += 1

    def took(self, seconds: float) -> None:
        """A command was answered so long after it had been submitted."""
        self._latencies.append(seconds)

    def took_in(self, count: int, now_s: float) -> None:
        """So many messages were taken."""
        second, before = int(now_s), 0
        if self._sent_in and self._sent_in[-1][0] == second:
            before = self._sent_in.pop()[1]
        self._sent_in.append((second, before + count))
        self.sent += count

    def sent_minute(self, now_s: float) -> int:
        """Messages that were taken within the last minute."""
        since = int(now_s) - MINUTE_S
        return sum(count for second, count in self._sent_in if second > since)

    def commits(self) -> Commits:
        """How long the last commands took."""
        ordered = sorted(self._latencies)
        return Commits(len(ordered), _rank(ordered, 0.5), _rank(ordered, 0.99))


def _rank(ordered: Sequence[float], share: float) -> int:
    """The least value, in µs, that so large a share does not exceed; 0 of none."""
    if not ordered:
        return 0
    return round(ordered[ceil(len(ordered) * share) - 1] * US_PER_S)
