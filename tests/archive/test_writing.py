"""Archives are written whole or not at all, and nothing is replaced."""

import mailbox
import os
import stat
from pathlib import Path

import pytest

from nimsg.archive.mail import Mail, Origin
from nimsg.archive.reading import FORMATS, open_archive
from nimsg.archive.writing import create_archive
from nimsg.errors import ConfigError, StorageFailure


ORIGIN = Origin("ann@a", ["b@c"], 1_258_471_717_000, 360, "<i@d>")
MAIL = Mail(ORIGIN, "s", "From here\n", [], [])
FILES = ("mbox", "jsonl")


def full_disk(*_: object) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("form", FORMATS)
def test_x16_what_is_written_is_private_and_comes_back(
    tmp_path: Path, form: str
) -> None:
    path = tmp_path / "out"
    dateless = MAIL._replace(origin=ORIGIN._replace(date=None, zone=None))
    with create_archive(path, form) as writer:
        writer.add(MAIL)
        writer.add(dateless)

    mails = [item.mail for item in open_archive(path, None)]
    assert mails == [MAIL, dateless._replace(remarks=["no readable date"])]
    assert stat.S_IMODE(path.stat().st_mode) in (0o600, 0o700)
    assert list(tmp_path.iterdir()) == [path]


def test_x16_an_mbox_has_the_dates_in_its_from_lines(tmp_path: Path) -> None:
    with create_archive(tmp_path / "out", "mbox") as writer:
        writer.add(MAIL)

    lines = (tmp_path / "out").read_bytes().split(b"\n")
    assert lines[0] == b"From MAILER-DAEMON Tue Nov 17 15:28:37 2009"
    assert b"=46rom here" in lines
    assert lines[-2:] == [b"", b""]


def test_x16_a_maildir_has_seen_files_of_the_mails_dates(tmp_path: Path) -> None:
    with create_archive(tmp_path / "out", "maildir") as writer:
        writer.add(MAIL)

    (file,) = (tmp_path / "out" / "cur").iterdir()
    assert file.name.startswith("0000000001.")
    assert file.stat().st_mtime == 1_258_471_717
    box = mailbox.Maildir(tmp_path / "out", create=False)
    assert [message.get_flags() for message in box] == ["S"]


@pytest.mark.parametrize("form", FORMATS)
def test_x16_nothing_is_replaced(tmp_path: Path, form: str) -> None:
    (tmp_path / "out").symlink_to("nowhere")
    with pytest.raises(ConfigError, match="is there already; nothing is replaced"):
        create_archive(tmp_path / "out", form)


@pytest.mark.parametrize("form", FILES)
def test_x16_what_appears_meanwhile_is_kept(tmp_path: Path, form: str) -> None:
    with pytest.raises(ConfigError, match="is there already"):  # noqa: SIM117
        with create_archive(tmp_path / "out", form):
            (tmp_path / "out").write_bytes(b"mine")

    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]


def interrupted(path: Path, form: str) -> None:
    with create_archive(path, form) as writer:
        writer.add(MAIL)
        raise KeyboardInterrupt


@pytest.mark.parametrize(("form", "left"), [("mbox", 0), ("jsonl", 0), ("maildir", 1)])
def test_x16_an_interrupted_file_leaves_nothing(
    tmp_path: Path, form: str, left: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "out", form)

    assert len(list(tmp_path.iterdir())) == left


@pytest.mark.parametrize("form", FORMATS)
def test_x16_a_full_disk_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    def write() -> None:
        with create_archive(tmp_path / "out", form) as writer:
            writer.add(MAIL)

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StorageFailure, match="out cannot be written: No space left"):
        write()
    assert not (tmp_path / "out").is_file()


@pytest.mark.parametrize("form", FORMATS)
def test_x16_a_place_where_nothing_can_be_made(tmp_path: Path, form: str) -> None:
    with pytest.raises(ConfigError, match="cannot be made: No such file"):  # noqa: SIM117
        with create_archive(tmp_path / "no" / "out", form):
            pass


@pytest.mark.parametrize("form", FILES)
def test_x16_the_standard_output_takes_files(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], form: str
) -> None:
    with create_archive(Path("-"), form) as writer:
        writer.add(MAIL)
    (tmp_path / "out").write_bytes(capfdbinary.readouterr().out)

    assert [item.mail for item in open_archive(tmp_path / "out", None)] == [MAIL]
    with pytest.raises(KeyboardInterrupt):
        interrupted(Path("-"), form)


class Broken:
    """A standard output whose reader has gone."""

    @property
    def buffer(self) -> "Broken":
        """Itself."""
        return self

    def write(self, _: bytes) -> None:
        """Refuse."""
        raise BrokenPipeError


def test_x16_a_reader_who_leaves_is_the_callers_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdout", Broken())
    with pytest.raises(BrokenPipeError), create_archive(Path("-"), "mbox") as writer:
        writer.add(MAIL)


@pytest.mark.parametrize(
    ("path", "form", "why"),
    [("-", "maildir", "a Maildir is a folder"), ("x", "pst", "no such format: pst")],
)
def test_x16_what_cannot_be_written(path: str, form: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        create_archive(Path(path), form)
