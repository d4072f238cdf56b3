"""Drafts: nothing typed is lost, whatever the link and the server do."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from nimsg.client.answers import InboxRow, Letter, OutboxRow, Receipt
from nimsg.client.draft_answers import DraftRow
from nimsg.tui.answering import forward, prefixed, quote, quoted, reply, reply_all
from nimsg.tui.drafts import QUIET_MS, RETRY_MS, Drafts
from nimsg.tui.letterdraft import Draft, DraftState, tidied


S = DraftState
PEOPLE = {"bob": True, "carol_": True, "carl": False, "bob,carl": False}


def written(client_id: str = "c1", *, at: int = 0) -> Draft:
    draft = Draft(client_id)
    draft.edit(at, to="bob", subject="keys", body="for the lab")
    return draft


def kept(*drafts: Draft) -> Drafts:
    all_drafts = Drafts()
    for draft in drafts:
        all_drafts.add(draft)
    return all_drafts


def row(client_id: str = "c1", *, saved_at: int = 50, body: str = "kept") -> DraftRow:
    return DraftRow(client_id, "bob", "keys", body, None, saved_at)


def texts(draft: Draft) -> tuple[str, str, str]:
    return draft.to, draft.subject, draft.body


# -- one draft


def test_a_draft_from_the_first_key_to_the_end() -> None:
    draft = Draft("c1")
    seen = [draft.state]
    draft.edit(10, body="hello")
    seen.append(draft.state)
    assert draft.save() == {
        "client_id": "c1",
        "to": "",
        "subject": "",
        "body": "hello",
        "reply_to": None,
    }
    seen.append(draft.state)
    draft.saved(draft.version, 2000)
    seen.append(draft.state)
    draft.send()
    seen.append(draft.state)

    assert seen == [S.NEW, S.DIRTY, S.SAVING, S.SAVED, S.SENDING]


def test_a_save_that_was_overtaken_does_not_count_as_saved() -> None:
    draft = written()
    version = draft.version
    draft.save()
    draft.edit(5, body="for the lab!")
    draft.saved(version, 2000)

    assert draft.state is S.DIRTY
    assert not draft.is_saved


def test_a_failed_save_warns_until_one_succeeds() -> None:
    draft = written()
    draft.save()
    draft.save_failed("the link is down")
    draft.edit(5, body="more")
    assert (draft.state, draft.why) == (S.UNSAVED, "the link is down")

    draft.save()
    draft.saved(draft.version, 2000)
    assert (draft.state, draft.why) == (S.SAVED, "")


def test_a_refused_sending_keeps_the_text_and_ends_with_a_change() -> None:
    draft = written()
    draft.send()
    draft.refused("bob blocks you")
    assert (draft.state, draft.why, draft.body) == (
        S.FAILED,
        "bob blocks you",
        "for the lab",
    )

    draft.edit(5, to="carol_")
    assert (draft.state, draft.why) == (S.DIRTY, "")


def test_what_is_being_sent_is_not_changed() -> None:
    draft = written()
    draft.send()

    assert not draft.edit(5, to="bob")
    with pytest.raises(ValueError, match="while it is sent"):
        draft.edit(5, to="carol_")
    draft.take_back()
    assert draft.edit(5, to="carol_")


def test_an_answer_never_goes_to_a_room() -> None:
    strange = letter()._replace(sender="#lobby")
    draft = reply(strange, "ann", "c1")

    assert Draft("c1", to="#lobby").is_room
    assert not draft.is_room
    assert draft.recipients == ["#lobby"]
    assert draft.problems({"#lobby": False}.get) == ["#lobby: no such user"]


@pytest.mark.parametrize("names", [["bob,"], ["a,b", "c;"], ["a,", "d,;", "e"]])
def test_an_answer_reaches_those_with_commas_in_their_names(names: list[str]) -> None:
    draft = reply_all(letter()._replace(sender=names[0], to=names), "ann", "c1")

    assert draft.recipients == names


def test_the_same_text_is_no_change() -> None:
    draft = written()
    before = draft.version

    assert not draft.edit(5, to="bob", body="for the lab")
    assert draft.version == before


@pytest.mark.parametrize(
    ("to", "names"),
    [
        ("", []),
        (" , ;", []),
        ("bob, carol_", ["bob", "carol_"]),
        ("bob carol_; bob,\tann;", ["bob", "carol_", "ann"]),
        ("a,b ;c, d,,", ["a,b", ";c", "d,"]),
    ],
)
def test_recipients_are_parted_and_named_once(to: str, names: list[str]) -> None:
    assert Draft("c", to=to).recipients == names


@pytest.mark.parametrize(
    ("to", "tidy"),
    [
        ("", ""),
        (" , ;", ""),
        ("bob,", "bob"),
        ("bob, ", "bob"),
        ("bob, , cyd", "bob, cyd"),
        ("bob  cyd bob", "bob, cyd"),
        ("#lobby,", "#lobby"),
        ("bob,,", "bob,,"),
    ],
)
def test_what_is_no_name_is_left_out_of_to(to: str, tidy: str) -> None:
    assert tidied(to) == tidied(tidy) == tidy
    assert Draft("c", to=tidy).recipients == Draft("c", to=to).recipients


def test_the_size_is_in_bytes_and_takes_any_text() -> None:
    assert Draft("c", body="日本\ud800").size == 9
    assert Draft("c", body="x" * 65_537).is_too_long
    assert not Draft("c", body="x" * 65_536).is_too_long


@pytest.mark.parametrize(
    ("to", "subject", "body", "said"),
    [
        ("bob, carol_", "s", "b", []),
        ("bob, stranger", "s", "b", []),
        ("#lobby", "", "b", []),
        ("", "s", "b", ["nobody in To: write a name"]),
        ("carl", "s", "b", ["carl: no such user"]),
        (
            "bob,carl",
            "s",
            "b",
            ["bob,carl: no such user; names are parted by a comma and a blank"],
        ),
        ("#", "s", "b", ["#: a room has 1 to 32 of the characters a-z 0-9 - _ ."]),
        ("#lobby, bob", "s", "b", ["#lobby: a room stands alone in To"]),
        ("bob", "", "", ["a message needs a body, or at least a subject"]),
        ("bob", "a\nb", "", ["a subject is one line of at most 200 characters"]),
        ("bob", "s", "\ud800", ["the text holds lone surrogates"]),
    ],
)
def test_problems_are_said_before_sending(
    to: str, subject: str, body: str, said: list[str]
) -> None:
    draft = Draft("c", to=to, subject=subject, body=body)

    assert draft.problems(PEOPLE.get) == said


def test_all_problems_are_said_at_once() -> None:
    names = " ".join(f"n{n}" for n in range(65))
    draft = Draft("c", to=f"carl é\x1b[31m {names}", body="x" * 70_000)

    assert draft.problems(PEOPLE.get) == [
        "67 names in To; at most 64",
        "é: a name has 1 to 32 printable ASCII characters and no space",
        "carl: no such user",
        "the body has 70000 bytes of UTF-8; at most 65536 are taken",
    ]


# -- all drafts


def test_a_draft_is_due_a_second_after_the_last_key() -> None:
    draft = written(at=100)
    drafts = kept(draft)

    assert drafts.wait_ms(300) == QUIET_MS - 200
    assert drafts.wait_ms(9000) == 0
    assert drafts.due(99 + QUIET_MS) == []
    assert drafts.due(100 + QUIET_MS) == [draft]
    draft.edit(900, body="one more key")
    assert drafts.due(100 + QUIET_MS) == []
    assert drafts.due(100, at_once=True) == [draft]


def test_each_of_several_drafts_has_its_own_time() -> None:
    one, two = written("c1", at=0), written("c2", at=500)
    drafts = kept(one, two, Draft("c3"))

    assert drafts.due(1000) == [one]
    assert drafts.due(1500) == [one, two]


def test_a_clock_that_was_set_back_delays_no_save() -> None:
    draft = written(at=10**9)

    assert kept(draft).due(10**9 - 3_600_000) == [draft]


def test_a_draft_that_is_saved_or_being_saved_is_not_due() -> None:
    draft = written()
    drafts = kept(draft)
    draft.save()
    assert drafts.due(5000) == []
    assert drafts.wait_ms(0) is None

    drafts.saved("c1", draft.version, 5000)
    assert drafts.due(9000) == []
    assert drafts.unsaved == []


def test_a_failed_save_is_tried_again_after_a_pause() -> None:
    draft = written()
    drafts = kept(draft)
    draft.save()
    drafts.save_failed("c1", "no link", 2000)

    assert draft.state is S.UNSAVED
    assert drafts.due(2000 + RETRY_MS - 1) == []
    assert drafts.due(2000 + RETRY_MS) == [draft]
    assert drafts.due(2001, at_once=True) == [draft]


def test_answers_about_drafts_that_are_gone_do_nothing() -> None:
    drafts = Drafts()
    drafts.saved("c9", 1, 5)
    drafts.save_failed("c9", "no link", 5)

    assert list(drafts) == []
    assert not drafts.discard("c9")


def test_the_server_s_drafts_are_taken_over() -> None:
    drafts = Drafts()
    drafts.take([row("c1"), row("c2")])

    assert [(draft.client_id, draft.state) for draft in drafts] == [
        ("c1", S.SAVED),
        ("c2", S.SAVED),
    ]
    assert drafts.due(9**9) == []


def test_what_is_typed_here_is_never_overwritten_by_a_list() -> None:
    mine = written()
    drafts = kept(mine)
    drafts.take([row(body="older")])

    assert drafts.get("c1") is mine
    assert mine.body == "for the lab"


def test_a_newer_text_of_another_client_comes_into_the_same_draft() -> None:
    drafts = Drafts()
    drafts.take([row(saved_at=50)])
    mine = drafts.get("c1")
    drafts.take([row(saved_at=60, body="newer"), row("c1", saved_at=55, body="older")])

    assert drafts.get("c1") is mine
    assert mine is not None
    assert mine.body == "newer"


def test_a_discarded_draft_can_be_had_back_and_is_saved_anew() -> None:
    draft = written()
    drafts = kept(draft, written("c2"))
    drafts.saved("c1", draft.version, 5)
    assert drafts.discard("c1")
    assert (len(drafts), drafts.discarded) == (1, draft)

    drafts.take([row()])  # asked for before it was discarded
    assert drafts.get("c1") is None

    assert drafts.undo_discard(100) is draft
    assert drafts.get("c1") is draft
    assert texts(draft) == ("bob", "keys", "for the lab")
    assert draft in drafts.due(100 + QUIET_MS)
    assert drafts.undo_discard(100) is None


def test_the_last_discarded_one_is_kept_until_the_next() -> None:
    drafts = kept(written("c1"), written("c2"))
    drafts.discard("c1")
    drafts.drop("c1")
    drafts.leave(Draft("c3"))
    assert drafts.discarded is not None
    drafts.discard("c2")

    assert drafts.discarded.client_id == "c2"


def test_what_is_being_sent_is_not_discarded() -> None:
    draft = written()
    drafts = kept(draft)
    draft.send()

    assert not drafts.discard("c1")
    drafts.drop("c1")
    assert len(drafts) == 0


def test_a_draft_goes_when_it_is_left_only_if_nothing_is_in_it() -> None:
    emptied, begun = written("c3"), written("c1")
    emptied.edit(5, to="", subject="", body=" \n")
    begun.edit(5, to="", subject="")
    drafts = kept(begun, Draft("c2", to="bob"), emptied)

    assert drafts.leave(begun)
    assert not drafts.leave(Draft("c2", to="bob"))
    assert not drafts.leave(emptied)
    assert [draft.client_id for draft in drafts] == ["c1"]


class DraftMachine(RuleBasedStateMachine):
    """A server that answers late, twice or never: it never claims too much."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.drafts = Drafts()
        self.draft = self.drafts.add(Draft("c1"))
        self.flights: list[tuple[int, str]] = []
        self.on_server: str | None = None

    @rule(text=st.text(max_size=5))
    def types(self, text: str) -> None:
        self.draft.edit(self.now, body=text)

    @rule(ms=st.integers(0, 3000))
    def waits(self, ms: int) -> None:
        self.now += ms
        for draft in self.drafts.due(self.now):
            self.flights.append((draft.version, str(draft.save()["body"])))

    @rule()
    def is_answered(self) -> None:
        if self.flights:
            version, self.on_server = self.flights.pop(0)
            self.drafts.saved("c1", version, self.now)

    @rule()
    def is_lost(self) -> None:
        if self.flights:
            self.flights.pop(0)
            self.drafts.save_failed("c1", "no link", self.now)

    @rule()
    def is_thrown_away_and_brought_back(self) -> None:
        self.drafts.discard("c1")
        self.drafts.undo_discard(self.now)

    @invariant()
    def saved_is_saved(self) -> None:
        if self.draft.state is S.SAVED:
            assert self.on_server == self.draft.body

    @invariant()
    def what_is_not_saved_will_be(self) -> None:
        if not self.draft.is_saved and not self.draft.is_being_saved:
            later = self.now + QUIET_MS + RETRY_MS
            assert self.drafts.due(later) == [self.draft]

    @invariant()
    def it_is_there(self) -> None:
        assert self.drafts.get("c1") is self.draft


TestDraftMachine = pytest.mark.no_cover(DraftMachine.TestCase)


# -- drafts that answer


def letter(body: str = "hello\n> old\n\nbye\n", subject: str = "disk full") -> Letter:
    return Letter(
        id="01JCZ3V8Q4Y7N2M5K8R1T6W9XB",
        sender="bob",
        to=["ann", "carol"],
        subject=subject,
        body=body,
        sent_at=7,
        reply_to=None,
        digest="",
        receipt=None,
        origin=None,
    )


def own() -> OutboxRow:
    return OutboxRow(
        1,
        "01X",
        ["bob", "carol"],
        "keys",
        3,
        7,
        [],
        pending=True,
        reply_to=None,
        origin=None,
    )


def inbox_row() -> InboxRow:
    receipt = Receipt("ann", "stored", None, None, None, None, None, None)
    return InboxRow(
        1, "01X", "bob", ["ann", "carol"], "keys", 3, 7, receipt, None, None
    )


def clock(at_ms: int) -> str:
    assert at_ms == 7
    return "2026-11-20 16:33"


def test_a_reply_goes_to_its_author() -> None:
    draft = reply(letter(), "ann", "c1")

    assert texts(draft) == ("bob", "Re: disk full", "")
    assert draft.reply_to == letter().id
    assert draft.is_untouched


def test_a_reply_to_all_leaves_oneself_out() -> None:
    assert reply_all(letter(), "ann", "c1").to == "bob, carol"
    assert reply_all(inbox_row(), "ann", "c1").to == "bob, carol"


def test_one_s_own_message_is_answered_to_where_it_went() -> None:
    assert reply(own(), "ann", "c1").to == "bob, carol"
    assert reply_all(own(), "ann", "c1").to == "bob, carol"


def test_a_quote_says_who_wrote_and_when() -> None:
    assert quote(letter(), "ann", "c1", clock).body == (
        "bob wrote on 2026-11-20 16:33:\n> hello\n>> old\n>\n> bye\n\n"
    )
    assert quote(inbox_row(), "ann", "c1", clock).body == ""


def test_a_forward_names_nobody_and_holds_the_whole_text() -> None:
    draft = forward(letter(), "ann", "c1", clock)

    assert (draft.to, draft.subject, draft.reply_to) == ("", "Fwd: disk full", None)
    assert draft.body.splitlines()[2:8] == [
        "---- forwarded message ----",
        "From: bob",
        "To: ann, carol",
        "Sent: 2026-11-20 16:33",
        "Subject: disk full",
        "",
    ]
    assert draft.body.endswith("hello\n> old\n\nbye\n")


@pytest.mark.parametrize(
    ("prefix", "subject", "found"),
    [
        ("Re:", "keys", "Re: keys"),
        ("Re:", "Re: keys", "Re: keys"),
        ("Re:", "RE:keys", "RE:keys"),
        ("Fwd:", "Re: keys", "Fwd: Re: keys"),
        ("Re:", "", ""),
        ("Re:", "x" * 200, "Re: " + "x" * 196),
        ("Re:", "a\x1b[31m\nb", "Re: a b"),
    ],
)
def test_a_prefix_stands_before_a_subject_once(
    prefix: str, subject: str, found: str
) -> None:
    assert prefixed(prefix, subject) == found


def test_s3_19_what_is_quoted_is_what_was_shown() -> None:
    assert quoted("a\x1b]0;PWNED\x07b\u202ec") == "> abc"
