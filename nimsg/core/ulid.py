"""Message ids: 48 bits of ms, 80 random bits, 26 characters (the ULID scheme)."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
VALUES = {character: value for value, character in enumerate(ALPHABET)}
RANDOM_BYTES = 10
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def ulid(at_ms: int, random: bytes) -> str:
    """The id of a message stored at `at_ms`, made unique by ten random bytes."""
    number = at_ms << 80 | int.from_bytes(random, "big")
    return "".join([PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def ulid_time(text: str) -> int:
    """The ms within an id."""
    number = 0
    for character in text[:10]:
        number = number << 5 | VALUES[character]
    return number
