"""A page of copies that become fetched is written as if one came after the other."""

from nimsg.core.commands import Act, Copies, MailAct
from nimsg.protocol.constants import CopyState, Device
from tests.support.backups import index_rows
from tests.support.post import Post, lose_index, rows


def test_n12_a_rebuild_gives_the_same_as_many_at_once(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    ids = [post.send(sender, "bob", "cyd").id for sender in (ann, bob, cyd, bob, ann)]
    post.act(Act.OPENED, bob, ids[1])
    post.act(Act.RECALLED, ann, ids[0])
    post.act(Act.DELETED, bob, ids[3])
    post.act(Act.FETCHED, bob, *ids[::-1], ids[2])
    post.act(Act.FETCHED, cyd, *ids)
    post.reopen()
    before = index_rows(post.root)

    lose_index(post)

    assert index_rows(post.root) == before


def test_each_is_fetched_once_and_both_sides_learn_it(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    ids = [post.send(ann, "bob", "cyd").id for _ in range(3)]
    cursors = {uid: post.changes(uid, None, 9)[-1].cursor for uid in (ann, bob, cyd)}

    done = post.ask(MailAct(Act.FETCHED, bob, [*ids, ids[0]], Device.TUI))
    again = post.ask(MailAct(Act.FETCHED, bob, ids, Device.HEADLESS))

    assert done.wakes == {ann, bob}
    assert again.wakes == set()
    assert isinstance(done.value, Copies)
    assert done.value.copies["bob"].state is CopyState.FETCHED
    for uid, changed in ((ann, ids), (bob, ids), (cyd, [])):
        pages = post.changes(uid, cursors[uid], 9)
        assert [row.id for page in pages for row in rows(page)] == changed
    assert {row.receipt.fetched_by for row in post.inbox(bob)} == {Device.TUI}
    assert {row.receipt.state for row in post.inbox(cyd)} == {CopyState.STORED}
