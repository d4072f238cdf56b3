"""Points in time as they are typed: a date, a date with a time, or how long ago."""

from datetime import datetime

from nimsg.cli.wait import UNITS, duration_s
from nimsg.errors import UsageError


def when_ms(text: str, now_ms: int) -> int:
    """Ms UTC for `2026-11-20`, `2026-11-20T16:30` (local time) or `7d` (ago).

    Raises `UsageError`.
    """
    if text[-1:] in UNITS and text[:-1].isdecimal():
        return now_ms - int(duration_s(text) * 1000)
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time: 2026-11-20, 2026-11-20T16:30, or 7d for a week ago"
        ) from None


def ending_ms(text: str, now_ms: int) -> int:
    """Ms UTC of the end of what begins now and lasts `12h` or `7d`.

    Raises `UsageError`, also for a number alone: it may be meant in days.
    """
    if text[-1:] not in UNITS and text.isdecimal():
        raise UsageError(f"{text!r} has no unit: write {text}h or {text}d")
    return now_ms + int(duration_s(text) * 1000)
