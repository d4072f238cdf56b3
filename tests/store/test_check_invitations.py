"""The check names every disagreement about invitations."""

from pathlib import Path

import pytest

from nimsg.core.commands import CreateAccount, CreateInvitation, RevokeInvitation
from nimsg.store.findings import Findings
from nimsg.store.layout import Layout
from nimsg.store.plan import RowKind
from nimsg.store.snapshot import take_snapshot
from tests.support.post import BACKENDS, Busy, Post
from tests.support.ruin import Ruin, named
from tests.support.spoils import Cases, check_case, circle, move, put, remove, sql, text


FIRST, SECOND, THIRD = (f"01M7Q5CYARTHSNWEH6BRBEXR{n}Z" for n in (1, 2, 3))
FILE, OTHER = f"invitations/{FIRST}.json", f"invitations/{SECOND}.json"
MISSING = "is missing, and the index has the invitation"
CHANGE = "UPDATE invitation SET {} = ? WHERE secret_hash = 'hash 1'"


def fill(post: Post) -> None:
    """One invitation that was used, one that is open."""
    post.do(
        CreateInvitation(FIRST, "hash 1", "label 1", None),
        CreateInvitation(SECOND, "hash 2", "label 2", None),
        CreateAccount("bob", None, invitation="hash 1"),
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with invitations, closed."""
    root = tmp_path_factory.mktemp("kept") / "var"
    post = Post(BACKENDS["local"], root)
    fill(post)
    post.store.close()
    return root


@pytest.fixture
def ruin(kept: Path, tmp_path: Path) -> Ruin:
    """A copy of it, to be spoilt."""
    return Ruin(kept, tmp_path / "ruin", Busy("", "", ""))


def journal(name: str, source: str) -> Cases:
    """The file of an invitation waits under a name."""

    def spoil(ruin: Ruin) -> None:
        data = ruin.layout.invitation(source).read_bytes()
        other = data.replace(source.encode(), THIRD.encode())
        ruin.add_journal_row(20, RowKind.INVITATION, name, other)

    why = "the index has no such" if name == THIRD else f"holds the invitation '{THIRD}"
    return {f"journal {name}": (spoil, (f"journal row 20: cannot be filed: {why}",))}


CASES: Cases = {
    "file missing": (remove(FILE), (f"{FILE}: {MISSING}",)),
    "no JSON": (put(FILE, "{"), (f"{FILE}: an invitation file cannot be read",)),
    "unreadable": (circle(FILE), (f"{FILE}: cannot be read: Too many levels",)),
    "spaces": (
        text(FILE, '"format": 1', '"format":  1'),
        (f"{FILE}: was changed by other means",),
    ),
    "under another's name": (
        move(FILE, OTHER),
        (f"{FILE}: {MISSING}", f"{OTHER}: holds the invitation '{FIRST}'"),
    ),
    "row missing": (
        sql("DELETE FROM invitation WHERE secret_hash = ?", "hash 1"),
        (f"invitation {FIRST}: is missing, and its file stands",),
    ),
    "not used by its file": (
        text(FILE, '"used_by": "bob"', '"used_by": null'),
        (f"invitation {FIRST}: has `used_by` 'bob', by its file nothing",),
    ),
    "used by another": (
        sql(CHANGE.format("used_by"), "eve"),
        (f"invitation {FIRST}: has `used_by` 'eve', by its file 'bob'",),
    ),
    "another code": (
        sql(CHANGE.format("secret_hash"), "hash 3"),
        (f"invitation {FIRST}: has another `secret_hash` than its file",),
    ),
    "another label": (
        sql(CHANGE.format("label"), "x"),
        (f"invitation {FIRST}: has another `label` than its file",),
    ),
    "wrong type": (
        sql(CHANGE.format("revoked_at"), "today"),
        ("the file: holds a value of a wrong type in the table invitation",),
    ),
    "left behind": (put(f"{FILE}.tmp"), (f"{FILE}.tmp: left behind",)),
    "no folder": (
        remove("invitations"),
        (
            "invitations: cannot be read: No such file",
            f"{FILE}: {MISSING}",
            f"{OTHER}: {MISSING}",
        ),
    ),
    **journal(THIRD, FIRST),
    **journal(FIRST, FIRST),
    **{
        where: (put(where), (f"{where}: does not belong here",))
        for where in (
            "invitations/x.json",
            f"{FILE}.bak",
            f"invitations/more/{FIRST}.json",
        )
    },
}


@pytest.mark.parametrize("case", CASES)
def test_an_invitation_that_disagrees_is_named(ruin: Ruin, case: str) -> None:
    check_case(ruin, *CASES[case])


def test_invitations_are_looked_at_without_an_index(ruin: Ruin) -> None:
    ruin.layout.index.unlink()
    ruin.layout.invitation(FIRST).write_text("{")

    assert named(
        ruin.problems,
        f"{FILE}: an invitation file cannot be read",
    )


def test_an_invitation_that_waits_to_be_filed_is_no_disagreement(post: Post) -> None:
    fill(post)
    post.settle()
    batch = post.store.commit(
        [RevokeInvitation(SECOND), CreateInvitation(THIRD, "hash 3", "", None)],
        post.now,
    )
    leftover = Layout(post.root).invitation(THIRD).with_suffix(".json.tmp")
    leftover.write_bytes(b"")

    assert post.check().problems == []
    post.store.file(batch)
    assert post.check().problems == []


def test_the_second_look_sees_which_invitation_may_still_change(post: Post) -> None:
    fill(post)
    post.settle()
    with take_snapshot(post.root / "index.db", Findings(post.root)) as index:
        assert index is not None
        post.ask(RevokeInvitation(SECOND))
        post.settle()
        assert index.unsettled(RowKind.INVITATION, SECOND)
        assert not index.unsettled(RowKind.INVITATION, FIRST)


def test_a_store_with_nothing_but_invitations_is_made_anew(tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    post.ask(CreateInvitation(FIRST, "hash 1", "", None))
    post.store.close()
    (post.root / "index.db").unlink()
    post.start()

    assert [one.id for one in post.store.invitations()] == [FIRST]
    post.store.close()
    assert post.check().problems == []
