"""Requests drawn by lot: right ones from the protocol's tables, and wounded ones."""

from collections.abc import Collection, Iterator
from random import Random

from nimsg.protocol.framing import encode_frame
from nimsg.protocol.methods import METHODS
from tests.support.requests_table import MINIMAL, field_of, request


REQUESTS = [request(name, params) for name, params in MINIMAL.items()]
FRAGMENTS = [
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\u", b"\\ud800", b"e", b"-"),
    *(
        b"\x00",
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"NaN",
        b"1e999",
    ),
    *(b"null", b"true", b"9" * 400, b"[" * 1500, b'{"a":' * 1500, b'"id":1,', b"2.0"),
]


def mutate(random: Random, seed: bytes) -> bytes:
    """The seed with one to four wounds."""
    data = bytearray(seed)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice((0, 0, 1, 1, 2, 9)))
        match random.randrange(4):
            case 0:
                data[at:end] = random.choice(FRAGMENTS)
            case 1:
                data[at:end] = random.randbytes(end - at)
            case 2:
                del data[at:end]
            case _:
                data[at:at] = data[end : end + 20]
    return bytes(data)


def frames(random: Random) -> Iterator[bytes]:
    """A wounded frame in pieces, some with a wounded header."""
    frame = bytearray(encode_frame(mutate(random, random.choice(REQUESTS))))
    if random.random() < 0.2:
        frame[random.randrange(4)] = random.randrange(256)
    at = 0
    while at < len(frame):
        step = random.choice((1, 3, 50, 5000))
        yield bytes(frame[at : at + step])
        at += step


def drawn(random: Random, names: Collection[str]) -> bytes:
    """A request that may be right: parameters from the edges of what they take."""
    name = random.choice(sorted(names))
    params = dict(MINIMAL[name])
    for parameter in METHODS[name].params.__struct_encode_fields__:
        if random.random() < 0.3:
            params[parameter] = random.choice(field_of(name, parameter).taken)
    return request(name, params, random.randrange(2**53))
