"""The Store contract, blocks: in a store that lives, and in one made anew."""

import pytest

from nimsg.core.commands import (
    AddBlock,
    Outcome,
    RemoveAccount,
    RemoveBlock,
    SentMail,
    SetTopic,
)
from nimsg.protocol.constants import LOBBY, limit
from nimsg.protocol.results import Refused
from nimsg.store import directory
from tests.support.company import announce, bodies, found, history, say
from tests.support.post import Post, Rest, refused


def test_c17_who_is_blocked_cannot_write(post: Post, rest: Rest) -> None:
    ann, bob, _ = post.people("ann", "bob", "cyd")
    post.send(bob, "ann")
    post.ask(AddBlock(ann, bob))
    rest(post)

    with refused("all_refused"):
        post.send(bob, "ann")
    sent = post.send(bob, "ann", "cyd")
    assert (sent.to, sent.refused) == (
        ["cyd"],
        [Refused("ann", "blocked_by_recipient")],
    )
    assert len(post.inbox(ann)) == 1
    assert post.send(ann, "bob").to == ["bob"]


def test_s2_15_blocks_survive_a_restart(post: Post, rest: Rest) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    post.do(AddBlock(ann, cyd), AddBlock(ann, bob), AddBlock(cyd, ann))
    rest(post)

    assert sorted(post.store.blocks()) == [(ann, bob), (ann, cyd), (cyd, ann)]
    assert post.store.account_by_uid(ann).blocks == (bob, cyd)
    with refused("already_blocked"):
        post.ask(AddBlock(ann, bob))
    with refused("self_target"):
        post.ask(AddBlock(ann, ann))


def test_c18_a_block_is_taken_back(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    post.ask(AddBlock(ann, bob))
    post.ask(RemoveBlock(ann, bob))
    rest(post)

    assert post.store.blocks() == []
    assert post.send(bob, "ann").to == ["ann"]
    with refused("not_blocked"):
        post.ask(RemoveBlock(ann, bob))


def test_c17_a_block_holds_within_one_batch(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.send(bob, "ann")

    outcomes = post.do(
        post.letter(bob, ["ann"]),
        AddBlock(ann, bob),
        post.letter(bob, ["ann"]),
        RemoveBlock(ann, bob),
        post.letter(bob, ["ann"]),
    )

    done = [isinstance(one, Outcome) for one in outcomes]
    assert done == [True, True, False, True, True]


def test_c17_a_retry_is_answered_and_an_import_is_not_kept_out(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    letter = post.letter(bob, ["ann"])
    post.sent(letter)
    post.ask(AddBlock(ann, bob))

    assert post.sent(letter).duplicate
    assert post.import_(bob, "ann").to == ["ann"]


def test_c17_who_is_blocked_is_not_heard_in_rooms(post: Post, rest: Rest) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    for uid, text in ((bob, "1"), (cyd, "2"), (bob, "3")):
        say(post, uid, LOBBY, text)
    post.ask(AddBlock(ann, bob))
    rest(post)

    page = history(post, ann, LOBBY)
    assert [one.body for one in page.messages] == ["2"]
    assert (page.last, page.more) == (3, False)
    assert bodies(post, ann, LOBBY, after=1) == ["2"]
    assert bodies(post, bob, LOBBY) == bodies(post, cyd, LOBBY) == ["1", "2", "3"]
    post.ask(RemoveBlock(ann, bob))
    rest(post)
    assert bodies(post, ann, LOBBY) == ["1", "2", "3"]


def test_c17_who_blocks_is_not_seen_to_come_and_go(post: Post, rest: Rest) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    announce(post, "User ann disconnected", ann)
    announce(post, "User bob disconnected", bob)
    post.ask(AddBlock(ann, bob))
    rest(post)

    assert bodies(post, bob, LOBBY) == ["User bob disconnected"]
    assert len(bodies(post, ann, LOBBY)) == len(bodies(post, cyd, LOBBY)) == 2


def test_c17_who_blocks_sets_topics_for_all(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    found(post, ann, "den")
    post.do(AddBlock(ann, bob), SetTopic(ann, LOBBY, "new", any_room=True))

    assert bodies(post, bob, LOBBY) == ["ann set the topic: new"]


def test_who_is_removed_blocks_nobody_any_more(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    post.do(AddBlock(ann, bob), AddBlock(bob, ann), RemoveAccount(ann))
    rest(post)

    assert post.store.blocks() == [(bob, ann)]


@pytest.mark.no_cover
def test_an_account_blocks_so_many_and_no_more(post: Post, rest: Rest) -> None:
    most = limit("blocks")
    ann, *others = post.people("ann", *(f"u{n}" for n in range(most + 1)))
    post.do(*(AddBlock(ann, other) for other in others[:-1]))
    rest(post)

    with refused("too_many"):
        post.ask(AddBlock(ann, others[-1]))
    assert len(post.store.blocks()) == most


def test_blocks_are_known_also_when_the_directory_is_small(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "REMEMBERED_MOST", 1)
    ann, bob, _ = post.people("ann", "bob", "cyd")
    post.ask(AddBlock(ann, bob))

    for _ in range(2):
        value = post.ask(post.letter(bob, ["ann", "cyd"])).value
        assert isinstance(value, SentMail)
        assert value.to == ["cyd"]
