"""What a killed server leaves, to be ruined and started on."""

import shutil
from pathlib import Path

import pytest

from nimsg.core.commands import Act
from nimsg.errors import StorageFailure
from nimsg.store.check import check_store
from nimsg.store.layout import Layout
from tests.support.driven import (
    ANN,
    BOB,
    CYD,
    NAMES,
    Driven,
    View,
    act,
    create,
    moment,
    open_store,
    play,
    send,
    settle,
    view,
)
from tests.support.faultydisk import FaultyDisk
from tests.support.talk import at_once, block, come, enter, found, go, say, topic


SETUP = (
    create(*NAMES),
    send("old", "bob", "cyd"),
    act(Act.OPENED, BOB, "old"),
    at_once(found("den"), enter(BOB, "den"), say(ANN, "old", "den"), come(BOB)),
    settle,
)
UNSETTLED = (
    send("new", "bob"),
    at_once(say(BOB, "new", "den"), topic(ANN, "den", "new"), block(CYD, BOB)),
    at_once(go(BOB)),
    act(Act.OPENED, CYD, "old"),
    act(Act.ACKED, BOB, "old"),
)

UNSETTLED_LINES = 3


class Crashed:
    """A copy of a running store: what a process leaves that is killed."""

    def __init__(self, folder: Path, *, settled: bool = False) -> None:
        driven = Driven(folder / "running", FaultyDisk())
        play(driven, (*SETUP, *UNSETTLED))
        if settled:
            settle(driven, moment(9))
        self.root = folder / "var"
        self.layout = Layout(self.root)
        self.expected = view(driven.store)
        shutil.copytree(folder / "running", self.root)
        driven.store.close()

    @property
    def last_day(self) -> Path:
        """The ledger's newest file."""
        return max(self.layout.ledger.iterdir())

    def start(self) -> View:
        """What a start makes of it; sound then, and sound after the stop."""
        store = open_store(self.root, FaultyDisk())
        seen = view(store)
        assert check_store(self.root).problems == []
        store.close()
        assert check_store(self.root).problems == []
        return seen

    def refuses(self, why: str) -> None:
        """No start, and the ledger as it was."""
        before = self.ledger()
        with pytest.raises(StorageFailure, match=why):
            open_store(self.root, FaultyDisk())
        assert self.ledger() == before

    def ledger(self) -> dict[Path, bytes]:
        """The ledger's files."""
        return {path: path.read_bytes() for path in self.layout.ledger.iterdir()}

    def settled_size(self) -> int:
        """How long the newest day is without the lines that are not settled."""
        lines = self.last_day.read_bytes().splitlines(keepends=True)
        return sum(map(len, lines[:-UNSETTLED_LINES]))
