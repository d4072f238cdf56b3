"""A Maildir: which files are read, in which order, and what is said of bad ones."""

import os
from pathlib import Path

import pytest

from nimsg.archive import maildir
from nimsg.archive.reading import open_archive
from nimsg.errors import ConfigError


def put(folder: Path, name: str, subject: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(f"Subject: {subject}\n\n".encode())


def test_x16_files_are_read_by_name_and_subfolders_after(tmp_path: Path) -> None:
    put(tmp_path / "cur", "2:2,S", "two")
    put(tmp_path / "new", "1", "one")
    put(tmp_path / "new", ".hidden", "none")
    put(tmp_path / "tmp", "3", "none")
    put(tmp_path / ".Sent" / "cur", "0", "sent")
    (tmp_path / ".empty").mkdir()
    archive = open_archive(tmp_path, None)

    assert (archive.format, archive.total, archive.unit) == ("maildir", 3, "files")
    found = [(one.where, one.done, one.mail and one.mail.subject) for one in archive]
    assert found == [
        ("new/1", 1, "one"),
        ("cur/2:2,S", 2, "two"),
        (".Sent/cur/0", 3, "sent"),
    ]


def test_x16_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "cur", "1", "s" * 600)
    (tmp_path / "cur" / "2\x1b").mkdir()
    (tmp_path / "cur" / "3").symlink_to("nowhere")
    os.mkfifo(tmp_path / "cur" / "4")
    monkeypatch.setattr(maildir, "MESSAGE_BYTES", 500)

    found = [(one.where, one.mail, one.why) for one in open_archive(tmp_path, None)]
    assert found == [
        ("cur/1", None, "has 611 bytes; at most 500 are taken"),
        ("cur/2^[", None, "is not a file"),
        ("cur/3", None, "cannot be read: No such file or directory"),
        ("cur/4", None, "is not a file"),
    ]


def test_x16_a_folder_that_cannot_be_listed_is_named_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    put(tmp_path / "cur", "1", "one")
    (tmp_path / "new").symlink_to("nowhere")
    put(tmp_path / ".Sent" / "new", "2", "two")
    (tmp_path / ".Sent" / "cur").write_text("a file")

    archive = open_archive(tmp_path, None)
    assert archive.total == 4
    assert [(one.where, one.done, one.why) for one in archive] == [
        ("new", 1, "cannot be read: No such file or directory"),
        ("cur/1", 2, ""),
        (".Sent/cur", 3, "cannot be read: Not a directory"),
        (".Sent/new/2", 4, ""),
    ]


def test_x16_a_maildir_that_is_not_permitted_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    put(tmp_path / "cur", "1", "s")
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        open_archive(tmp_path, "maildir")
