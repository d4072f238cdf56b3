"""A batch comes to what its commands come to one by one."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from nimsg.core.commands import (
    Act,
    Command,
    CreateAccount,
    MailAct,
    Outcome,
    PostToRoom,
    PurgeMail,
    SendMail,
    SentMail,
    SentPost,
)
from nimsg.core.quota import Quota
from nimsg.errors import Refusal
from nimsg.protocol.constants import LOBBY, Device
from nimsg.store import usages
from nimsg.store.check import check_store
from nimsg.store.local import LocalStore
from nimsg.store.manyrows import SIZES
from tests.support.backups import index_rows
from tests.support.folders import quick_folder
from tests.support.post import ORIGIN


ANN, BOB, CYD = 1, 2, 3
NAMES = {ANN: "ann", BOB: "bob", CYD: "cyd"}
NOW = 1_800_000_000_000


class Step(NamedTuple):
    """What is done, by whom, to whom, under which client_id, about which message."""

    what: str | Act
    actor: int
    to: frozenset[int]
    client_id: str
    about: int | None

    def command(self, ids: Sequence[str]) -> Command:
        """`ids` are of the messages so far."""
        about = None
        if self.about is not None:
            about = ids[self.about % len(ids)] if ids else "0" * 26
        if isinstance(self.what, Act):
            return MailAct(self.what, self.actor, [about or "0" * 26], Device.TUI)
        if self.what == "post":
            return PostToRoom(self.actor, LOBBY, self.client_id, "hello")
        if self.what == "purge":
            return PurgeMail(NOW + 2, 9)
        origin = ORIGIN if self.what == "import" else None
        to = sorted(NAMES[uid] for uid in self.to - {self.actor} or self.to)
        if origin is not None:
            about = None
        return SendMail(
            self.actor, to, self.client_id, "", "hello", about, origin=origin
        )


people = st.sampled_from([ANN, BOB, CYD])
steps = st.builds(
    Step,
    st.sampled_from(["send", "send", "send", "import", "post", "purge", *Act]),
    people,
    st.frozensets(people, min_size=1),
    st.sampled_from(["a", "b", "c"]),
    st.none() | st.integers(0, 5),
)


class Store:
    """Three people's store, the same in each run."""

    def __init__(self, root: Path, quota: Quota) -> None:
        self._root = root
        self._store = LocalStore(
            root,
            min_free_bytes=1,
            quota=quota,
            entropy=Random(7).randbytes,  # noqa: S311 - it has to be the same
        )
        for name in NAMES.values():
            self.do(NOW, CreateAccount(name, None))

    def do(self, now: int, *commands: Command) -> list[Outcome | Refusal]:
        """One batch."""
        batch = self._store.commit(commands, now)
        self._store.file(batch)
        return batch.outcomes

    def rows(self) -> object:
        """Its index, behind a stop; all is as it should be."""
        self._store.close()
        assert check_store(self._root).problems == []
        return index_rows(self._root)


def said(outcomes: Sequence[Outcome | Refusal]) -> Iterator[object]:
    """What was answered, so that it can be compared."""
    for one in outcomes:
        yield (one.kind, one.data) if isinstance(one, Refusal) else one


def id_of(outcome: Outcome | Refusal) -> str | None:
    value = outcome.value if isinstance(outcome, Outcome) else None
    if isinstance(value, SentMail):
        return value.id
    return value.message.id if isinstance(value, SentPost) else None


@settings(max_examples=30, deadline=None)
@given(
    st.lists(steps, max_size=25),
    st.sampled_from([Quota(), Quota(messages=4), Quota(bytes=1500)]),
)
def test_a_batch_is_its_commands_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, some: list[Step], quota: Quota
) -> None:
    with quick_folder(tmp_path_factory.mktemp("batches")) as folder:
        single, batched = Store(folder / "one", quota), Store(folder / "many", quota)
        ids: list[str] = []
        commands: list[Command] = []
        outcomes: list[Outcome | Refusal] = []
        for step in some:
            commands.append(step.command(ids))
            outcomes += single.do(NOW + 1, commands[-1])
            ids += filter(None, [id_of(outcomes[-1])])
        together = batched.do(NOW + 1, *commands)

        assert list(said(together)) == list(said(outcomes))
        assert batched.rows() == single.rows()


SEND = SendMail(ANN, ["bob"], "a", "", "hello", None)
IMPORT = SendMail(BOB, ["ann"], "a", "", "hello", None, origin=ORIGIN)
POST = PostToRoom(ANN, LOBBY, "a", "hello")
OTHER = SendMail(CYD, ["bob"], "a", "", "hello", None)


@pytest.mark.parametrize("quota", [Quota(), Quota(messages=2)])
@pytest.mark.parametrize(
    "commands",
    [
        (SEND, SEND),
        (SEND, OTHER, SEND, OTHER, SEND),
        (SEND, IMPORT, OTHER),
        (IMPORT, SEND, IMPORT),
        (SEND, POST),
        (POST, SEND),
        (OTHER, POST, SEND, POST),
    ],
)
def test_what_was_sent_in_a_batch_is_known_to_the_rest_of_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    commands: Sequence[Command],
    quota: Quota,
) -> None:
    # What each pays for is read once more for each message.
    monkeypatch.setattr(usages, "REMEMBERED_MOST", 1)
    single, batched = Store(tmp_path / "one", quota), Store(tmp_path / "many", quota)
    outcomes = [one for each in commands for one in single.do(NOW + 1, each)]

    assert list(said(batched.do(NOW + 1, *commands))) == list(said(outcomes))
    assert batched.rows() == single.rows()


@pytest.mark.parametrize("what", Act)
@pytest.mark.parametrize("actor", [ANN, BOB])
def test_what_was_sent_in_a_batch_can_be_acted_upon_in_it(
    tmp_path: Path, what: Act, actor: int
) -> None:
    single, batched = (
        Store(tmp_path / "one", Quota()),
        Store(tmp_path / "many", Quota()),
    )
    outcomes = single.do(NOW + 1, SEND)
    act = MailAct(what, actor, [id_of(outcomes[0]) or ""], Device.TUI)
    outcomes += single.do(NOW + 1, act)

    assert list(said(batched.do(NOW + 1, SEND, act))) == list(said(outcomes))
    assert batched.rows() == single.rows()


def test_a_batch_that_is_taken_back_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path, Quota())
    fault = SendMail(ANN, ["bob"], "b", "", "\ud800", None)
    with pytest.raises(UnicodeEncodeError):
        store.do(NOW + 1, SEND, fault)
    again = store.do(NOW + 2, SEND)

    assert [id_of(one) is not None for one in again] == [True]
    store.rows()


@pytest.mark.parametrize("count", sorted({n + d for n in SIZES for d in (-1, 0, 1)}))
def test_as_many_rows_are_written_as_there_are(tmp_path: Path, count: int) -> None:
    store = Store(tmp_path, Quota())
    letters = [SendMail(ANN, ["bob"], f"{n}", "", "hi", None) for n in range(count)]
    outcomes = store.do(NOW + 1, *letters)
    again = store.do(NOW + 2, *letters)
    values = [one.value for one in again if isinstance(one, Outcome)]

    assert len({id_of(one) for one in outcomes}) == count
    assert [v.duplicate for v in values if isinstance(v, SentMail)] == [True] * count
    store.rows()
