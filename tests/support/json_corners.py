"""The corners of JSON where parsers disagree, for every decoder nimsg has (T12).

`BROKEN` holds texts that may stand nowhere a value may stand; `SOUND` holds texts
that look odd and are a value all the same. `PLACES` are the frames to put them in.
"""

from typing import NamedTuple


class Sound(NamedTuple):
    """A text and the value it has."""

    text: bytes
    value: object


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def nested_objects(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


BROKEN: dict[str, bytes] = {
    # numbers that are none
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "a number that becomes infinite": b"1e400",
    "a number that becomes minus infinite": b"-1e400",
    "2^53 + 1": b"9007199254740993",
    "-(2^53) - 1": b"-9007199254740993",
    "an integer of 4000 digits": b"7" * 4000,
    "an integer of 200k digits": b"7" * 200_000,
    "a negative integer of 200k digits": b"-" + b"7" * 200_000,
    "a leading zero": b"01",
    "a leading plus": b"+1",
    "a point without digits before": b".5",
    "a point without digits after": b"5.",
    "an exponent without digits": b"1e",
    "a hexadecimal number": b"0x10",
    "digits of another script": "\u0661".encode(),
    # strings that are none
    "a lone high surrogate": rb'"\ud800"',
    "a lone low surrogate": rb'"\udfff"',
    "surrogates the wrong way round": rb'"\ude00\ud83d"',
    "a high surrogate and a letter": rb'"\ud83dx"',
    "a lone surrogate in capitals": rb'"\uD9AB"',
    "a lone surrogate among pairs": rb'"\ud83d\ude00\ud83d\ud83d\ude00"',
    "a lone surrogate as a key": rb'{"\ud800":1}',
    "bad UTF-8": b'"\xff"',
    "overlong UTF-8": b'"\xc0\x80"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "a code point beyond Unicode": b'"\xf4\x90\x80\x80"',
    "half a character": b'"\xc3"',
    "a bare newline": b'"a\nb"',
    "a bare NUL": b'"a\x00b"',
    "a short escape": rb'"\u12"',
    "an unknown escape": rb'"\x41"',
    "single quotes": b"'a'",
    "an open string": b'"a',
    # structures that are none
    "nothing": b"",
    "a byte order mark": b"\xef\xbb\xbf1",
    "a comment": b"/* */ 1",
    "a Python word": b"None",
    "a word in capitals": b"TRUE",
    "a comma at the end of a list": b"[1,]",
    "a comma at the end of an object": b'{"a":1,}',
    "a key without quotes": b"{a:1}",
    "a number as a key": b"{1:1}",
    "the wrong bracket": b"[1}",
    "two values": b"1 2",
    "depth 100": nested(100),
    "depth 1000": nested(1000),
    "depth 10^4": nested(10_000),
    "depth 10^5": nested(100_000),
    "depth 10^6": nested(1_000_000),
    "depth 10^6, never closed": b"[" * 1_000_000,
    "objects of depth 17": nested_objects(17),
    "objects of depth 10^5": nested_objects(100_000),
}

SOUND: dict[str, Sound] = {
    "2^53": Sound(b"9007199254740992", 2**53),
    "-(2^53)": Sound(b"-9007199254740992", -(2**53)),
    "minus zero": Sound(b"-0", 0),
    "a large real": Sound(b"1e308", 1e308),
    "a real too small to tell from zero": Sound(b"1e-400", 0.0),
    "a pair of surrogates": Sound(rb'"\ud83d\ude00"', "\U0001f600"),
    "a surrogate's escape that is text": Sound(rb'"\\ud800"', "\\ud800"),
    "an escaped NUL": Sound(rb'"\u0000"', "\x00"),
    "DEL": Sound(b'"\x7f"', "\x7f"),
    "a noncharacter": Sound('"\uffff"'.encode(), "\uffff"),
    "a byte order mark within": Sound('"\ufeff"'.encode(), "\ufeff"),
    "every short escape": Sound(rb'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
    "white space": Sound(b" \t\r\n[ ]\n", []),
    "an empty key": Sound(b'{"":null}', {"": None}),
    "words": Sound(b"[true,false,null]", [True, False, None]),
}

# A `%s` is where a corner goes; the method is active in some and passive in others.
PLACES: dict[str, bytes] = {
    "the top": b"%s",
    "the id": b'{"jsonrpc":"2.0","id":%s,"method":"session.ping"}',
    "the method": b'{"jsonrpc":"2.0","id":1,"method":%s}',
    "the parameters": b'{"jsonrpc":"2.0","id":1,"method":"session.ping","params":%s}',
    "a text, active": (
        b'{"jsonrpc":"2.0","id":1,"method":"mail.send",'
        b'"params":{"to":["bob"],"client_id":"c","subject":%s}}'
    ),
    "a number, passive": (
        b'{"jsonrpc":"2.0","id":1,"method":"mail.list","params":{"limit":%s}}'
    ),
    "an unknown member": (
        b'{"jsonrpc":"2.0","id":1,"method":"session.ping","spare":%s}'
    ),
    "an unknown parameter": (
        b'{"jsonrpc":"2.0","id":1,"method":"session.ping","params":{"spare":%s}}'
    ),
}

# What may not follow a whole request.
TRAILING: dict[str, bytes] = {
    "a letter": b"x",
    "a NUL": b"\x00",
    "a comma": b",",
    "a bracket": b"}",
    "another object": b"{}",
    "a byte order mark": b"\xef\xbb\xbf",
}

# Every type of JSON, by its name.
TYPES: dict[str, bytes] = {
    "null": b"null",
    "boolean": b"true",
    "integer": b"7",
    "real": b"7.5",
    "string": b'"\xe2\x82\xac"',
    "list": b"[]",
    "object": b"{}",
}
