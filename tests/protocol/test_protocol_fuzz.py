"""T11: whatever comes, the decoders answer or raise a typed fault, nothing else."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, strategies as st

from nimsg.errors import KINDS
from nimsg.protocol import codec, envelope, framing
from nimsg.protocol.constants import limit
from tests.support.examples import many
from tests.support.faults import fault_of
from tests.support.requests_table import FIELDS, MINIMAL, request
from tests.support.results_table import RESULTS


REQUESTS = [request(name, params) for name, params in MINIMAL.items()]
ANSWERS = [codec.encode_answer(1, result)[4:] for result in RESULTS]
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


def server_reads(payload: bytes) -> None:
    fault = fault_of(
        lambda: codec.decode_params(codec.decode_envelope(payload), payload)
    )
    if fault is not None:
        assert fault.kind in KINDS
        assert not fault.fatal
        assert framing.frame_length(codec.encode_refusal(1, fault)[:4], 4096)


def client_reads(payload: bytes) -> None:
    fault = fault_of(lambda: envelope.decode_from_server(payload))
    assert fault is None or fault.kind in KINDS


def server_is_fed(pieces: Iterator[bytes]) -> None:
    decoder = framing.FrameDecoder(limit("frame_bytes_before_login"))
    for piece in pieces:
        for payload in decoder.feed(piece):
            server_reads(payload)
    decoder.end()


def frames(random: Random) -> Iterator[bytes]:
    """Wounded frames of every length, some with a wounded header."""
    frame = bytearray(framing.encode_frame(mutate(random, random.choice(REQUESTS))))
    if random.random() < 0.2:
        frame[random.randrange(4)] = random.randrange(256)
    at = 0
    while at < len(frame):
        step = random.choice((1, 3, 50, 5000))
        yield bytes(frame[at : at + step])
        at += step


def rounds(fast: int, soak: int) -> list[object]:
    return [fast, pytest.param(soak, marks=pytest.mark.soak)]


@pytest.mark.parametrize("count", rounds(10_000, 500_000))
def test_t11_wounded_requests_give_typed_faults(count: int) -> None:
    random = Random(11)  # noqa: S311 - the same wounds each time

    for _ in range(count):
        server_reads(mutate(random, random.choice(REQUESTS)))


@pytest.mark.parametrize("count", rounds(5_000, 300_000))
def test_t11_wounded_answers_give_typed_faults(count: int) -> None:
    random = Random(12)  # noqa: S311 - the same wounds each time

    for _ in range(count):
        client_reads(mutate(random, random.choice(ANSWERS)))


@pytest.mark.parametrize("count", rounds(5_000, 200_000))
def test_t11_wounded_frames_give_typed_faults(count: int) -> None:
    random = Random(13)  # noqa: S311 - the same wounds each time

    for _ in range(count):
        fault = fault_of(lambda: server_is_fed(frames(random)))
        assert fault is None or fault.fatal


@many
@given(st.binary(max_size=200))
def test_t11_random_bytes_give_typed_faults(payload: bytes) -> None:
    server_reads(payload)
    client_reads(payload)


@many
@given(
    st.sampled_from(sorted(MINIMAL)),
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=True)
        | st.text(st.characters(codec="utf-8"), max_size=40)
        | st.lists(st.text(max_size=3) | st.integers(), max_size=3),
        max_size=4,
    ),
)
def test_t11_random_parameters_give_typed_faults(
    name: str, params: dict[str, object]
) -> None:
    server_reads(request(name, {**MINIMAL[name], **params}))
