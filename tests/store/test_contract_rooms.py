"""The Store contract, rooms: in a store that lives, and in one made anew."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, strategies as st

from nimsg.core.commands import (
    Act,
    Command,
    CreateRoom,
    JoinRoom,
    LeaveRoom,
    MarkRoom,
    PostNotice,
    PostToRoom,
    RemoveAccount,
    SendMail,
    SetTopic,
)
from nimsg.errors import Refusal
from nimsg.protocol.constants import LOBBY, Box, Notice, limit
from nimsg.protocol.digest import body_hash
from nimsg.store.base import ListQuery, ReadQuery, RoomsQuery
from nimsg.store.layout import Layout
from nimsg.store.messagefile import decode_message
from nimsg.store.roomreader import room_message
from tests.support.company import (
    announce,
    bodies,
    enter,
    found,
    heard,
    history,
    leave,
    listed,
    mark,
    place,
    say,
)
from tests.support.examples import few
from tests.support.post import BACKENDS, Post, Rest, lose_index, page_of, refused


def layout(post: Post) -> Layout:
    """Where the files of a store are."""
    return Layout(post.root)


# -- posts and history


def test_s3_1_a_post_is_in_everybodys_history_in_the_same_order(
    post: Post, rest: Rest
) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    found(post, ann, "den")
    enter(post, bob, "den")
    for number, uid in enumerate((ann, bob, ann, bob, bob)):
        say(post, uid, "den", f"text {number}")
    enter(post, cyd, "den")

    rest(post)

    pages = [heard(post, uid, "den") for uid in (ann, bob, cyd)]
    assert pages[0] == pages[1] == pages[2]
    assert [one.body for one in pages[0]] == [f"text {n}" for n in range(5)]
    assert [one.position for one in pages[0]] == [1, 2, 3, 4, 5]
    assert [one.sender for one in pages[0]] == ["ann", "bob", "ann", "bob", "bob"]


def test_s4_7_s4_14_a_post_is_answered_with_what_stands_in_its_file(post: Post) -> None:
    ann = post.people("ann")[0]

    sent = say(post, ann, LOBBY, "hello")

    path = layout(post).message(sent.message.id)
    file = decode_message(path.read_bytes())
    assert (file.message, file.digest) == ("hello", sent.message.digest)
    assert (sent.hash, sent.duplicate) == (body_hash("hello"), False)
    assert (sent.sender, sent.about) == (ann, None)
    assert heard(post, ann, LOBBY) == [sent.message]


def test_s1_13_a_post_is_stored_once_however_often_it_is_sent(
    post: Post, rest: Rest
) -> None:
    ann = post.people("ann")[0]
    first = say(post, ann, LOBBY, "hello", "c1")
    rest(post)

    again = say(post, ann, LOBBY, "hello", "c1")

    assert again.duplicate
    assert (again.message.id, again.message.position) == (first.message.id, 1)
    assert (again.hash, again.message.digest) == (first.hash, first.message.digest)
    assert bodies(post, ann, LOBBY) == ["hello"]
    with refused("client_id_conflict"):
        say(post, ann, LOBBY, "other", "c1")
    with refused("client_id_conflict"):
        post.ask(SendMail(ann, ["ann"], "c1", "", "hello", None))


def test_s4_5_history_is_read_page_by_page_both_ways(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    turns = enumerate((ann, ann, bob, ann, bob, ann, bob))
    texts = [say(post, uid, LOBBY, f"{n}").message.body for n, uid in turns]
    rest(post)

    newest = history(post, bob, LOBBY, limit=3)
    assert [one.body for one in newest.messages] == texts[-3:]
    assert (newest.last, newest.more) == (7, True)
    older = history(post, bob, LOBBY, before=newest.messages[0].position, limit=9)
    assert [one.body for one in older.messages] == texts[:-3]
    assert not older.more
    behind = history(post, bob, LOBBY, after=2, limit=3)
    assert [one.body for one in behind.messages] == texts[2:5]
    assert behind.more
    assert bodies(post, bob, LOBBY, after=7) == []
    assert bodies(post, bob, LOBBY, after=0) == texts
    assert bodies(post, ann, LOBBY, mine=True) == texts[-1:]
    assert bodies(post, ann, LOBBY, mine=True, after=7) == []
    assert bodies(post, bob, LOBBY, mine=True) == []


def test_s4_5_one_page_is_not_too_long_for_a_frame(post: Post) -> None:
    ann = post.people("ann")[0]
    long = "x" * (limit("page_bytes") // 2)
    for number in range(3):
        say(post, ann, LOBBY, f"{number}{long}")

    page = history(post, ann, LOBBY)

    assert [one.position for one in page.messages] == [3]
    assert page.more
    assert len(heard(post, ann, LOBBY, after=0)) == 1


def test_a_damaged_message_is_named_and_the_others_are_there(post: Post) -> None:
    ann = post.people("ann")[0]
    ids = [say(post, ann, LOBBY, text).message.id for text in "abc"]
    path = layout(post).message(ids[1])
    data = path.read_bytes()
    path.write_bytes(b"{")

    page = history(post, ann, LOBBY)

    assert [one.body for one in page.messages] == ["a", "c"]
    assert (page.damaged, page.last) == ([2], 3)
    path.write_bytes(data)


def test_a_file_of_no_room_is_damaged(post: Post) -> None:
    ann = post.people("ann", "bob")[0]
    path = layout(post).message(post.send(ann, "bob").id)

    with refused("damaged"):
        room_message(decode_message(path.read_bytes()))


def test_s3_25_what_the_server_says_is_a_notice(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    sent = announce(post, "User bob disconnected", bob)
    announce(post, "The server is shutting down", notice=Notice.SHUTDOWN)
    rest(post)

    left, over = heard(post, ann, LOBBY)

    assert left == sent.message
    assert (left.sender, left.notice, left.about) == ("", Notice.LEFT, "bob")
    assert (over.sender, over.notice, over.about) == ("", Notice.SHUTDOWN, None)
    assert (sent.sender, sent.about) == (0, bob)
    assert over.body == "The server is shutting down"


@pytest.mark.parametrize("act", [Act.OPENED, Act.ACKED, Act.RECALLED, Act.DELETED])
def test_a_message_of_a_room_is_no_mail_to_any_act(post: Post, act: Act) -> None:
    ann, bob = post.people("ann", "bob")
    ids = [say(post, ann, LOBBY, "hello").message.id, announce(post, "x").message.id]

    for uid in (ann, bob):
        for id_ in ids:
            with refused("not_found"):
                post.act(act, uid, id_)


def test_a_message_of_a_room_is_no_mail_to_any_question(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    sent = say(post, ann, LOBBY, "hello")
    rest(post)
    store, id_ = post.store, sent.message.id

    for uid in (ann, bob):
        for ask in (store.letter, store.status, store.thread):
            with refused("not_found"):
                ask(uid, id_)
        with refused("not_found"):
            store.find_hash(uid, sent.hash)
        with refused("not_found"):
            post.send(uid, "ann" if uid == bob else "bob", reply_to=id_)
        for box in Box:
            for all_ in (False, True):
                page = page_of(store, ListQuery(uid, box, all=all_))
                assert (page.inbox, page.outbox, page.total) == ([], [], 0)
            assert store.read(ReadQuery(uid, box)).letters == []
        changes = store.changes(uid, None, 9)
        assert (changes.inbox, changes.outbox) == ([], [])


# -- rooms and members


def test_a_room_is_made_with_its_maker_in_it(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    found(post, ann, "den", "a topic")
    made_at = post.now
    rest(post)

    den = listed(post, bob)["den"]

    assert (den.topic, den.created_at, den.created_by) == ("a topic", made_at, "ann")
    assert (den.members, den.last, den.mark) == (1, 0, None)
    assert post.store.room(ann, "den").mark == 0
    assert place(post, ann, "den").joined_at == made_at
    with refused("room_exists"):
        found(post, bob, "den")
    with refused("room_exists"):
        found(post, bob, LOBBY)


def test_a_room_that_its_maker_cannot_enter_is_not_made(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    for number in range(limit("rooms_joined") - 1):
        found(post, ann, f"r{number}")
    post.do(RemoveAccount(bob))

    with refused("too_many"):
        found(post, ann, "den")
    with refused("unknown_user"):
        found(post, bob, "den")

    with refused("unknown_room"):
        post.store.room(ann, "den")
    leave(post, ann, "r0")
    found(post, ann, "den")


def test_s4_5_everybody_is_in_the_lobby_from_the_beginning(
    post: Post, rest: Rest
) -> None:
    ann = post.people("ann")[0]
    say(post, ann, LOBBY, "before bob")
    bob = post.people("bob")[0]
    rest(post)

    lobby = listed(post, bob)[LOBBY]

    assert (lobby.created_by, lobby.created_at, lobby.members) == (None, None, 2)
    assert (lobby.mark, lobby.unread) == (0, 1)
    assert bodies(post, bob, LOBBY) == ["before bob"]
    leave(post, bob, LOBBY)
    rest(post)
    assert listed(post, ann)[LOBBY].members == 1


def test_who_is_not_in_a_room_learns_nothing_of_it(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    found(post, ann, "den")
    rest(post)

    for name, kind in (("den", "not_member"), ("attic", "unknown_room")):
        with refused(kind):
            say(post, bob, name, "x")
        with refused(kind):
            history(post, bob, name)
        with refused(kind):
            post.store.members(bob, name, None, 9)
        for command in (LeaveRoom(bob, name), MarkRoom(bob, name, 1)):
            with refused(kind):
                post.ask(command)
        with refused(kind):
            post.ask(SetTopic(bob, name, "x", any_room=False))
    with refused("unknown_room"):
        post.ask(JoinRoom(bob, "attic"))
    with refused("unknown_room"):
        post.ask(PostNotice(Notice.LEFT, "x", None, "attic"))


def test_members_come_and_go(post: Post, rest: Rest) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    found(post, ann, "den")
    for uid in (cyd, bob):
        enter(post, uid, "den")
    with refused("already_member"):
        enter(post, bob, "den")
    rest(post)

    page = post.store.members(ann, "den", None, 2)
    assert (page.members, page.next) == (["ann", "bob"], "bob")
    assert post.store.members(ann, "den", "bob", 2).members == ["cyd"]
    leave(post, bob, "den")
    post.do(RemoveAccount(cyd))
    rest(post)
    assert post.store.members(ann, "den", None, 2).members == ["ann"]


def test_a_topic_is_set_and_told_in_the_room(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    found(post, ann, "den")
    post.ask(SetTopic(ann, "den", "new", any_room=False))
    assert post.number(SetTopic(ann, "den", "new", any_room=False)) == 0
    post.ask(SetTopic(ann, "den", "", any_room=False))
    post.ask(SetTopic(bob, LOBBY, "all", any_room=True))
    with refused("not_permitted"):
        post.ask(SetTopic(bob, LOBBY, "mine", any_room=False))
    rest(post)

    assert {name: one.topic for name, one in listed(post, ann).items()} == {
        "den": "",
        LOBBY: "all",
    }
    notices = [(one.body, one.notice) for one in heard(post, ann, "den")]
    assert notices == [
        ("ann set the topic: new", Notice.TOPIC),
        ("ann removed the topic", Notice.TOPIC),
    ]
    assert bodies(post, ann, LOBBY) == ["bob set the topic: all"]


def test_a_mark_stays_where_it_was_moved_to(post: Post, rest: Rest) -> None:
    ann, bob = post.people("ann", "bob")
    for text in "abcd":
        say(post, ann, LOBBY, text)

    assert mark(post, bob, LOBBY, 3) == 3
    assert mark(post, bob, LOBBY, 2) == 3
    rest(post)
    assert history(post, bob, LOBBY).mark == 3
    assert post.store.room(ann, LOBBY).mark == 0
    assert mark(post, bob, LOBBY, 99) == 4


def test_rooms_are_listed_page_by_page(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    for name in ("a", "b", "c"):
        found(post, ann, name)
    enter(post, bob, "c")

    first = post.store.rooms(RoomsQuery(bob, limit=3))
    assert ([one.room for one in first.rooms], first.next) == (["a", "b", "c"], "c")
    rest = post.store.rooms(RoomsQuery(bob, after="c", limit=3))
    assert ([one.room for one in rest.rooms], rest.next) == ([LOBBY], None)
    mine = post.store.rooms(RoomsQuery(bob, joined=True))
    assert [one.room for one in mine.rooms] == ["c", LOBBY]


def test_n12_positions_go_on_behind_a_rebuild(post: Post) -> None:
    ann = post.people("ann")[0]
    found(post, ann, "den")
    for text in "ab":
        say(post, ann, "den", text)
    lose_index(post)

    assert say(post, ann, "den", "c").message.position == 3


def test_n12_a_rebuild_meets_posts_of_one_moment_in_any_order(post: Post) -> None:
    ann = post.people("ann")[0]
    found(post, ann, "den")
    for burst in range(5):
        keys = [f"{burst}{number}" for number in range(4)]
        post.do(*(PostToRoom(ann, "den", key, key) for key in keys))
    told = bodies(post, ann, "den")

    lose_index(post)

    assert bodies(post, ann, "den") == told
    assert listed(post, ann)["den"].last == len(told) == 20


def test_an_import_answers_no_post(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    say(post, ann, LOBBY, "hello", "p1")

    post.import_(ann, "bob", references=["p1"])

    assert post.inbox(bob)[0].reply_to is None


@few
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(("say", "in", "out"))),
        max_size=25,
    )
)
def test_s4_12_everybody_who_is_there_has_all_of_it(
    told: list[tuple[str, str]],
) -> None:
    with TemporaryDirectory() as folder:
        post = Post(BACKENDS["local"], Path(folder) / "var")
        uids = dict(zip("abc", post.people(*"abc"), strict=True))
        found(post, uids["a"], "den")
        inside, said = {"a"}, []
        for number, (name, what) in enumerate(told):
            commands: dict[str, Command] = {
                "say": PostToRoom(uids[name], "den", f"{number}", f"{number}"),
                "in": JoinRoom(uids[name], "den"),
                "out": LeaveRoom(uids[name], "den"),
            }
            done = not isinstance(post.do(commands[what])[0], Refusal)
            assert done == ((name in inside) == (what != "in"))
            if done and what == "say":
                said.append(f"{number}")
            elif done:
                inside ^= {name}
        for name in inside:
            assert bodies(post, uids[name], "den") == said
        post.store.close()
        assert post.check().problems == []


def test_two_who_make_one_room_at_once_make_one(post: Post) -> None:
    ann = post.people("ann")[0]

    kinds = [
        type(one)
        for one in post.do(
            CreateRoom("0" * 25 + "1", ann, "den", ""),
            CreateRoom("0" * 25 + "2", ann, "den", ""),
        )
    ]

    assert kinds[1] is Refusal
    assert listed(post, ann)["den"].members == 1
