"""An mbox: where its messages are cut, and what is said of a broken one."""

import mailbox
import re
from pathlib import Path

import pytest

from nimsg.archive import mbox
from nimsg.archive.compose import compose
from nimsg.archive.mail import Mail, Origin
from nimsg.archive.mbox import read_mbox


FIRST = b"From a\nSubject: one\n\n>From x\nFrom y\n\n"
LAST = b"From b\nSubject: two\n\ntext\n\n"
PARTS = (
    b"From c\nSubject: three\nContent-Type: multipart/mixed; boundary=x\n\n"
    b"--x\n\npart\n\n--x--\n\n"
)
SIZED = b"From d\nSubject: four\nContent-Length: 9\n\none\n\ntwo\n\n"


def outcomes(path: Path, data: bytes) -> list[tuple[str, int, str]]:
    path.write_bytes(data)
    return [
        (one.where, one.done, one.mail.body if one.mail else one.why)
        for one in read_mbox(path)
    ]


def test_x16_messages_are_cut_before_from_lines(tmp_path: Path) -> None:
    assert outcomes(tmp_path / "box", FIRST + LAST) == [
        ("message 1", len(FIRST), ">From x\nFrom y\n"),
        ("message 2", len(FIRST + LAST), "text\n"),
    ]


def test_x16_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    data = (FIRST + LAST + PARTS).replace(b"\n", b"\r\n")

    found = [text for *_, text in outcomes(tmp_path / "box", data)]
    assert found == [">From x\nFrom y\n", "text\n", "part\n"]


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n\n"])
def test_x16_an_empty_mbox_has_no_messages(tmp_path: Path, data: bytes) -> None:
    assert outcomes(tmp_path / "box", data) == []


def test_x16_what_stands_before_the_first_message_is_named(tmp_path: Path) -> None:
    found = outcomes(tmp_path / "box", b"junk\n\n" + LAST)

    assert found[0] == (
        "start",
        6,
        "6 bytes before the first line that begins with From",
    )
    assert found[1][2] == "text\n"


def test_x16_a_huge_message_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mbox, "MESSAGE_BYTES", 1000)
    monkeypatch.setattr(mbox, "PIECE_BYTES", 16)
    huge = b"From a\nSubject: x\n\n" + b"x" * 5000 + b"\n\n"
    found = outcomes(tmp_path / "box", huge + LAST)

    assert found[0][2] == "has 5014 bytes; at most 1000 are taken"
    assert found[1][2] == "text\n"
    assert outcomes(tmp_path / "box", b"x" * 5000)[0][0] == "start"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (LAST[:-1], "no empty line follows it; if it is whole, add one at the end"),
        (PARTS.replace(b"--x--\n", b""), "its last part does not end; .* --x--"),
        (SIZED[:-6], "its Content-Length says 9 bytes and 4 are there"),
        (b"From a\nSubject: x\n\n", "its headers do not end"),
        (b"From a\nSubj", "its headers do not end"),
        (b"From", "no empty line follows it"),
    ],
)
def test_x16_a_message_that_is_broken_off_says_how_to_take_it(
    tmp_path: Path, data: bytes, why: str
) -> None:
    found = outcomes(tmp_path / "box", LAST + data)[-1][2]

    assert found.startswith("broken off: ")
    assert re.search(why, found)


@pytest.mark.parametrize("last", [LAST, PARTS, SIZED])
def test_x16_a_last_message_cut_at_any_byte_is_whole_or_broken_off(
    tmp_path: Path, last: bytes
) -> None:
    whole = outcomes(tmp_path / "box", FIRST + last)
    unseen = 0
    for at in range(len(last)):
        found = outcomes(tmp_path / "box", FIRST + last[:at])
        if at == 0:
            assert found == whole[:1]
        elif not found[-1][2].startswith("broken off: "):
            unseen += 1

    assert unseen == 0


def test_x16_a_paragraph_s_end_cannot_be_told_from_a_message_s(tmp_path: Path) -> None:
    found = outcomes(tmp_path / "box", b"From a\nSubject: x\n\none\n\n")

    assert found[0][2] == "one\n"


def test_x16_what_we_write_is_broken_off_wherever_it_is_cut(tmp_path: Path) -> None:
    mail = Mail(Origin("a@b", [], 0, 0, "<i@d>"), "s", "one\n\ntwo\n\n\n", [], [])
    last = b"From x\n" + compose(mail) + b"\n"
    assert outcomes(tmp_path / "box", FIRST + last)[-1][2] == mail.body
    for at in range(1, len(last)):
        found = outcomes(tmp_path / "box", FIRST + last[:at])
        assert found[-1][2].startswith("broken off: ")


def test_x16_an_mbox_is_cut_as_python_cuts_it(tmp_path: Path) -> None:
    path = tmp_path / "box"
    found = outcomes(path, FIRST.replace(b"From y", b"from y") + LAST + PARTS + SIZED)
    box = mailbox.mbox(path, create=False)
    try:
        assert len(box) == len(found)
    finally:
        box.close()
