"""The names that `nimsg user` takes are checked as everywhere else."""

import pytest

from nimsg.store.local import LocalStore
from tests.cli.conftest import Shell


ACTS = (
    ("add",),
    ("passwd",),
    ("role", "admin"),
    ("remove",),
    ("unlock",),
    ("kick",),
)


@pytest.mark.parametrize("name", ["", "x" * 3000, "two words", "b\u00f6b"])
@pytest.mark.parametrize("act", ACTS)
def test_c3_what_is_no_name_is_told_as_by_other_verbs(
    shell: Shell, act: tuple[str, ...], name: str
) -> None:
    LocalStore(shell.home / "var").close()
    done = shell.types("user", act[0], name, *act[1:])

    assert (done.code, done.out) == (2, "")
    assert "a name has 1 to 32 printable ASCII characters and no space" in done.err
    assert len(done.err) < 250


@pytest.mark.parametrize(
    ("listing", "making"), [("list", "add NAME"), ("invitations", "invite")]
)
def test_c3_what_is_advised_for_an_empty_list_is_for_the_same_folder(
    shell: Shell, listing: str, making: str
) -> None:
    LocalStore(shell.home / "my store").close()
    done = shell.types("user", listing, "--var", "my store")

    assert done.err.endswith(f": nimsg user {making} --var 'my store'\n")
