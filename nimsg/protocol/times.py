"""Times: integer ms UTC on the wire, RFC 3339 for people and files."""

from datetime import UTC, datetime, timedelta


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS_PER_DAY = 86_400_000


def rfc3339(at_ms: int) -> str:
    """`2026-11-20T16:33:05.123Z` for ms since 1970."""
    text = (EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
    return text[:-6] + "Z"


def parse_rfc3339(text: str) -> int:
    """Ms since 1970 for what `rfc3339` wrote; raises `ValueError` for other text."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)
