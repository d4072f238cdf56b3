"""T11: whatever comes, the decoders answer or raise a typed fault, nothing else."""

from collections.abc import Callable, Iterator
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
from tests.support.soaking import Soak
from tests.support.wounds import REQUESTS, frames, mutate


ANSWERS = [codec.encode_answer(1, result)[4:] for result in RESULTS]


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


def wounded_request(random: Random) -> None:
    server_reads(mutate(random, random.choice(REQUESTS)))


def wounded_answer(random: Random) -> None:
    client_reads(mutate(random, random.choice(ANSWERS)))


def wounded_frame(random: Random) -> None:
    fault = fault_of(lambda: server_is_fed(frames(random)))
    assert fault is None or fault.fatal


READERS = (wounded_request, wounded_answer, wounded_frame)


@pytest.mark.parametrize("read", READERS)
def test_t11_what_is_wounded_gives_typed_faults(read: Callable[[Random], None]) -> None:
    random = Random(11)  # noqa: S311 - the same wounds each time

    for _ in range(30_000):
        read(random)


@pytest.mark.soak
def test_t11_what_is_wounded_gives_typed_faults_for_a_long_time(soak: Soak) -> None:
    random = Random(soak.seed)  # noqa: S311 - printed, to run again

    while soak.going():
        for _ in range(1000):
            for read in READERS:
                read(random)
        soak.count("frames", 1000 * len(READERS))


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
