"""The Store contract, drafts: in a store that lives, and in one made anew."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nimsg.core.commands import RemoveAccount
from nimsg.errors import ConfigError, StorageFailure
from nimsg.progress import Silent
from nimsg.protocol.constants import limit
from nimsg.protocol.drafts import DraftRow
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout
from nimsg.store.plan import RowKind
from nimsg.store.salvage import Salvaged, salvage_store
from tests.support.backups import index_rows, restored, take
from tests.support.papers import (
    FIRST,
    SECOND,
    THIRD,
    bodies,
    draft,
    drafts,
    files,
    gone,
)
from tests.support.post import Entropy, Post, Rest, lose_index, refused


def salvage_at(root: Path, now: int) -> Salvaged:
    """What `nimsg check --rebuild` makes of a store that nobody has open."""
    return salvage_store(
        RealDisk(), Layout(root), entropy=Entropy(), now=now, progress=Silent()
    )


def salvage(post: Post) -> Salvaged:
    """The same for this one, which is opened again."""
    post.store.close()
    salvaged = salvage_at(post.root, post.now)
    post.start()
    return salvaged


# -- saving


def test_x10_a_draft_is_kept_for_its_writer(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    saved = post.number(draft(FIRST, ann, "d1", "a\x00\n\ud7ff\U0001f600"))
    post.ask(draft(SECOND, bob, "d1"))
    rest(post)

    (row,) = drafts(post.store, ann)
    body = "a\x00\n\ud7ff\U0001f600"
    assert row == DraftRow("d1", "bob, ", "Hi", body, None, saved)
    assert saved == post.now - 1000
    assert bodies(post, bob) == {"d1": "text"}
    assert post.store.drafts(3, None, 500).drafts == []


def test_x10_a_draft_may_be_empty_of_everything(post: Post, rest: Rest) -> None:
    post.people("ann")
    post.ask(draft(FIRST, body=""))
    rest(post)

    assert bodies(post) == {"1Z": ""}


def test_x10_a_later_version_replaces_and_a_retry_stores_nothing(
    post: Post, rest: Rest
) -> None:
    post.people("ann")
    first = post.number(draft(FIRST, client_id="d"))
    again = post.number(draft(SECOND, client_id="d"))
    rows = post.store.commit([draft(SECOND, client_id="d")], post.now).rows
    later = post.number(draft(SECOND, client_id="d", body="more text"))
    rest(post)

    assert again == first < later
    assert rows == []
    (row,) = drafts(post.store)
    assert (row.body, row.saved_at) == ("more text", later)
    assert files(post) == [FIRST]


def test_sec_11_an_account_keeps_100_drafts(post: Post) -> None:
    post.people("ann", "bob")
    many = [f"{FIRST[:-3]}{number:03}" for number in range(limit("drafts"))]
    post.do(*(draft(id_, client_id=id_) for id_ in many))

    with refused("too_many"):
        post.ask(draft(SECOND))
    post.ask(draft(many[0], client_id=many[0], body="more"))
    post.ask(draft(THIRD, 2))
    post.do(gone(SECOND), draft(SECOND, client_id=many[1], body="yet more"))
    assert len(drafts(post.store)) == limit("drafts")


def test_who_is_closed_saves_no_drafts(post: Post) -> None:
    (ann,) = post.people("ann")
    post.do(RemoveAccount(ann))

    with refused("unknown_user"):
        post.ask(draft(FIRST, ann))


# -- pages


def test_x10_drafts_come_in_pages_in_the_order_of_their_beginning(post: Post) -> None:
    post.people("ann")
    for id_ in (FIRST, SECOND, THIRD):
        post.ask(draft(id_))
    post.ask(draft(FIRST, body="later"))

    first = post.store.drafts(1, None, 2)
    assert [row.client_id for row in first.drafts] == ["1Z", "2Z"]
    assert first.next == SECOND
    post.ask(gone(SECOND))
    second = post.store.drafts(1, first.next, 2)
    assert ([row.client_id for row in second.drafts], second.next) == (["3Z"], None)
    assert post.store.drafts(1, None, 2).next is None


def test_a_page_of_drafts_is_bounded_in_bytes_and_has_one_at_least(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.people("ann")
    large = "\x01" * limit("body_bytes")
    for id_ in (FIRST, SECOND, THIRD):
        post.ask(draft(id_, body=large))

    page = post.store.drafts(1, None, 500)
    assert [row.client_id for row in page.drafts] == ["1Z"]
    assert page.next == FIRST

    monkeypatch.setattr("nimsg.store.draftbook.limit", lambda _: 1)
    page = post.store.drafts(1, page.next, 500)
    assert ([row.client_id for row in page.drafts], page.next) == (["2Z"], SECOND)


# -- deleting


def test_x10_a_deleted_draft_does_not_come_back(post: Post, rest: Rest) -> None:
    post.people("ann", "bob")
    post.do(draft(FIRST), draft(SECOND), draft(THIRD, 2, "2Z"))
    assert post.number(gone(SECOND)) == 1
    rest(post)

    assert post.number(gone(SECOND)) == 0
    assert bodies(post) == {"1Z": "text"}
    assert bodies(post, 2) == {"2Z": "text"}
    assert files(post) == [FIRST, THIRD]


def test_a_draft_is_saved_and_deleted_and_saved_in_one_batch(
    post: Post, rest: Rest
) -> None:
    post.people("ann")
    post.do(
        draft(FIRST, client_id="1Z"),
        gone(FIRST),
        draft(SECOND, 1, "1Z", "new"),
        gone(THIRD),
    )
    rest(post)

    assert bodies(post) == {"1Z": "new"}
    assert files(post) == [SECOND]


def test_s1_18_what_was_not_filed_before_a_kill_is_filed_at_the_start(
    post: Post, rest: Rest
) -> None:
    post.people("ann")
    post.do(draft(FIRST), draft(SECOND))
    post.store.commit([gone(FIRST), draft(THIRD), draft(SECOND, body="b")], post.now)
    post.store.close()
    post.start()
    rest(post)

    assert bodies(post) == {"2Z": "b", "3Z": "text"}
    assert files(post) == [SECOND, THIRD]


def test_a_closed_account_leaves_no_drafts(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    post.do(draft(FIRST, ann), draft(SECOND, ann), draft(THIRD, bob))
    post.do(RemoveAccount(ann))
    rest(post)

    assert drafts(post.store, ann) == []
    assert files(post) == [THIRD]


def test_drafts_are_in_a_folder_of_their_owners_alone(post: Post) -> None:
    post.store.close()
    shutil.rmtree(post.root / "drafts")
    post.start()
    post.people("ann")
    post.ask(draft(FIRST))

    assert (post.root / "drafts").stat().st_mode & 0o777 == 0o700
    assert Layout(post.root).draft(FIRST).stat().st_mode & 0o777 == 0o600


# -- damage


def damaged(post: Post) -> str:
    """Spoil the file of the first of two drafts; its path below var."""
    post.people("ann")
    post.do(draft(FIRST), draft(SECOND))
    post.settle()
    path = Layout(post.root).draft(FIRST)
    path.write_text("{")
    return str(path.relative_to(post.root))


def test_a_start_does_not_decide_which_draft_is_given_up(post: Post) -> None:
    where = damaged(post)
    with pytest.raises(StorageFailure, match=f"{where} is damaged: a draft file"):
        lose_index(post)
    salvaged = salvage_at(post.root, post.now)
    post.start()

    assert [loss.what for loss in salvaged.losses] == [where]


def test_a_damaged_draft_goes_to_quarantine(post: Post) -> None:
    where = damaged(post)

    salvaged = salvage(post)

    assert [loss.what for loss in salvaged.losses] == [where]
    assert (post.root / "quarantine" / where).read_text() == "{"
    assert bodies(post) == {"2Z": "text"}


def test_a_draft_of_no_account_goes_to_quarantine(post: Post) -> None:
    post.people("ann")
    post.ask(draft(FIRST))
    post.settle()
    path = Layout(post.root).draft(FIRST)
    path.write_text(path.read_text().replace('"uid": 1', '"uid": 9'))

    salvaged = salvage(post)

    (loss,) = salvaged.losses
    assert loss.why == "it is of the account 9, which is none"
    assert drafts(post.store) == []


def test_of_two_under_one_client_id_the_newer_is_kept(post: Post) -> None:
    post.people("ann")
    post.ask(draft(SECOND, body="newer"))
    post.settle()
    layout = Layout(post.root)
    text = layout.draft(SECOND).read_text().replace(f'"{SECOND}"', f'"{FIRST}"')
    layout.draft(FIRST).write_text(text.replace("newer", "older"))

    salvaged = salvage(post)

    assert [loss.what for loss in salvaged.losses] == [f"drafts/{FIRST}.json"]
    assert bodies(post) == {"2Z": "newer"}


def test_what_a_closed_account_left_behind_goes_with_a_rebuild(post: Post) -> None:
    """Killed before the files went, and the index lost with its journal."""
    (ann,) = post.people("ann")
    post.ask(draft(FIRST, ann))
    left = Layout(post.root).draft(FIRST).read_bytes()
    post.do(RemoveAccount(ann))
    post.settle()
    Layout(post.root).draft(FIRST).write_bytes(left)
    lose_index(post)

    assert files(post) == []
    assert drafts(post.store, ann) == []


def test_a_salvage_files_what_waits_in_the_journal(post: Post) -> None:
    """A copy of a running server's folder, files taken before the index."""
    post.people("ann")
    post.do(draft(FIRST), draft(SECOND))
    post.settle()
    batch = post.store.commit([gone(FIRST), draft(THIRD)], post.now)
    copy = post.root.with_name("copy")
    shutil.copytree(post.root, copy)
    for id_ in (THIRD, FIRST):
        (copy / "drafts" / f"{id_}.json.tmp").write_text("torn")
    post.store.file(batch)

    salvaged = salvage_at(copy, post.now)

    names = sorted(path.name for path in (copy / "drafts").iterdir())
    assert (salvaged.losses, salvaged.filed) == ([], 2)
    assert names == [f"{SECOND}.json", f"{THIRD}.json"]


def test_a_store_from_before_drafts_is_made_anew(post: Post) -> None:
    post.people("ann")
    post.store.close()
    shutil.rmtree(post.root / "drafts")
    with closing(sqlite3.connect(post.root / "index.db")) as index, index:
        index.execute("DROP TABLE draft")
        index.execute("UPDATE meta SET value = '3' WHERE key = 'format'")
    with pytest.raises(ConfigError, match="has format 3, and this nimsg has 4"):
        post.start()
    salvaged = salvage_at(post.root, post.now)
    post.start()
    post.ask(draft(FIRST))

    assert (salvaged.losses, salvaged.remarks) == ([], [])
    assert bodies(post) == {"1Z": "text"}


def test_a_journal_row_that_ends_no_draft_is_passed_over(post: Post) -> None:
    post.people("ann")
    post.ask(draft(FIRST))
    post.settle()
    post.store.close()
    with closing(sqlite3.connect(post.root / "index.db")) as index, index:
        row = (50, RowKind.DRAFT_END, "../users/00000001", b"")
        index.execute("INSERT INTO journal VALUES (?, ?, ?, ?)", row)
    salvaged = salvage_at(post.root, post.now)
    post.start()

    assert any("is the id of no draft" in remark for remark in salvaged.remarks)
    assert bodies(post) == {"1Z": "text"}
    assert post.store.account("ann") is not None


# -- backups


def test_every_stage_of_a_draft_is_in_a_backup(post: Post, tmp_path: Path) -> None:
    post.people("ann")
    post.do(draft(FIRST), draft(SECOND))
    take(post.root, tmp_path / "copy")
    batch = post.store.commit(
        [gone(FIRST), draft(SECOND, body="later"), draft(THIRD)], post.now
    )
    steps = (
        lambda: None,  # committed
        lambda: post.store.file(batch),
        post.store.settle,
        post.do,  # forgotten
    )
    for step in steps:
        step()
        take(post.root, tmp_path / "copy")
        expected = index_rows(post.root)
        assert len(expected["draft"]) == 2
        assert restored(tmp_path / "copy", tmp_path / "back") == expected


def test_a_deleted_draft_leaves_the_backup_with_the_next_run(
    post: Post, tmp_path: Path
) -> None:
    post.people("ann")
    post.do(draft(FIRST), draft(SECOND))
    take(post.root, tmp_path / "copy")
    post.ask(gone(FIRST))
    take(post.root, tmp_path / "copy")

    names = [path.name for path in (tmp_path / "copy" / "drafts").iterdir()]
    assert names == [f"{SECOND}.json"]
