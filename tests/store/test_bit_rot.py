"""T9: no flipped bit, cut byte or swapped file of a store goes unnoticed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, strategies as st

from nimsg.core.rooms import LOBBY_ID
from nimsg.errors import Refusal
from nimsg.progress import Silent
from nimsg.store.check import check_store
from nimsg.store.check_files import check_accounts, check_messages
from nimsg.store.check_ledger import check_ledger
from nimsg.store.check_rooms import check_rooms
from nimsg.store.findings import Findings
from nimsg.store.local import LocalStore
from nimsg.store.snapshot import take_snapshot
from nimsg.store.survey import survey
from tests.store.test_check_rooms import DEN, FIRST, LEFT
from tests.support.examples import few
from tests.support.post import Busy
from tests.support.ruin import Ruin
from tests.support.soaking import Soak
from tests.support.spoils import SHARED


Spoilt = Callable[[bytes], Iterator[bytes]]


def flip(data: bytes, bit: int) -> bytes:
    """The data with one bit the other way."""
    spoilt = bytearray(data)
    spoilt[bit // 8] ^= 1 << bit % 8
    return bytes(spoilt)


def flips(data: bytes) -> Iterator[bytes]:
    """The data with each of its bits the other way."""
    return (flip(data, bit) for bit in range(len(data) * 8))


def some_flips(data: bytes) -> Iterator[bytes]:
    """The data with one in seven of its bits the other way."""
    return (flip(data, bit) for bit in range(0, len(data) * 8, 7))


def cuts(data: bytes) -> Iterator[bytes]:
    """The data without its end, however long that is."""
    return (data[:size] for size in range(len(data)))


every_way = pytest.mark.parametrize(
    "spoil", [some_flips, cuts, pytest.param(flips, marks=pytest.mark.slow)]
)


@every_way
def test_t9_every_flip_and_cut_of_a_message_file_is_found(
    ruin: Ruin, spoil: Spoilt
) -> None:
    path = ruin.message(SHARED)
    findings = Findings(ruin.root)
    seen = survey(ruin.layout, findings)
    with take_snapshot(ruin.layout.index, findings) as index:
        for spoilt in spoil(path.read_bytes()):
            path.write_bytes(spoilt)
            check_messages(ruin.layout, seen, index, findings, Silent())
            assert any(SHARED in one.where for one in findings.problems), spoilt
            findings.problems.clear()


@every_way
def test_t9_a_spoilt_letter_is_never_served(ruin: Ruin, spoil: Spoilt) -> None:
    path = ruin.message(SHARED)
    store = LocalStore(ruin.root)
    whole = store.letter(1, SHARED)
    damaged = 0
    for spoilt in spoil(path.read_bytes()):
        path.write_bytes(spoilt)
        try:
            assert store.letter(1, SHARED) == whole
        except Refusal as refusal:
            damaged += refusal.kind == "damaged"
    store.close()

    assert damaged > len(whole.body) * 8


@every_way
def test_t9_every_flip_and_cut_of_an_account_file_is_found(
    ruin: Ruin, spoil: Spoilt
) -> None:
    path = ruin.layout.user(3)
    findings = Findings(ruin.root)
    seen = survey(ruin.layout, findings)
    with take_snapshot(ruin.layout.index, findings) as index:
        for spoilt in spoil(path.read_bytes()):
            path.write_bytes(spoilt)
            check_accounts(ruin.layout, seen, index, findings)
            assert findings.problems, spoilt
            findings.problems.clear()


@every_way
def test_t9_n2_every_flip_and_cut_within_the_ledger_is_found(
    ruin: Ruin, spoil: Spoilt
) -> None:
    findings = Findings(ruin.root)
    seen = survey(ruin.layout, findings)
    for spoilt in spoil(ruin.days[0].read_bytes()):
        ruin.days[0].write_bytes(spoilt)
        check_ledger(ruin.layout, seen, None, findings)
        assert findings.problems, spoilt
        findings.problems.clear()


COMPANY: dict[str, Callable[[Ruin], Path]] = {
    "post": lambda club: club.message(FIRST),
    "notice": lambda club: club.message(LEFT),
    "room": lambda club: club.layout.room(DEN),
    "lobby": lambda club: club.layout.room(LOBBY_ID),
    "account": lambda club: club.layout.user(3),
    "ledger": lambda club: club.days[1],
}


@pytest.mark.parametrize("spoil", [some_flips, cuts])
@pytest.mark.parametrize("file", COMPANY)
def test_t9_flips_and_cuts_of_what_tells_of_company_are_found(
    club: Ruin, file: str, spoil: Spoilt
) -> None:
    path = COMPANY[file](club)
    findings = Findings(club.root)
    seen = survey(club.layout, findings)
    if file == "ledger":
        club.layout.index.unlink()
    with take_snapshot(club.layout.index, findings) as index:
        whole = path.read_bytes()
        # The last line is in no chain yet: only the index tells what it was.
        chained = whole[: whole.rfind(b"\n", 0, -1) + 1] if index is None else whole
        for spoilt in spoil(chained):
            path.write_bytes(spoilt + whole[len(chained) :])
            check_accounts(club.layout, seen, index, findings)
            check_rooms(club.layout, seen, index, findings)
            check_ledger(club.layout, seen, None, findings)
            check_messages(club.layout, seen, index, findings, Silent())
            assert findings.problems, spoilt
            findings.problems.clear()


def copy(template: Path, root: Path) -> Path:
    """A store to spoil once."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(template, root)
    return root


@few
@given(st.data())
def test_t9_n2_a_flip_at_the_end_of_the_ledger_is_found(
    template: tuple[Path, Busy],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    root = copy(template[0], tmp_path_factory.getbasetemp() / "flipped")
    day = max((root / "ledger").iterdir())
    whole = day.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1]) * 8

    bit = len(whole) * 8 - 1 - data.draw(st.integers(0, last - 1))
    day.write_bytes(flip(whole, bit))

    assert check_store(root).problems


@few
@given(st.data())
def test_t9_a_flip_in_the_index_never_stops_the_check(
    template: tuple[Path, Busy],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    root = copy(template[0], tmp_path_factory.getbasetemp() / "flipped")
    index = root / "index.db"
    whole = index.read_bytes()
    used = [bit for bit, byte in enumerate(whole) if byte]

    place = data.draw(st.sampled_from(used)) * 8 + data.draw(st.integers(0, 7))
    index.write_bytes(flip(whole, place))

    report = check_store(root)
    assert report.messages == 3 or report.problems


def spoilt_once(data: bytes, chance: Random) -> bytes:
    """The data with a bit the other way, or cut."""
    if chance.random() < 0.1:
        return data[: chance.randrange(len(data))]
    return flip(data, chance.randrange(len(data) * 8))


@pytest.mark.soak
def test_t9_soak_every_flip_and_cut_of_a_file_is_found(club: Ruin, soak: Soak) -> None:
    chance = Random(soak.seed)  # noqa: S311
    layout, findings = club.layout, Findings(club.root)
    seen = survey(layout, findings)
    paths = [
        path
        for folder in (layout.messages, layout.users, layout.rooms, layout.ledger)
        for path in sorted(folder.rglob("*.json*"))
    ]
    store = LocalStore(club.root)
    letter = store.letter(1, SHARED)
    with take_snapshot(layout.index, findings) as index:
        while soak.going():
            path = chance.choice(paths)
            whole = path.read_bytes()
            path.write_bytes(spoilt_once(whole, chance))
            if path.parent == layout.ledger:
                # Only the index tells what the last line was.
                findings.problems += check_store(club.root).problems
            check_accounts(layout, seen, index, findings)
            check_rooms(layout, seen, index, findings)
            check_messages(layout, seen, index, findings, Silent())
            assert findings.problems, (path, path.read_bytes())
            with suppress(Refusal):
                assert store.letter(1, SHARED) == letter
            path.write_bytes(whole)
            findings.problems.clear()
            soak.count("flips and cuts")
    store.close()


@pytest.mark.soak
def test_t9_soak_a_flip_in_the_index_never_stops_the_check(
    template: tuple[Path, Busy], tmp_path: Path, soak: Soak
) -> None:
    chance = Random(soak.seed)  # noqa: S311
    root = copy(template[0], tmp_path / "flipped")
    index = root / "index.db"
    whole = index.read_bytes()
    while soak.going():
        index.write_bytes(spoilt_once(whole, chance))
        check_store(root)
        soak.count("flips and cuts")
