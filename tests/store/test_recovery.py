"""What a start makes of a journal and a ledger that a crash or a hand has left."""

import shutil
from pathlib import Path

import pytest

from nimsg.core.commands import Act, MailAct, SendMail
from nimsg.protocol.times import MS_PER_DAY
from nimsg.store.layout import StrPath
from tests.support.crashed import SETUP, Crashed
from tests.support.driven import (
    ANN,
    BOB,
    CYD,
    Driven,
    act,
    id_of,
    moment,
    open_store,
    play,
    settle,
    view,
)
from tests.support.faultydisk import FaultyDisk


def test_s1_18_a_killed_server_is_recovered_with_all_it_had_answered(
    crashed: Crashed,
) -> None:
    first = crashed.start()

    assert first == crashed.expected == crashed.start()


def test_the_operator_is_told_what_was_filed_again(crashed: Crashed) -> None:
    store = open_store(crashed.root, FaultyDisk())
    again = store.notices
    store.close()

    assert again == ["filed 8 journal rows of an earlier run"]


def test_a_start_empties_the_log_before_it_writes_behind_it(crashed: Crashed) -> None:
    log = crashed.layout.index.with_name("index.db-wal")
    before = log.stat().st_size
    seen: list[int] = []

    class Looking(FaultyDisk):
        def open(self, path: StrPath, flags: int) -> int:
            seen.append(log.stat().st_size)
            return super().open(path, flags)

    open_store(crashed.root, Looking()).close()

    assert before > 0
    assert set(seen) == {0}


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"\n",
        b'{"dev',
        bytes(300),
        bytes(300) + b"\n",
        b'{"n": 1}\n' * 2,
        bytes(90) + b'e","user":"bob"}\n' + bytes(8) + b"\n{",
        b"\xff\xfe\n",
    ],
    ids=repr,
)
def test_whatever_a_cut_leaves_behind_the_settled_lines_is_written_anew(
    crashed: Crashed, left: bytes
) -> None:
    kept = crashed.last_day.read_bytes()[: crashed.settled_size()]
    crashed.last_day.write_bytes(kept + left)

    assert crashed.start() == crashed.expected


def test_a_later_day_may_have_come_through_without_the_earlier(
    tmp_path: Path,
) -> None:
    driven = Driven(tmp_path / "running", FaultyDisk())
    play(driven, SETUP[:2])
    settle(driven, moment(2))
    before = list(driven.store.layout.ledger.iterdir())
    act(Act.OPENED, BOB, "old")(driven, moment(1))
    act(Act.ACKED, BOB, "old")(driven, moment(1) + MS_PER_DAY)
    act(Act.OPENED, CYD, "old")(driven, moment(1) + 2 * MS_PER_DAY)
    shutil.copytree(tmp_path / "running", tmp_path / "var")
    expected = view(driven.store)
    driven.store.close()
    first, second, third = sorted((tmp_path / "var" / "ledger").iterdir())
    first.unlink()
    second.write_bytes(b"")

    store = open_store(tmp_path / "var", FaultyDisk())

    assert before == []
    assert third.exists()
    assert view(store) == expected
    store.close()


def test_lines_of_which_the_cache_only_may_know_are_written_again(
    crashed: Crashed,
) -> None:
    disk = FaultyDisk()

    open_store(crashed.root, disk).close()

    day = crashed.last_day
    about = [call for call in disk.calls if call.path == day]
    assert [call.kind for call in about] == ["truncate", "open", "write", "close"]
    assert about[0].number == crashed.settled_size()
    assert day.read_bytes().endswith(about[2].data)


def test_filing_twice_is_filing_once(tmp_path: Path) -> None:
    driven = Driven(tmp_path / "var", FaultyDisk())
    play(driven, SETUP)
    id_ = id_of(driven.store, CYD, "old")
    batch = driven.store.commit(
        [MailAct(Act.OPENED, CYD, [id_]), SendMail(ANN, ["bob"], "c", "new", "", None)],
        moment(9),
    )

    driven.store.file(batch)
    once = view(driven.store)
    driven.store.file(batch)

    assert view(driven.store) == once
    driven.store.close()


# -- what no crash leaves is named and left alone


def test_a_line_that_the_index_does_not_know_is_named(settled: Crashed) -> None:
    line = settled.last_day.read_bytes().splitlines(keepends=True)[-1]
    with settled.last_day.open("ab") as file:
        file.write(line.replace(b'"n":', b'"n":9'))

    settled.refuses("line [0-9]+ is not as the index knows it")


def test_a_last_line_that_is_none_is_named(settled: Crashed) -> None:
    data = settled.last_day.read_bytes()
    settled.last_day.write_bytes(data[:-9] + b"#" + data[-8:])

    lines = data.count(b"\n")
    settled.refuses(
        rf"jsonl line {lines} cannot be read\. .*nimsg check --rebuild --var"
    )


def test_a_settled_line_that_was_changed_is_named(crashed: Crashed) -> None:
    data = crashed.last_day.read_bytes()
    crashed.last_day.write_bytes(data.replace(b"login", b"LOGIN", 1))

    crashed.refuses("line [0-9]+ is not as the index knows it|has lost lines")


def test_a_ledger_that_has_lost_its_end_is_named(settled: Crashed) -> None:
    lines = settled.last_day.read_bytes().splitlines(keepends=True)
    settled.last_day.write_bytes(b"".join(lines[:-1]))

    settled.refuses(
        rf"line {len(lines) - 1} is not as the index knows it: .*nimsg check --rebuild "
        rf"--var {settled.root} makes"
    )


def test_a_ledger_that_is_gone_is_named(settled: Crashed) -> None:
    shutil.rmtree(settled.layout.ledger)
    settled.layout.ledger.mkdir()

    settled.refuses("has lost lines")


def test_what_is_named_is_mended_by_moving_the_index_aside(settled: Crashed) -> None:
    settled.layout.index.unlink()
    whole = settled.start()
    with settled.last_day.open("ab") as file:
        file.write(b'{"torn')
    settled.layout.index.unlink()

    assert whole == settled.expected == settled.start()
