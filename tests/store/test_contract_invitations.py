"""The Store contract, invitations: in a store that lives, and in one made anew."""

import shutil

import pytest

from nimsg.core.commands import (
    CreateAccount,
    CreateInvitation,
    Outcome,
    RemoveAccount,
    RevokeInvitation,
)
from nimsg.core.invitations import Invitation
from nimsg.errors import Refusal, StorageFailure
from nimsg.progress import Silent
from nimsg.store.base import Batch
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout
from nimsg.store.salvage import Salvaged, salvage_store
from tests.support.post import Entropy, Post, Rest, refused


FIRST, SECOND, THIRD = (f"01M7Q5CYARTHSNWEH6BRBEXR{n}Z" for n in (1, 2, 3))


def invitation(id_: str, expires_at: int | None = None) -> CreateInvitation:
    """An invitation whose code's hash follows from its id."""
    return CreateInvitation(id_, f"hash of {id_}", f"label of {id_}", expires_at)


def account(name: str, id_: str) -> CreateAccount:
    """An account made with the code of an invitation."""
    return CreateAccount(name, "argon", invitation=f"hash of {id_}")


def salvage(post: Post) -> Salvaged:
    """What `nimsg check --rebuild` makes of a stopped store."""
    post.store.close()
    entropy, layout = Entropy(), Layout(post.root)
    salvaged = salvage_store(
        RealDisk(), layout, entropy=entropy, now=post.now, progress=Silent()
    )
    post.start()
    return salvaged


def kinds(outcomes: list[Outcome | Refusal]) -> list[str]:
    return [one.kind if isinstance(one, Refusal) else "done" for one in outcomes]


def test_s1_3_an_invitation_is_kept_without_its_code(post: Post, rest: Rest) -> None:
    post.ask(invitation(FIRST))
    made = post.now
    post.ask(invitation(SECOND, expires_at=post.now + 5))
    rest(post)

    first = Invitation(FIRST, f"hash of {FIRST}", f"label of {FIRST}", made)
    assert post.store.invitation(f"hash of {FIRST}") == first
    assert post.store.invitation(FIRST) is None
    assert [one.id for one in post.store.invitations()] == [FIRST, SECOND]
    assert post.store.invitations()[1].expires_at == made + 5


def test_s1_3_an_invitation_makes_one_account(post: Post, rest: Rest) -> None:
    post.ask(invitation(FIRST))
    rest(post)
    post.ask(account("bob", FIRST))
    used = post.now
    rest(post)

    with refused("invitation_invalid"):
        post.ask(account("eve", FIRST))
    (only,) = post.store.invitations()
    assert (only.used_at, only.used_by) == (used, "bob")
    assert [one.name for one in post.store.accounts()] == ["bob"]


def test_s1_3_of_two_who_race_with_one_code_one_wins(post: Post) -> None:
    post.ask(invitation(FIRST))

    outcomes = post.do(account("bob", FIRST), account("eve", FIRST))

    assert kinds(outcomes) == ["done", "invitation_invalid"]
    assert post.store.account("eve") is None


def test_s1_3_a_taken_name_does_not_use_an_invitation_up(post: Post) -> None:
    post.people("bob", "cyd")
    post.ask(RemoveAccount(2))
    post.ask(invitation(FIRST))

    for name in ("bob", "BOB", "cyd"):
        with refused("name_taken"):
            post.ask(account(name, FIRST))
    post.ask(account("eve", FIRST))
    (only,) = post.store.invitations()
    assert only.used_by == "eve"


def test_s1_3_without_an_invitation_nobody_learns_which_names_are_taken(
    post: Post, rest: Rest
) -> None:
    post.people("bob")
    post.do(invitation(FIRST), invitation(SECOND, expires_at=post.now + 2000))
    post.ask(RevokeInvitation(FIRST))
    post.now += 1000
    rest(post)

    for name in ("bob", "BOB", "new"):
        for id_ in (FIRST, SECOND, THIRD):
            with refused("invitation_invalid"):
                post.ask(account(name, id_))


def test_an_account_that_exists_uses_no_invitation_up(post: Post) -> None:
    (bob,) = post.people("bob")
    post.ask(invitation(FIRST))
    known = CreateAccount(
        "bob", None, existing=True, invitation=f"hash of {FIRST}", look_alike=True
    )

    assert post.uid(known) == bob
    (only,) = post.store.invitations()
    assert only.used_at is None


def test_an_invitation_is_revoked_once_and_not_when_used(
    post: Post, rest: Rest
) -> None:
    post.do(invitation(FIRST), invitation(SECOND))
    assert post.ask(RevokeInvitation(FIRST)).value == 1
    revoked = post.now
    post.ask(account("bob", SECOND))
    rest(post)

    assert post.ask(RevokeInvitation(FIRST)).value == 0
    for id_ in (SECOND, THIRD):
        with refused("unknown_invitation"):
            post.ask(RevokeInvitation(id_))
    first, second = post.store.invitations()
    assert (first.revoked_at, second.revoked_at) == (revoked, None)


def test_what_was_not_filed_before_a_kill_is_filed_at_the_start(
    post: Post, rest: Rest
) -> None:
    post.ask(invitation(FIRST))
    post.store.commit([account("bob", FIRST), invitation(SECOND)], post.now)
    post.store.close()
    post.start()
    rest(post)

    first, second = post.store.invitations()
    assert (first.used_by, second.used_by) == ("bob", None)
    assert post.store.account("bob") is not None


def test_a_batch_that_is_rolled_back_uses_nothing_up(post: Post) -> None:
    post.ask(invitation(FIRST))
    again = invitation(SECOND)
    with pytest.raises(StorageFailure):
        # Two of one code cannot be: the whole batch fails.
        post.store.commit(
            [account("bob", FIRST), again, CreateInvitation(THIRD, *_rest_of(again))],
            post.now,
        )
    post.reopen()

    (only,) = post.store.invitations()
    assert only.used_at is None
    assert post.store.accounts() == []


def _rest_of(command: CreateInvitation) -> tuple[str, str, int | None]:
    return command.secret_hash, command.label, command.expires_at


def test_a_store_from_before_invitations_gets_their_folder(post: Post) -> None:
    post.store.close()
    shutil.rmtree(post.root / "invitations")
    post.start()

    assert (post.root / "invitations").stat().st_mode & 0o777 == 0o700
    post.ask(invitation(FIRST))
    mode = Layout(post.root).invitation(FIRST).stat().st_mode
    assert mode & 0o777 == 0o600


# -- damage


def damaged(post: Post) -> str:
    """Spoil the file of the first of two invitations, and stop; its path below var."""
    post.do(invitation(FIRST), invitation(SECOND))
    path = Layout(post.root).invitation(FIRST)
    path.write_text("{")
    return str(path.relative_to(post.root))


def test_a_start_does_not_decide_which_invitation_is_given_up(post: Post) -> None:
    where = damaged(post)
    post.settle()
    post.store.close()
    index = post.root / "index.db"
    aside = index.rename(post.root.parent / "aside.db")
    with pytest.raises(StorageFailure, match=f"{where} is damaged: an invitation file"):
        post.start()
    aside.rename(index)
    (post.root / "index.db.new").unlink(missing_ok=True)
    post.start()
    salvage(post)


def test_a_damaged_invitation_goes_to_quarantine_and_admits_nobody(
    post: Post,
) -> None:
    where = damaged(post)
    post.settle()

    salvaged = salvage(post)

    assert [loss.what for loss in salvaged.losses] == [where]
    assert (post.root / "quarantine" / where).read_text() == "{"
    assert [one.id for one in post.store.invitations()] == [SECOND]
    with refused("invitation_invalid"):
        post.ask(account("bob", FIRST))
    post.ask(account("bob", SECOND))


def test_two_files_of_one_code_are_one_too_many(post: Post) -> None:
    post.ask(invitation(FIRST))
    post.settle()
    layout = Layout(post.root)
    text = layout.invitation(FIRST).read_text().replace(f'"{FIRST}"', f'"{SECOND}"')
    layout.invitation(SECOND).write_text(text)

    salvaged = salvage(post)

    assert [loss.what for loss in salvaged.losses] == [f"invitations/{SECOND}.json"]
    assert [one.id for one in post.store.invitations()] == [FIRST]


def test_a_salvage_files_what_waits_in_the_journal(post: Post) -> None:
    """A copy of a running server's folder, files taken before the index."""
    post.ask(invitation(FIRST))
    post.settle()
    batch: Batch = post.store.commit(
        [account("bob", FIRST), invitation(SECOND)], post.now
    )
    copy = post.root.with_name("copy")
    shutil.copytree(post.root, copy)
    (copy / "invitations" / f"{THIRD}.json.tmp").write_text("torn")
    post.store.file(batch)
    salvaged = salvage_store(
        RealDisk(), Layout(copy), entropy=Entropy(), now=post.now, progress=Silent()
    )
    names = sorted(path.name for path in (copy / "invitations").iterdir())

    assert (salvaged.losses, salvaged.filed) == ([], 3)
    assert names == [f"{FIRST}.json", f"{SECOND}.json"]
