"""Group commit: batches, their order, when one is answered, and when none is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nimsg.core.commands import CreateAccount, Outcome, SendMail, SentMail
from nimsg.errors import Refusal, StorageFailure
from nimsg.server.commit import BATCH_MOST, WAITING_MOST, Committer
from nimsg.store.layout import Layout
from tests.support.office import HANG_S, office, people
from tests.support.post import refused
from tests.support.watchedstore import Gate, WatchedStore


NOW = 1_795_192_385_123
SETTLE_S = 0.01


def account(name: object) -> CreateAccount:
    return CreateAccount(f"user-{name}", None)


def letter(client_id: str) -> SendMail:
    """From the first account to the second."""
    return SendMail(1, ["user-1"], client_id, "", "hello", None)


@asynccontextmanager
async def committing(
    store: WatchedStore, after: Callable[[Iterable[Outcome]], None] = lambda _: None
) -> AsyncIterator[Committer]:
    """A committer at work; behind the block all is answered."""
    committer = Committer(store, lambda: NOW, after, SETTLE_S)
    async with asyncio.timeout(HANG_S), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(committer.run())
        try:
            yield committer
            await committer.drained()
        finally:
            running.cancel()
    committer.close()
    store.close()


# -- batches -------------------------------------------------------------------


async def test_s3_11_what_waits_while_one_batch_is_written_is_the_next(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        store.before = gate = Gate("commit")
        first = committer.submit(account("first"))
        await gate.reached.wait()
        rest = [committer.submit(account(n)) for n in range(100)]
        gate.open()
        outcomes = await asyncio.gather(first, *rest)

    assert store.batches == [1, 100]
    assert [outcome.value for outcome in outcomes] == list(range(1, 102))


async def test_s3_11_who_asks_turn_by_turn_is_in_one_batch(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        waiters = []
        for n in range(5):
            waiters.append(committer.submit(account(n)))
            await asyncio.sleep(0)
        await asyncio.gather(*waiters)

    assert store.batches == [5]


async def test_s3_11_a_batch_has_at_most_512_commands(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        store.before = gate = Gate("commit")
        first = committer.submit(account("first"))
        await gate.reached.wait()
        rest = [committer.submit(account(n)) for n in range(BATCH_MOST + 88)]
        gate.open()
        await asyncio.gather(first, *rest)

    assert store.batches == [1, BATCH_MOST, 88]


async def test_a_refusal_is_told_to_the_one_it_is_for(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        names = ["a", "b", "a", "c"]
        waiters = [committer.submit(account(name)) for name in names]
        ends = await asyncio.gather(*waiters, return_exceptions=True)

    kinds = [end.kind if isinstance(end, Refusal) else "done" for end in ends]
    assert kinds == ["done", "done", "name_taken", "done"]
    assert store.batches == [4]


async def test_who_has_gone_disturbs_nobody(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        waiters = [committer.submit(account(name)) for name in ("a", "a", "b")]
        waiters[0].cancel()
        waiters[1].cancel()
        outcome = await waiters[2]

    assert outcome.value == 2, "what was submitted is written all the same"


# -- when an answer may leave --------------------------------------------------


async def test_s0_4_no_answer_before_the_file_stands(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        await asyncio.gather(*(committer.submit(account(n)) for n in (0, 1)))
        store.before = gate = Gate("file")
        waiter = committer.submit(letter("1"))
        await gate.reached.wait()
        early = waiter.done()
        gate.open()
        sent = (await waiter).value
        assert isinstance(sent, SentMail)
        stands = Layout(tmp_path).message(sent.id).is_file()

    assert (early, stands) == (False, True)


async def test_what_comes_while_files_are_written_is_the_next_batch(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        store.before = filing = Gate("file")
        first = committer.submit(account("first"))
        await filing.reached.wait()
        rest = [committer.submit(account(n)) for n in range(3)]
        filing.open()
        await asyncio.gather(first, *rest)

    assert store.batches == [1, 3]


async def test_x6_who_is_woken_is_woken_once_the_answer_stands(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path)
    woken: list[tuple[bool, set[int]]] = []
    waiters: list[asyncio.Future[Outcome]] = []

    def after(outcomes: Iterable[Outcome]) -> None:
        uids = {uid for outcome in outcomes for uid in outcome.wakes}
        woken.append((all(waiter.done() for waiter in waiters), uids))

    async with committing(store, after) as committer:
        await asyncio.gather(*(committer.submit(account(n)) for n in (0, 1)))
        woken.clear()
        waiters.append(committer.submit(letter("1")))
        await waiters[0]

    assert woken[0] == (True, {1, 2})


async def test_what_was_filed_is_settled_and_then_forgotten_unasked(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        store.before = settling = Gate("settle")
        await committer.submit(account("first"))
        await settling.reached.wait()
        store.before = forgetting = Gate("commit")
        settling.open()
        await forgetting.reached.wait()
        forgetting.open()

    assert store.batches == [1]
    assert store.calls["commit"] == 2


# -- too much, and failures ----------------------------------------------------


async def test_sec_8_too_much_that_waits_is_refused_and_then_taken_again(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path)
    async with committing(store) as committer:
        store.before = gate = Gate("commit")
        waiters = [committer.submit(account("x")) for _ in range(WAITING_MOST)]
        await gate.reached.wait()
        with refused("busy"):
            await committer.submit(account("one more"))
        gate.open()
        await asyncio.gather(*waiters, return_exceptions=True)
        outcome = await committer.submit(account("one more"))

    assert outcome.value == 2


async def refused_all(waiters: Iterable[asyncio.Future[Outcome]]) -> set[str]:
    """The kinds of refusal."""
    ends = await asyncio.gather(*waiters, return_exceptions=True)
    return {end.kind if isinstance(end, Refusal) else repr(end) for end in ends}


async def fails(running: asyncio.Task[None], why: str) -> None:
    with pytest.raises(StorageFailure, match=why):
        await running


async def test_a_commit_that_fails_is_told_to_all_who_wait(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path)
    committer = Committer(store, lambda: NOW, lambda _: None, SETTLE_S)
    running = asyncio.create_task(committer.run())
    async with asyncio.timeout(HANG_S):
        store.before = gate = Gate("commit")
        waiters = [committer.submit(account("first"))]
        await gate.reached.wait()
        waiters += [committer.submit(account(n)) for n in range(5)]
        gate.open(failure="the disk is gone")
        kinds = await refused_all(waiters)
        await fails(running, "the disk is gone")
        await committer.drained()
        with refused("storage_failed"):
            await committer.submit(account("later"))
    committer.close()
    store.close()

    assert kinds == {"storage_failed"}


async def test_a_file_that_fails_is_told_to_all_who_wait_wherever_they_stand(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path)
    committer = Committer(store, lambda: NOW, lambda _: None, SETTLE_S)
    running = asyncio.create_task(committer.run())
    async with asyncio.timeout(HANG_S):
        store.before = filing = Gate("file")
        waiters = [committer.submit(account("being filed"))]
        await filing.reached.wait()
        waiters.append(committer.submit(account("not committed")))
        filing.open(failure="the disk is gone")
        kinds = await refused_all(waiters)
        await fails(running, "the disk is gone")
        await committer.drained()
    committer.close()
    store.close()

    assert kinds == {"storage_failed"}


async def test_a_settling_that_fails_is_told_to_all_who_wait(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path)
    committer = Committer(store, lambda: NOW, lambda _: None, SETTLE_S)
    running = asyncio.create_task(committer.run())
    async with asyncio.timeout(HANG_S):
        store.before = settling = Gate("settle")
        answered = await committer.submit(account("answered"))
        await settling.reached.wait()
        store.before = filing = Gate("file")
        waiters = [committer.submit(account("being filed"))]
        await filing.reached.wait()
        waiters.append(committer.submit(account("waiting")))
        settling.open(failure="the disk is gone")
        kinds = await refused_all(waiters)
        await fails(running, "the disk is gone")
        await committer.drained()
    filing.open()
    committer.close()
    store.close()

    assert answered.value == 1
    assert kinds == {"storage_failed"}


async def test_what_nobody_waits_for_may_be_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "nimsg")
    store = WatchedStore(tmp_path / "var")
    async with office(tmp_path, store=store) as server, people(server, "bob") as (b,):
        server.services.commit_later(CreateAccount("bob", None))
        await b.make_token()
        store.before = gate = Gate("commit")
        submit = server.services.committer.submit
        waiters = [submit(account("x")) for _ in range(WAITING_MOST)]
        server.services.commit_later(account("one too many"))
        gate.open()
        await asyncio.gather(*waiters, return_exceptions=True)

    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if line.startswith("not written")] == [
        "not written: the name, or one like it, is taken",
        "not written: too much is waiting; try again",
    ]
