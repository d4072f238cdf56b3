"""What was sent off: once, in order, and never lost."""

from nimsg.tui.letterdraft import Draft, DraftState
from nimsg.tui.outgoing import Outgoing, Queued, QueuedState


Q = QueuedState


def draft(client_id: str = "c1", to: str = "bob, carol") -> Draft:
    found = Draft(client_id)
    found.edit(0, to=to, subject="keys", body="for the lab")
    return found


def states(outgoing: Outgoing) -> list[tuple[str, QueuedState]]:
    return [(row.client_id, row.state) for row in outgoing.rows()]


def test_a_draft_that_is_sent_off_is_locked_and_waits() -> None:
    outgoing, one = Outgoing(), draft()
    row = outgoing.add(one, 42)

    assert one.state is DraftState.SENDING
    assert row == Queued(
        "c1", ["bob", "carol"], "keys", "for the lab", None, 42, Q.QUEUED, "", 1
    )
    assert row.params() == {
        "to": ["bob", "carol"],
        "client_id": "c1",
        "subject": "keys",
        "body": "for the lab",
    }
    assert outgoing.waiting == 1


def test_an_answer_says_what_it_answers() -> None:
    one = Draft("c1", to="bob", subject="s", reply_to="01X")

    assert Outgoing().add(one, 0).params()["reply_to"] == "01X"


def test_a_post_to_a_room_knows_its_room() -> None:
    outgoing = Outgoing()

    assert outgoing.add(draft(to="#lobby"), 0).room == "lobby"
    assert outgoing.add(draft("c2"), 0).room is None


def test_one_at_a_time_is_sent_in_order() -> None:
    outgoing = Outgoing()
    outgoing.add(draft("c1"), 1)
    outgoing.add(draft("c2"), 2)

    first = outgoing.next()
    assert first is not None
    assert first.client_id == "c1"
    assert outgoing.next() is None
    assert states(outgoing) == [("c2", Q.QUEUED), ("c1", Q.SENDING)]

    outgoing.sent("c1")
    second = outgoing.next()
    assert second is not None
    assert second.client_id == "c2"


def test_a_refused_one_stays_and_lets_the_others_pass() -> None:
    outgoing = Outgoing()
    outgoing.add(draft("c1"), 1)
    outgoing.add(draft("c2"), 2)
    outgoing.next()
    outgoing.failed("c1", "blocked")
    row = outgoing.get("c1")

    assert row is not None
    assert (row.state, row.why, outgoing.waiting) == (Q.FAILED, "blocked", 1)
    following = outgoing.next()
    assert following is not None
    assert following.client_id == "c2"


def test_a_lost_one_is_sent_again_as_it_is_and_may_have_arrived() -> None:
    outgoing = Outgoing()
    sent = outgoing.add(draft(), 1).params()
    outgoing.next()
    outgoing.lost()

    again = outgoing.next()
    assert again is not None
    assert again.params() == sent
    assert again.tried
    outgoing.postponed()
    row = outgoing.get("c1")
    assert row is not None
    assert (row.state, row.tried) == (Q.QUEUED, True)
    assert outgoing.take_back("c1")


def test_one_that_was_not_taken_yet_has_not_arrived() -> None:
    outgoing = Outgoing()
    outgoing.add(draft(), 1)
    outgoing.next()
    outgoing.postponed()

    row = outgoing.next()
    assert row is not None
    assert not row.tried


def test_a_failed_one_is_tried_again_by_hand() -> None:
    outgoing = Outgoing()
    outgoing.add(draft(), 1)
    assert not outgoing.retry("c1")
    outgoing.next()
    outgoing.failed("c1", "disk full")

    assert outgoing.retry("c1")
    assert states(outgoing) == [("c1", Q.QUEUED)]


def test_one_that_waits_can_be_taken_back() -> None:
    outgoing = Outgoing()
    outgoing.add(draft(), 1)

    assert outgoing.take_back("c1")
    assert len(outgoing) == 0
    assert not outgoing.take_back("c1")


def test_one_on_its_way_cannot_be_taken_back() -> None:
    outgoing = Outgoing()
    outgoing.add(draft(), 1)
    outgoing.next()

    assert not outgoing.take_back("c1")


def test_what_was_changed_and_sent_again_goes_behind_the_others() -> None:
    outgoing, one = Outgoing(), draft("c1")
    outgoing.add(one, 1)
    outgoing.add(draft("c2"), 2)
    outgoing.next()
    outgoing.failed("c1", "no such user")
    one.refused("no such user")
    one.edit(5, to="dan")
    outgoing.add(one, 3)

    assert states(outgoing) == [("c1", Q.QUEUED), ("c2", Q.QUEUED)]


def test_answers_about_what_is_settled_do_nothing() -> None:
    outgoing = Outgoing()
    outgoing.sent("c1")
    outgoing.failed("c1", "late")
    outgoing.lost()

    assert outgoing.rows() == []
    assert outgoing.next() is None
