"""Lines of JSON: ours, made by hand, and broken."""

import re
from pathlib import Path

import pytest

from nimsg.archive import jsonl
from nimsg.archive.jsonl import read_jsonl, write_line
from nimsg.archive.mail import Mail, Origin
from nimsg.archive.scan import Item


def lines(path: Path, data: bytes) -> list[Item]:
    path.write_bytes(data)
    return list(read_jsonl(path))


def test_x16_a_line_as_we_write_it() -> None:
    origin = Origin("ann@a", ["B\u00f6b <b@c>"], 1_258_471_717_000, 360, "<i@d>")
    expected = [
        '{"date": "2009-11-17T21:28:37+06:00", "from": "ann@a"',
        '"message": "b\u2028", "message_id": "<i@d>", "references": ["<r@d>"]',
        '"schema": "nimsg.mail/1", "subject": "s", "to": ["B\u00f6b <b@c>"]}\n',
    ]
    line = write_line(Mail(origin, "s", "b\u2028", ["<r@d>"], ["x"]))
    assert line.decode() == ", ".join(expected)


def test_x16_a_line_made_by_hand(tmp_path: Path) -> None:
    line = b'{"body": "x", "to": "Ann <a@b>, c@d", "time": 5}'
    data = b"\xef\xbb\xbf" + line + b"\n\n \t\r\n{}"
    first, last = lines(tmp_path / "f", data)

    assert (first.where, first.done, last.where) == ("line 1", len(data) - 7, "line 4")
    assert first.mail == Mail(
        Origin("", ["Ann <a@b>", "c@d"], 5, None, None), "", "x", [], []
    )
    assert last.why == "has neither text nor subject"
    assert last.done == len(data)


@pytest.mark.parametrize(
    ("text", "date", "zone"),
    [
        (b'"2009-11-17T21:28:37+06:00"', 1_258_471_717_000, 360),
        (b'"2009-11-17 15:28:37.5Z"', 1_258_471_717_500, None),
        (b'"2009-11-17t10:28:37.123456789-05:00"', 1_258_471_717_123, -300),
        (b"0", 0, None),
        (b"null", None, None),
    ],
)
def test_x16_dates(
    tmp_path: Path, text: bytes, date: int | None, zone: int | None
) -> None:
    (found,) = lines(tmp_path / "f", b'{"subject": "s", "date": %s}\n' % text)

    assert found.mail
    assert (found.mail.origin.date, found.mail.origin.zone) == (date, zone)
    assert found.mail.remarks == ([] if date is not None else ["no readable date"])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{\n", "Expecting property name enclosed in double quotes at column 2"),
        (b'{"a": "b\xff"}\n', "not UTF-8 at byte 9"),
        (
            b'{"subject": "s',
            "the line breaks off: Unterminated string starting at column 13",
        ),
        (b'"\xc3', "the line breaks off: not UTF-8 at byte 2"),
        (b"[]\n", "is no object"),
        (b"[" * 100_000 + b"\n", "nested too deep, or a number too long"),
        (b'{"subject": 1%s}\n' % (b"0" * 5000), "nested too deep, or a number"),
        (b'{"schema": "x"}\n', "'schema' is not nimsg.mail/1"),
        (b'{"subject": 1}\n', "'subject' is no text"),
        (b'{"from": []}\n', "'from' is no text"),
        (b'{"to": 1}\n', "'to' is no list of texts"),
        (b'{"references": [1]}\n', "'references' is no list of texts"),
        (b'{"date": true}\n', "'date' is neither a time nor ms"),
        (b'{"time": 1.5}\n', "'time' is neither a time nor ms"),
        (b'{"time": 99999999999999999999}\n', "'time' is no time of RFC 3339, or out"),
        (b'{"date": "today"}\n', "'date' is no time of RFC 3339"),
        (b'{"date": "2009-13-01T00:00:00Z"}\n', "'date' is no time of RFC 3339"),
        (b'{"date": "0001-01-01T00:00:00Z"}\n', "'date' is no time of RFC 3339"),
    ],
)
def test_x16_a_bad_line_is_named_and_the_rest_is_taken(
    tmp_path: Path, line: bytes, why: str
) -> None:
    good = b'{"subject": "s"}\n'
    found = lines(tmp_path / "f", good + line)

    assert found[0].mail
    assert found[1].mail is None
    assert found[1].where == "line 2"
    assert found[1].why.isprintable()
    assert re.match(why, found[1].why)
    if line.endswith(b"\n"):
        assert lines(tmp_path / "f", line + good)[1].mail


def test_x16_a_line_that_is_too_long_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "LINE_BYTES", 100)
    long = b'{"subject": "%s"}\n' % (b"x" * 1000)
    first, second = lines(tmp_path / "f", long + b'{"subject": "s"}\n')

    assert (first.why, first.done) == ("the line is longer than 100 bytes", len(long))
    assert second.mail
