"""The Store contract, logins and lockouts: in a store that lives, and after."""

import pytest
from msgspec.structs import replace

from nimsg.core.commands import (
    CountFailure,
    CreateToken,
    EndLogins,
    Failures,
    ForgiveFailures,
    NoteAlive,
    NoteLogin,
    NoteRefused,
    RemoveAccount,
)
from nimsg.protocol.constants import Departure, Device
from nimsg.protocol.results import LoginRow
from nimsg.store import loginbook
from nimsg.store.base import Arrival, Counts, LastLogin, Lock, SeenUser
from tests.support.company import come, fail, go
from tests.support.post import DAY, Post, Rest, lose_index


MINUTE = 60_000
BLOCK = 5 * MINUTE


# -- logins


def test_s2_16_logins_are_written_down(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    first = come(post, ann)
    came = post.now
    come(post, bob, "2001:db8::1")
    missed = fail(post, ann)
    failed = post.now
    go(post, ann, Departure.TIMEOUT)
    went = post.now
    rest(post)

    assert post.store.logins(ann, None, 9) == [
        LoginRow(missed, failed, "192.0.2.9", None, refused=True),
        LoginRow(
            first,
            came,
            "192.0.2.1",
            Device.TUI,
            refused=False,
            ended_at=went,
            reason=Departure.TIMEOUT,
        ),
    ]
    assert [row.ended_at for row in post.store.logins(bob, None, 9)] == [None]


def test_a_login_is_answered_by_what_each_question_says(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    come(post, ann)
    fail(post, ann)
    post.send(bob, "ann")
    post.ask(CreateToken(ann, "t", "hash of t", "", None))
    store = post.store

    known = Arrival(store.account_by_uid(ann), Counts(1, 0), store.last_login(ann))
    token = known.account.tokens[0]
    assert store.arrival(ann, last=True) == known
    assert store.arrival(ann, last=False) == replace(known, last=None)
    by_token = store.token_arrival("hash of t", last=True)
    assert by_token == replace(known, token=token)
    with pytest.raises(LookupError):
        store.arrival(bob + 1, last=True)


def test_sec_5_a_try_under_a_name_that_nobody_has_leaves_nothing(
    post: Post, rest: Rest
) -> None:
    ann = post.people("ann")[0]
    came = come(post, ann)
    post.number(NoteRefused(None, "192.0.2.9"))
    rest(post)
    missed = fail(post, ann)

    assert [row.n for row in post.store.logins(ann, None, 9)] == [missed, came]
    assert post.store.last_login(ann).failures == 1
    assert post.check().problems == []


def test_s2_16_logins_are_read_page_by_page(post: Post, rest: Rest) -> None:
    ann = post.people("ann")[0]
    numbers = [number for _ in range(3) for number in (come(post, ann), go(post, ann))]
    rest(post)

    newest = post.store.logins(ann, None, 2)
    assert [row.n for row in newest] == [numbers[4], numbers[2]]
    assert [row.n for row in post.store.logins(ann, newest[-1].n, 2)] == [numbers[0]]


def test_s2_16_the_last_login_and_what_failed_since(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    assert post.store.last_login(ann) == LastLogin(None, 0)
    fail(post, ann)
    number = come(post, ann)
    for uid in (ann, bob, ann):
        fail(post, uid)
    rest(post)

    last = post.store.last_login(ann)
    assert last.login is not None
    assert (last.login.n, last.failures) == (number, 2)
    assert post.store.last_login(bob) == LastLogin(None, 1)


def test_s2_16_who_goes_must_have_come(post: Post) -> None:
    ann = post.people("ann")[0]
    assert go(post, ann) == 0
    come(post, ann)
    assert go(post, ann) > 0
    assert go(post, ann) == 0
    assert len(post.store.logins(ann, None, 9)) == 1


def test_s2_16_who_was_online_when_the_server_was_killed_was_lost_then(
    post: Post,
) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    come(post, ann)
    post.ask(NoteAlive())
    alive_at = post.now
    come(post, bob)
    came = post.now
    come(post, cyd)
    go(post, cyd)
    post.now += DAY
    post.reopen()

    assert post.number(EndLogins()) == 2
    assert post.number(EndLogins()) == 0
    for rest in (Post.reopen, lose_index):
        for uid, at in ((ann, alive_at), (bob, came)):
            (row,) = post.store.logins(uid, None, 9)
            assert (row.ended_at, row.reason) == (at, Departure.LOST)
        (row,) = post.store.logins(cyd, None, 9)
        assert row.reason is Departure.LOGOUT
        rest(post)


def test_s2_16_after_a_rebuild_the_server_was_alive_when_the_last_line_was(
    post: Post,
) -> None:
    ann, bob = post.people("ann", "bob")
    come(post, ann)
    fail(post, bob)
    last = post.now
    post.now += DAY
    lose_index(post)

    post.ask(EndLogins())

    assert post.store.logins(ann, None, 1)[0].ended_at == last


def test_s2_16_no_login_ends_before_it_began(post: Post, rest: Rest) -> None:
    ann = post.people("ann")[0]
    come(post, ann)
    came = post.now
    post.now -= DAY
    go(post, ann)
    rest(post)

    assert post.store.logins(ann, None, 1)[0].ended_at == came


def test_c16_who_was_seen_since(post: Post, rest: Rest) -> None:
    ann, bob, cyd, dee = post.people("ann", "bob", "cyd", "dee")
    for uid in (bob, dee, ann):
        come(post, uid)
        go(post, uid)
    ann_went = post.now
    post.now += DAY
    since = post.now
    come(post, bob)
    come(post, cyd)
    go(post, cyd)
    seen_at = post.now
    fail(post, ann)
    come(post, dee)
    post.ask(RemoveAccount(dee))
    rest(post)

    assert sorted(post.store.seen_since(since), key=lambda one: one.uid) == [
        SeenUser(bob, "bob", since),
        SeenUser(cyd, "cyd", seen_at),
    ]
    assert post.store.last_seen(ann) == ann_went
    assert post.store.last_seen(cyd) == seen_at
    assert post.store.last_seen(post.people("eve")[0]) is None


def test_s2_16_a_login_has_the_number_of_its_journal_row(post: Post) -> None:
    ann = post.people("ann")[0]
    batch = post.store.commit([NoteLogin(ann, Device.LINE, "::1")], post.now)
    post.store.file(batch)

    numbers = [row.n for row in batch.rows]
    assert [row.n for row in post.store.logins(ann, None, 9)] == numbers


# -- lockouts


def count(post: Post, name: str, address: str = "") -> Failures:
    """One more failed login."""
    value = post.ask(CountFailure(name, address, BLOCK)).value
    assert isinstance(value, Failures)
    return value


def test_c6_a_lockout_survives_a_restart(post: Post) -> None:
    found = [count(post, "ann") for _ in range(3)]
    until = post.now + BLOCK
    count(post, "bob", "192.0.2.1")
    post.reopen()

    assert found == [Failures(1), Failures(2), Failures(3, until)]
    assert post.store.locks() == [
        Lock("ann", "", 0, until),
        Lock("bob", "192.0.2.1", 1, None),
    ]
    assert count(post, "bob", "192.0.2.1") == Failures(2)


def test_c6_a_rebuild_forgets_lockouts(post: Post) -> None:
    count(post, "ann")
    lose_index(post)

    assert post.store.locks() == []


def test_c6_failures_are_forgiven_from_one_address_or_from_all(post: Post) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        count(post, "ann", address)
    count(post, "bob", "192.0.2.1")

    assert post.number(ForgiveFailures("ann", "192.0.2.2")) == 1
    assert post.number(ForgiveFailures("ann", "192.0.2.2")) == 0
    assert [lock.address for lock in post.store.locks()] == [
        "192.0.2.1",
        "192.0.2.3",
        "192.0.2.1",
    ]
    assert post.number(ForgiveFailures("ann")) == 2
    assert [lock.name for lock in post.store.locks()] == ["bob"]


def test_c6_only_so_many_names_are_remembered(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loginbook, "LOCKOUTS_MOST", 3)
    for number in range(9):
        count(post, f"name {number}")

    assert [lock.name for lock in post.store.locks()] == ["name 6", "name 7", "name 8"]
