"""T1, T2: whatever a power cut leaves, all that was answered is there afterwards.

SQLite's commit is one durable event; around it, every state that POSIX allows for
the files. The second half proves that the tests would see a missing sync.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from nimsg.errors import NimsgError
from nimsg.store.layout import FORMAT
from nimsg.store.local import LocalStore
from tests.support.crashcalls import CREATES, KINDS, SEQUENCES, SETUP, TELLING
from tests.support.cutfacts import started
from tests.support.driven import (
    Driven,
    Opener,
    Step,
    View,
    moment,
    play,
    require_whole,
    view,
)
from tests.support.faultydisk import Call, FaultyDisk
from tests.support.folders import quick_folder
from tests.support.powercut import State, Volume
from tests.support.soaking import Soak
from tests.support.witness import Journal, journal_of, open_hasty, open_witness


# The same lines run over and over, which others count.
pytestmark = pytest.mark.no_cover

NO_FILES = ("index.db", "search.db", "lock")


@lru_cache(maxsize=4)
def digest_of(index: bytes) -> bytes:
    """A digest of an index, which is the same at many cuts."""
    return blake2b(index, digest_size=16).digest()


class Cut(NamedTuple):
    """The power goes: what is left, the index as committed, what must be seen."""

    state: State
    committed: bytes
    expected: View

    @property
    def digest(self) -> bytes:
        """Two cuts of the same digest leave the same, byte by byte."""
        left = blake2b(digest_of(self.committed), digest_size=16)
        for folder in self.state.folders:
            left.update(b"%s/" % os.fsencode(folder))
        for path, data in self.state.files.items():
            left.update(b"%s %d " % (os.fsencode(path), len(data)) + data)
        return left.digest()


@lru_cache(maxsize=4)
def journal_in(index: bytes) -> Journal:
    """What an index says of files, which is the same at many cuts."""
    with closing(sqlite3.connect(":memory:")) as connection:
        # Two bytes say that there is a log beside it, which memory has not.
        connection.deserialize(index[:18] + b"\1\1" + index[20:])
        connection.row_factory = sqlite3.Row
        return journal_of(connection)


def files_in(root: Path) -> dict[str, bytes]:
    """All files below a folder but the databases and what is no store."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            if not name.startswith(NO_FILES):
                path = os.path.join(folder, name)  # noqa: PTH118 - called for each state
                with open(path, "rb") as file:  # noqa: PTH123 - called for each state
                    found[os.path.relpath(path, root)] = file.read()
    return found


def content_of(root: Path) -> bytes:
    """A digest of all files below a folder."""
    return digest_of_all(files_in(root))


def digest_of_all(files: Mapping[str, bytes]) -> bytes:
    """A digest of names and contents."""
    found = blake2b(digest_size=16)
    for path in sorted(files):
        data = files[path]
        found.update(b"%s %d " % (os.fsencode(path), len(data)) + data)
    return found.digest()


def foreseen(cut: Cut) -> dict[str, bytes]:
    """The files after a start, by the plan alone: what the facts are tried with."""
    if not cut.committed:
        return {"format": f"{FORMAT}\n".encode()}
    files = {
        str(path): data
        for path, data in cut.state.files.items()
        if not path.name.startswith(NO_FILES)
    }
    return started(journal_in(cut.committed), files)


class Tape(NamedTuple):
    """What a disk was asked while some steps were done, and what was seen of them.

    `volume` is the folder as it was before.
    """

    volume: Volume
    calls: list[Call]
    views: list[View]

    def cuts(self, chance: Random, samples: int = 1) -> Iterator[Cut]:
        """So many states for each moment at which something new may be lost."""
        index = b""
        answered = shown = -1
        for call in self.calls:
            matters = self.volume.meet(call)
            if call.kind == "answered":
                answered = shown = call.number
            elif call.kind == "commit":
                index = call.data
                shown = min(answered + 1, len(self.views) - 1)
            for _ in range(samples if matters else 0):
                yield Cut(self.volume.cut(chance), index, self.views[max(shown, 0)])


class Stage:
    """Folders to record in and to recover in."""

    def __init__(
        self, folder: Path, setup: Sequence[Step] = SETUP, seed: int = 20
    ) -> None:
        self.chance = Random(seed)  # noqa: S311
        self._views: dict[bytes, View] = {}
        self._whole: set[bytes] = set()
        self._base = folder / "base"
        self._tape = folder / "tape"
        self._left = folder / "left"
        if setup:
            driven = Driven(self._base, FaultyDisk())
            play(driven, setup)
            driven.store.close()

    def record(
        self,
        steps: Sequence[Step],
        disk: FaultyDisk | None = None,
        opener: Opener = open_witness,
        deaf: frozenset[str] = frozenset(),
    ) -> Tape:
        """Do the steps and stop, and note what the disk was asked."""
        shutil.rmtree(self._tape, ignore_errors=True)
        if self._base.exists():
            shutil.copytree(self._base, self._tape)
        volume = Volume(self._tape, deaf=deaf)
        disk = disk or FaultyDisk()
        driven = Driven(self._tape, disk, opener)
        views = []
        for number, step in enumerate((None, *steps)):
            if step is not None:
                step(driven, moment(number))
            views.append(view(driven.store))
            disk.calls.append(Call("answered", self._tape, number=number))
        driven.store.close()
        return Tape(volume, disk.calls, views)

    def recover(self, cut: Cut, depth: int = 0) -> None:
        """Start on what is left and stop; `depth` more cuts hit such a start."""
        root = self._left
        shutil.rmtree(root, ignore_errors=True)
        cut.state.build(root, cut.committed)
        volume = Volume(root) if depth else None
        disk = FaultyDisk()
        store = open_witness(root, disk)
        try:
            assert self._seen(store) == cut.expected
        finally:
            store.close()
        files = files_in(root)
        assert files == foreseen(cut), "the plan is another"
        self._require_whole(digest_of_all(files))
        if volume:
            calls = [Call("commit", root, cut.committed), *disk.calls]
            again = [*Tape(volume, calls, [cut.expected]).cuts(self.chance)]
            self.recover(self.chance.choice(again), depth - 1)

    def forget(self) -> None:
        """Look at everything again: what was seen before takes memory."""
        self._views.clear()
        self._whole.clear()

    def _seen(self, store: LocalStore) -> View:
        """The view, which the bytes of files and index decide: looked at once each."""
        content = content_of(self._left) + digest_of(store._connection.serialize())
        if content not in self._views:
            self._views[content] = view(store)
        return self._views[content]

    def _require_whole(self, content: bytes) -> None:
        if content not in self._whole:
            require_whole(self._left)
            self._whole.add(content)

    def rebuild(self, expected: View) -> None:
        """The files alone tell the same."""
        (self._left / "index.db").unlink()
        store = open_witness(self._left, FaultyDisk())
        assert view(store) == expected
        store.close()

    def losses(self, tape: Tape) -> Iterator[str]:
        """What goes wrong after which cut."""
        for cut in tape.cuts(self.chance, samples=3):
            try:
                self.recover(cut)
            except (NimsgError, AssertionError) as error:
                yield str(error)


def both_are_lost(found: Iterator[str]) -> bool:
    """Whether a message and a line of the ledger are lost; looks no further then."""
    missing = {"message file", "do not belong together"}
    for why in found:
        missing = {words for words in missing if words not in why}
        if not missing:
            return True
    return False


@pytest.fixture
def stage(folder: Path) -> Stage:
    return Stage(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with quick_folder(tmp_path) as quick:
        yield quick


@pytest.mark.slow
def test_s1_18_n12_no_power_cut_loses_or_tears_what_was_answered(stage: Stage) -> None:
    left: set[bytes] = set()
    for steps in SEQUENCES:
        for cut in stage.record(steps).cuts(stage.chance):
            # Sequences that begin alike leave alike.
            if cut.digest not in left:
                left.add(cut.digest)
                stage.recover(cut)

    assert len(left) > 3000


@pytest.mark.soak
def test_t1_soak_no_power_cut_loses_or_tears_what_was_answered(
    folder: Path, soak: Soak
) -> None:
    stage = Stage(folder, seed=soak.seed)
    while soak.going():
        length = stage.chance.randint(1, 6)
        kinds = [stage.chance.choice(KINDS) for _ in range(length)]
        steps = [kind[number % 3] for number, kind in enumerate(kinds)]
        disk = FaultyDisk(has_syncfs=stage.chance.random() < 0.8)
        for cut in stage.record(steps, disk).cuts(stage.chance, samples=3):
            depth = stage.chance.choice((0, 0, 0, 1, 3))
            stage.recover(cut, depth)
            soak.count("states", 1 + depth)
        stage.forget()
        soak.count("sequences")


@pytest.mark.parametrize("steps", TELLING)
def test_s1_18_power_may_fail_again_in_each_of_three_recoveries(
    stage: Stage, steps: Sequence[Step]
) -> None:
    for cut in stage.record(steps).cuts(stage.chance):
        stage.recover(cut, depth=3)


def test_s1_18_power_may_fail_while_a_store_is_made(folder: Path) -> None:
    stage = Stage(folder, setup=())
    for cut in stage.record(CREATES).cuts(stage.chance, samples=5):
        stage.recover(cut, depth=1)


@pytest.mark.parametrize("steps", TELLING)
def test_s1_18_after_a_power_cut_the_files_alone_tell_the_same(
    stage: Stage, steps: Sequence[Step]
) -> None:
    for cut in stage.record(steps).cuts(stage.chance):
        stage.recover(cut)
        stage.rebuild(cut.expected)


@pytest.mark.parametrize("steps", TELLING)
def test_s1_18_files_and_folders_are_synced_one_by_one_where_syncfs_is_missing(
    stage: Stage, steps: Sequence[Step]
) -> None:
    assert [*stage.losses(stage.record(steps, FaultyDisk(has_syncfs=False)))] == []


# -- T2: with one sync taken away the same cuts lose something


def test_a_syncfs_that_lies_loses_what_was_answered(stage: Stage) -> None:
    assert both_are_lost(
        why
        for steps in TELLING
        for why in stage.losses(stage.record(steps, deaf=frozenset({"syncfs"})))
    )


def test_rows_forgotten_before_they_are_settled_lose_what_was_answered(
    stage: Stage,
) -> None:
    assert both_are_lost(
        why
        for steps in TELLING
        for why in stage.losses(stage.record(steps, opener=open_hasty))
    )


@pytest.mark.parametrize("deaf", ["fsync_file", "fsync_folder"])
def test_without_one_of_the_fsyncs_what_was_answered_is_lost(
    stage: Stage, deaf: str
) -> None:
    assert both_are_lost(
        why
        for steps in TELLING
        for why in stage.losses(
            stage.record(steps, FaultyDisk(has_syncfs=False), deaf=frozenset({deaf}))
        )
    )


def test_a_format_that_is_not_synced_keeps_a_new_store_from_opening(
    folder: Path,
) -> None:
    stage = Stage(folder, setup=())

    found = stage.losses(stage.record(CREATES, deaf=frozenset({"fsync_file"})))

    assert any("has store format" in why for why in found)
