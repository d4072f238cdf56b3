"""Whatever a mail says comes back from all three formats, and through Python's own."""

import email
import email.policy
import mailbox
import tempfile
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from nimsg.archive.compose import compose
from nimsg.archive.mail import Mail, Origin, to_datetime
from nimsg.archive.message import read_message
from nimsg.archive.reading import FORMATS, open_archive
from nimsg.archive.words import decode_words, unfolded
from nimsg.archive.writing import create_archive
from tests.support.corpus import OWN, SHARED


CORPUS = SHARED / "mailing-list.mbox"
HERE = CORPUS if CORPUS.exists() else OWN / "mailing-list.mbox"
ORIGIN = Origin("ann@a", [], 0, None, "<i@d>")

LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))
BODIES = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.lists(
    st.sampled_from(
        [
            *("From ", ">From ", "\n", "\r\n", "\r", " ", "\t", ".", "=", "--x"),
            *("\u20ac" * 400, "x" * 80, "x" * 1000, "\x00", "\x0c", "\x85", "=?"),
        ]
    ),
    max_size=8,
).map("".join)
SUBJECTS = st.builds(
    "".join,
    st.lists(LINES | st.sampled_from(["=?utf-8?q?a?=", " ", "\t", "a b"]), max_size=4),
).map(lambda text: text[:200])
IDS = st.from_regex(r"<[a-z0-9.$]{1,60}@[a-z]{1,9}>", fullmatch=True)
NAMES = LINES.map(lambda text: " ".join(text.split())[:100])
PEOPLE = st.builds(lambda name: f"{name} <a@b>" if name else "a@b", NAMES)
MAILS = st.builds(
    lambda sender, to, seconds, zone, name, subject, body, ids: Mail(
        Origin(sender, to, seconds * 1000, zone, name), subject, body, ids, []
    ),
    st.just("ann@a"),
    st.lists(PEOPLE, max_size=3),
    st.integers(-2_000_000_000, 100_000_000_000),
    st.none() | st.integers(-1439, 1439),
    st.none() | IDS,
    SUBJECTS,
    BODIES,
    st.lists(IDS, max_size=4, unique=True),
).filter(lambda mail: bool(mail.subject or mail.body))


def first_text(message: Message) -> bytes:
    """The first part of plain text, as Python decodes it."""
    parts = (part for part in message.walk() if part.get_content_type() == "text/plain")
    data = next(parts).get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None)
@given(st.lists(MAILS, max_size=3))
def test_x16_every_mail_comes_back_from_every_format(mails: list[Mail]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMATS:
            path = Path(folder) / form
            with create_archive(path, form) as writer:
                for mail in mails:
                    writer.add(mail)
            found = list(open_archive(path, form))
            assert [item.mail for item in found] == mails


@pytest.mark.no_cover
@settings(max_examples=300, deadline=None)
@given(MAILS)
def test_x16_python_reads_what_we_write(mail: Mail) -> None:
    data = compose(mail)
    head = data.partition(b"\n\n")[0]

    assert head.isascii()
    assert b"\nFrom " not in data
    assert b"\n>From " not in data
    for policy in (email.policy.compat32, email.policy.default):
        message = email.message_from_bytes(data, policy=policy)
        assert first_text(message) == mail.body.encode()
        assert parsedate_to_datetime(message["Date"]).timestamp() * 1000 == (
            mail.origin.date
        )
        if policy is email.policy.default:
            assert message["Subject"] == mail.subject
        else:
            assert decode_words(unfolded(message["Subject"])) == mail.subject


@settings(deadline=None)
@given(LINES, LINES, LINES, LINES)
def test_x16_no_text_makes_a_header(
    sender: str, to: str, subject: str, name: str
) -> None:
    evil = "\r\nBcc: eve@x\n\nbody\nFrom x"
    origin = Origin(sender + evil, [to + evil], 0, 0, name + evil)
    mail = Mail(origin, subject + evil, "text\n", [f"<{name}{evil}>"], [])
    message = email.message_from_bytes(compose(mail))

    assert set(message.keys()) == {
        *("From", "To", "Date", "Subject", "Message-ID", "MIME-Version"),
        *("Content-Type", "Content-Transfer-Encoding", "Content-Length"),
    }
    assert message.get_payload() == "text\n"


@pytest.mark.parametrize(
    ("sender", "header"),
    [
        ("ann@nimsg.invalid", "ann@nimsg.invalid"),
        ('"Doe, Jo" <a@b>', '"Doe, Jo" <a@b>'),
        ("Doe, Jo <a@b>", '"Doe, Jo" <a@b>'),
        ("a;b", '"a;b" <nobody@nimsg.invalid>'),
        ('"', '"\\"" <nobody@nimsg.invalid>'),
        ('"J\u00fc" <a@b>', "=?utf-8?b?SsO8?= <a@b>"),
        ("=?utf-8?q?a?= <a@b>", '"=\\?utf-8?q?a?=" <a@b>'),
        ("", None),
    ],
)
def test_x16_a_sender_is_an_address_header(sender: str, header: str | None) -> None:
    mail = Mail(ORIGIN._replace(sender=sender), "s", "", [], [])

    assert email.message_from_bytes(compose(mail))["From"] == header


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        ("", "7bit"),
        ("a\n", "7bit"),
        ("\u20ac\n", "8bit"),
        ("a", "quoted-printable"),
        ("From x\n", "quoted-printable"),
        (">From x\n", "quoted-printable"),
        ("x" * 991 + "\n", "quoted-printable"),
        ("\x1b\n", "quoted-printable"),
        ("\r\n", "base64"),
        ("\x00", "base64"),
    ],
)
def test_x16_the_plainest_exact_encoding_is_taken(body: str, coding: str) -> None:
    mail = Mail(ORIGIN, "s", body, [], [])
    message = email.message_from_bytes(compose(mail))

    assert message["Content-Transfer-Encoding"] == coding
    assert first_text(message) == body.encode()


def test_x16_the_date_keeps_its_zone() -> None:
    known = ORIGIN._replace(date=1_258_471_717_000, zone=360)
    for zone, text in ((360, "21:28:37 +0600"), (None, "15:28:37 -0000")):
        mail = Mail(known._replace(zone=zone), "s", "", [], [])
        date = email.message_from_bytes(compose(mail))["Date"]
        assert date == f"Tue, 17 Nov 2009 {text}"


def test_x16_a_reference_that_is_no_message_id_is_not_written() -> None:
    mail = Mail(ORIGIN, "s", "", ["bare", "<ok@x>"], [])

    assert read_message(compose(mail)).references == ["<ok@x>"]


def read_by_python(path: Path, form: str) -> list[Message]:
    box = (
        mailbox.mbox(path, create=False)
        if form == "mbox"
        else mailbox.Maildir(path, create=False)
    )
    try:
        return [box[key] for key in sorted(box.keys())]
    finally:
        box.close()


@pytest.mark.parametrize("form", FORMATS)
def test_x16_a_mailing_list_comes_back(tmp_path: Path, form: str) -> None:
    items = list(open_archive(HERE, None))
    mails = [item.mail for item in items if item.mail]
    if HERE == CORPUS:
        assert len(mails) == len(items) == 53
    with create_archive(tmp_path / "out", form) as writer:
        for mail in mails:
            writer.add(mail)

    back = [item.mail for item in open_archive(tmp_path / "out", None)]
    for mail, found in zip(mails, back, strict=True):
        assert found is not None
        assert (found.subject, found.body) == (mail.subject, mail.body)
        assert found.origin[1:] == mail.origin[1:]
        assert found.references == mail.references


@pytest.mark.parametrize("form", ["mbox", "maildir"])
def test_x16_python_reads_our_mailing_list(tmp_path: Path, form: str) -> None:
    mails = [item.mail for item in open_archive(HERE, None) if item.mail]
    with create_archive(tmp_path / "out", form) as writer:
        for mail in mails:
            writer.add(mail)

    for mail, message in zip(
        mails, read_by_python(tmp_path / "out", form), strict=True
    ):
        assert decode_words(unfolded(message["Subject"])) == mail.subject
        assert first_text(message).decode() == mail.body
        if mail.origin.date is not None:
            at = to_datetime(mail.origin.date, mail.origin.zone)
            assert parsedate_to_datetime(message["Date"]) == at
