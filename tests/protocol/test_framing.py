"""Frames: cut right however they arrive, and named when they are none of ours."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from nimsg.errors import ProtocolFault
from nimsg.protocol.constants import LIMITS, limit
from nimsg.protocol.framing import (
    FOREIGN,
    FrameDecoder,
    encode_frame,
    foreign_protocol,
    frame_length,
    truncated,
)
from tests.support import faults
from tests.support.examples import few, many


BEFORE_LOGIN = limit("frame_bytes_before_login")
AFTER_LOGIN = limit("frame_bytes")
TWO_GIB = (2**31).to_bytes(4, "big")

messages = st.lists(st.binary(min_size=1, max_size=40), max_size=8)


def header(length: int) -> bytes:
    return length.to_bytes(4, "big")


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def fault_of(decoder: FrameDecoder, data: bytes) -> ProtocolFault:
    with pytest.raises(ProtocolFault) as caught:
        list(decoder.feed(data))
    return caught.value


@many
@given(messages, st.lists(st.integers(min_value=0), max_size=12))
def test_s4_2_payloads_are_the_same_however_bytes_are_split(
    sent: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(encode_frame(payload) for payload in sent)
    decoder = FrameDecoder(64)

    got = [p for piece in split(stream, cuts) for p in decoder.feed(piece)]

    assert got == sent
    decoder.end()


@few
@given(messages)
def test_s4_2_payloads_are_the_same_byte_by_byte(sent: list[bytes]) -> None:
    stream = b"".join(encode_frame(payload) for payload in sent)
    decoder = FrameDecoder(64)

    got = [p for byte in stream for p in decoder.feed(bytes([byte]))]

    assert got == sent


@few
@given(st.binary(min_size=1, max_size=50), st.integers(min_value=1))
def test_s4_16_an_end_inside_a_frame_is_an_error(payload: bytes, cut: int) -> None:
    stream = encode_frame(payload)
    kept = 1 + cut % (len(stream) - 1)
    decoder = FrameDecoder(64)

    assert list(decoder.feed(stream[:kept])) == []
    with pytest.raises(ProtocolFault) as caught:
        decoder.end()

    assert (caught.value.kind, caught.value.fatal) == ("truncated_frame", True)
    assert caught.value.data == {"received": kept}


def test_s4_16_an_end_between_frames_is_clean() -> None:
    decoder = FrameDecoder(64)
    decoder.end()

    assert list(decoder.feed(encode_frame(b"{}"))) == [b"{}"]

    decoder.end()


def test_s4_16_the_fault_says_how_far_the_frame_came() -> None:
    assert "3 bytes into a frame" in truncated(3).detail


@pytest.mark.parametrize("most", [BEFORE_LOGIN, AFTER_LOGIN])
def test_sec_1_the_longest_frame_is_taken_and_one_byte_more_is_not(most: int) -> None:
    assert frame_length(header(most), most) == most
    fault = fault_of(FrameDecoder(most), header(most + 1))

    assert (fault.kind, fault.fatal) == ("frame_too_large", True)
    assert fault.data == {"length": most + 1, "limit": most}


@pytest.mark.parametrize("length", [2**31, 2**31 - 1, 2**32 - 1, 2**24])
def test_sec_1_a_huge_length_is_refused_by_its_header_alone(length: int) -> None:
    decoder = FrameDecoder(AFTER_LOGIN)

    fault = fault_of(decoder, header(length))

    assert fault.kind == "frame_too_large"
    assert bytes(decoder._buffer) == header(length)


def test_sec_1_the_header_is_checked_before_its_payload_is_kept() -> None:
    decoder = FrameDecoder(BEFORE_LOGIN)
    payloads = decoder.feed(encode_frame(b"ok") + TWO_GIB + b"x")

    assert next(payloads) == b"ok"
    with pytest.raises(ProtocolFault):
        next(payloads)


def test_sec_1_a_wrong_header_stays_wrong() -> None:
    decoder = FrameDecoder(BEFORE_LOGIN)

    assert fault_of(decoder, TWO_GIB).kind == "frame_too_large"
    assert fault_of(decoder, encode_frame(b"{}")).kind == "frame_too_large"


def test_a_limit_raised_by_a_login_holds_for_the_frame_behind_it() -> None:
    decoder = FrameDecoder(4)
    got = []

    for payload in decoder.feed(encode_frame(b"user") + encode_frame(b"longer")):
        decoder.limit = 6
        got.append(payload)

    assert got == [b"user", b"longer"]


@pytest.mark.parametrize("most", [BEFORE_LOGIN, AFTER_LOGIN])
def test_an_empty_frame_is_no_request(most: int) -> None:
    fault = fault_of(FrameDecoder(most), header(0))

    assert (fault.kind, fault.fatal) == ("invalid_request", True)


@pytest.mark.parametrize(
    ("first_bytes", "name"),
    [
        *FOREIGN.items(),
        (b"\x16\x03\x01\x02", "TLS"),
        (b"\x16\x03\x03\x00", "TLS"),
        (b"hell", "text"),
        (b"\r\n\r\n", "text"),
        (b"~ \t!", "text"),
    ],
)
def test_s3_15_a_foreign_protocol_is_named(first_bytes: bytes, name: str) -> None:
    fault = fault_of(FrameDecoder(AFTER_LOGIN), first_bytes)

    assert (fault.kind, fault.fatal) == ("foreign_protocol", True)
    assert fault.data == {"looks_like": name}
    assert name in fault.detail


@pytest.mark.parametrize("first_bytes", [*FOREIGN, b"\x16\x03\x00\x00", b"\t\t\t\t"])
def test_s3_15_no_frame_of_ours_is_taken_for_foreign(first_bytes: bytes) -> None:
    largest = max(row.value for name, row in LIMITS.items() if "frame_bytes" in name)

    assert len(first_bytes) == 4
    assert int.from_bytes(first_bytes, "big") > largest


@pytest.mark.parametrize(
    "first_bytes", [b"\x00\x00\x10\x01", b"GE\x80 ", b"\x16\x02ab"]
)
def test_s3_15_what_looks_like_nothing_known_is_not_named(first_bytes: bytes) -> None:
    assert foreign_protocol(first_bytes) == ""


@many
@given(st.lists(st.binary(max_size=64), max_size=6))
def test_t11_random_bytes_give_payloads_or_one_typed_fault(pieces: list[bytes]) -> None:
    decoder = FrameDecoder(BEFORE_LOGIN)

    def read() -> None:
        for piece in pieces:
            for payload in decoder.feed(piece):
                assert 0 < len(payload) <= BEFORE_LOGIN
        decoder.end()

    fault = faults.fault_of(read)

    assert fault is None or fault.fatal
