"""Stores for each test, proven sound when it is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.company import keep_company
from tests.support.crashed import Crashed
from tests.support.driven import NEW_TO_THREE, Driven, play
from tests.support.faultydisk import FaultyDisk
from tests.support.post import BACKENDS, RESTS, Backend, Busy, Post, Rest, keep_busy
from tests.support.ruin import Ruin


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Backend:
    """Every kind of store in turn."""
    name: str = request.param
    return BACKENDS[name]


@pytest.fixture
def opened() -> list[Post]:
    """The stores a test has opened, that must be sound when it is over."""
    return []


@pytest.fixture
def post(backend: Backend, tmp_path: Path, opened: list[Post]) -> Post:
    """A new store."""
    new = Post(backend, tmp_path / "var")
    opened.append(new)
    return new


@pytest.fixture(params=RESTS)
def rest(request: pytest.FixtureRequest) -> Rest:
    """What happens to the store before it is asked again."""
    name: str = request.param
    return RESTS[name]


@pytest.fixture(autouse=True)
def soundness(opened: list[Post]) -> Iterator[None]:
    """Every store is sound before it is closed, and after."""
    yield
    for post in opened:
        try:
            assert post.check().problems == []
        finally:
            post.store.close()
        assert post.check().problems == []


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Busy]:
    """A store that has been busy, and closed."""
    root = tmp_path_factory.mktemp("busy") / "var"
    post = Post(BACKENDS["local"], root)
    ids = keep_busy(post)
    post.store.close()
    return root, ids


@pytest.fixture
def ruin(template: tuple[Path, Busy], tmp_path: Path) -> Ruin:
    """A copy of the busy store, to be spoilt."""
    return Ruin(template[0], tmp_path / "ruin", template[1])


@pytest.fixture(scope="session")
def club_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Busy]:
    """The same with rooms, blocks and logins."""
    root = tmp_path_factory.mktemp("club") / "var"
    post = Post(BACKENDS["local"], root)
    ids = keep_busy(post)
    keep_company(post)
    post.store.close()
    return root, ids


@pytest.fixture
def club(club_template: tuple[Path, Busy], tmp_path: Path) -> Ruin:
    """A copy of that store, to be spoilt."""
    return Ruin(club_template[0], tmp_path / "club", club_template[1])


@pytest.fixture
def disk() -> FaultyDisk:
    """A disk that does as it is told."""
    return FaultyDisk()


@pytest.fixture
def driven(tmp_path: Path, disk: FaultyDisk) -> Iterator[Driven]:
    """A store with four people and a message that is new to three of them."""
    driven = Driven(tmp_path / "var", disk)
    play(driven, NEW_TO_THREE)
    yield driven
    if driven.is_open:
        driven.store.close()


@pytest.fixture
def crashed(tmp_path: Path) -> Crashed:
    """A store whose server was killed."""
    return Crashed(tmp_path)


@pytest.fixture
def settled(tmp_path: Path) -> Crashed:
    """The same, with all that it had answered settled."""
    return Crashed(tmp_path, settled=True)
