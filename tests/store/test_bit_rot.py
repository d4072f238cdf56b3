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
from nimsg.store.check_files import _check_message, check_accounts, check_messages
from nimsg.store.check_ledger import check_ledger
from nimsg.store.check_rooms import check_rooms
from nimsg.store.findings import Findings
from nimsg.store.local import LocalStore
from nimsg.store.snapshot import take_snapshot
from nimsg.store.survey import survey
from tests.store.test_check_rooms import DEN, FIRST, LEFT
from tests.support.examples import few
from tests.support.folders import quick_folder
from tests.support.post import BACKENDS, Busy, Post
from tests.support.ruin import Ruin
from tests.support.soaking import Soak
from tests.support.spoils import SHARED


# The same lines run over and over, which others count.
pytestmark = pytest.mark.no_cover

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
    """The data with one in 13 of its bits the other way."""
    return (flip(data, bit) for bit in range(0, len(data) * 8, 13))


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


FILES = 20
ANN = 1


@pytest.fixture(scope="session")
def letters(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A closed store with so many messages of all kinds, from ann or to her."""
    root = tmp_path_factory.mktemp("letters") / "var"
    post = Post(BACKENDS["local"], root)
    ann, bob, _ = post.people("ann", "bob", "cyd")
    ids = [post.send(ann, "bob", "cyd", "nobody", body="to some\n").id]
    ids.append(post.send(bob, "ann", reply_to=ids[0], subject="").id)
    ids.append(post.import_(ann, "bob", references=["c1"], body="taken over").id)
    ids.append(post.import_(bob, "ann", subject="w\u00f6rter \U0001f600").id)
    while len(ids) < FILES:
        ids.append(post.send(ann, "bob", body="x\t\u00e9" * len(ids)).id)
    post.settle()
    post.store.close()
    return root, ids


@pytest.mark.slow
@pytest.mark.parametrize("number", range(FILES))
def test_t9_no_flip_in_20_message_files_passes_check_and_opening(
    letters: tuple[Path, list[str]], tmp_path: Path, number: int
) -> None:
    with quick_folder(tmp_path) as folder:
        root, id_ = copy(letters[0], folder / "var"), letters[1][number]
        findings = Findings(root)
        store = LocalStore(root)
        path, whole = store.layout.message(id_), store.letter(ANN, id_)
        with take_snapshot(store.layout.index, findings) as index:
            for spoilt in flips(path.read_bytes()):
                path.write_bytes(spoilt)
                _check_message(store.layout, path, id_, index, findings)
                assert findings.problems, spoilt
                findings.problems.clear()
                with suppress(Refusal):
                    assert store.letter(ANN, id_) == whole
        store.close()


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
