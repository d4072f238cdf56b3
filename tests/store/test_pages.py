"""Pages of inboxes that are kept: the same bytes as if they were made anew."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import Raw

from nimsg.core.commands import Act, AddBlock, RemoveAccount, RemoveBlock
from nimsg.protocol.constants import Box, CopyState
from nimsg.protocol.packed import PackedPage
from nimsg.store.base import Listing, ListQuery
from nimsg.store.local import LocalStore
from nimsg.store.pages import BESIDE, Pages
from tests.support.post import Post, lose_index
from tests.support.storepages import made_anew


READERS = 2


def queries(owner: int) -> list[ListQuery]:
    """Pages of what is new and of everything, whole and in parts."""
    return [
        ListQuery(owner, Box.INBOX, all=all_, before=before, limit=most)
        for all_ in (False, True)
        for before, most in ((None, 2), (None, 50), (4, 3))
    ]


def listed(post: Post, owner: int) -> list[Listing]:
    """What the store answers, each page twice the same."""
    found = [post.store.page(query) for query in queries(owner)]
    assert found == [post.store.page(query) for query in queries(owner)]
    return found


def anew(post: Post, owner: int) -> list[Listing]:
    return [made_anew(post.root, query) for query in queries(owner)]


class Home:
    """Ann's and Bob's mail; ann's last but one answers what is not there yet."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.ann, self.bob, self.cyd = post.people("ann", "bob", "cyd")
        self.ids = [post.send(self.cyd, "ann", "bob").id for _ in range(5)]
        post.import_(self.ann, "ann", references=["later"])
        post.import_(self.bob, "ann", references=["bobs"])
        self.gone = post.send(self.cyd, "ann").id
        post.act(Act.FETCHED, self.ann, *self.ids, self.gone)
        post.act(Act.FETCHED, self.bob, *self.ids)
        post.act(Act.OPENED, self.ann, self.ids[1])
        post.act(Act.DELETED, self.ann, self.gone)
        post.act(Act.DELETED, self.cyd, self.gone)

    def act(self, act: Act, actor: int, number: int) -> None:
        self.post.act(act, actor, self.ids[number])


CHANGES: dict[str, Callable[[Home], object]] = {
    "sent": lambda home: home.post.send(home.bob, "ann"),
    "sent by her": lambda home: home.post.send(home.ann, "bob"),
    "opened": lambda home: home.act(Act.OPENED, home.ann, 2),
    "opened by another": lambda home: home.act(Act.OPENED, home.bob, 2),
    "acked": lambda home: home.act(Act.ACKED, home.ann, 1),
    "recalled": lambda home: home.act(Act.RECALLED, home.cyd, 3),
    "deleted": lambda home: home.act(Act.DELETED, home.ann, 4),
    "deleted, opened": lambda home: home.act(Act.DELETED, home.ann, 1),
    "deleted by who sent it": lambda home: home.act(Act.DELETED, home.cyd, 4),
    "removed": lambda home: home.post.purge(),
    "imported": lambda home: home.post.import_(home.ann, "ann"),
    "imported by another": lambda home: home.post.import_(home.bob, "ann"),
    "found what it answers": lambda home: home.post.import_(
        home.ann, "ann", client_id="later"
    ),
    "found in another's mail what it answers": lambda home: home.post.import_(
        home.bob, "bob", client_id="bobs"
    ),
    "blocked": lambda home: home.post.do(AddBlock(home.ann, home.cyd)),
    "not blocked": lambda home: home.post.do(RemoveBlock(home.ann, home.cyd)),
    "sender removed": lambda home: home.post.do(RemoveAccount(home.cyd)),
    "settled": lambda home: home.post.settle(),
    "reopened": lambda home: home.post.reopen(),
    "rebuilt": lambda home: lose_index(home.post),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_page_that_is_kept_is_never_stale(post: Post, change: str) -> None:
    home = Home(post)
    for owner in (home.ann, home.bob):
        assert listed(post, owner) == anew(post, owner)

    CHANGES[change](home)

    for owner in (home.ann, home.bob):
        assert listed(post, owner) == anew(post, owner)


def test_what_was_linked_late_is_listed_so(post: Post) -> None:
    home = Home(post)
    before = {row.id: row.reply_to for row in post.inbox(home.ann)}
    answered = {
        post.import_(home.ann, "ann", client_id="later").id,
        post.import_(home.bob, "bob", client_id="bobs").id,
    }

    after = {row.id: row.reply_to for row in post.inbox(home.ann)}

    assert {after[id_] for id_ in before if after[id_] != before[id_]} == answered


def test_a_page_is_put_together_once(post: Post) -> None:
    home = Home(post)
    query = ListQuery(home.bob, Box.INBOX)
    assert isinstance(post.store, LocalStore)
    asked: list[str] = []
    post.store.page(query)
    post.store._reader.set_trace_callback(asked.append)

    post.store.page(query)
    again = sum("group_concat" in text for text in asked)
    home.act(Act.OPENED, home.bob, 0)
    post.store.page(query)
    changed = sum("group_concat" in text for text in asked)

    assert (again, changed) == (0, 1)
    assert post.store.page_at_hand(query) == made_anew(post.root, query)


def test_what_was_never_listed_is_told_each_time(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    sent = post.send(ann, "bob").id
    query = ListQuery(bob, Box.INBOX)

    assert [post.store.page(query).stored for _ in range(2)] == [[sent], [sent]]


def test_two_readers_see_what_was_answered_before_they_ask(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    ids = [post.send(ann, "bob").id for _ in range(20)]
    post.act(Act.FETCHED, bob, *ids)
    query = ListQuery(bob, Box.INBOX, all=True)

    with ThreadPoolExecutor(READERS) as readers:
        for id_ in ids:
            early = [readers.submit(post.store.page, query) for _ in range(READERS)]
            post.act(Act.OPENED, bob, id_)
            pages = [readers.submit(post.store.page, query) for _ in range(READERS)]
            seen = {bytes(page.result().page.inbox) for page in pages}
            assert seen == {bytes(made_anew(post.root, query).page.inbox)}
            assert all(page.result() for page in early)

    assert {row.receipt.state for row in post.inbox(bob)} == {CopyState.OPENED}


# -- what is kept


def query(before: int) -> ListQuery:
    return ListQuery(1, Box.INBOX, before=before)


def listing(size: int, *, counted: bool = True) -> Listing:
    """A page that takes so many bytes."""
    rows = Raw(b"x" * (size - BESIDE))
    return Listing(PackedPage(Box.INBOX, 0, 0, 0, rows, [], None, ""), [], counted)


def test_the_pages_that_were_used_last_are_kept() -> None:
    pages = Pages(10_000)
    for number in range(1, 6):
        pages.keep(query(number), 0, listing(2000))
    assert pages.find(query(1))

    pages.keep(query(6), 0, listing(3000))

    assert [number for number in range(1, 7) if pages.find(query(number))] == [
        1,
        4,
        5,
        6,
    ]
    assert pages.bytes == 9000


def test_a_page_is_forgotten_with_the_writing_of_its_mailbox_only() -> None:
    pages = Pages()
    pages.keep(query(1), pages.written(1), listing(2000))
    pages.note([2, 3])
    others = pages.find(query(1))
    pages.note([1])

    assert (others, pages.find(query(1))) == (listing(2000), None)


def test_a_page_that_was_read_before_a_writing_is_not_found_after_it() -> None:
    pages = Pages()
    written = pages.written(1)
    pages.note([1])

    pages.keep(query(1), written, listing(2000))

    assert pages.find(query(1)) is None


def test_a_page_takes_the_place_of_its_earlier_self() -> None:
    pages = Pages()
    pages.keep(query(1), 0, listing(2000))
    pages.note([1])

    pages.keep(query(1), 1, listing(3000))

    assert (pages.find(query(1)), pages.bytes) == (listing(3000), 3000)


@pytest.mark.parametrize("left_out", [listing(2000, counted=False), listing(10_001)])
def test_what_cannot_be_kept_leaves_no_earlier_page(left_out: Listing) -> None:
    pages = Pages(10_000)
    pages.keep(query(1), 0, listing(2000))

    pages.keep(query(1), 0, left_out)

    assert (pages.find(query(1)), pages.bytes) == (None, 0)
