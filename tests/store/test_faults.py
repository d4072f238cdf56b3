"""T3, T8: a disk that fails at any one call costs an answer, nothing answered."""

import errno
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from nimsg.core.commands import (
    Act,
)
from nimsg.errors import ConfigError, StorageFailure
from nimsg.store.check import check_store
from tests.support.driven import (
    ANN,
    BOB,
    CYD,
    DEE,
    NAMES,
    Driven,
    Step,
    act,
    create,
    moment,
    play,
    reopen,
    require_read_only,
    require_whole,
    send,
    settle,
    view,
    views_of,
)
from tests.support.faultydisk import HARMLESS, Fault, FaultyDisk
from tests.support.folders import quick_folder
from tests.support.soaking import Soak
from tests.support.talk import (
    announce,
    at_once,
    block,
    come,
    discard,
    enter,
    fail,
    found,
    go,
    jot,
    leave,
    mark,
    say,
    topic,
)


SETUP = (create(*NAMES), send("old", "bob", "cyd", "dee"), settle)
Scenario = tuple[Sequence[Step], Sequence[Step]]
SCENARIOS: dict[str, Scenario] = {
    "new store": ((), ()),
    "create": (SETUP, (create("eve"), create("fay", "gus"))),
    "send to one": (SETUP, (send("one", "bob"), send("two", "bob"))),
    "send to three": (SETUP, (send("three", "bob", "cyd", "dee"), settle)),
    "acts": (
        (*SETUP, send("new", "bob"), send("gone", "bob")),
        (
            act(Act.FETCHED, BOB, "old"),
            act(Act.OPENED, BOB, "old"),
            act(Act.ACKED, CYD, "old"),
            act(Act.RECALLED, ANN, "new"),
            act(Act.DELETED, DEE, "old"),
            act(Act.DELETED, ANN, "gone"),
        ),
    ),
    "settle": (
        (*SETUP, send("one", "bob")),
        (act(Act.OPENED, BOB, "one"), settle, send("two", "bob"), settle),
    ),
    "rooms": (
        SETUP,
        (
            at_once(found("den"), enter(BOB, "den")),
            at_once(say(ANN, "one", "den")),
            at_once(topic(ANN, "den", "new"), mark(BOB, "den", 1), come(ANN)),
            at_once(announce("left", BOB), block(ANN, BOB), fail(CYD)),
            at_once(leave(BOB, "den"), go(ANN)),
            settle,
        ),
    ),
    "drafts": (
        (*SETUP, at_once(jot(ANN, "old", "old"))),
        (
            at_once(jot(ANN, "new", "new"), jot(ANN, "old", "more")),
            at_once(discard(ANN, "old")),
            settle,
            at_once(discard(ANN, "new"), jot(ANN, "new", "again")),
        ),
    ),
    "reopen": (
        (*SETUP, send("one", "bob")),
        (act(Act.OPENED, BOB, "old"), reopen, act(Act.ACKED, BOB, "old"), reopen),
    ),
}
ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE)


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/dev/fd").iterdir())


class Rehearsal:
    """A scenario without a fault: what is there before, and seen after each step."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        setup, self.steps = scenario
        self.base = folder / "base"
        shutil.rmtree(self.base, ignore_errors=True)
        if setup:
            driven = Driven(self.base, FaultyDisk())
            play(driven, setup)
            driven.store.close()
        root = self.begin(folder / "rehearsal")
        disk = FaultyDisk()
        driven = Driven(root, disk)
        self.views = views_of(driven, self.steps)
        driven.store.close()
        self.calls = disk.calls

    def begin(self, root: Path) -> Path:
        """A folder as the scenario finds it."""
        shutil.rmtree(root, ignore_errors=True)
        if self.base.exists():
            shutil.copytree(self.base, root)
        return root

    def run(self, root: Path, disk: FaultyDisk) -> int | None:
        """How many steps were done when the disk failed; None where it never did."""
        done = 0
        driven: Driven | None = None
        try:
            driven = Driven(self.begin(root), disk)
            for step in self.steps:
                step(driven, moment(done))
                done += 1
            driven.is_open = False
            driven.store.close()
        except (StorageFailure, ConfigError):
            if driven is not None and driven.is_open:
                require_read_only(driven)
            return done
        return None


def require_kept(rehearsal: Rehearsal, root: Path, done: int) -> None:
    """All that was answered is there; the rest can be done again, and once only."""
    disk = FaultyDisk()
    driven = Driven(root, disk)
    whole = rehearsal.views[done : done + 2]
    assert view(driven.store) in whole
    play(driven, rehearsal.steps, done)
    final = view(driven.store)
    driven.store.close()

    assert final == rehearsal.views[-1]
    require_whole(root)
    assert check_store(root).problems == []


def require_told(rehearsal: Rehearsal, root: Path, fault: Fault) -> None:
    """A call fails: somebody is told, nothing is written on, nothing is lost."""
    before = descriptors()
    disk = FaultyDisk(fault)

    done = rehearsal.run(root, disk)

    assert done is not None, f"{fault}, and nobody was told"
    later = [call for call in disk.calls[fault.at + 1 :] if call.kind not in HARMLESS]
    assert later == [], f"written on after {fault}, {disk.calls[fault.at]}"
    assert descriptors() == before
    require_kept(rehearsal, root, done)


def require_gone_on(rehearsal: Rehearsal, root: Path, fault: Fault) -> None:
    """A write takes one byte: it is gone on with."""
    assert rehearsal.run(root, FaultyDisk(fault)) is None
    require_kept(rehearsal, root, len(rehearsal.steps))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with quick_folder(tmp_path) as quick:
        yield quick


@pytest.mark.slow
@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_s1_18_nothing_answered_is_lost_to_a_disk_that_fails(
    folder: Path, scenario: str, number: int
) -> None:
    rehearsal = Rehearsal(folder, SCENARIOS[scenario])
    for at in range(len(rehearsal.calls)):
        for sticky in (False, True):
            require_told(rehearsal, folder / "var", Fault(at, number, sticky))


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_write_that_takes_one_byte_is_gone_on_with(
    folder: Path, scenario: str, sticky: bool
) -> None:
    rehearsal = Rehearsal(folder, SCENARIOS[scenario])
    for at, call in enumerate(rehearsal.calls):
        if call.kind == "write":
            require_gone_on(rehearsal, folder / "var", Fault(at, None, sticky))


def drawn(chance: Random) -> Scenario:
    """Steps of all scenarios, in an order that none of them has."""
    steps = [step for _, steps in SCENARIOS.values() for step in steps]
    return (*SETUP, send("new", "bob")), chance.sample(steps, chance.randint(2, 8))


@pytest.mark.soak
def test_t3_soak_nothing_answered_is_lost_to_a_disk_that_fails(
    folder: Path, soak: Soak
) -> None:
    chance = Random(soak.seed)  # noqa: S311
    root = folder / "var"
    while soak.going():
        rehearsal = Rehearsal(folder, drawn(chance))
        soak.count("scenarios")
        for at in chance.sample(range(len(rehearsal.calls)), 10):
            sticky = chance.random() < 0.5
            require_told(rehearsal, root, Fault(at, chance.choice(ERRORS), sticky))
            soak.count("faults")
            if rehearsal.calls[at].kind == "write":
                require_gone_on(rehearsal, root, Fault(at, None, sticky))
                soak.count("short writes")
