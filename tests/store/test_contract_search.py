"""S2-16: the Store contract, search and threads: found is what the asker may see."""

import msgspec
import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from nimsg.core.commands import Act
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box, CopyState, Show, limit
from nimsg.protocol.results import Origin
from nimsg.store.base import SearchQuery
from tests.support.examples import few
from tests.support.post import BACKENDS, DAY, ORIGIN, Backend, Post, refused


NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


# -- words


BODY = "The quick brown fox; CAF\u00c9 au lait. \u6771\u4eac\u90fd stra\u00dfe don't"


@pytest.mark.parametrize(
    "words",
    [
        "quick",
        "QUICK",
        "fox quick",
        "cafe",
        "cafe\u0301",
        '"quick brown"',
        '"QUICK, brown"',
        "qui*",
        "caf* fox",
        "brown-fo*",
        "quick -slow",
        '-"brown quick"',
        "\u4eac",
        "\u6771\u4eac",
        "\u4eac\u90fd",
        "don't",
        "subj*",
        "topic fox",
        "",
        "   ",
    ],
)
def test_s2_16_words_are_found(post: Post, words: str) -> None:
    ann, bob = post.people("ann", "bob")
    sent = post.send(ann, "bob", subject="subject topic", body=BODY)
    post.index()

    assert post.find(bob, words) == [sent.id]


@pytest.mark.parametrize(
    "words",
    [
        "slow",
        "quic",
        '"brown quick"',
        "fox slow",
        "quick -fox",
        "-fox",
        '-"quick brown"',
        "-qui*",
        "\u90fd\u6771",
        "ann",
        "r2",
        "s1",
        '"topic the"',
    ],
)
def test_s2_16_what_does_not_fit_is_not_found(post: Post, words: str) -> None:
    ann, bob = post.people("ann", "bob")
    post.send(ann, "bob", subject="subject topic", body=BODY)
    post.index()

    assert post.find(bob, words) == []


def test_s2_16_words_without_a_letter_are_refused(post: Post) -> None:
    [ann] = post.people("ann")
    post.index()

    for words in ("?", "-", '""', "*"):
        with refused("invalid_params"):
            post.search(ann, words)


def test_s2_16_a_search_before_there_is_a_full_text_says_so(post: Post) -> None:
    [ann] = post.people("ann")

    with refused("busy"):
        post.search(ann, "x")
    post.index()
    assert post.search(ann, "x").hits == []


# -- who sees what


def test_s2_16_s0_19_a_stranger_finds_nothing(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    post.send(ann, "bob", body="needle")
    post.import_(bob, "bob", body="needle")
    post.index()

    assert post.find(cyd, "needle") == post.find(cyd) == []
    assert len(post.find(ann, "needle")) == 1
    assert len(post.find(bob, "needle")) == 2


def test_s2_16_deleted_mail_is_found_by_the_others_only(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    one = post.send(ann, "bob", "cyd", body="needle").id
    two = post.send(ann, "bob", "cyd", body="needle").id
    post.index()
    post.act(Act.DELETED, bob, one)
    post.act(Act.DELETED, ann, two)

    assert post.find(ann, "needle") == [one]
    assert post.find(bob, "needle") == [two]
    assert post.find(cyd, "needle") == [two, one]


def test_s2_16_n7_recalled_mail_is_found_by_its_sender_only(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    sent = post.send(ann, "bob", "cyd", body="needle").id
    post.act(Act.OPENED, cyd, sent)
    post.act(Act.RECALLED, ann, sent)
    post.index()

    assert post.find(ann, "needle") == post.find(cyd, "needle") == [sent]
    assert post.find(bob, "needle") == post.find(bob) == []


def test_s2_16_a_hit_is_a_row_of_a_box(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.send(ann, "bob", body="needle")
    post.index()

    [theirs], [mine] = post.search(bob, "needle").hits, post.search(ann, "needle").hits

    assert (theirs.inbox, theirs.outbox) == (post.inbox(bob)[0], None)
    assert (mine.inbox, mine.outbox) == (None, post.outbox(ann)[0])


def test_s2_16_s1_3_no_text_of_unopened_mail_is_shown(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    sent = post.send(ann, "bob", body="a needle\nin hay").id
    old = post.import_(ann, "bob", body="old needle").id
    own = post.import_(ann, "ann", body="own needle").id
    post.index()

    assert [hit.snippet for hit in post.search(bob, "needle").hits] == [None, None]
    assert [hit.snippet for hit in post.search(ann, "needle").hits] == [
        "own needle",
        "old needle",
        "a needle in hay",
    ]
    for id_ in (sent, old):
        post.act(Act.OPENED, bob, id_)
    assert [hit.snippet for hit in post.search(bob, "needle").hits] == [
        "old needle",
        "a needle in hay",
    ]
    post.act(Act.DELETED, ann, own)
    assert len(post.find(ann, "needle")) == 2


# -- narrowed


def test_s2_16_people_are_found_by_account_and_by_origin(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    first = post.send(ann, "bob").id
    second = post.send(bob, "ann", "cyd").id
    old = post.import_(ann, "ann").id
    named = post.import_(
        ann, "ann", origin=Origin("Bob <b@example.org>", ["\u6771\u4eac"], 1, 0, None)
    ).id
    post.index()

    assert post.find(ann, sender="ann") == [named, old, first]
    assert post.find(ann, sender="bob") == [named, second]
    assert post.find(ann, to="ann") == [named, old, second]
    assert post.find(ann, to="bob") == [first]
    assert post.find(ann, person="bob") == [named, second, first]
    assert post.find(ann, person="cyd") == [second]
    assert post.find(cyd, person="ann") == [second]
    assert post.find(ann, sender="friend") == [old]
    assert post.find(ann, sender="FRIEND@example.org") == [old]
    assert post.find(ann, sender="example.org friend") == []
    assert post.find(ann, to="\u4eac") == [named]
    assert post.find(ann, sender="bob", to="cyd") == [second]
    assert post.find(ann, person="eve") == []
    assert post.find(ann, person="!") == []
    assert post.find(ann, person="") == []


def test_s2_16_a_box_narrows(post: Post) -> None:
    ann, _ = post.people("ann", "bob")
    sent = post.send(ann, "bob").id
    both = post.import_(ann, "ann", "bob").id
    own = post.import_(ann, "ann").id
    post.index()

    assert post.find(ann) == [own, both, sent]
    assert post.find(ann, box=Box.INBOX) == [own, both]
    assert post.find(ann, box=Box.OUTBOX) == [both, sent]
    [hit, _] = post.search(ann, box=Box.OUTBOX).hits
    assert hit.outbox is not None


def test_s2_16_a_state_narrows(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    new = post.send(ann, "bob").id
    opened = post.send(ann, "bob").id
    acked = post.send(ann, "bob").id
    recalled = post.send(ann, "bob").id
    imported = post.import_(ann, "bob").id
    read = post.import_(ann, "bob").id
    post.act(Act.FETCHED, bob, new)
    for id_ in (opened, acked, read):
        post.act(Act.OPENED, bob, id_)
    post.act(Act.ACKED, bob, acked)
    post.act(Act.RECALLED, ann, recalled)
    post.index()

    shown = {
        show: (post.find(bob, show=show), post.find(ann, show=show)) for show in Show
    }

    assert shown == {
        Show.NEW: ([new], []),
        Show.OPENED: ([read, acked, opened], [read, acked, opened]),
        Show.ACKED: ([acked], [acked]),
        Show.PENDING: ([], [new]),
        Show.RECALLED: ([], [recalled]),
        Show.IMPORTED: ([read, imported], [read, imported]),
    }


def test_s2_16_dates_narrow_and_an_origins_date_goes_before(post: Post) -> None:
    [ann] = post.people("ann")
    ancient = post.import_(ann, "ann", origin=replace(ORIGIN, date=-DAY)).id
    old = post.import_(ann, "ann", origin=replace(ORIGIN, date=5 * DAY)).id
    dateless = post.import_(ann, "ann", origin=replace(ORIGIN, date=None))
    post.index()

    assert post.find(ann, since=dateless.sent_at) == [dateless.id]
    assert post.find(ann, since=dateless.sent_at + 1) == []
    assert post.find(ann, until=dateless.sent_at) == [old, ancient]
    assert post.find(ann, since=5 * DAY, until=5 * DAY + 1) == [old]
    assert post.find(ann, until=0) == [ancient]
    assert post.find(ann, since=-(2**53), until=2**53) == [dateless.id, old, ancient]


# -- pages


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
def test_s2_16_pages_come_to_an_end_without_a_hit_twice(post: Post, most: int) -> None:
    ann, bob = post.people("ann", "bob")
    ids = [post.send(ann, "bob", body=f"needle {n}").id for n in range(7)]
    post.send(ann, "bob", body="hay")
    post.index()

    found: list[str] = []
    before: str | None = None
    for _ in range(9):
        hits = post.search(bob, "needle", before=before, limit=most)
        found += [hit.inbox.id for hit in hits.hits if hit.inbox]
        before = hits.next
        if before is None:
            break

    assert found == ids[::-1]
    assert before is None


def test_s2_16_a_page_that_begins_nowhere_is_refused(post: Post) -> None:
    [ann] = post.people("ann")
    post.index()

    with refused("not_found"):
        post.search(ann, before=NOBODY)


def test_s2_16_a_page_of_hits_fits_into_a_frame(post: Post) -> None:
    [ann] = post.people("ann")
    chars = limit("origin_chars")
    origin = Origin("f" * chars, ["t" * chars] * limit("recipients"), 0, 0, "i" * chars)
    for _ in range(30):
        post.import_(ann, "ann", origin=origin, body="needle")
    post.index()

    hits = post.search(ann, "needle", limit=100)

    assert 0 < len(hits.hits) < 30
    assert len(msgspec.json.encode(hits)) < limit("frame_bytes")
    rest = post.search(ann, "needle", limit=100, before=hits.next).hits
    assert rest[0] not in hits.hits


def test_s2_16_what_was_not_looked_at_is_counted(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    while post.store.index_text(1):
        pass
    assert (post.search(bob).unindexed, post.search(bob).indexed_to) == (0, None)
    first = post.send(ann, "bob")
    for _ in range(2):
        post.send(ann, "bob")

    seen = []
    for _ in range(4):
        hits = post.search(bob)
        seen.append((len(hits.hits), hits.unindexed, hits.indexed_to))
        post.store.index_text(1)

    at = first.sent_at
    assert seen == [(0, 3, None), (1, 2, at), (2, 1, at + 1000), (3, 0, at + 2000)]


def test_s2_16_the_full_text_goes_on_after_a_restart(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    one = post.send(ann, "bob", body="needle").id
    post.index()
    two = post.send(ann, "bob", body="needle").id

    post.reopen()
    assert post.find(bob, "needle") == [one]
    post.index()
    assert post.find(bob, "needle") == [two, one]


# -- hostile words


HOSTILE = [
    '"',
    '""',
    "*",
    "NEAR(",
    "NEAR(a b, 3)",
    "who:s1",
    "who : s1",
    "{who}: s1",
    "s1 OR r1",
    "a AND",
    "NOT a",
    "a OR",
    "^a",
    "a + b",
    "(a",
    "a\0b",
    "\0",
    "'; DROP TABLE words; --",
    '"' * 500,
    '"a' * 250,
    "-a " * 166,
    "a " * 250,
    "a* " * 166,
    '-"a" ' * 100,
    "\u6771" * 500,
    "\u0301" * 500,
    "\ufdfa" * 500,
    "\U0001e900" * 500,
    "-\U0001e900",
    "\ud800",
    "a\udfff",
]


def asked(post: Post, owner: int, **query: object) -> list[str]:
    """What is found; nothing where the words are refused as what they are."""
    try:
        return post.find(owner, **query)  # type: ignore[arg-type]
    except Refusal as refusal:
        if refusal.kind in {"invalid_params", "text_invalid"}:
            return []
        raise


@pytest.mark.parametrize("place", ["words", "sender", "to", "person"])
@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_s2_16_sec_1_hostile_words_find_nobody_elses_mail(
    post: Post, words: str, place: str
) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    mine = post.send(cyd, "cyd", body="a b s1 r1 who").id
    post.send(ann, "bob", body="a b s1 r1 who")
    post.import_(ann, "bob", body="a b s1 r1 who")
    post.index()

    for more in ({}, {"box": Box.INBOX}):
        assert set(asked(post, cyd, **{place: words}, **more)) <= {mine}
    assert len(post.find(bob)) == 2


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Post:
    """A store with one message of each of two people."""
    backend: Backend = BACKENDS[request.param]
    post = Post(backend, tmp_path_factory.mktemp("full") / "var")
    ann, bob = post.people("ann", "bob")
    post.import_(ann, "ann", body="a b c d e f")
    post.import_(bob, "bob", body="a b c d e f")
    post.index()
    return post


@few
@given(
    st.text(max_size=limit("words_chars"))
    | st.text("abc\"*-(){}:^+ \0'", max_size=limit("words_chars")),
    st.none() | st.text(max_size=50) | st.text("abc\"*-(){}:^+ \0'", max_size=50),
)
def test_s2_16_sec_1_whatever_is_asked_is_answered_or_refused(
    full: Post, words: str, person: str | None
) -> None:
    assert set(asked(full, 1, words=words, person=person)) <= {full.inbox(1)[0].id}


# -- threads


def ids_of(post: Post, asker: int, id_: str) -> tuple[list[str], list[str]]:
    """A thread as its two boxes."""
    found = post.store.thread(asker, id_)
    assert not found.more
    return [row.id for row in found.inbox], [row.id for row in found.outbox]


def test_s2_16_a_thread_is_a_message_with_all_answers(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    first = post.send(ann, "bob", "cyd").id
    second = post.send(bob, "ann", reply_to=first).id
    third = post.send(cyd, "ann", "bob", reply_to=first).id
    fourth = post.send(ann, "cyd", reply_to=third).id
    post.send(ann, "bob")

    for id_ in (first, second, third, fourth):
        assert ids_of(post, ann, id_) == ([second, third], [first, fourth])
    assert ids_of(post, bob, first) == ([first, third], [second])
    assert ids_of(post, cyd, fourth) == ([first, fourth], [third])
    for asker, id_ in ((bob, fourth), (cyd, second), (ann, NOBODY)):
        with refused("not_found"):
            post.store.thread(asker, id_)


def test_s2_16_a_thread_goes_through_what_the_asker_does_not_see(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    first = post.send(ann, "bob").id
    second = post.send(bob, "cyd", reply_to=first).id
    third = post.send(cyd, "ann", reply_to=second).id
    post.act(Act.DELETED, bob, first)

    assert ids_of(post, ann, third) == ([third], [first])
    assert ids_of(post, bob, second) == ([], [second])
    with refused("not_found"):
        post.store.thread(bob, first)


def test_s2_16_n7_a_recalled_message_of_a_thread_has_no_subject(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    first = post.send(ann, "bob", subject="secret").id
    post.act(Act.RECALLED, ann, first)

    [row] = post.store.thread(bob, first).inbox

    assert (row.subject, row.receipt.state) == ("", CopyState.RECALLED)


def test_s2_16_x16_imports_make_threads(post: Post) -> None:
    [ann] = post.people("ann")
    first = post.import_(ann, "ann", client_id="a").id
    second = post.import_(ann, "ann", client_id="b", references=["a"]).id
    third = post.import_(ann, "ann", references=["x", "b"]).id

    assert ids_of(post, ann, second) == ([first, second, third], [])


def test_s2_16_a_long_thread_says_that_there_is_more(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    first = post.send(ann, "bob").id
    post.do(
        *(
            post.letter(ann, ["bob"], reply_to=first)
            for _ in range(limit("thread_rows") + 1)
        )
    )

    found = post.store.thread(bob, first)

    assert found.more
    assert found.inbox[0].id == first
    assert len(found.inbox) <= limit("thread_rows")


def test_s2_16_a_message_is_in_its_own_thread_however_long_that_is(post: Post) -> None:
    [ann] = post.people("ann")
    chain = [post.import_(ann, "ann", client_id="0").id]
    for number in range(1, 700):
        references = [str(number - 1)]
        one = post.import_(ann, "ann", client_id=str(number), references=references)
        chain.append(one.id)

    for at in (0, 300, 699):
        thread = post.store.thread(ann, chain[at])
        ids = [row.id for row in thread.inbox]
        assert thread.more
        assert 50 < len(ids) <= limit("thread_rows")
        start = chain.index(ids[0])
        assert ids == chain[start : start + len(ids)]
        assert chain[at] in ids


def test_s2_16_what_is_not_looked_at_is_the_askers_own(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    post.send(ann, "bob", body="one")
    post.index()
    for _ in range(3):
        post.send(ann, "bob", body="two")

    def unindexed(uid: int) -> int:
        return post.store.search(SearchQuery(uid, "one")).unindexed

    assert [unindexed(uid) for uid in (ann, bob, cyd)] == [3, 3, 0]
