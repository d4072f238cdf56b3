"""S0-14: texts that nobody has in view any more are removed, and little else."""

import pytest
from msgspec.structs import replace

from nimsg.core.commands import Act, MailAct, PurgeMail
from nimsg.protocol.constants import Box, CopyState
from nimsg.protocol.digest import body_hash
from nimsg.store.base import ReadQuery
from tests.support.post import DAY, ORIGIN, Post, refused, rows


def gone(post: Post, *deleters: int, body: str = "needle") -> str:
    """A message of the first to Bob, deleted by all of these."""
    id_ = post.send(deleters[0], "bob", subject="Sub", body=body).id
    for uid in deleters:
        post.act(Act.DELETED, uid, id_)
    return id_


def test_s0_14_only_what_is_in_nobodys_view_is_removed(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    kept = [
        post.send(ann, "bob").id,
        gone(post, ann),
        post.send(ann, "bob").id,
        post.import_(ann, "ann").id,
    ]
    post.act(Act.DELETED, bob, kept[2])
    lost = gone(post, ann, bob)

    assert post.purge() == 1
    assert post.purge() == 0
    readers = [ann, bob, ann, ann]
    for id_, reader in zip(kept, readers, strict=True):
        assert post.store.letter(reader, id_).body
    for asker in (ann, bob):
        with refused("not_found"):
            post.store.letter(asker, lost)
        with refused("not_found"):
            post.store.status(asker, lost)


def test_s0_14_a_text_stays_until_its_time_has_come(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    gone(post, ann, bob)
    at = post.now

    assert post.purge(at) == 0
    assert post.purge(at + 1) == 1


def test_s0_14_the_last_who_deletes_counts(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = gone(post, ann)
    post.now += DAY
    post.act(Act.DELETED, bob, id_)

    assert post.purge(post.now - 1000) == 0
    assert post.purge(post.now + 1) == 1


def test_s0_14_the_oldest_go_first_and_so_many_at_once(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    for _ in range(5):
        gone(post, ann, bob)

    assert [post.purge(most=2) for _ in range(4)] == [2, 2, 1, 0]


def test_s0_14_x16_an_import_to_oneself_goes_when_it_is_deleted(post: Post) -> None:
    [ann] = post.people("ann")
    id_ = post.import_(ann, "ann").id
    assert post.purge() == 0

    post.act(Act.DELETED, ann, id_)

    assert post.purge() == 1


def test_s0_14_n7_a_recalled_message_goes_too(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    post.act(Act.RECALLED, ann, id_)
    post.act(Act.DELETED, ann, id_)
    assert post.purge() == 0
    post.act(Act.DELETED, bob, id_)

    assert post.purge() == 1


def test_s0_14_nothing_of_the_text_is_told_any_more(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = gone(post, ann, bob)
    post.purge()
    post.settle()

    for uid in (ann, bob):
        with refused("not_found"):
            post.store.find_hash(uid, body_hash("needle"))
        for page in post.changes(uid, None, 9):
            for row in rows(page):
                assert (row.id, row.subject, row.size) == (id_, "", 0)
        for box in Box:
            assert post.store.read(ReadQuery(uid, box)).letters == []
    for path in post.root.rglob("*"):
        if path.is_file() and not path.name.startswith("index.db"):
            data = path.read_bytes()
            assert b"needle" not in data, path
            assert b"Sub" not in data, path


def test_s0_14_a_retry_stores_nothing(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    command = post.letter(ann, ["bob", "eve"])
    imported = replace(post.letter(ann, ["ann"]), origin=ORIGIN)
    first = post.sent(command)
    own = post.sent(imported)
    for uid in (ann, bob):
        post.act(Act.DELETED, uid, first.id)
    post.act(Act.DELETED, ann, own.id)
    assert post.purge() == 2

    for again in (post.sent(command), post.sent(command)):
        assert (again.id, again.duplicate) == (first.id, True)
        assert (again.position, again.to) == (first.position, ["bob"])
    with refused("client_id_conflict"):
        post.ask(replace(command, body="other"))
    assert post.sent(imported).id == own.id


def test_s0_14_n12_positions_are_never_given_again(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    gone(post, ann, bob)
    post.purge()

    sent = post.send(ann, "bob")

    assert sent.position == 2
    assert post.inbox(bob)[0].position == 2
    assert post.check().copies["deleted"] == 1


def test_s0_14_a_message_that_was_never_filed_goes_too(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    batches = [post.store.commit([post.letter(ann, ["bob"])], post.now)]
    id_ = batches[0].rows[0].name
    for actor in (ann, bob):
        act = MailAct(Act.DELETED, actor, [id_])
        batches.append(post.store.commit([act], post.now))
    batches.append(post.store.commit([PurgeMail(post.now + 1, 9)], post.now))
    for batch in batches:
        post.store.file(batch)
    post.index()

    assert post.find(ann) == []
    assert not list(post.root.rglob(f"{id_}*"))


def test_s0_14_a_removed_message_can_be_answered_by_nobody(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = gone(post, ann, bob)
    reply = post.send(bob, "ann").id
    post.purge()

    with refused("not_found"):
        post.send(ann, "bob", reply_to=id_)
    with refused("not_found"):
        post.store.thread(ann, id_)
    assert [row.id for row in post.store.thread(ann, reply).inbox] == [reply]


def test_s0_14_a_thread_holds_together_without_a_removed_message(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    first = post.send(ann, "bob").id
    second = post.send(bob, "ann", reply_to=first).id
    third = post.send(ann, "bob", reply_to=second).id
    for uid in (ann, bob):
        post.act(Act.DELETED, uid, second)
    post.purge()

    assert [row.id for row in post.store.thread(ann, first).outbox] == [first, third]


# -- the full text


@pytest.mark.parametrize("indexed", ["before", "between", "after"])
def test_s0_14_s2_16_a_search_finds_nothing_of_it_and_goes_on(
    post: Post, indexed: str
) -> None:
    ann, bob = post.people("ann", "bob")
    if indexed == "before":
        gone(post, ann, bob)
        post.index()
    elif indexed == "between":
        gone(post, ann, bob)
        purge = post.store.commit([PurgeMail(post.now + 1, 9)], post.now)
        post.index()
        post.store.file(purge)
    else:
        gone(post, ann, bob)
    post.purge()
    kept = post.send(ann, "bob", body="needle").id
    for _ in range(2):
        post.index()
        assert post.find(ann, "needle") == post.find(bob, "needle") == [kept]
    hits = post.search(ann, "needle")
    assert (hits.unindexed, hits.indexed_to) == (0, post.now)


def test_s0_14_s2_16_texts_removed_during_many_rounds(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    for round_ in range(6):
        for n in range(4):
            gone(post, ann, bob, body=f"needle {n}")
        if round_ % 2:
            post.store.index_text(3)
        post.purge(most=3)
    kept = post.send(ann, "bob", body="needle").id
    post.purge()
    post.index()

    assert post.find(bob, "needle") == [kept]
    assert post.check().copies == {state.value: 0 for state in CopyState} | {
        "deleted": 24,
        "stored": 1,
    }


def test_s0_14_what_is_removed_still_counts_as_a_message(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    gone(post, ann, bob)
    post.send(ann, "bob")
    gone(post, ann, bob)

    assert post.purge() == 2
    assert post.store.sizes().messages == 3
