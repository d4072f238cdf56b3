"""Messages of other programs, good and bad, become mails."""

import pytest
from hypothesis import given, strategies as st

from nimsg.archive.mail import Mail, Unusable
from nimsg.archive.message import (
    content_length,
    read_date,
    read_message,
    unclosed_boundary,
)


MULTIPART = b"""From: ann@a
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/html

<p>
--x
Content-Type: text/plain; charset=iso-8859-1

\xfc
--x
Content-Type: image/png
Content-Disposition: attachment; filename="ph\x1boto.png"

x
--x
Content-Type: text/plain

more
--x--
"""


def mail(*headers: bytes, body: bytes = b"text\n") -> Mail:
    return read_message(b"\n".join([*headers, b"", body]))


def test_x16_the_first_plain_text_is_taken_and_the_rest_is_remarked() -> None:
    found = read_message(MULTIPART)

    assert found.body == "\u00fc"
    assert found.remarks == [
        "text/html part not taken",
        "image/png part 'ph^[oto.png' not taken",
        "text/plain part not taken",
        "no readable date",
    ]


def test_x16_remarks_of_many_parts_are_counted() -> None:
    parts = b"--x\nContent-Type: a/b\n\n\n" * 100
    data = MULTIPART.replace(b"--x--\n", parts + b"--x--\n")

    assert read_message(data).remarks[20] == "83 more parts not taken"


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((), b"a\r\nb\rc\n", "a\nb\rc\n"),
        ((b"Content-Transfer-Encoding: base64 ",), b"YQ0KYg==\n", "a\nb"),
        ((b"Content-Transfer-Encoding: base64",), b"YQ=!=\xff\n", "a"),
        ((b"Content-Transfer-Encoding: Quoted-Printable",), b"=C3=BC=\n", "\u00fc"),
        ((b"Content-Transfer-Encoding: none",), b"=C3\n", "=C3\n"),
        ((b"Content-Type: text/plain; charset=no",), b"\xfc", "\u00fc"),
        ((b"Content-Type: text/plain; charset*=x'y'%ff",), b"a", "a"),
        ((b"Content-Type: nonsense",), b"a", "a"),
    ],
)
def test_x16_the_text_is_decoded(
    headers: tuple[bytes, ...], body: bytes, expected: str
) -> None:
    assert mail(b"From: a@b", *headers, body=body).body == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "has no headers"),
        (b"just text\n", "has no headers"),
        (b"From: a@b\n\n", "has neither text nor subject"),
        (b"From: a\n\n" + b"x" * 65_537, "its text has 65537 bytes"),
        (b"Content-Type: text/html\n\nx", "no text/plain part, only text/html"),
        (b"Content-Type: multipart/mixed\n\nx", "only multipart/mixed"),
        (
            b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
                for n in range(3000)
            ),
            "cannot be parsed: RecursionError",
        ),
    ],
)
def test_x16_a_message_that_cannot_be_taken_says_why(data: bytes, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        read_message(data)


def test_x16_a_part_that_gives_no_bytes_is_unusable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("email.message.Message.get_payload", lambda *_, **__: None)
    with pytest.raises(Unusable, match="its text cannot be decoded"):
        mail(b"From: a@b")


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"a\n\tb", "a\tb"),
        (b"a\n b", "a b"),
        (b"  a  ", "a"),
        (b"J\xc3\xbcrgen", "J\u00fcrgen"),
        (b"J\xfcrgen", "J\u00fcrgen"),
        (b"=?utf-8?q?=20a=20?=", " a "),
        (b"=?utf-8?q?a=0D=0ABcc:_eve?=", "a Bcc: eve"),
        (b"=?no-such?q?=FF?=", "\ufffd"),
        (b"x" * 300, "x" * 200),
    ],
)
def test_x16_subjects(raw: bytes, subject: str) -> None:
    assert mail(b"Subject: " + raw).subject == subject


def test_x16_the_origin_is_what_the_headers_say() -> None:
    origin = mail(
        b'From: "=?utf-8?q?J=C3=BCrgen?=" <j@a>',
        b"To: Ann <a@b>, c@d",
        b"Cc: e@f",
        b"CC: g@h",
        b"Date: Tue, 17 Nov 2009 21:28:37 +0600",
        b"Message-ID: x <one@post> y",
        b"Message-ID: <two@post>",
    ).origin

    assert origin.sender == '"J\u00fcrgen" <j@a>'
    assert origin.to == ["Ann <a@b>", "c@d", "e@f", "g@h"]
    assert (origin.date, origin.zone) == (1_258_471_717_000, 360)
    assert origin.message_id == "<one@post>"


def test_x16_thousands_of_recipients_are_counted() -> None:
    found = mail(b"To: " + b",\n ".join(b"u%d@post" % n for n in range(5000)))

    assert len(found.origin.to) == 64
    assert "64 of 5000 recipients kept" in found.remarks


@pytest.mark.parametrize(
    ("raw", "expected"), [(b"bare", "bare"), (b"", None), (b"<a b>", "<a b>")]
)
def test_x16_a_message_id_of_another_form(raw: bytes, expected: str | None) -> None:
    assert mail(b"Message-ID: " + raw).origin.message_id == expected


def test_x16_references_begin_with_the_nearest() -> None:
    found = mail(
        b"In-Reply-To: Your message <3@x>", b"References: <1@x> <2@x>\n <3@x> junk"
    )

    assert found.references == ["<3@x>", "<2@x>", "<1@x>"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 17 Nov 2009 21:28:37 +0600", (1_258_471_717_000, 360)),
        ("17 Nov 2009 15:28:37 -0000", (1_258_471_717_000, None)),
        ("17 Nov 2009 15:28:37", (1_258_471_717_000, None)),
        ("17 Nov 2009 15:28:37 GMT", (1_258_471_717_000, 0)),
        ("17 Nov 2009 10:28:37 EST", (1_258_471_717_000, -300)),
        ("31 Dec 2016 23:59:60 +0000", (1_483_228_799_000, 0)),
        ("", (None, None)),
        ("yesterday", (None, None)),
        ("32 Nov 2009 15:28:37 +0000", (None, None)),
        ("17 Nov 2009 15:28:37 +9900", (None, None)),
        ("17 Nov 1800 15:28:37 +0000", (None, None)),
        ("17 Nov 99999 15:28:37 +0000", (None, None)),
    ],
)
def test_x16_dates(text: str, expected: tuple[int | None, int | None]) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Content-Length: 12\n\n", 12),
        (b"Content-Length: x\n\n", None),
        (b"From: a\n\n", None),
    ],
)
def test_x16_a_content_length_is_a_number(head: bytes, expected: int | None) -> None:
    assert content_length(head) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (MULTIPART, None),
        (MULTIPART.replace(b"--x--\n", b""), "x"),
        (MULTIPART[:70], "x"),
        (b"Content-Type: multipart/mixed\n\nx", None),
        (b"From: a@b\n\nx", None),
    ],
)
def test_x16_a_boundary_that_does_not_close(data: bytes, expected: str | None) -> None:
    assert unclosed_boundary(data) == expected


def test_x16_what_cannot_be_parsed_has_no_boundary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nimsg.archive.message.BytesParser", lambda: None)
    assert unclosed_boundary(b"From: a@b\n\nx") is None


@given(st.binary(max_size=400))
def test_x16_no_bytes_raise_anything_else(data: bytes) -> None:
    for message in (data, b"From: a@b\n" + data, b"Subject: " + data):
        try:
            found = read_message(message)
        except Unusable:
            continue
        else:
            texts = [*found.origin.to, found.origin.sender, found.subject, found.body]
            for text in texts:
                text.encode("utf-8")
            assert not {"\r", "\n"} & set("".join(texts[:-1]))
