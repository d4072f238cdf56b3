"""Texts and addresses in headers, as they come and as they should not."""

import pytest
from hypothesis import given, strategies as st

from nimsg.archive.addresses import (
    address_of,
    addresses,
    is_address,
    part_address,
    split_addresses,
)
from nimsg.archive.words import decode_words, decoded, encode_words, unfolded


NAMES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=32
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?J=C3=BCrgen_x?= y", "J\u00fcrgen x y"),
        ("=?utf-8?b?w7w=?=", "\u00fc"),
        ("=?utf-8*de?b?w7w?=", "\u00fc"),
        ("=?utf-8?q?a?= \t=?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= =?latin-1?q?=FC?=", "a\u00fc"),
        ("=?utf-8?q?=C3?= =?UTF-8?q?=BC?=", "\u00fc"),
        ("x =?utf-8?q?a?= y =?utf-8?q?b?= z", "x a y b z"),
        (" =?utf-8?q?a?=", " a"),
        ("=?utf-8?b?a?= x", "=?utf-8?b?a?= x"),
        ("=?utf-8?q?a?= =?utf-8?b?a?=", "a =?utf-8?b?a?="),
        ("=?utf-8?q?=FF?=", "\ufffd"),
        ("=?no-such-charset?q?a=FF?=", "a\ufffd"),
        ("=?rot13?q?a?= =?idna?q?b?= =?unicode_escape?q?=5Cud800?=", "ab\\ud800"),
        ("=?\x00?q?a?=", "a"),
        ("=?utf-7?q?+2AA-?=", "\ufffd"),
        ("=?utf-8?x?a?= =?utf-8?q?a", "=?utf-8?x?a?= =?utf-8?q?a"),
        ("=?utf-8?b?\u00fc?=", ""),
    ],
)
def test_x16_encoded_words_are_decoded_and_never_raise(
    text: str, expected: str
) -> None:
    assert decode_words(text) == expected


@given(st.text())
def test_x16_every_text_becomes_encoded_words_and_comes_back(text: str) -> None:
    written = encode_words(text)

    assert written.isascii()
    assert max(map(len, written.split("\n"))) <= 76
    assert decode_words(unfolded(written)) == text


@given(st.text())
def test_x16_any_header_can_be_decoded(text: str) -> None:
    found = decode_words(text)
    assert "\ud800" not in found
    for named in split_addresses(text):
        assert named.text()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\n\tb", "a\tb"),
        ("a\r\n b", "a b"),
        (" a ", "a"),
        ("\udcc3\udcbc", "\u00fc"),
        ("\udcfc", "\u00fc"),
    ],
)
def test_x16_a_header_is_unfolded(raw: str, expected: str) -> None:
    assert unfolded(raw) == expected


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        (b"\xfc", "latin-1", "\u00fc"),
        (b"\xc3\xbc", None, "\u00fc"),
        (b"\xc3\xbc", "us-ascii", "\u00fc"),
        (b"\xfc", "utf-8", "\u00fc"),
        (b"\xfc", "no-such", "\u00fc"),
        (b"\xfc", "undefined", "\u00fc"),
        (b"a\x00", "utf-16-le", "a"),
    ],
)
def test_x16_bytes_become_text(data: bytes, charset: str | None, expected: str) -> None:
    assert decoded(data, charset) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a@b", ["a@b"]),
        ("<a@b>", ["a@b"]),
        ("Ann <a@b>, bob@c", ["Ann <a@b>", "bob@c"]),
        ('"Doe, \\"Jo\\"" <a@b>', ['Doe, "Jo" <a@b>']),
        ("a@b (Ann)", ["Ann <a@b>"]),
        ("Ann (x) <a@b>", ["Ann <a@b>"]),
        ("=?utf-8?q?Doe,_Ann?= <a@b>", ["Doe, Ann <a@b>"]),
        ("=?utf-8?q?=0AAnn?= <a@b>", ["Ann <a@b>"]),
        ("undisclosed-recipients:;", []),
        ("Friends: a@b, c@d; e@f", ["a@b", "c@d", "e@f"]),
        ("", []),
        (", ,", []),
        ("Ann", ["Ann"]),
        ("Ann <>", ["Ann"]),
        ('"a;b"@c', ['"a;b"@c']),
        ('<"<x>"@c>', ['"<x>"@c']),
        ("a@b (open", ["ope <a@b>"]),
        ("Ann <a@b", ["Ann <a@b>"]),
        ('"open <a@b>', ['"open <a@b>']),
        ("a=b@c", ["a=b@c"]),
    ],
)
def test_x16_addresses_are_taken_apart(header: str, expected: list[str]) -> None:
    assert [named.text() for named in split_addresses(header)] == expected


def test_x16_bare_addresses_are_in_small_letters() -> None:
    assert addresses('Ann <A@B.C>, Nobody, "X;y"@Z') == ["a@b.c", '"x;y"@z']


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ann", "ann@nimsg.invalid"),
        ("a.b", "a.b@nimsg.invalid"),
        ("a/b", "a/b@nimsg.invalid"),
        (".", '"."@nimsg.invalid'),
        ("<x>", '"<x>"@nimsg.invalid'),
        (";", '";"@nimsg.invalid'),
        ('"', '"\\""@nimsg.invalid'),
        ("\\", '"\\\\"@nimsg.invalid'),
        ("=?utf-8?q?x?=", '"=\\?utf-8?q?x?="@nimsg.invalid'),
    ],
)
def test_c3_every_name_has_an_address(name: str, expected: str) -> None:
    assert address_of(name, "nimsg.invalid") == expected


@given(NAMES)
def test_c3_the_address_of_a_name_is_one_address(name: str) -> None:
    address = address_of(name, "nimsg.invalid")

    assert is_address(address)
    assert part_address(f"Name <{address}>") == ("Name", address)
    assert addresses(f"Ann <a@b>, {address}") == ["a@b", address.lower()]


@pytest.mark.parametrize("text", ["", "a", "a@", "a b@c", "\u00fc@c", "x" * 400 + "@y"])
def test_x16_what_is_no_address_is_a_name(text: str) -> None:
    assert part_address(text) == (text, "")
