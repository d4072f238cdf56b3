"""What the store advises to type can be typed, whatever its folder is called."""

import shlex
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from nimsg.errors import NimsgError
from nimsg.store.disk import RealDisk
from nimsg.store.failure import index_failure
from nimsg.store.layout import Layout, made_anew, typed
from nimsg.store.ledger import parse_line, settled
from nimsg.store.moment import made_by
from nimsg.store.storeformat import other_index_format, wrong_format
from nimsg.store.trouble import Lenient, Stopped, Strict
from tests.support.ruin import Ruin


ROOT = Path("ann's store")
HERE = Layout(ROOT)
ANEW = made_anew(ROOT)
DAMAGED = sqlite3.DatabaseError("malformed")
DAMAGED.sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def raised(call: Callable[[], object]) -> str:
    """The words of what it raises."""
    with pytest.raises((NimsgError, Stopped)) as caught:
        call()
    return str(caught.value)


def test_a_command_for_a_folder_can_be_copied_into_a_shell() -> None:
    assert shlex.split(ANEW) == ["nimsg", "check", "--rebuild", "--var", str(ROOT)]
    assert typed("check", Path("var")) == "nimsg check --var var"


@pytest.mark.parametrize(
    "say",
    [
        lambda: str(index_failure(DAMAGED, HERE)),
        lambda: made_by(HERE),
        lambda: wrong_format(HERE, ""),
        lambda: str(other_index_format(HERE, "1")),
        lambda: raised(lambda: Strict(HERE).bad_message(ROOT / "x", "it is empty")),
        lambda: raised(lambda: parse_line(b"", HERE.ledger / "x", 1)),
        lambda: raised(lambda: settled([], "head", set(), HERE.ledger)),
    ],
)
def test_whoever_is_told_to_make_the_index_anew_is_told_where(
    say: Callable[[], str],
) -> None:
    assert ANEW in say()


def test_an_account_that_lost_its_password_is_named_with_its_store(ruin: Ruin) -> None:
    trouble = Lenient(RealDisk(), ruin.layout, 0)
    trouble.unknown_name("o'neil")
    command = typed("user passwd 'o'\"'\"'neil'", ruin.root)

    assert trouble.remarks[0].endswith(f": set it with {command}")
