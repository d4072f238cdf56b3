"""Addresses of mail: taken apart and written (RFC 5322, section 3.4)."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from nimsg.archive.words import ENCODED_WORD, decode_words


QUOTED = r'"(?:[^"\\]|\\.)*"?'
PIECE = re.compile(
    rf"(?P<separator>[,;])|(?P<comment>\((?:[^()\\]|\\.)*\)?)"
    rf"|(?P<angle><(?:{QUOTED}|[^>\"])*>?)"
    rf"|{ENCODED_WORD}|{QUOTED}|[^\",;(<=]+|=",
    re.DOTALL,
)
GROUP = re.compile(r"\A[^:@\"]*:")
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOT_ATOM = rf"{ATOM}(?:\.{ATOM})*"
ADDRESS = re.compile(
    rf'(?:{DOT_ATOM}|"(?:[ !#-\[\]-~]|\\[ -~])*")@(?:{DOT_ATOM}|\[[!-Z^-~]*\])'
)
ADDRESS_CHARS = 320
LAST_ANGLE = re.compile(rf"(.*)<({ADDRESS.pattern})>\s*", re.DOTALL)


class Named(NamedTuple):
    """An address and the name that stands with it; either may be empty."""

    name: str
    address: str

    def text(self) -> str:
        """Both as one text."""
        return f"{self.name} <{self.address}>" if self.name else self.address


def addresses(text: str) -> list[str]:
    """The bare addresses in a text like a header, in small letters."""
    found = (named.address.lower() for named in split_addresses(text))
    return [address for address in found if "@" in address]


def address_of(name: str, domain: str) -> str:
    """The address of somebody with this name: `ann@nimsg.invalid`."""
    plain = re.fullmatch(DOT_ATOM, name) and "=?" not in name
    return f"{name if plain else quoted(name)}@{domain}"


def split_addresses(header: str) -> Iterator[Named]:
    """Each address of an encoded header, its name decoded."""
    words, name, address = "", "", ""
    for match in chain(PIECE.finditer(header), (None,)):
        if match is None or match["separator"]:
            found = _named(words, name, address)
            words, name, address = "", "", ""
            if found.address:
                yield found
        elif match["comment"]:
            name = unquoted(match[0])
        elif match["angle"]:
            address = match[0][1:].removesuffix(">")
        else:
            words += match[0]


def part_address(text: str) -> Named:
    """The name and the address of one decoded text; without one it is all name."""
    angle = LAST_ANGLE.fullmatch(text)
    if angle and is_address(angle[2]):
        return Named(angle[1].strip(), angle[2])
    return Named("", text) if is_address(text) else Named(text, "")


def is_address(text: str) -> bool:
    """Whether a text is one bare address that any header can hold."""
    fits = len(text) <= ADDRESS_CHARS and "=?" not in text
    return fits and bool(ADDRESS.fullmatch(text))


def quoted(text: str) -> str:
    """A text as a quoted string in which nothing looks like an encoded word."""
    return '"{}"'.format(re.sub(r'(["\\]|(?<==)\?)', r"\\\1", text))


def is_quoted(text: str) -> bool:
    """Whether a text is one quoted string."""
    return bool(re.fullmatch(r'"(?:[^"\\]|\\.)*"', text, re.DOTALL))


def unquoted(text: str) -> str:
    """What a quoted string or a comment says."""
    return ESCAPE.sub(r"\1", text[1:-1])


def _named(words: str, comment: str, angle: str) -> Named:
    words = " ".join(GROUP.sub("", words).split())
    name, address = (words, angle) if angle else (comment, words)
    if is_quoted(name):
        name = unquoted(name)
    return Named(" ".join(decode_words(name).split()), address.strip())
