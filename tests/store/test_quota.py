"""Mailboxes that are full: who pays, what is refused, what frees it (SEC-11)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from nimsg.core.commands import (
    Act,
    Command,
    CreateAccount,
    CreateRoom,
    MailAct,
    Outcome,
    PostToRoom,
    PurgeMail,
    SendMail,
    SentMail,
)
from nimsg.core.quota import ENVELOPE_BYTES, Quota
from nimsg.core.ulid import RANDOM_BYTES, ulid
from nimsg.errors import Refusal
from nimsg.protocol.constants import LOBBY, Device, limit
from nimsg.store import usages
from nimsg.store.local import LocalStore
from nimsg.store.usages import Usages
from tests.support.folders import quick_folder
from tests.support.post import ORIGIN


ANN, BOB, CYD = 1, 2, 3
NAMES = {ANN: "ann", BOB: "bob", CYD: "cyd"}
NOW = 1_800_000_000_000
TEXT = "x" * 1000
COST = len(TEXT) + ENVELOPE_BYTES


class House:
    """A store with a quota, and three people."""

    def __init__(self, folder: Path, quota: Quota) -> None:
        self._folder = folder
        self._quota = quota
        self._sent = 0
        self.now = NOW
        self.store = self._open()
        self.do(*[CreateAccount(name, "h") for name in NAMES.values()])

    def _open(self) -> LocalStore:
        return LocalStore(self._folder, min_free_bytes=1, quota=self._quota)

    def do(self, *commands: Command) -> list[Outcome | Refusal]:
        self.now += 1
        batch = self.store.commit(commands, self.now)
        self.store.file(batch)
        return batch.outcomes

    def send(self, sender: int, *to: int, **more: object) -> Outcome | Refusal:
        self._sent += 1
        names = [NAMES[uid] for uid in to]
        command = SendMail(sender, names, f"{self._sent}", "", TEXT, None, **more)  # type: ignore[arg-type]
        return self.do(command)[0]

    def act(self, act: Act, actor: int, id_: str) -> None:
        self.do(MailAct(act, actor, [id_], Device.TUI))

    def again(self) -> None:
        """A new start, which remembers nothing."""
        self.store.close()
        self.store = self._open()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with quick_folder(tmp_path) as found:
        yield found / "var"


def id_of(outcome: Outcome | Refusal) -> str:
    assert isinstance(outcome, Outcome), outcome
    assert isinstance(outcome.value, SentMail)
    return outcome.value.id


def kind(outcome: Outcome | Refusal) -> str:
    return outcome.kind if isinstance(outcome, Refusal) else "done"


def test_sec_11_a_mailbox_that_is_full_is_named_and_the_others_get_theirs(
    folder: Path,
) -> None:
    house = House(folder, Quota(bytes=2 * COST))
    house.send(ANN, BOB)
    house.send(CYD, BOB)
    alone = house.send(CYD, BOB)
    partly = house.send(CYD, BOB, ANN)

    assert isinstance(alone, Refusal)
    assert alone.kind == "mailbox_full"
    assert str(alone).startswith("mailbox full: bob; it keeps ")
    assert isinstance(partly, Outcome)
    assert isinstance(partly.value, SentMail)
    assert partly.value.to == ["ann"]
    assert [(row.user, row.kind) for row in partly.value.refused] == [
        ("bob", "mailbox_full")
    ]


def test_sec_11_who_sends_too_much_has_a_full_mailbox_too(folder: Path) -> None:
    house = House(folder, Quota(messages=2))
    first = id_of(house.send(ANN, BOB))
    house.send(ANN, CYD)
    refused = house.send(ANN, CYD)
    house.act(Act.DELETED, ANN, first)

    assert isinstance(refused, Refusal)
    assert str(refused) == (
        "your mailbox is full: it keeps 2 messages at most; delete mail that you do "
        "not need; nothing was stored"
    )
    assert kind(house.send(ANN, CYD)) == "done"


def test_sec_11_a_retry_of_what_is_stored_is_answered_by_a_full_mailbox(
    folder: Path,
) -> None:
    house = House(folder, Quota(messages=1))
    command = SendMail(ANN, ["bob"], "same", "", TEXT, None)
    first, again = house.do(command), house.do(command)

    assert [kind(one) for one in (*first, *again)] == ["done", "done"]


def test_sec_11_what_all_have_deleted_is_its_senders_until_it_is_removed(
    folder: Path,
) -> None:
    house = House(folder, Quota(messages=1))
    id_ = id_of(house.send(ANN, BOB))
    for actor in (ANN, BOB):
        house.act(Act.DELETED, actor, id_)
    before = kind(house.send(ANN, BOB))
    house.do(PurgeMail(house.now + 1, 9))

    assert before == "mailbox_full"
    assert kind(house.send(ANN, BOB)) == "done"


def test_sec_11_what_is_said_in_rooms_counts_as_bytes(folder: Path) -> None:
    house = House(folder, Quota(bytes=2 * COST, messages=1))
    posts = [PostToRoom(ANN, LOBBY, f"{n}", TEXT) for n in range(3)]

    assert [kind(house.do(post)[0]) for post in posts] == [
        *("done", "done", "mailbox_full")
    ]
    house.again()
    assert kind(house.do(PostToRoom(ANN, LOBBY, "4", TEXT))[0]) == "mailbox_full"
    assert kind(house.do(PostToRoom(BOB, LOBBY, "5", TEXT))[0]) == "done"


def test_sec_11_few_accounts_are_remembered_and_none_is_forgotten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usages, "REMEMBERED_MOST", 1)
    house = House(folder, Quota(bytes=2 * COST))
    for to in (BOB, CYD):
        assert isinstance(house.send(ANN, to), Outcome)
    assert isinstance(house.send(ANN, BOB), Refusal)


def test_x16_the_owner_of_the_machine_imports_beyond_the_quota(folder: Path) -> None:
    house = House(folder, Quota(messages=1))
    own = [kind(house.send(ANN, ANN, origin=ORIGIN)) for _ in range(2)]
    owners = house.send(ANN, ANN, origin=ORIGIN, beyond_quota=True)

    assert own == ["done", "mailbox_full"]
    assert kind(owners) == "done"


def test_sec_11_an_account_makes_100_rooms(folder: Path) -> None:
    house = House(folder, Quota())
    rooms = [
        CreateRoom(ulid(n, bytes(RANDOM_BYTES)), uid, f"room-{n}", "")
        for n, uid in enumerate([ANN, BOB], 1)
    ]
    assert {kind(one) for one in house.do(*rooms)} == {"done"}
    house.store._writer._connection.execute(
        "INSERT INTO room (id, name, topic, created_at, creator, last, lost)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " SELECT 'x' || i, 'x' || i, '', 0, ?, 0, 0 FROM n",
        (limit("rooms_made") - 1, ANN),
    )
    more = [
        kind(house.do(CreateRoom(f"{uid}", uid, f"more-{uid}", ""))[0])
        for uid in (ANN, BOB)
    ]

    assert more == ["too_many", "done"]
    house.store.hang_up()


acts = st.tuples(
    st.sampled_from([Act.DELETED, Act.RECALLED, Act.OPENED]),
    st.sampled_from([ANN, BOB, CYD]),
    st.integers(0, 5),
)
sends = st.tuples(
    st.just("send"),
    st.sampled_from([ANN, BOB, CYD]),
    st.sets(st.sampled_from([ANN, BOB, CYD]), min_size=1),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(sends | acts | st.just(("purge", 0, 0)), max_size=25))
def test_sec_11_what_is_remembered_is_what_the_index_says(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[object, int, object]]
) -> None:
    with quick_folder(tmp_path_factory.mktemp("quota")) as folder:
        house = House(folder / "var", Quota(bytes=10**9))
        ids: list[str] = []
        for what, actor, more in steps:
            if what == "send":
                assert isinstance(more, set)
                origin = ORIGIN if actor in more else None
                ids.append(id_of(house.send(actor, *sorted(more), origin=origin)))
            elif what == "purge":
                house.do(PurgeMail(house.now + 1, 9))
            elif isinstance(what, Act) and isinstance(more, int) and ids:
                house.act(what, actor, ids[more % len(ids)])
        writer = house.store._writer
        remembered = writer._book.usages
        fresh = Usages(writer._connection, Quota(bytes=1), writer._book.flush)
        for uid in NAMES:
            assert remembered._of(uid) == fresh._of(uid)
        house.store.hang_up()
