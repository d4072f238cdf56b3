"""What an import says and counts, given what a store answers."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from nimsg.archive.reading import open_archive
from nimsg.cli.addressmap import AddressMap
from nimsg.cli.importing import Answers, Import, Report, pretend
from nimsg.cli.progress import Bars
from nimsg.client.query import Call
from nimsg.errors import Exit, Refusal, Unavailable, Unreachable
from nimsg.protocol.envelope import Answer


STORED = Answer(None, {"duplicate": False}, None)
BEFORE = Answer(None, {"duplicate": True}, None)
BOTH = AddressMap({"ann@a.example": "ann", "bob@a.example": "bob"})


def refused(kind: str) -> Answer:
    return Answer(None, {}, Refusal(kind))


class Store:
    """Gives the answers it was told, and then breaks off if it has an `end`."""

    def __init__(self, *told: Answer, end: BaseException | None = None) -> None:
        self._told = told
        self._end = end

    def __call__(self, calls: Iterable[Call]) -> Answers:
        asked = iter(calls)
        for answer in self._told:
            yield next(asked), answer
        if self._end is not None:
            raise self._end
        assert list(asked) == []


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two mails to Ann and Bob; something is to be said of each."""
    path = tmp_path / "two.jsonl"
    line = '{{"from": "x@y", "to": "ann@a.example, bob@a.example", "message": "{}"}}\n'
    path.write_text(line.format("one") + line.format("two"))
    return path


def transfer(
    path: Path, known: AddressMap | None = None, *, json: bool = False
) -> Import:
    report = Report(Bars(), json=json, dry=False)
    return Import(open_archive(path, None), known, report)


def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    return iter(capsys.readouterr().out.splitlines())


def test_x16_another_mail_under_the_same_id_is_there_before(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moving = transfer(archive)
    moving.run(Store(STORED, refused("client_id_conflict")))
    assert moving.end() == Exit.DONE
    assert list(lines(capsys)) == [
        "line 1: no readable date",
        "line 2: is there before, with another text or other headers; what is there "
        "stays",
        "2 read: 1 stored, 1 there before, 0 duplicate, 0 not taken",
    ]


def test_x16_nothing_is_remarked_of_what_is_there_before(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moving = transfer(archive)
    moving.run(Store(BEFORE, BEFORE))
    moving.end()
    assert list(lines(capsys)) == [
        "2 read: 0 stored, 2 there before, 0 duplicate, 0 not taken"
    ]


@pytest.mark.parametrize(
    ("told", "sums", "code"),
    [
        ((STORED, BEFORE, STORED, STORED), "2 stored, 0 there before", Exit.DONE),
        ((BEFORE, BEFORE, BEFORE, STORED), "1 stored, 1 there before", Exit.DONE),
        (
            (refused("text_invalid"), BEFORE, STORED, refused("text_invalid")),
            "1 stored, 1 there before",
            Exit.REFUSED,
        ),
    ],
)
def test_x16_a_mail_of_several_accounts_is_counted_once(
    archive: Path,
    capsys: pytest.CaptureFixture[str],
    told: tuple[Answer, ...],
    sums: str,
    code: int,
) -> None:
    moving = transfer(archive, BOTH)
    moving.run(Store(*told))
    assert moving.end() == code
    *_, last = lines(capsys)
    assert last == f"2 read: {sums}, 0 duplicate, 0 not taken"


def test_x16_a_reason_is_said_once_for_each_mail(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = refused("text_invalid")
    moving = transfer(archive, BOTH)
    moving.run(Store(bad, bad, bad, refused("unknown_user")))
    assert moving.end() == Exit.REFUSED
    told = list(lines(capsys))
    assert [line.partition(":")[0] for line in told[:-1]] == ["line 1"] + ["line 2"] * 2
    assert told[-1].endswith("0 stored, 0 there before, 0 duplicate, 2 not taken")


@pytest.mark.parametrize("end", [Unreachable("lost"), KeyboardInterrupt()])
def test_x16_what_breaks_off_tells_the_sums_so_far(
    archive: Path, capsys: pytest.CaptureFixture[str], end: BaseException
) -> None:
    moving = transfer(archive, BOTH)
    with pytest.raises(type(end)):
        moving.run(Store(STORED, end=end))
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("1 read: 1 stored, 0 there before")
    assert err == "Import it again to go on: nothing is stored twice.\n"


def test_x16_a_full_disk_says_what_to_do_and_not_that_nothing_was_stored(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moving = transfer(archive)
    moving.run(Store(STORED, refused("disk_full")))
    with pytest.raises(Unavailable, match=r"disk is full.*not looked at.*import it"):
        moving.end()
    *_, last = lines(capsys)
    assert last == "2 read: 1 stored, 0 there before, 0 duplicate, 1 not taken"


def test_x16_nothing_more_is_asked_of_a_disk_that_failed(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moving = transfer(archive)
    moving.run(Store(refused("storage_failed")))
    with pytest.raises(
        Refusal, match=r"the server's disk failed.*import it again"
    ) as caught:
        moving.end()
    assert caught.value.exit == Exit.STORAGE
    assert list(lines(capsys))[-1].startswith("1 read: 0 stored")


def test_x16_a_dry_run_tells_what_would_be_said(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moving = transfer(archive, BOTH)
    moving.run(pretend)
    assert moving.end() == Exit.DONE
    assert len(list(lines(capsys))) == 3
