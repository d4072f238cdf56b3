"""S2-16: the Store contract, search: what is in rooms, beside mail."""

import msgspec
import pytest

from nimsg.core.commands import Act, AddBlock, RemoveBlock
from nimsg.protocol.constants import LOBBY, Box, Show, limit
from nimsg.protocol.results import Hit, RoomHit
from nimsg.store.layout import Layout
from tests.support.company import announce, enter, found, leave, say
from tests.support.post import Post, Rest, refused


def test_s2_16_what_is_in_rooms_is_found_by_who_is_there(
    post: Post, rest: Rest
) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    found(post, ann, "den")
    enter(post, bob, "den")
    sent = say(post, ann, "den", "The quick brown fox\nis here").message
    rest(post)
    post.index()

    expected = Hit(
        room=RoomHit("den", 1, sent.id, "ann", 27, sent.sent_at),
        snippet="The quick brown fox is here",
    )
    for uid in (ann, bob):
        hits = post.search(uid, "fox")
        assert (hits.hits, hits.next, hits.unindexed) == ([expected], None, 0)
    assert post.find(cyd, "fox") == []
    enter(post, cyd, "den")
    assert post.find(cyd, "fox") == [sent.id]
    leave(post, bob, "den")
    assert post.find(bob, "fox") == []


def test_s2_16_mail_and_rooms_are_found_together_and_apart(
    post: Post, rest: Rest
) -> None:
    ann, bob = post.people("ann", "bob")
    found(post, ann, "den")
    lobby = say(post, bob, LOBBY, "fox").message.id
    mail = post.send(ann, "bob", body="fox").id
    den = say(post, ann, "den", "fox").message.id
    received = post.send(bob, "ann", body="fox").id
    rest(post)
    post.index()

    assert post.find(ann, "fox") == [received, den, mail, lobby]
    assert post.find(ann, "") == [received, den, mail, lobby]
    assert post.find(ann, "fox", room="den") == [den]
    assert post.find(ann, "fox", room=LOBBY) == [lobby]
    assert post.find(ann, "fox", box=Box.OUTBOX) == [mail]
    assert post.find(ann, "fox", box=Box.INBOX) == [received]
    assert post.find(ann, "fox", show=Show.PENDING) == [mail]
    assert post.find(ann, "fox", show=Show.NEW) == [received]
    assert post.find(ann, "fox", room="den", box=Box.OUTBOX) == []
    assert post.find(ann, "fox", room="den", show=Show.NEW) == []
    assert post.find(bob, "fox") == [received, mail, lobby]


def test_s2_16_who_wrote_in_a_room_is_searched_for(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    first = say(post, ann, LOBBY, "fox").message.id
    second = say(post, bob, LOBBY, "fox").message.id
    mail = post.send(bob, "ann", body="fox").id
    post.index()

    assert post.find(ann, sender="bob") == [mail, second]
    assert post.find(ann, sender="ann") == [first]
    assert post.find(ann, person="bob") == [mail, second]
    assert post.find(ann, to="ann") == [mail]
    assert post.find(ann, room=LOBBY, sender="bob") == [second]
    assert post.find(ann, room=LOBBY, to="ann") == []


def test_s2_16_a_room_that_is_not_ones_own_is_not_searched(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    found(post, ann, "den")
    post.index()

    with refused("not_member"):
        post.search(bob, "fox", room="den")
    with refused("unknown_room"):
        post.search(bob, "fox", room="attic")


def test_s2_16_who_is_in_no_room_still_finds_mail(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    leave(post, ann, LOBBY)
    say(post, bob, LOBBY, "fox")
    mail = post.send(bob, "ann", body="fox").id
    post.index()

    assert post.find(ann, "fox") == [mail]
    assert post.search(ann, "fox").unindexed == 0


def test_c17_what_a_block_hides_is_not_found(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    theirs = say(post, bob, LOBBY, "fox").message.id
    own = say(post, ann, LOBBY, "fox").message.id
    mail = post.send(bob, "ann", body="fox").id
    post.ask(AddBlock(ann, bob))
    rest(post)
    post.index()

    assert post.find(ann, "fox") == [mail, own]
    assert post.find(ann, "fox", room=LOBBY) == [own]
    assert post.find(bob, "fox") == [mail, own, theirs]
    post.ask(RemoveBlock(ann, bob))
    assert post.find(ann, "fox") == [mail, own, theirs]


def test_s3_25_nobody_finds_what_the_server_says(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    announce(post, "User bob disconnected", bob)
    post.index()

    for words in ("disconnected", ""):
        hits = post.search(ann, words)
        assert (hits.hits, hits.unindexed) == ([], 0)


def test_s2_16_a_search_tells_what_of_its_rooms_it_has_not_looked_at(
    post: Post, rest: Rest
) -> None:
    ann, bob = post.people("ann", "bob")
    found(post, ann, "den")
    say(post, ann, "den", "fox")
    rest(post)
    post.index()
    for text in "abc":
        say(post, ann, "den", text)
    say(post, bob, LOBBY, "d")
    announce(post, "User bob disconnected", bob)
    post.send(bob, "ann")

    assert post.search(ann, "fox").unindexed == 5
    assert post.search(bob, "fox").unindexed == 2
    while post.store.index_text(2):
        pass
    assert post.search(ann, "fox").unindexed == 0


def test_s2_16_hits_of_rooms_are_read_page_by_page(post: Post) -> None:
    ann = post.people("ann")[0]
    ids = [say(post, ann, LOBBY, f"fox {n}").message.id for n in range(5)][::-1]
    post.index()

    first = post.search(ann, "fox", limit=2)
    assert [hit.room.id for hit in first.hits if hit.room] == ids[:2]
    assert first.next == ids[1]
    assert post.find(ann, "fox", before=first.next) == ids[2:]


def test_s2_16_hits_of_rooms_fill_a_frame_and_no_more(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "n" * 32
    ann = post.people(name)[0]
    found(post, ann, "r" * 32)
    for number in range(20):
        say(post, ann, "r" * 32, f'"{number}"')
    post.index()
    most = 5_000
    monkeypatch.setattr("nimsg.store.reader.limit", lambda _: most)

    hits = post.search(ann, "", limit=20)

    assert 1 < len(hits.hits) < 20
    assert hits.next is not None
    assert len(msgspec.json.encode(hits.hits)) < most
    assert limit("page_bytes") > most


def test_s2_16_a_damaged_message_of_a_room_has_no_snippet(post: Post) -> None:
    ann = post.people("ann")[0]
    sent = say(post, ann, LOBBY, "fox").message
    path = Layout(post.root).message(sent.id)
    data = path.read_bytes()
    path.write_bytes(b"{")
    post.index()

    (hit,) = post.search(ann, "").hits
    assert (hit.room is not None, hit.snippet) == (True, None)
    assert post.find(ann, sender="ann") == [sent.id]
    path.write_bytes(data)


def test_s2_16_a_post_is_in_no_thread(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    mail = post.send(ann, "bob").id
    id_ = say(post, ann, LOBBY, "fox").message.id
    post.act(Act.OPENED, bob, mail)

    assert [row.id for row in post.store.thread(ann, mail).outbox] == [mail]
    with refused("not_found"):
        post.store.thread(ann, id_)
