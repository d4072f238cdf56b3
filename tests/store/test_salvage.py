"""`nimsg check --rebuild`: whatever was damaged, the rest starts again and is whole."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from nimsg.core.commands import Act, Command, CreateAccount, SendMail
from nimsg.errors import ConfigError, StorageFailure, Unavailable
from nimsg.progress import Silent
from nimsg.protocol.constants import Box
from nimsg.protocol.results import Opened
from nimsg.store.base import ListQuery, ReadQuery
from nimsg.store.check import check_store
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout
from nimsg.store.local import LocalStore
from nimsg.store.messagefile import (
    Positions,
    decode_message,
    digest_of,
    encode_message,
)
from nimsg.store.plan import RowKind
from nimsg.store.removal import Stub, encode_stub
from nimsg.store.salvage import Salvaged, salvage_store
from tests.support.post import BACKENDS, ORIGIN, START, Post, keep_busy, page_of
from tests.support.ruin import Ruin


def salvage(root: Path) -> Salvaged:
    """Make a store's index anew."""
    return salvage_store(
        RealDisk(),
        Layout(root),
        entropy=Random(3).randbytes,  # noqa: S311
        now=START,
        progress=Silent(),
    )


STUB = encode_stub(
    Stub("1", "ann", ["bob"], "", "c", "f", None, Positions({"bob": 1}, 1), False)
)
Letters = dict[tuple[str, str, str], Opened]


def letters(root: Path) -> Letters:
    """Every message that somebody can read, with its receipt, by owner, box and id."""
    with closing(LocalStore(root, min_free_bytes=1)) as store:
        return {
            (account.name, box, letter.id): letter
            for account in store.accounts()
            for box in Box
            for letter in store.read(ReadQuery(account.uid, box, 0, 500)).letters
        }


def problems(root: Path) -> list[str]:
    return [f"{one.where}: {one.what}" for one in check_store(root).problems]


def without(found: Letters, *ids: str) -> Letters:
    """What is left when these messages are lost."""
    return {key: letter for key, letter in found.items() if key[2] not in ids}


@pytest.fixture
def before(ruin: Ruin) -> Letters:
    """All that could be read before anything was spoilt."""
    return letters(ruin.root)


def sound(root: Path, expected: Letters, *, lost: int = 0) -> None:
    """A start works, nothing else is missing, and mail goes on."""
    assert letters(root) == expected
    assert problems(root) == []
    assert check_store(root).lost == lost
    with closing(LocalStore(root, min_free_bytes=1)) as store:
        now = START * 2
        send = SendMail(1, ["bob"], "after", "after", "after", None)
        batch = store.commit([send], now)
        store.file(batch)
    assert problems(root) == []
    (root / "index.db").unlink()
    assert without(letters(root), batch.rows[0].name) == expected


def test_s2_16_a_sound_store_loses_nothing(ruin: Ruin, before: Letters) -> None:
    done = salvage(ruin.root)

    assert done.losses == []
    assert done.remarks == []
    assert (done.filed, done.aside) == (0, "quarantine/index-1")
    assert (done.rebuilt.accounts, done.rebuilt.messages, done.rebuilt.lost) == (
        4,
        3,
        0,
    )
    sound(ruin.root, before)


def test_what_was_not_filed_is_salvaged_from_the_old_index(tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path / "running")
    ids = keep_busy(post)
    post.import_(1, "ann")
    lost = post.send(1, "bob").id
    for uid in (1, 2):
        post.act(Act.DELETED, uid, lost)
    post.settle()
    new: list[Command] = [post.letter(1, ["bob"]), CreateAccount("fay", None)]
    batch = post.store.commit(new, post.now)
    post.store.file(batch)
    post.act(Act.ACKED, 2, ids.shared)
    post.purge()
    root = tmp_path / "var"
    shutil.copytree(post.root, root)
    post.store.close()
    for row in batch.rows:
        Layout(root).message(row.name).unlink() if row.kind == RowKind.MESSAGE else None
    Layout(root).user(5).unlink()

    done = salvage(root)

    assert done.losses == []
    assert done.filed == 3
    assert not Layout(root).message(lost).exists()
    sound(root, letters(post.root))


# -- one thing damaged


def test_what_a_failed_start_without_an_index_left_is_no_old_index(ruin: Ruin) -> None:
    for path in ruin.root.glob("index.db*"):
        path.unlink()
    spoil_text(ruin.message(ruin.ids.shared))
    with pytest.raises(StorageFailure, match="goes on without what cannot be used"):
        LocalStore(ruin.root)
    assert not ruin.layout.index.exists()

    # One of an earlier release.
    ruin.layout.index.touch()
    done = salvage(ruin.root)

    assert (done.remarks, done.aside) == (["index.db was empty"], "")
    assert not (ruin.layout.quarantine / "index-1").exists()


def spoil_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"rter", b"tter"))


SHARED: dict[str, Callable[[Ruin], object]] = {
    "damaged": lambda ruin: spoil_text(ruin.message(ruin.ids.shared)),
    "empty": lambda ruin: ruin.message(ruin.ids.shared).write_bytes(b""),
    "missing": lambda ruin: ruin.message(ruin.ids.shared).unlink(),
    "of another id": lambda ruin: shutil.copyfile(
        ruin.message(ruin.ids.recalled), ruin.message(ruin.ids.shared)
    ),
    "position taken": lambda ruin: ruin.change_message(
        ruin.ids.shared, positions=Positions({"cyd": 1, "bob": 2}, 1)
    ),
    "positions of others": lambda ruin: ruin.change_message(
        ruin.ids.shared, positions=Positions({"cyd": 1}, 1)
    ),
}


@pytest.mark.parametrize("index", ["kept", "lost"])
@pytest.mark.parametrize("spoil", SHARED)
def test_a_message_that_cannot_be_used_is_taken_aside(
    ruin: Ruin, before: Letters, spoil: str, index: str
) -> None:
    SHARED[spoil](ruin)
    if index == "lost":
        ruin.layout.index.unlink()
        with pytest.raises(StorageFailure, match="nimsg check --rebuild"):
            LocalStore(ruin.root)

    done = salvage(ruin.root)

    lost = ruin.ids.recalled if spoil == "position taken" else ruin.ids.shared
    if spoil == "position taken" and ruin.ids.shared > ruin.ids.recalled:
        lost = ruin.ids.shared
    [loss] = done.losses
    assert lost in loss.what
    assert (ruin.layout.quarantine / loss.what).exists() is (spoil != "missing")
    sound(ruin.root, without(before, lost), lost=1)


def test_a_message_in_a_wrong_folder_is_put_in_its_place(
    ruin: Ruin, before: Letters
) -> None:
    path = ruin.message(ruin.ids.shared)
    wrong = ruin.layout.messages / "2001/01/01" / path.name
    wrong.parent.mkdir(parents=True)
    path.rename(wrong)

    done = salvage(ruin.root)

    assert done.losses == []
    sound(ruin.root, before)


def test_a_message_that_is_there_twice_is_kept_once(
    ruin: Ruin, before: Letters
) -> None:
    path = ruin.message(ruin.ids.shared)
    for day in ("2001/01/01", "2039/01/01"):
        wrong = ruin.layout.messages / day / path.name
        wrong.parent.mkdir(parents=True)
        shutil.copyfile(path, wrong)

    done = salvage(ruin.root)

    assert len(done.losses) == 2
    assert letters(ruin.root) == before
    assert problems(ruin.root) == []
    (ruin.root / "index.db").unlink()
    assert letters(ruin.root) == before


def test_what_does_not_belong_there_is_in_nobodys_way(
    ruin: Ruin, before: Letters
) -> None:
    for name in (".note", "2026/.note", "2026/11/.note"):
        (ruin.layout.messages / name).write_text("x")

    salvage(ruin.root)

    assert letters(ruin.root) == before
    assert len(problems(ruin.root)) == 3


@pytest.mark.parametrize("name", ["x.json", "01ARZ3NDEKTSV4RRFFQ69G5FAV.json"])
def test_a_file_that_is_no_message_is_taken_aside(
    ruin: Ruin, before: Letters, name: str
) -> None:
    path = ruin.message(ruin.ids.shared).with_name(name)
    path.write_bytes(b"[]")
    done = salvage(ruin.root)

    assert len(done.losses) == 1
    sound(ruin.root, before, lost=1)


def test_a_message_of_an_odd_id_is_taken_aside(ruin: Ruin, before: Letters) -> None:
    folder = ruin.message(ruin.ids.shared).parent
    odd = "1" * 25 + "u"
    file = replace(decode_message(ruin.message(ruin.ids.shared).read_bytes()), id=odd)
    file = replace(file, digest=digest_of(file))
    folder.joinpath(f"{odd}.json").write_bytes(encode_message(file))

    done = salvage(ruin.root)

    assert [loss.what.rsplit("/")[-1] for loss in done.losses] == [f"{odd}.json"]
    assert letters(ruin.root) == before


# -- accounts


def test_a_damaged_account_is_taken_from_the_old_index(
    ruin: Ruin, before: Letters
) -> None:
    path = ruin.layout.user(2)
    whole = path.read_bytes()
    path.write_bytes(b"{}")

    done = salvage(ruin.root)

    assert done.remarks == ["the file of bob was taken from the index"]
    assert path.read_bytes() == whole
    sound(ruin.root, before, lost=1)


@pytest.mark.parametrize("uid", [1, 2, 4])
def test_a_missing_account_is_taken_from_the_old_index(
    ruin: Ruin, before: Letters, uid: int
) -> None:
    path = ruin.layout.user(uid)
    whole = path.read_bytes()
    path.unlink()

    done = salvage(ruin.root)

    assert done.losses == []
    assert path.read_bytes() == whole
    sound(ruin.root, before)


@pytest.mark.parametrize("data", [b"{}", None])
def test_an_account_that_nobody_knows_gets_a_new_file(
    ruin: Ruin, before: Letters, data: bytes | None
) -> None:
    path = ruin.layout.user(2)
    path.unlink() if data is None else path.write_bytes(data)
    ruin.layout.index.unlink()

    done = salvage(ruin.root)

    [remark] = done.remarks
    assert remark.startswith("bob had no account file and got a new one")
    found = letters(ruin.root)
    assert found.keys() == before.keys()
    assert problems(ruin.root) == []
    with closing(LocalStore(ruin.root)) as store:
        bob = store.account("bob")
    assert bob is not None
    assert (bob.uid, bob.password_hash, bob.role) == (5, None, "user")


@pytest.mark.parametrize(
    "members", [{"uid": 3}, {"name": "ann"}, {"name": "cyd"}], ids=str
)
def test_an_account_that_is_anothers_is_taken_aside_without_an_index_too(
    ruin: Ruin, before: Letters, members: dict[str, object]
) -> None:
    two, three = ruin.layout.user(2), ruin.layout.user(3)
    other = three.read_bytes()
    ruin.change_account(2, **members)
    if "uid" in members:
        two.write_bytes(other)
        three.write_bytes(other)
    ruin.layout.index.unlink()

    done = salvage(ruin.root)

    assert len(done.losses) == 1
    assert letters(ruin.root).keys() == before.keys()
    assert problems(ruin.root) == []


@pytest.mark.parametrize(
    "members", [{"uid": 3}, {"name": "ann"}, {"name": "cyd"}], ids=str
)
def test_an_account_that_is_anothers_is_taken_aside(
    ruin: Ruin, before: Letters, members: dict[str, object]
) -> None:
    path, whole = ruin.layout.user(2), ruin.layout.user(2).read_bytes()
    third = ruin.layout.user(3).read_bytes()
    ruin.change_account(2, **members)
    if "uid" in members:
        path.write_bytes(ruin.layout.user(3).read_bytes())
        ruin.layout.user(3).write_bytes(third)

    done = salvage(ruin.root)

    assert len(done.losses) == 1
    assert path.read_bytes() == whole
    assert letters(ruin.root).keys() == before.keys()
    assert problems(ruin.root) == []


# -- the index


INDEXES: dict[str, Callable[[Ruin], object]] = {
    "garbage": lambda ruin: ruin.layout.index.write_bytes(b"\xa5" * 9000),
    "empty": lambda ruin: ruin.layout.index.write_bytes(b""),
    "short": lambda ruin: ruin.layout.index.write_bytes(
        ruin.layout.index.read_bytes()[:5000]
    ),
    "another format": lambda ruin: ruin.sql(
        "UPDATE meta SET value = '1' WHERE key = 'format'"
    ),
    "no meta": lambda ruin: ruin.sql("DELETE FROM meta"),
    "no UTF-8": lambda ruin: ruin.sql(
        "UPDATE account SET name = CAST(X'FF' AS TEXT) WHERE uid = 2"
    ),
    "lost": lambda ruin: ruin.layout.index.unlink(),
}


@pytest.mark.parametrize("spoil", INDEXES)
def test_whatever_became_of_the_index(ruin: Ruin, before: Letters, spoil: str) -> None:
    INDEXES[spoil](ruin)

    done = salvage(ruin.root)

    assert done.losses == []
    sound(ruin.root, before)


def test_an_index_of_another_format_is_refused_by_a_start(ruin: Ruin) -> None:
    INDEXES["another format"](ruin)

    with pytest.raises(ConfigError, match=r"has format 1.* nimsg check --rebuild"):
        LocalStore(ruin.root)


ROWS: dict[str, tuple[int, str, object]] = {
    "kind": (9, "x", b"{}"),
    "message": (RowKind.MESSAGE, "x", b"{}"),
    "event": (RowKind.EVENT, "", b"[]"),
    "account": (RowKind.ACCOUNT, "9", b"{}"),
    "removal": (RowKind.REMOVAL, "x", b"{}"),
    "type": (RowKind.EVENT, "", 7),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_journal_row_that_is_none_is_passed_over(
    ruin: Ruin, before: Letters, row: str
) -> None:
    kind, name, data = ROWS[row]
    ruin.add_journal_row(90, kind, name, data)  # type: ignore[arg-type]

    done = salvage(ruin.root)

    assert [remark[:29] for remark in done.remarks] == [
        "journal row 90 was passed over"[:29]
    ]
    sound(ruin.root, before)


@pytest.mark.parametrize("kind", [RowKind.MESSAGE, RowKind.ACCOUNT, RowKind.REMOVAL])
def test_a_journal_row_under_another_name_is_passed_over(
    ruin: Ruin, before: Letters, kind: RowKind
) -> None:
    files = {
        RowKind.MESSAGE: ruin.message(ruin.ids.shared),
        RowKind.ACCOUNT: ruin.layout.user(1),
        RowKind.REMOVAL: ruin.root / "stub",
    }
    files[RowKind.REMOVAL].write_bytes(STUB)
    ruin.add_journal_row(90, kind, "77", files[kind].read_bytes())

    done = salvage(ruin.root)

    assert "another" in done.remarks[0]
    sound(ruin.root, before)


# -- the ledger


def end_with(data: bytes) -> Callable[[Ruin], object]:
    def spoil(ruin: Ruin) -> None:
        path = ruin.days[-1]
        path.write_bytes(path.read_bytes() + data)

    return spoil


ENDS: dict[str, bytes] = {
    "torn": b'{"n":99,"ev',
    "garbage": b"\xa5\xa5\n\0\0\0\n",
    "zeros": bytes(4096),
    "empty lines": b"\n\n",
    "a day of it": b"[]\n" * 50,
}


@pytest.mark.parametrize("index", ["kept", "lost"])
@pytest.mark.parametrize("end", ENDS)
def test_a_broken_end_of_the_ledger_is_cut(
    ruin: Ruin, before: Letters, end: str, index: str
) -> None:
    end_with(ENDS[end])(ruin)
    if index == "lost":
        ruin.layout.index.unlink()

    done = salvage(ruin.root)

    assert done.losses == []
    if done.remarks:
        kept = ruin.layout.quarantine / "ledger" / f"{ruin.days[-1].name}.end"
        assert kept.read_bytes() == ENDS[end]
    sound(ruin.root, before)


def test_a_last_day_of_garbage_only_is_cut(ruin: Ruin, before: Letters) -> None:
    (ruin.layout.ledger / "2039-01-01.jsonl").write_bytes(b"\xa5")

    done = salvage(ruin.root)

    assert done.losses == []
    sound(ruin.root, before)


def test_a_ledger_of_nothing_but_garbage_is_cut_whole(
    ruin: Ruin, before: Letters
) -> None:
    for day in ruin.days:
        day.write_bytes(b"garbage\n[]\n")
    ruin.layout.index.unlink()

    done = salvage(ruin.root)

    assert len(done.remarks) == 2
    assert before.keys() <= letters(ruin.root).keys()
    assert problems(ruin.root) == []


def test_a_ledger_with_lines_ended_in_another_way_is_read(
    ruin: Ruin, before: Letters
) -> None:
    path = ruin.days[-1]
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    salvage(ruin.root)

    assert letters(ruin.root) == before


@pytest.mark.parametrize("index", ["kept", "lost"])
def test_garbage_in_the_middle_of_the_ledger_stays_and_is_named(
    ruin: Ruin, before: Letters, index: str
) -> None:
    ruin.edit_line(2, b"{", b"[")
    if index == "lost":
        ruin.layout.index.unlink()

    done = salvage(ruin.root)

    assert [remark[:41] for remark in done.remarks] == [
        "ledger/2026-11-18.jsonl line 2 was passed over"[:41]
    ]
    assert letters(ruin.root).keys() == before.keys()
    assert len(problems(ruin.root)) in {1, 2}
    assert all("ledger/" in one for one in problems(ruin.root))


@pytest.mark.parametrize(
    "members", [{"event": "burnt"}, {"user": "eve"}, {"user": "dee"}]
)
def test_a_line_that_cannot_have_been_is_passed_over(
    ruin: Ruin, before: Letters, members: dict[str, str]
) -> None:
    ruin.change_line(2, **members)

    done = salvage(ruin.root)

    assert len(done.remarks) == 1
    assert letters(ruin.root).keys() == before.keys()


def test_what_is_filled_twice_is_told_of_once(ruin: Ruin) -> None:
    ruin.edit_line(2, b"{", b"[")
    cut_bytes(max(ruin.layout.ledger.iterdir()), 20)

    remarks = salvage(ruin.root).remarks

    assert any("taken from the old index" in line for line in remarks)
    assert len([line for line in remarks if "line 2 was passed over" in line]) == 1


def test_a_ledger_that_is_gone_takes_the_receipts_along(
    ruin: Ruin, before: Letters
) -> None:
    for day in ruin.days:
        day.unlink()

    salvage(ruin.root)

    assert problems(ruin.root) == []
    assert before.keys() <= letters(ruin.root).keys()


# -- removed texts


@pytest.fixture
def purged(tmp_path: Path) -> tuple[Path, str, Letters]:
    """A store with two removed messages; the first of them, and what is left."""
    post = Post(BACKENDS["local"], tmp_path / "var")
    keep_busy(post)
    post.import_(1, "ann", origin=ORIGIN)
    ids = []
    for _ in range(2):
        ids.append(post.send(1, "bob").id)
        for uid in (1, 2):
            post.act(Act.DELETED, uid, ids[-1])
        post.purge()
    post.store.close()
    return post.root, ids[0], letters(post.root)


def test_s0_14_removed_texts_stay_removed(purged: tuple[Path, str, Letters]) -> None:
    root, _, left = purged

    salvage(root)

    sound(root, left)


def test_s0_14_a_file_that_stands_beside_its_removal_goes(
    purged: tuple[Path, str, Letters],
) -> None:
    root, id_, left = purged
    layout = Layout(root)
    other = next(layout.message_files())
    shutil.copyfile(other, layout.message(id_))
    layout.index.unlink()

    sound(root, left)
    assert not layout.message(id_).exists()


def test_s0_14_a_line_of_removals_that_is_none_is_taken_aside(
    purged: tuple[Path, str, Letters],
) -> None:
    root, id_, left = purged
    path = Layout(root).removals(id_)
    lines = path.read_bytes()
    path.write_bytes(b"garbage\n" + lines + b"torn")
    assert "cannot be read" in problems(root)[0]
    copy = root.with_name("copy")
    shutil.copytree(root, copy)
    (copy / "index.db").unlink()
    with pytest.raises(StorageFailure, match="nimsg check --rebuild"):
        LocalStore(copy)

    done = salvage(root)

    assert len(done.losses) == 1
    assert path.read_bytes() == lines
    sound(root, left, lost=1)


def test_s0_14_removals_that_cannot_be_read_are_taken_aside(
    purged: tuple[Path, str, Letters],
) -> None:
    root, id_, left = purged
    path = Layout(root).removals(id_)
    path.unlink()
    path.mkdir()
    assert problems(root)

    done = salvage(root)

    assert len(done.losses) == 3
    assert letters(root) == left
    assert problems(root) == []


# -- around it


def test_temporary_files_are_cleared_away(ruin: Ruin, before: Letters) -> None:
    message = ruin.message(ruin.ids.shared)
    for path in (message, ruin.layout.user(1)):
        path.with_name(f"{path.name}.tmp").write_bytes(b"x")
    ruin.layout.index.with_name("index.db.new").write_bytes(b"x")

    salvage(ruin.root)

    sound(ruin.root, before)
    assert not list(ruin.root.rglob("*.tmp"))


def test_the_folders_of_a_store_may_be_missing(ruin: Ruin) -> None:
    shutil.rmtree(ruin.layout.messages)
    ruin.layout.format.unlink()

    done = salvage(ruin.root)

    assert len(done.losses) == 3
    assert letters(ruin.root) == {}
    assert problems(ruin.root) == []


def test_done_twice_it_changes_nothing_more(ruin: Ruin, before: Letters) -> None:
    SHARED["damaged"](ruin)
    first = salvage(ruin.root)
    second = salvage(ruin.root)

    assert (len(first.losses), second.losses, second.remarks) == (1, [], [])
    assert second.aside == "quarantine/index-2"
    sound(ruin.root, without(before, ruin.ids.shared), lost=1)


def test_a_lost_message_that_comes_back_has_its_receipts_again(
    ruin: Ruin, before: Letters
) -> None:
    path = ruin.message(ruin.ids.shared)
    whole = path.read_bytes()
    path.write_bytes(b"")
    salvage(ruin.root)
    path.write_bytes(whole)

    salvage(ruin.root)

    sound(ruin.root, before, lost=1)


def test_a_torn_list_of_losses_is_gone_on_with(ruin: Ruin, before: Letters) -> None:
    SHARED["damaged"](ruin)
    salvage(ruin.root)
    lost = ruin.layout.quarantine / "lost.jsonl"
    lost.write_bytes(lost.read_bytes() + b'{"what":"mess')
    ruin.message(ruin.ids.answered).write_bytes(b"")

    salvage(ruin.root)

    left = without(before, ruin.ids.shared, ruin.ids.answered)
    sound(ruin.root, left, lost=2)


def test_a_list_of_losses_that_is_none_is_named(ruin: Ruin) -> None:
    ruin.layout.quarantine.mkdir()
    (ruin.layout.quarantine / "lost.jsonl").write_bytes(b"[]\n")

    with pytest.raises(StorageFailure, match=r"lost.jsonl line 1"):
        salvage(ruin.root)
    assert "quarantine: cannot be read" in problems(ruin.root)[0]


def test_a_store_that_a_server_holds_is_left_alone(ruin: Ruin) -> None:
    with closing(LocalStore(ruin.root)), pytest.raises(Unavailable):
        salvage(ruin.root)


def test_a_folder_without_a_store_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no store"):
        salvage(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_another_format_is_left_alone(ruin: Ruin) -> None:
    ruin.layout.format.write_text("7\n")

    with pytest.raises(ConfigError, match="has store format 7,"):
        salvage(ruin.root)


def test_a_disk_that_fails_is_told(ruin: Ruin) -> None:
    shutil.rmtree(ruin.layout.users)
    ruin.layout.users.write_text("a file")

    with pytest.raises(StorageFailure, match="cannot be made anew"):
        salvage(ruin.root)


def test_a_full_text_is_thrown_away(ruin: Ruin) -> None:
    for name in ("search.db", "search.db-wal"):
        (ruin.root / name).write_text("words of another index", encoding="utf-8")
    salvage(ruin.root)
    assert list(ruin.root.glob("search.db*")) == []


def test_positions_behind_the_last_message_are_not_given_again(ruin: Ruin) -> None:
    ruin.message(ruin.ids.answered).write_bytes(b"{")
    done = salvage(ruin.root)
    assert [loss.moved for loss in done.losses] == [True]
    with closing(LocalStore(ruin.root, min_free_bytes=1)) as store:
        letter = SendMail(2, ["ann"], "after", "", "text", None)
        batch = store.commit([letter], START * 2)
        store.file(batch)
        page = page_of(store, ListQuery(1, Box.INBOX, all=True))
        assert [row.position for row in page.inbox] == [2]
    assert problems(ruin.root) == []


def test_a_removal_that_is_noted_twice_is_one(
    purged: tuple[Path, str, Letters],
) -> None:
    root, id_, before = purged
    path = Layout(root).removals(id_)
    path.write_bytes(path.read_bytes() * 2)
    salvage(root)
    sound(root, before)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda layout: [path.unlink() for path in layout.ledger.iterdir()],
        lambda layout: cut_bytes(max(layout.ledger.iterdir()), 20),
        lambda layout: cut_bytes(min(layout.ledger.iterdir()), 20),
    ],
    ids=["all", "the end", "the end of a day"],
)
def test_n12_receipts_that_the_ledger_lost_are_taken_from_the_old_index(
    ruin: Ruin, before: Letters, spoil: Callable[[Layout], object]
) -> None:
    spoil(ruin.layout)

    done = salvage(ruin.root)

    assert [line for line in done.remarks if line.startswith("taken from the old ind")]
    assert letters(ruin.root) == before
    # What broke within the chain stays to be seen.
    seams = ("breaks off", "does not carry the digest")
    left = [one for one in problems(ruin.root) if not any(s in one for s in seams)]
    assert left == []
    assert salvage(ruin.root).remarks == []


def cut_bytes(path: Path, count: int) -> None:
    path.write_bytes(path.read_bytes()[:-count])
