"""Who pays for a message, and who has room for another (SEC-11)."""

from hypothesis import given, strategies as st

from nimsg.core.ladder import Copy
from nimsg.core.quota import ENVELOPE_BYTES, NO_QUOTA, Quota, Usage, payers


ANN, BOB, CYD = 1, 2, 3
KEPT, DELETED, RECALLED = Copy(), Copy(deleted_at=1), Copy(recalled_at=1)


def test_sec_11_everybody_pays_who_has_it_in_view() -> None:
    copies = {BOB: KEPT, CYD: DELETED}

    assert payers(ANN, copies, sender_deleted=False) == {ANN, BOB}
    assert payers(ANN, copies, sender_deleted=True) == {BOB}


def test_sec_11_what_nobody_has_in_view_is_its_senders() -> None:
    copies = {BOB: RECALLED, CYD: DELETED}

    assert payers(ANN, copies, sender_deleted=True) == {ANN}


@given(
    st.dictionaries(st.integers(2, 9), st.sampled_from([KEPT, DELETED, RECALLED])),
    st.booleans(),
)
def test_sec_11_somebody_pays_always(copies: dict[int, Copy], gone: bool) -> None:
    assert payers(ANN, copies, sender_deleted=gone)


def test_sec_11_a_quota_is_reached_and_not_exceeded() -> None:
    quota = Quota(bytes=1000, messages=2)

    assert quota.has_room(Usage(900, 1), 100)
    assert not quota.has_room(Usage(901, 1), 100)
    assert not quota.has_room(Usage(0, 2), 100)
    assert quota.has_room(Usage(0, 2), 100, messages=0)
    assert NO_QUOTA.has_room(Usage(10**12, 10**9), ENVELOPE_BYTES)


def test_a_quota_is_said_in_words() -> None:
    assert str(Quota(2**20, 7)) == "1 MiB or 7 messages"
    assert str(Quota(messages=7)) == "7 messages"
    assert str(Quota(2**19)) == "0.5 MiB"
