"""The file `format`: all who read it take it alike, and refuse it in the same words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nimsg.errors import ConfigError, NimsgError
from nimsg.progress import Silent
from nimsg.store.backup import backup_store
from nimsg.store.check import check_store
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout, require_found
from nimsg.store.local import LocalStore
from nimsg.store.salvage import salvage_store
from tests.support.ruin import Ruin


def serve(root: Path) -> None:
    LocalStore(root, min_free_bytes=1).close()


def rebuild(root: Path) -> None:
    salvage_store(RealDisk(), Layout(root), entropy=bytes, now=1_000, progress=Silent())


def back_up(root: Path) -> None:
    backup_store(RealDisk(), Layout(root), Layout(root.parent / "copy"), Silent())


def check(root: Path) -> None:
    require_found(Layout(root))
    check_store(root)


READERS = pytest.mark.parametrize("use", [serve, rebuild, back_up])


def said(use: Callable[[Path], None], root: Path) -> str:
    """How a use is refused."""
    with pytest.raises(NimsgError) as caught:
        use(root)
    assert "Errno" not in str(caught.value)
    return str(caught.value)


@READERS
@pytest.mark.parametrize("text", [b"1", b"1\n", b"1\r\n", b" 1\n\n"])
def test_blanks_and_ends_of_lines_make_no_other_format(
    ruin: Ruin, use: Callable[[Path], None], text: bytes
) -> None:
    ruin.layout.format.write_bytes(text)
    assert check_store(ruin.root).problems == []
    use(ruin.root)


def test_a_backup_whose_format_was_written_by_hand_is_brought_up_to_date(
    ruin: Ruin, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    backup_store(RealDisk(), ruin.layout, Layout(copy), Silent())
    (copy / "format").write_bytes(b"1\r\n")
    assert backup_store(RealDisk(), ruin.layout, Layout(copy), Silent()).copied == 0


@READERS
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"7\n", "has store format 7, and this nimsg reads format 1; use the version"),
        (
            b"unfinished backup\n",
            "was not finished; where the store is there, run nimsg backup /",
        ),
    ],
)
def test_what_is_no_store_of_this_version_is_refused_by_all_in_the_same_words(
    ruin: Ruin, use: Callable[[Path], None], text: bytes, why: str
) -> None:
    ruin.layout.format.write_bytes(text)
    refused = said(use, ruin.root)
    assert why in refused
    (problem,) = check_store(ruin.root).problems
    assert refused == f"{ruin.layout.format} {problem.what}"


@READERS
def test_a_folder_in_its_place_is_named_with_what_to_do(
    ruin: Ruin, use: Callable[[Path], None]
) -> None:
    ruin.layout.format.unlink()
    ruin.layout.format.mkdir()
    assert (
        f"{ruin.layout.format} cannot be used: Is a directory; it has to be a file of "
        "the store's; move it away"
    ) in said(use, ruin.root)


@pytest.mark.parametrize("use", [check, rebuild, back_up])
def test_a_folder_that_cannot_be_looked_into_is_no_fault_of_ours(
    tmp_path: Path, use: Callable[[Path], None]
) -> None:
    root = tmp_path / ("x" * 300)
    with pytest.raises(ConfigError, match="cannot be looked into: File name too long"):
        use(root)


def test_a_link_to_itself_is_no_store(ruin: Ruin) -> None:
    ruin.layout.format.unlink()
    ruin.layout.format.symlink_to(ruin.layout.format)
    with pytest.raises(ConfigError, match="there is no store in"):
        back_up(ruin.root)
    with pytest.raises(ConfigError, match="there is no store in"):
        check(ruin.root)
    serve(ruin.root)
