"""The Store contract, accounts and tokens."""

import pytest
from msgspec.structs import replace

from nimsg.core.accounts import MS_PER_HOUR, Account, Token
from nimsg.core.commands import (
    Act,
    Command,
    CreateAccount,
    CreateToken,
    RemoveAccount,
    RevokeToken,
    SetPassword,
    SetRole,
    TouchToken,
)
from nimsg.core.rooms import Membership
from nimsg.protocol.constants import LOBBY, CopyState, limit
from nimsg.protocol.results import Refused
from nimsg.store.base import Arrival, Counts
from tests.support.post import Post, refused


def token(uid: int, id_: str, expires_at: int | None = None) -> CreateToken:
    """A token whose secret's hash follows from its id."""
    return CreateToken(uid, id_, f"hash of {id_}", f"label of {id_}", expires_at)


def test_an_account_is_what_it_was_made_as(post: Post) -> None:
    uid = post.uid(CreateAccount("ann", "argon", "admin"))

    lobby = (Membership(LOBBY, post.now, 0),)
    expected = Account(uid, "ann", "admin", "argon", post.now, rooms=lobby)
    assert post.store.account("ann") == expected
    assert post.store.account_by_uid(uid) == post.store.account("ann")
    assert post.store.account("bob") is None
    with pytest.raises(LookupError):
        post.store.account_by_uid(uid + 1)


def test_accounts_are_told_oldest_first(post: Post) -> None:
    post.people("zoe", "ann", "mia")

    assert [account.name for account in post.store.accounts()] == ["zoe", "ann", "mia"]
    assert [account.uid for account in post.store.accounts()] == [1, 2, 3]


def test_x16_a_name_like_another_is_refused_unless_both_are_imported(
    post: Post,
) -> None:
    (ann,) = post.people("Ann")

    for name in ("ann", "ANN", "Ann"):
        with refused("name_taken"):
            post.ask(CreateAccount(name, None))
    with refused("name_taken"):
        post.ask(CreateAccount("ann", None, existing=True))
    like = post.uid(CreateAccount("ann", None, look_alike=True))
    assert like != ann
    with refused("name_taken"):
        post.ask(CreateAccount("ann", None, look_alike=True))


def test_c3_names_are_compared_exactly(post: Post) -> None:
    ann, bob = post.people("Ann", "bob")

    assert post.store.account("ann") is None
    assert post.send(bob, "Ann", "ann").refused == [Refused("ann", "unknown_user")]
    assert len(post.inbox(ann)) == 1


def test_an_account_that_exists_may_be_asked_for(post: Post) -> None:
    (ann,) = post.people("ann")

    assert post.uid(CreateAccount("ann", "other", "admin", existing=True)) == ann
    assert post.store.account_by_uid(ann).role == "user"


def test_x14_names_of_paths_are_names_like_others(post: Post) -> None:
    names = ["../../x", "a/b", "..", "/etc/passwd", "con", "-rf", "*", "~", ".json"]
    people = post.people(*names)

    for sender in people:
        post.do(post.letter(sender, names))

    assert [len(post.inbox(uid)) for uid in people] == [len(names)] * len(names)


def test_a_removed_name_is_never_given_again(post: Post) -> None:
    (ann,) = post.people("ann")
    post.ask(token(ann, "t"))
    post.ask(RemoveAccount(ann))
    removed = post.now

    assert post.store.account_by_uid(ann) == Account(
        ann, "ann", "user", None, removed - 2000, removed
    )
    for name in ("ann", "Ann"):
        for existing in (False, True):
            with refused("name_taken"):
                post.ask(CreateAccount(name, None, existing=existing))
    assert post.store.token_arrival("hash of t", last=False) is None
    (bob,) = post.people("bob")
    assert bob == ann + 1


@pytest.mark.parametrize(
    "command",
    [
        SetPassword(1, "new"),
        SetRole(1, "admin"),
        RemoveAccount(1),
        token(1, "t"),
        RevokeToken(1, "t"),
        TouchToken(1, "t"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_nothing_changes_a_removed_account(post: Post, command: Command) -> None:
    (ann,) = post.people("ann")
    post.ask(RemoveAccount(ann))

    with refused("unknown_user"):
        post.ask(command)


def test_mail_of_a_removed_account_stands(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id

    post.ask(RemoveAccount(ann))

    assert post.store.letter(bob, id_).sender == "ann"
    with refused("all_refused"):
        post.send(bob, "ann")


def test_a_new_password_ends_the_tokens_and_a_new_cost_does_not(post: Post) -> None:
    (ann,) = post.people("ann")
    post.ask(SetPassword(ann, "same"))
    post.ask(token(ann, "t"))
    before = post.store.account_by_uid(ann).password_hash
    post.ask(SetPassword(ann, "same, dearer", before))
    post.ask(SetPassword(ann, "too late", "a hash that was replaced"))
    assert post.store.account_by_uid(ann).password_hash == "same, dearer"
    assert post.store.token_arrival("hash of t", last=False) is not None

    post.ask(SetPassword(ann, "new"))

    assert post.store.token_arrival("hash of t", last=False) is None
    assert post.store.account_by_uid(ann).password_hash == "new"


def test_a_role_is_set(post: Post) -> None:
    (ann,) = post.people("ann")

    post.ask(SetRole(ann, "admin"))

    assert post.store.account_by_uid(ann).role == "admin"


def test_a_token_names_its_account(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.ask(token(ann, "t", expires_at=5))
    made = post.now
    post.ask(token(bob, "u"))

    found = post.store.token_arrival("hash of t", last=False)

    expected = Token("t", "hash of t", "label of t", made, 5)
    account = post.store.account_by_uid(ann)
    assert found == Arrival(account, Counts(0, 0), token=expected)
    assert account.tokens == (expected,)
    assert post.store.token_arrival("t", last=False) is None


def test_tokens_are_told_oldest_first_and_those_of_an_instant_by_id(
    post: Post,
) -> None:
    (ann,) = post.people("ann")
    post.do(token(ann, "z"), token(ann, "y"))
    post.ask(token(ann, "a"))

    tokens = post.store.account_by_uid(ann).tokens

    assert [one.id for one in tokens] == ["y", "z", "a"]


def test_a_revoked_token_is_gone(post: Post) -> None:
    (ann,) = post.people("ann")
    post.ask(token(ann, "t"))

    post.ask(RevokeToken(ann, "t"))

    assert post.store.token_arrival("hash of t", last=False) is None
    with refused("unknown_token"):
        post.ask(RevokeToken(ann, "t"))


def test_the_use_of_a_token_is_known_to_the_hour(post: Post) -> None:
    (ann,) = post.people("ann")
    post.ask(token(ann, "t"))
    for _ in range(2):
        post.ask(TouchToken(ann, "t"))
        used = post.store.account_by_uid(ann).tokens[0].used_at
        assert used == post.now - post.now % MS_PER_HOUR
    post.ask(TouchToken(ann, "unknown"))
    assert len(post.store.account_by_uid(ann).tokens) == 1


def test_an_account_has_so_many_tokens(post: Post) -> None:
    (ann,) = post.people("ann")
    post.do(*(token(ann, f"t{number}") for number in range(limit("tokens"))))

    with refused("not_permitted"):
        post.ask(token(ann, "more"))


def test_s0_10_mail_may_make_the_mailboxes_it_goes_to(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.ask(RemoveAccount(bob))
    letter = replace(post.letter(ann, ["Cyd", "bob", "cyd"]), make_mailboxes=True)

    sent = post.sent(letter)

    assert sent.to == ["Cyd", "cyd"]
    assert sent.refused == [Refused("bob", "unknown_user")]
    accounts = {account.name: account for account in post.store.accounts()}
    made = accounts["Cyd"]
    lobby = (Membership(LOBBY, sent.sent_at, 0),)
    assert made == Account(3, "Cyd", "user", None, sent.sent_at, rooms=lobby)
    assert len(post.inbox(made.uid)) == 1
    assert len(post.inbox(accounts["cyd"].uid)) == 1
    assert post.sent(letter).duplicate
    assert post.send(ann, "Cyd").position == 2


def test_more_accounts_than_are_remembered_change_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("directory", "mailboxes"):
        monkeypatch.setattr(f"nimsg.store.{module}.REMEMBERED_MOST", 2)
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    for _ in range(3):
        post.send(ann, "bob", "cyd")
        post.send(cyd, "bob", "ann")
        post.ask(SetRole(bob, "admin"))
    post.ask(RemoveAccount(cyd))
    post.act(Act.OPENED, cyd, post.inbox(cyd)[0].id)

    assert [row.position for row in post.inbox(bob)] == [6, 5, 4, 3, 2, 1]
    assert post.states(ann, post.outbox(ann)[0].id)["cyd"] is CopyState.OPENED
