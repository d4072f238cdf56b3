"""T19: a store of every release opens for ever, and shows what it showed then."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from nimsg import __version__
from nimsg.errors import ConfigError
from nimsg.server.passwords import Passwords
from nimsg.store.check import check_store
from nimsg.store.layout import FORMAT
from nimsg.store.local import LocalStore
from nimsg.store.schema import INDEX_FORMAT
from tests.support.aioclient import PASSWORD
from tests.support.backups import index_rows
from tests.support.corpus import OWN
from tests.support.golden import KILLED, SEEN, STOPPED, golden, make, missing, seen
from tests.support.post import BACKENDS, Post


RELEASES = sorted(path.name for path in OWN.glob("golden-*"))
REMAKE = "before a release: delete it, then python -m tests.support.golden"
# A lock is taken before anything is looked at.
TAKEN = {"lock"}


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Path:
    """The golden stores in turn."""
    name: str = request.param
    return OWN / name


def copied(release: Path, state: str, tmp_path: Path) -> Path:
    """A copy to work on."""
    return Path(shutil.copytree(release / state, tmp_path / "var"))


def told(release: Path) -> object:
    """What was seen in it by the code that made it."""
    return json.loads((release / SEEN).read_text(encoding="utf-8"))


def opened(root: Path) -> tuple[object, list[str]]:
    """What a start shows, sound then and after the stop; and what it said."""
    post = Post(BACKENDS["local"], root)
    assert isinstance(post.store, LocalStore)
    shown, notices = seen(post.store), post.store.notices
    assert post.check().problems == []
    post.store.close()
    assert check_store(root).problems == []
    return shown, notices


def files(root: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name not in TAKEN
    }


def test_t19_this_release_has_a_golden_store() -> None:
    assert golden().name in RELEASES, "python -m tests.support.golden makes it"


@pytest.mark.parametrize("state", [STOPPED, KILLED])
def test_t19_a_golden_store_opens_and_shows_what_it_showed(
    release: Path, tmp_path: Path, state: str
) -> None:
    shown, notices = opened(copied(release, state, tmp_path))

    assert missing(told(release), shown) == []
    assert [line.startswith("filed ") for line in notices] == [True] * (state == KILLED)


@pytest.mark.parametrize("state", [STOPPED, KILLED])
def test_t19_an_older_check_finds_nothing_wrong(
    release: Path, tmp_path: Path, state: str
) -> None:
    assert check_store(copied(release, state, tmp_path)).problems == []


def test_t19_a_golden_store_whose_index_is_made_anew_shows_the_same_but_for_locks(
    release: Path, tmp_path: Path
) -> None:
    root = copied(release, STOPPED, tmp_path)
    (root / "index.db").unlink()
    shown, _ = opened(root)

    assert isinstance(shown, dict)
    locks = shown.pop("locks")
    assert locks == []
    then = told(release)
    assert isinstance(then, dict)
    assert then.pop("locks") != []
    assert missing(then, shown) == []


async def test_t19_passwords_of_a_golden_store_open_it(release: Path) -> None:
    file = json.loads((release / STOPPED / "users" / "00000002.json").read_bytes())
    passwords = Passwords(8, 1)
    right = await passwords.verify(file["password_hash"], PASSWORD)
    wrong = await passwords.verify(file["password_hash"], PASSWORD + " ")
    passwords.close()

    assert (right, wrong) == (True, False)


def test_t19_a_golden_store_holds_a_little_of_everything(release: Path) -> None:
    then = told(release)
    assert isinstance(then, dict)
    states = {
        copy["state"]
        for key, status in then.items()
        if key.split()[1:2] == ["status"] and isinstance(status, dict)
        for copy in status["receipts"]
    }
    marks = {row["mark"] for one in then["accounts"] for row in one["rooms"]}

    assert {"stored", "acked"} <= states
    assert any(key.startswith("ann #") for key in then)
    assert then["blocks"]
    assert then["invitations"]
    assert then["ann drafts"]["drafts"]
    assert marks - {0}


def test_t19_the_golden_store_of_this_release_is_made_the_same_each_time(
    tmp_path: Path,
) -> None:
    make(tmp_path / "again")

    for state in (STOPPED, KILLED):
        then, now = golden() / state, tmp_path / "again" / state
        texts = [
            {path: data for path, data in files(root).items() if "index" not in path}
            for root in (then, now)
        ]
        assert texts[0] == texts[1], REMAKE
    rows = [index_rows(root / STOPPED) for root in (golden(), tmp_path / "again")]
    assert rows[0] == rows[1]
    assert (tmp_path / "again" / SEEN).read_bytes() == (golden() / SEEN).read_bytes()


def newer_store(root: Path) -> str:
    """A store of the next format."""
    (root / "format").write_text(f"{FORMAT + 1}\n")
    return rf"store format {FORMAT + 1}, and this nimsg reads format {FORMAT};"


def newer_index(root: Path) -> str:
    """A store whose index is of the next format."""
    with closing(sqlite3.connect(root / "index.db")) as index:
        index.execute(
            "UPDATE meta SET value = ? WHERE key = 'format'", (INDEX_FORMAT + 1,)
        )
        index.commit()
    return rf"has format {INDEX_FORMAT + 1}, and this nimsg has {INDEX_FORMAT}"


@pytest.mark.parametrize("newer", [newer_store, newer_index])
def test_t19_what_a_newer_release_has_written_is_refused_and_stays_as_it_is(
    tmp_path: Path, newer: Callable[[Path], str]
) -> None:
    root = copied(golden(__version__), STOPPED, tmp_path)
    why = newer(root)
    before = files(root)
    with pytest.raises(ConfigError, match=why):
        Post(BACKENDS["local"], root)

    assert files(root) == before
