"""Times: integer ms UTC on the wire, RFC 3339 for people and files."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
MS_PER_DAY = 86_400_000


# A batch of messages shares its time.
@lru_cache(maxsize=256)
def rfc3339(at_ms: int) -> str:
    """`2026-11-20T16:33:05.123Z` for ms since 1970.

    RFC 3339 has the years 1 to 9999: times beyond become the first or last of them.
    """
    try:
        at = EPOCH + timedelta(milliseconds=at_ms)
    except OverflowError:
        at = LAST if at_ms > 0 else FIRST
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"


@lru_cache(maxsize=256)
def parse_rfc3339(text: str) -> int:
    """Ms since 1970 for what `rfc3339` wrote; raises `ValueError` for other text."""
    at = datetime.fromisoformat(text)
    at_ms = (at.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
    if rfc3339(at_ms) != text:
        raise ValueError(f"not a time as nimsg writes it: {text[:40]!r}")
    return at_ms
