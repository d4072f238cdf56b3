"""Ways to spoil a store, and what the check is to say of each."""

import shutil
from collections.abc import Callable

from tests.support.ruin import Ruin, named


# The messages of `keep_busy`, an id that no message has, and their folders.
SHARED = "01M7Q5CYARTHSNWEH6BRBEXR1Z"
RECALLED = "01M7Q5CZA09R3M11B2QVDRPR6E"
ANSWERED = "01M7SQSV689CH7EXYMVMFWC73F"
NOBODY = "01M7Q5CYARZZZZZZZZZZZZZZZZ"
DAY_1, DAY_2 = "messages/2026/11/18", "messages/2026/11/19"
Spoil = Callable[[Ruin], object]
Cases = dict[str, tuple[Spoil, tuple[str, ...]]]


def sql(statement: str, *values: str | int | None) -> Spoil:
    """Change the index."""
    return lambda ruin: ruin.sql(statement, *values)


def text(path: str, old: str, new: str) -> Spoil:
    """Change a word of a file."""

    def spoil(ruin: Ruin) -> None:
        file = ruin.root / path
        before = file.read_text()
        assert before.count(old) == 1
        file.write_text(before.replace(old, new))

    return spoil


def put(path: str, data: str = "") -> Spoil:
    """Add a file."""

    def spoil(ruin: Ruin) -> None:
        file = ruin.root / path
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(data)

    return spoil


def move(path: str, to: str) -> Spoil:
    """Give a file another name."""

    def spoil(ruin: Ruin) -> None:
        (ruin.root / to).parent.mkdir(exist_ok=True, parents=True)
        (ruin.root / path).rename(ruin.root / to)

    return spoil


def remove(path: str) -> Spoil:
    """Delete a file or a folder."""

    def spoil(ruin: Ruin) -> None:
        if (ruin.root / path).is_dir():
            shutil.rmtree(ruin.root / path)
        else:
            (ruin.root / path).unlink()

    return spoil


def circle(path: str) -> Spoil:
    """A file that leads to itself and so cannot be read."""

    def spoil(ruin: Ruin) -> None:
        (ruin.root / path).unlink()
        (ruin.root / path).symlink_to(ruin.root / path)

    return spoil


def check_case(ruin: Ruin, spoil: Spoil, expected: tuple[str, ...]) -> None:
    """Spoil a sound store: exactly this is said of it."""
    assert ruin.problems == []
    spoil(ruin)

    assert named(ruin.problems, *expected)
