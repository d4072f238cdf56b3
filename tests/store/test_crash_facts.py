"""T1, T2: every state a power cut may leave, tried in memory by the plan of a start.

What the real store asked of its disk is recorded once for each sequence of calls;
tests/store/test_crash.py shows that the plan and the real store come to the same.
"""

import shutil
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from tests.support.crashcalls import CALLS, SETUP
from tests.support.cutfacts import Trial, moments
from tests.support.driven import Driven, Opener, Step, moment, play
from tests.support.faultydisk import Call, FaultyDisk
from tests.support.folders import quick_folder
from tests.support.powercut import Volume
from tests.support.soaking import Soak
from tests.support.witness import open_clerk, open_hasty_clerk


# The same lines run over and over, which others count.
pytestmark = pytest.mark.no_cover

SYNC = "sync"
# So many marks of states are kept: more take too much memory.
SEEN = 5_000_000
CHANGES = sorted(CALLS.keys() - {SYNC})
# As the three calls of a sequence.
ALIKE = [("send", "act", "account"), ("room", "draft", "say"), ("act", SYNC, "purge")]


class Recording(NamedTuple):
    """A folder as it was, and what its disk was asked since."""

    volume: Volume
    calls: list[Call]


class Recorder:
    """Where stores are driven."""

    def __init__(self, folder: Path) -> None:
        self._base = folder / "base"
        self._tape = folder / "tape"
        driven = Driven(self._base, FaultyDisk())
        play(driven, SETUP)
        driven.store.close()

    def record(
        self,
        steps: Sequence[Step],
        opener: Opener = open_clerk,
        *,
        has_syncfs: bool = True,
    ) -> Recording:
        """Start, do the steps, and stop as if killed."""
        shutil.rmtree(self._tape, ignore_errors=True)
        shutil.copytree(self._base, self._tape)
        volume, disk = Volume(self._tape), FaultyDisk(has_syncfs=has_syncfs)
        driven = Driven(self._tape, disk, opener)
        for number, step in enumerate((None, *steps)):
            if step is not None:
                step(driven, moment(number))
            disk.calls.append(Call("answered", self._tape, number=number))
        calls = [*disk.calls]
        driven.store.close()
        return Recording(volume, calls)


def steps_of(*names: str) -> list[Step]:
    """The first call of the first name, the second of the second and so on."""
    return [CALLS[name][at % 3] for at, name in enumerate(names)]


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with quick_folder(tmp_path) as quick:
        yield Recorder(quick)


@pytest.mark.slow
@pytest.mark.parametrize("begin", CALLS)
def test_t1_s1_18_no_state_of_three_calls_loses_or_tears_what_was_answered(
    recorder: Recorder, begin: str
) -> None:
    trial = Trial()
    eldest = next(iter(CALLS))
    for second, third in product(CALLS, repeat=2):
        volume, calls = recorder.record(steps_of(begin, second, third))
        # What sequences that begin alike leave alike is tried with one of them.
        first = 2 if third != eldest else 1 if second != eldest else 0
        assert [*trial.losses(moments(volume, calls, first))] == []

    assert len(trial.seen) > 15_000


@pytest.mark.parametrize("names", ALIKE)
def test_t1_until_a_sync_what_may_be_left_only_grows(
    recorder: Recorder, names: Sequence[str]
) -> None:
    some, all_ = Trial(), Trial()
    recording = recorder.record(steps_of(*names))
    again = recorder.record(steps_of(*names))

    assert [*some.losses(moments(*recording))] == []
    assert [*all_.losses(moments(*again, all_of_them=True))] == []
    assert some.seen == all_.seen


@pytest.mark.parametrize("has_syncfs", [True, False])
@pytest.mark.parametrize("name", CALLS)
def test_t1_s1_18_a_start_that_is_ended_between_its_steps_is_done_by_the_next(
    recorder: Recorder, name: str, has_syncfs: bool
) -> None:
    trial = Trial()
    trial.is_patient = True
    steps = steps_of(name, "act", "purge", SYNC, name)
    recording = recorder.record(steps, has_syncfs=has_syncfs)

    assert [*trial.losses(moments(*recording))] == []


@pytest.mark.soak
def test_t1_soak_no_state_loses_or_tears_what_was_answered(
    recorder: Recorder, soak: Soak
) -> None:
    chance = Random(soak.seed)  # noqa: S311
    trial = Trial()
    while soak.going():
        names = [chance.choice([*CALLS]) for _ in range(chance.randint(4, 8))]
        # More than four unsynced changes leave too many states.
        names[4:4] = [SYNC]
        recording = recorder.record(steps_of(*names), has_syncfs=chance.random() < 0.7)
        before = len(trial.seen)
        trial.is_patient = chance.random() < 0.1
        assert [*trial.losses(moments(*recording))] == [], names
        soak.count("states", len(trial.seen) - before)
        soak.count("sequences")
        if len(trial.seen) > SEEN:
            trial.seen.clear()


# -- T2: with one sync taken away a state loses something


def useful_syncs(recording: Recording) -> list[int]:
    """Where a sync makes something durable."""
    volume, calls = recording
    return [
        at
        for at, call in enumerate(calls)
        if volume.meet(call) and call.kind in {"fsync", "syncfs"}
    ]


@pytest.mark.parametrize("has_syncfs", [True, False])
@pytest.mark.parametrize("name", CHANGES)
def test_t2_without_any_one_sync_what_was_answered_is_lost(
    recorder: Recorder, name: str, has_syncfs: bool
) -> None:
    steps = steps_of(name, SYNC, "account")
    syncs = useful_syncs(recorder.record(steps, has_syncfs=has_syncfs))

    assert syncs
    for at in syncs:
        volume, calls = recorder.record(steps, has_syncfs=has_syncfs)
        gone = calls.pop(at)
        losses = Trial().losses(moments(volume, calls))
        assert next(losses, ""), gone


@pytest.mark.parametrize("name", CHANGES)
def test_t2_rows_forgotten_before_they_are_settled_lose_what_was_answered(
    recorder: Recorder, name: str
) -> None:
    recording = recorder.record(steps_of(name, "account"), open_hasty_clerk)

    assert next(Trial().losses(moments(*recording)), "")
