"""When wrong passwords lock a name, and for how long."""

from nimsg.core.commands import Failures


FAILURES_MOST = 3


def decide_failure(before: int, now: int, block_ms: int) -> Failures:
    """What one more failure after so many in a row comes to."""
    count = before + 1
    if count < FAILURES_MOST:
        return Failures(count)
    return Failures(count, locked_until=now + block_ms)


def left_ms(locked_until: int, now: int, block_ms: int) -> int:
    """How long a lock still holds; no clock that was set back makes it longer."""
    return max(0, min(locked_until - now, block_ms))
