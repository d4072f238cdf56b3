"""N12: no copy is ever lost or counted twice, whatever is done in whatever order."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given, strategies as st

from nimsg.core.commands import Act, MailAct
from nimsg.core.ladder import Copy
from nimsg.core.mail import DECISIONS, MailFacts
from nimsg.errors import Refusal
from nimsg.protocol.constants import CopyState, Device
from tests.support.examples import many


SENT_AT = 50
SENDER, STRANGER = 0, 9
RECIPIENTS = (1, 2, 3)
S = CopyState

# Where a copy may stand after one act more.
NEXT: dict[CopyState, set[CopyState]] = {
    S.IMPORTED: {S.IMPORTED, S.OPENED, S.ACKED, S.DELETED},
    S.STORED: set(CopyState) - {S.IMPORTED},
    S.FETCHED: set(CopyState) - {S.STORED, S.IMPORTED},
    S.OPENED: {S.OPENED, S.ACKED},
    S.ACKED: {S.ACKED},
    S.RECALLED: {S.RECALLED},
    S.DELETED: {S.DELETED},
}


class Step(NamedTuple):
    """Somebody does something; the clock may have jumped."""

    act: Act
    actor: int
    now: int
    device: Device


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from(Act),
        st.sampled_from((SENDER, *RECIPIENTS, STRANGER)),
        st.integers(0, 100),
        st.sampled_from(Device),
    ),
    max_size=25,
)
starts = st.sampled_from([Copy(), Copy(imported=True)])


def after(facts: MailFacts, step: Step) -> MailFacts:
    """The message after a step; as it was where the step is refused."""
    command = MailAct(step.act, step.actor, ["id"], step.device)
    try:
        change = DECISIONS[step.act](facts, command, step.now)
    except Refusal:
        return facts
    return MailFacts(
        facts.sender,
        facts.sent_at,
        {**facts.copies, **change.copies},
        facts.sender_deleted or change.sender_deletes,
    )


def story(told: list[Step], start: Copy) -> list[MailFacts]:
    chapters = [MailFacts(SENDER, SENT_AT, dict.fromkeys(RECIPIENTS, start), False)]
    for step in told:
        chapters.append(after(chapters[-1], step))
    return chapters


def counts(copies: Mapping[int, Copy]) -> Counter[str]:
    """The copies under what their times say, apart from their `state`."""
    count: Counter[str] = Counter()
    for copy in copies.values():
        opened = copy.opened_at is not None
        recalled = copy.recalled_at is not None
        deleted = copy.deleted_at is not None
        count["acked"] += copy.acked_at is not None
        count["opened"] += opened and copy.acked_at is None
        count["recalled"] += recalled
        count["deleted"] += deleted and not opened and not recalled
        begun = opened or recalled or deleted
        count["imported"] += copy.imported and not begun
        count["pending"] += not (copy.imported or begun)
    return count


@many
@given(steps, starts)
def test_n12_every_copy_is_counted_exactly_once(told: list[Step], start: Copy) -> None:
    for facts in story(told, start):
        assert facts.copies.keys() == set(RECIPIENTS)
        assert counts(facts.copies).total() == len(RECIPIENTS)


@many
@given(steps, starts)
def test_n12_a_copys_state_agrees_with_its_times(told: list[Step], start: Copy) -> None:
    for facts in story(told, start):
        count = counts(facts.copies)
        states = Counter(copy.state for copy in facts.copies.values())

        assert count["pending"] == states[S.STORED] + states[S.FETCHED]
        assert count["pending"] == sum(c.is_new for c in facts.copies.values())
        for state in (S.IMPORTED, S.OPENED, S.ACKED, S.RECALLED, S.DELETED):
            assert count[state] == states[state]


@many
@given(steps, starts)
def test_n12_an_end_is_final_and_no_copy_goes_back(
    told: list[Step], start: Copy
) -> None:
    chapters = story(told, start)

    for before, now in pairwise(chapters):
        for uid in RECIPIENTS:
            assert now.copies[uid].state in NEXT[before.copies[uid].state]


@many
@given(steps, starts)
def test_n12_what_one_does_to_the_own_copy_leaves_the_others(
    told: list[Step], start: Copy
) -> None:
    chapters = story(told, start)

    for step, before, now in zip(told, chapters, chapters[1:], strict=False):
        changed = {u for u in RECIPIENTS if now.copies[u] != before.copies[u]}
        allowed = set(RECIPIENTS) if step.act is Act.RECALLED else {step.actor}
        assert changed <= allowed
        if step.actor == STRANGER:
            assert now is before or now == before


@many
@given(steps, starts)
def test_n12_no_time_is_before_the_message(told: list[Step], start: Copy) -> None:
    for copy in story(told, start)[-1].copies.values():
        times = [getattr(copy, f) for f in copy.__struct_fields__ if f.endswith("_at")]
        assert all(at >= SENT_AT for at in times if at is not None)
