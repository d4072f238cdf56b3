"""A rebuild by hand of a store with rooms, blocks and logins, and of an old one."""

import json
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from nimsg.core.accounts import Account
from nimsg.core.commands import Command, PostToRoom, SetTopic
from nimsg.core.rooms import LOBBY_ID, Membership, Room
from nimsg.errors import ConfigError, StorageFailure
from nimsg.protocol.constants import LOBBY, Departure
from nimsg.store.accountfile import encode_account
from nimsg.store.check import check_store
from nimsg.store.local import LocalStore
from nimsg.store.messagefile import NoticeEntry, Positions, RoomPlace
from nimsg.store.roomfile import encode_room
from tests.store.test_check_rooms import ATTIC, DEN, FIRST, LAST, LEFT, NOBODY
from tests.store.test_salvage import salvage
from tests.support.backups import index_rows, restored, take
from tests.support.company import (
    bodies,
    come,
    found,
    go,
    history,
    keep_company,
    listed,
    mark,
    place,
    say,
)
from tests.support.post import BACKENDS, START, Post, keep_busy, refused
from tests.support.ruin import Ruin
from tests.support.spoils import circle


def opened(ruin: Ruin) -> Post:
    """The store, which is sound."""
    assert check_store(ruin.root).problems == []
    post = Post(BACKENDS["local"], ruin.root)
    post.now = START * 2
    return post


def test_n12_a_sound_store_loses_nothing(club: Ruin) -> None:
    rows = index_rows(club.root)

    done = salvage(club.root)

    assert (done.losses, done.remarks) == ([], [])
    assert (done.rebuilt.rooms, done.rebuilt.posts, done.rebuilt.lost) == (4, 8, 0)
    assert (done.rebuilt.accounts, done.rebuilt.messages) == (4, 11)
    assert index_rows(club.root) == rows
    assert check_store(club.root).problems == []


def test_what_was_not_filed_is_salvaged(tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path / "running")
    keep_busy(post)
    keep_company(post)
    post.settle()
    commands: list[Command] = [
        PostToRoom(1, "den", "new", "new"),
        SetTopic(1, "den", "new", any_room=False),
    ]
    post.store.commit(commands, post.now)
    found(post, 2, "new")
    go(post, 3)
    root = tmp_path / "var"
    shutil.copytree(post.root, root)
    post.store.close()

    done = salvage(root)

    assert (done.losses, done.filed) == ([], 6)
    assert index_rows(root) == index_rows(post.root)
    assert check_store(root).problems == []


# -- what cannot be used


def garbage(path: str) -> Callable[[Ruin], object]:
    return lambda ruin: (ruin.root / path).write_text("{")


POSTS: dict[str, Callable[[Ruin], object]] = {
    "damaged": lambda ruin: ruin.message(LAST).write_text("{"),
    "position taken": lambda ruin: ruin.change_message(LAST, room=RoomPlace("den", 1)),
    "in mailboxes": lambda ruin: ruin.change_message(LAST, positions=Positions({}, 1)),
    "from nobody": lambda ruin: ruin.change_message(LAST, sender=""),
    "notice of somebody": lambda ruin: ruin.change_message(
        LAST,
        notice=NoticeEntry("left", None),  # type: ignore[arg-type]
    ),
    "notice of no room": lambda ruin: ruin.change_message(
        LEFT, room=UNSET, positions=Positions({}, 9)
    ),
}


@pytest.mark.parametrize("spoil", POSTS)
def test_a_post_that_cannot_be_used_leaves_a_gap(club: Ruin, spoil: str) -> None:
    POSTS[spoil](club)

    done = salvage(club.root)

    [loss] = done.losses
    lost = LEFT if spoil == "notice of no room" else LAST
    assert lost in loss.what
    assert (done.rebuilt.lost, done.rebuilt.posts) == (1, 7)
    post = opened(club)
    assert history(post, 1, "den").last == 5
    assert say(post, 1, "den", "next").message.position == 6
    post.store.close()
    assert check_store(club.root).problems == []


def test_marks_tell_of_positions_that_no_index_tells_of(club: Ruin) -> None:
    post = Post(BACKENDS["local"], club.root)
    assert mark(post, 2, "den", 5) == 5
    post.store.close()
    club.message(LAST).unlink()
    club.layout.index.unlink()

    assert salvage(club.root).rebuilt.lost == 1
    post = opened(club)
    assert say(post, 1, "den", "next").message.position == 6
    post.store.close()


UNUSABLE: dict[str, tuple[Callable[[Ruin], object], str]] = {
    "no JSON": (garbage(f"rooms/{DEN}.json"), "a room file cannot be read"),
    "missing": (lambda ruin: ruin.layout.room(DEN).unlink(), "there is no such room"),
    "unreadable": (
        circle(f"rooms/{DEN}.json"),
        "cannot be read: Too many levels",
    ),
    "another's name": (
        lambda ruin: ruin.layout.room(DEN).write_bytes(
            encode_room(Room(DEN, "attic", "", START, 1))
        ),
        "its name is another's|there is no such room",
    ),
}


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_a_room_is_taken_from_the_old_index(club: Ruin, spoil: str) -> None:
    rows = index_rows(club.root)
    UNUSABLE[spoil][0](club)

    done = salvage(club.root)

    assert done.remarks == ["the file of #den was taken from the index"]
    assert len(done.losses) == (spoil != "missing")
    assert index_rows(club.root) == rows
    opened(club).store.close()


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_a_room_that_nobody_knows_gets_a_new_file(club: Ruin, spoil: str) -> None:
    act, words = UNUSABLE[spoil]
    act(club)
    club.layout.index.unlink()
    with pytest.raises(StorageFailure, match=f"{words}.*nimsg check --rebuild"):
        LocalStore(club.root)

    done = salvage(club.root)

    assert "#den had no file and got a new one without a topic" in done.remarks
    post = opened(club)
    den = listed(post, 1)["den"]
    assert (den.topic, den.created_by, den.last, den.members) == ("", None, 5, 2)
    assert len(history(post, 2, "den").messages) == 5
    post.store.close()


def test_a_room_file_of_a_taken_name_is_taken_aside(club: Ruin) -> None:
    rows = index_rows(club.root)
    alien = Room("0" * 25 + "1", "den", "", START, 1)
    club.layout.room(alien.id).write_bytes(encode_room(alien))

    done = salvage(club.root)

    assert [loss.why for loss in done.losses] == ["it is not of #den"]
    assert index_rows(club.root) == rows


def test_the_lobby_without_a_readable_file_has_the_topic_of_the_index(
    club: Ruin,
) -> None:
    garbage(f"rooms/{LOBBY_ID}.json")(club)

    assert salvage(club.root).remarks == ["the file of #lobby was taken from the index"]
    post = opened(club)
    assert listed(post, 1)[LOBBY].topic == "everybody"
    post.store.close()
    garbage(f"rooms/{LOBBY_ID}.json")(club)
    club.layout.index.unlink()
    salvage(club.root)
    post = opened(club)
    assert listed(post, 1)[LOBBY].topic == ""
    post.store.close()


def test_a_temporary_file_of_a_room_is_removed(club: Ruin) -> None:
    path = club.root / f"rooms/{DEN}.json.tmp"
    path.write_text("{")

    salvage(club.root)

    assert not path.exists()


# -- people


def test_numbers_of_a_lost_account_are_taken_out(club: Ruin) -> None:
    club.layout.user(1).unlink()
    club.layout.index.unlink()
    with pytest.raises(StorageFailure, match="cyd blocks an account that is not there"):
        LocalStore(club.root)

    done = salvage(club.root)

    assert "cyd blocked somebody whose account is lost" in done.remarks
    assert "the account that made #den is lost" in done.remarks
    post = opened(club)
    assert listed(post, 2)["den"].created_by is None
    assert post.store.blocks() == []
    ann = post.store.account("ann")
    assert ann is not None
    assert len(post.store.logins(ann.uid, None, 9)) == 2
    post.store.close()


def test_a_start_does_not_decide_who_made_a_room(club: Ruin) -> None:
    club.layout.room(ATTIC).write_bytes(encode_room(Room(ATTIC, "attic", "", START, 9)))
    club.layout.index.unlink()

    with pytest.raises(StorageFailure, match="#attic was made by an account that is"):
        LocalStore(club.root)


def test_somebody_whose_account_is_lost_and_who_only_logged_in_gets_a_new_one(
    tmp_path: Path,
) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    ann, bob = post.people("ann", "bob")
    come(post, bob)
    post.store.close()
    ruin_user = tmp_path / "var" / "users" / f"{bob:08}.json"
    ruin_user.unlink()
    (tmp_path / "var" / "index.db").unlink()
    with pytest.raises(StorageFailure, match="'bob', and there is no such account"):
        LocalStore(tmp_path / "var")

    done = salvage(tmp_path / "var")

    assert any(one.startswith("bob had no account file") for one in done.remarks)
    assert check_store(tmp_path / "var").problems == []
    assert ann == 1


# -- the ledger


def test_s2_16_logins_that_only_the_old_index_has_are_written_again(club: Ruin) -> None:
    post = Post(BACKENDS["local"], club.root)
    before = {
        uid: [replace(row, n=0) for row in post.store.logins(uid, None, 9)]
        for uid in (1, 2, 3)
    }
    post.store.close()
    for day in club.days:
        day.unlink()

    done = salvage(club.root)

    assert any("taken from the old index" in remark for remark in done.remarks)
    post = opened(club)
    for uid, rows in before.items():
        found_ = [replace(row, n=0) for row in post.store.logins(uid, None, 9)]
        assert sorted(found_, key=str) == sorted(rows, key=str)
    assert go(post, 3, Departure.KICKED) > 0
    post.store.close()
    assert check_store(club.root).problems == []


def test_s2_16_an_end_that_only_the_old_index_has_is_written_again(club: Ruin) -> None:
    post = Post(BACKENDS["local"], club.root)
    post.now = START * 2
    go(post, 3)
    post.store.close()
    club.cut_line(16)

    salvage(club.root)

    post = opened(club)
    (row,) = post.store.logins(3, None, 9)
    assert (row.ended_at, row.reason) == (START * 2 + 1000, Departure.LOGOUT)
    post.store.close()


def test_c6_the_operator_is_told_that_lockouts_are_forgotten(club: Ruin) -> None:
    club.sql("INSERT INTO lockout VALUES ('ann', '', 0, 5, ?)", START * 2)

    done = salvage(club.root)

    assert done.remarks == ["failed logins were forgotten: no name is locked"]
    assert salvage(club.root).remarks == []


def test_a_line_of_a_login_that_is_none_is_passed_over(club: Ruin) -> None:
    club.change_line(9, address=UNSET)
    club.layout.index.unlink()
    with pytest.raises(StorageFailure, match="line 6: the login has no address"):
        LocalStore(club.root)

    done = salvage(club.root)

    words = "was passed over: the login has no address"
    assert any(words in remark for remark in done.remarks)


# -- a store of the release before


def age(ruin: Ruin) -> None:
    """What the release before would have made of the busy store."""
    for path in ruin.layout.users.iterdir():
        members = json.loads(path.read_bytes())
        del members["blocks"], members["rooms"]
        text = json.dumps(members, indent=2, sort_keys=True)
        path.write_text(f"{text}\n")
    ruin.layout.rooms.rmdir()
    for table in ("block", "room", "member", "login", "lockout"):
        ruin.sql(f"DROP TABLE {table}")
    ruin.sql("DROP INDEX message_room")
    for column in ("room", "room_position", "about"):
        ruin.sql(f"ALTER TABLE message DROP COLUMN {column}")
    ruin.sql("UPDATE meta SET value = '2' WHERE key = 'format'")
    ruin.sql("DELETE FROM meta WHERE key = 'alive_at'")


@pytest.fixture
def old(ruin: Ruin) -> Ruin:
    age(ruin)
    return ruin


def test_an_old_index_is_refused_and_made_anew(old: Ruin) -> None:
    with pytest.raises(ConfigError, match=r"has format 2.*nimsg check --rebuild"):
        LocalStore(old.root)

    done = salvage(old.root)

    assert (done.losses, done.remarks) == ([], [])
    post = opened(old)
    assert [len(one.rooms) for one in post.store.accounts()] == [1, 1, 1, 0]
    assert place(post, 1, LOBBY) == Membership(
        LOBBY, post.store.accounts()[0].created_at, 0
    )
    say(post, 1, LOBBY, "hello")
    assert bodies(post, 2, LOBBY) == ["hello"]
    mark(post, 2, LOBBY, 1)
    post.store.close()
    assert check_store(old.root).problems == []


def test_an_old_store_without_an_index_starts(old: Ruin) -> None:
    old.layout.index.unlink()

    opened(old).store.close()

    assert check_store(old.root).problems == []


def test_an_account_of_an_old_index_is_in_the_lobby(old: Ruin) -> None:
    old.layout.user(2).unlink()
    old.sql(
        "INSERT INTO journal VALUES (99, 2, '9', ?)",
        encode_account(Account(9, "zoe", "user", None, START)),
    )

    done = salvage(old.root)

    assert done.remarks == ["the file of bob was taken from the index"]
    assert done.filed == 1
    post = opened(old)
    bob = post.store.account("bob")
    assert bob is not None
    assert [one.room for one in bob.rooms] == [LOBBY]
    post.store.close()


def test_receipts_of_an_old_index_are_kept(old: Ruin) -> None:
    for day in old.days:
        day.unlink()

    done = salvage(old.root)

    assert any("taken from the old index" in remark for remark in done.remarks)
    opened(old).store.close()


# -- backups


def test_rooms_are_in_a_backup_as_they_are_now(club: Ruin, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert take(club.root, copy).rooms == 4
    with closing(LocalStore(club.root, min_free_bytes=1)) as store:
        commands = [
            SetTopic(1, LOBBY, "", any_room=True),
            SetTopic(1, "den", "again", any_room=True),
        ]
        store.file(store.commit(commands, START * 2))

    report = take(club.root, copy)

    assert report.problems == []
    assert restored(copy, tmp_path / "back") == index_rows(club.root)
    assert check_store(copy).problems == []


def test_a_lobby_without_a_topic_is_in_no_backup(ruin: Ruin, tmp_path: Path) -> None:
    assert take(ruin.root, tmp_path / "copy").rooms == 0
    assert [*(tmp_path / "copy" / "rooms").iterdir()] == []


def test_a_backup_with_a_room_of_another_store_is_refused(
    club: Ruin, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    take(club.root, copy)
    alien = Room(NOBODY, "new", "", START, 1)
    (copy / "rooms" / f"{NOBODY}.json").write_bytes(encode_room(alien))

    with pytest.raises(ConfigError, match=f"has the room {NOBODY}"):
        take(club.root, copy)


def test_a_post_is_found_by_its_first_id(club: Ruin) -> None:
    post = opened(club)
    with refused("not_found"):
        post.store.letter(1, FIRST)
    assert re.fullmatch("[0-9A-Z]{26}", FIRST)
    post.store.close()
