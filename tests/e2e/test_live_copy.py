"""T10: a plain copy of a live var/, in any order, is worth a backup.

What was answered a second before the copy began is there, once the index was made
anew; the databases are left out.
"""

import itertools
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from nimsg.protocol.strict import JsonObject
from tests.support.people import typed
from tests.support.process import HANG_S, ServerProcess, environment
from tests.support.soaking import Soak
from tests.support.traffic import Traffic, inboxes


RATE = 500
ENOUGH = RATE // 2  # of each kind of answer, before a copy begins
PROMISED_S, AFTER_S = 1.0, 0.5
FILES_AT_ONCE, PAUSE_S = 100, 0.1
# All that holds files in this traffic; nobody makes rooms or drafts.
FOLDERS = ("users", "messages/*/*/*", "ledger", "invitations", ".")
Copier = Callable[[Path, Path, Traffic], None]


def by_cp(var: Path, copy: Path, _: Traffic) -> None:
    """`cp -r`, and then without the databases; it complains of what vanishes."""
    subprocess.run(
        ["cp", "-r", str(var), str(copy)],
        capture_output=True,
        timeout=HANG_S,
        check=False,
    )
    for name in ("index.db*", "search.db*"):
        for path in copy.glob(name):
            path.unlink()


def found(var: Path, name: str) -> list[Path]:
    """The folders of a name below var/, which itself is `.`."""
    return [var] if name == "." else sorted(var.glob(name))


def slowly(*folders: str, seed: int = 10) -> Copier:
    """Some folders after the others, and the files of each as chance has it.

    Mail goes on meanwhile. A file that vanishes is left.
    """

    def copier(var: Path, copy: Path, traffic: Traffic) -> None:
        chance = random.Random(seed)  # noqa: S311 - an order
        for folder in (path for name in folders for path in found(var, name)):
            below = copy / folder.relative_to(var)
            below.mkdir(parents=True, exist_ok=True)
            files = [path for path in sorted(folder.iterdir()) if path.is_file()]
            chance.shuffle(files)
            for number, path in enumerate(files):
                if number % FILES_AT_ONCE == 0:
                    traffic.go_on(PAUSE_S)
                if not path.name.startswith(("index.db", "search.db")):
                    with suppress(FileNotFoundError):
                        shutil.copyfile(path, below / path.name)

    return copier


def objects(*words: str, env: dict[str, str]) -> list[JsonObject]:
    """What a verb prints that must succeed."""
    done = typed(*words, "--json", env=env)
    assert done.code == 0, done
    return done.objects


def copy_and_restore(folder: Path, copier: Copier) -> int:
    """Copy a store while mail comes, and find in the copy what was promised.

    Gives how many answers that were.
    """
    env, copy = environment(folder), folder / "copy"
    with ServerProcess(folder / "var", "--auth", "open", env=env) as live:
        with Traffic(live.port, RATE) as traffic:
            while min(map(len, traffic.answers.all)) <= ENOUGH:
                traffic.go_on(PAUSE_S)
            traffic.go_on(PROMISED_S)
            begun = time.monotonic()
            copier(folder / "var", copy, traffic)
            taken_s = time.monotonic() - begun
            traffic.go_on(AFTER_S)
        promised = traffic.answers.before(begun - PROMISED_S)
    print(  # what was seen, under pytest -s
        f"{len(traffic.answers.sent)} sent, {len(promised.sent)} promised, "
        f"copied in {taken_s:.2f} s"
    )

    (*losses, made) = objects("check", "--rebuild", "--var", str(copy), env=env)
    print(losses[:3], made)
    with ServerProcess(copy, "--auth", "open", env=env) as restored:
        rows = inboxes(restored.port)

    assert min(map(len, promised.all)) > ENOUGH
    assert promised.missing(rows) == []
    objects("check", "--var", str(copy), env=env)
    assert live.complaints == restored.complaints == ""
    return sum(map(len, promised.all))


@pytest.mark.slow
@pytest.mark.parametrize(
    "copier",
    [
        by_cp,
        slowly(*FOLDERS),
        slowly(".", "ledger", "messages/*/*/*", "invitations", "users"),
    ],
    ids=["cp", "ledger last", "ledger first"],
)
def test_t10_a_plain_copy_of_a_live_store_holds_all_but_the_last_second(
    tmp_path: Path, copier: Copier
) -> None:
    copy_and_restore(tmp_path, copier)


@pytest.mark.soak
def test_t10_soak_a_plain_copy_in_any_order_holds_all_but_the_last_second(
    tmp_path: Path, soak: Soak
) -> None:
    chance = random.Random(soak.seed)  # noqa: S311 - orders
    for number in itertools.takewhile(lambda _: soak.going(), itertools.count()):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        order = chance.sample(FOLDERS, len(FOLDERS))
        copier = (
            by_cp if number % 4 == 0 else slowly(*order, seed=chance.getrandbits(32))
        )
        soak.count("answers", copy_and_restore(folder, copier))
        shutil.rmtree(folder)
        soak.count("copies")
