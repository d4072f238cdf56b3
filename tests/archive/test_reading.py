"""Which archive is which, and what is said of a path that is none."""

import os
from pathlib import Path

import pytest

from nimsg.archive.reading import FORMATS, open_archive
from nimsg.errors import ConfigError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"From x\n", "mbox"),
        (b"", "mbox"),
        (b'\n {"a": 1}', "jsonl"),
        (b"\xef\xbb\xbf{}", "jsonl"),
    ],
)
def test_x16_the_format_of_a_file_is_guessed(
    tmp_path: Path, data: bytes, expected: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    archive = open_archive(path, None)

    assert (archive.format, archive.total, archive.unit) == (expected, len(data), "B")


def test_x16_an_archive_can_be_read_twice(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b'{"subject": "s"}\n')
    archive = open_archive(tmp_path / "f", "jsonl")

    assert list(archive) == list(archive) != []


@pytest.mark.parametrize(
    ("name", "form", "why"),
    [
        ("missing", None, "cannot be read: No such file"),
        ("other", None, "looks like no archive that is known: give --format"),
        ("other", "maildir", "is no Maildir: it has neither cur nor new"),
        ("other", "pst", "no such format: pst; there are mbox, maildir, jsonl"),
        ("folder", None, "is a folder without cur and new, so no Maildir"),
        ("folder", "maildir", "is no Maildir"),
        ("folder", "mbox", "is a folder and no mbox"),
        ("pipe", None, "is no file to look into first: give --format"),
    ],
)
def test_x16_a_path_that_is_no_archive(
    tmp_path: Path, name: str, form: str | None, why: str
) -> None:
    (tmp_path / "other").write_bytes(b"Subject: x\n")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match=why):
        open_archive(tmp_path / name, form)


def test_x16_an_archive_that_goes_away_is_said(tmp_path: Path) -> None:
    for form in FORMATS[::2]:
        (tmp_path / "f").write_bytes(b"")
        archive = open_archive(tmp_path / "f", form)
        (tmp_path / "f").unlink()
        with pytest.raises(ConfigError, match="cannot be read: No such file"):
            list(archive)
